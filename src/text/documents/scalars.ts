import * as z from "zod";

const DURATION = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/;
const MS_PER = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const SIZE = /^(\d+(?:\.\d+)?)\s*(B|kB|KB|MB|GB|KiB|MiB|GiB)$/;
const BYTES_PER = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
} as const;

const isKey = <Table extends object>(table: Table, key: PropertyKey): key is keyof Table => Object.hasOwn(table, key);

/** Milliseconds, whole, of text such as "30s", "100ms", "1.5h", "90d"; undefined when it is no duration. */
export function parseDuration(text: string): number | undefined {
  const [, amount = "", unit = ""] = DURATION.exec(text) ?? [];
  return isKey(MS_PER, unit) ? Math.round(Number(amount) * MS_PER[unit]) : undefined;
}

const UNIT_WORDS = /^(\d+(?:\.\d+)?)\s*(ms|milli|s|m|h|d)[a-z]*\.?$/i;

/** The duration that a wrong value was meant as: "5 minutes" is "5m", and a bare number is seconds. */
export function meantDuration(value: unknown): string | undefined {
  const [, amount = "", unit = ""] = UNIT_WORDS.exec(typeof value === "number" ? `${value}s` : String(value)) ?? [];
  const meant = `${amount}${unit.toLowerCase() === "milli" ? "ms" : unit.toLowerCase()}`;
  return parseDuration(meant) === undefined ? undefined : meant;
}

/** Bytes, whole, of text such as "10MB" (10,000,000) or "256MiB"; undefined when it is no size. */
export function parseSize(text: string): number | undefined {
  const [, amount = "", unit = ""] = SIZE.exec(text) ?? [];
  return isKey(BYTES_PER, unit) ? Math.round(Number(amount) * BYTES_PER[unit]) : undefined;
}

type DurationBounds = { readonly minMs?: number; readonly maxMs?: number };

/** "30s" → 30000, within bounds (default 0 to 366 days). */
export const durationText = ({ minMs = 0, maxMs = 366 * MS_PER.d }: DurationBounds = {}) =>
  z
    .string({ error: 'expected a duration in quotes, such as "30s"' })
    .regex(DURATION, { error: 'expected a duration such as "30s", "5m", "100ms", "1h" or "90d"', abort: true })
    .transform((text) => parseDuration(text) ?? Number.NaN)
    .refine((ms) => ms >= minMs && ms <= maxMs, {
      error: `expected a duration from ${showDuration(minMs)} to ${showDuration(maxMs)}`,
    })
    .meta({ examples: ["30s"] });

const SIZE_WORDS = 'expected a size such as "10MB" or "256MiB", or a whole number of bytes';

type SizeBounds = { readonly minBytes?: number; readonly maxBytes?: number };

/** "10MB" or a number of bytes → bytes, within bounds (default 0 to 2^53 - 1). */
export const sizeText = ({ minBytes = 0, maxBytes = Number.MAX_SAFE_INTEGER }: SizeBounds = {}) =>
  z
    .union([z.int({ error: SIZE_WORDS }).min(0), z.string().regex(SIZE, { error: SIZE_WORDS, abort: true })], {
      error: SIZE_WORDS,
    })
    .transform((size) => (typeof size === "number" ? size : (parseSize(size) ?? Number.NaN)))
    .refine((bytes) => bytes >= minBytes && bytes <= maxBytes, {
      error: `expected a size from ${minBytes} to ${maxBytes} bytes`,
    })
    .meta({ examples: ["10MB"] });

/** Any duration up to 366 days; gives milliseconds. */
export const DurationText = durationText();

/** Any size; gives bytes. */
export const SizeText = sizeText();

/** Milliseconds in the largest unit that divides them: 90000 → "90s", 3600000 → "1h". */
export function showDuration(ms: number): string {
  const units = Object.entries(MS_PER).toReversed();
  const unit = units.find(([, length]) => ms >= length && ms % length === 0);
  return unit === undefined ? `${ms}ms` : `${ms / unit[1]}${unit[0]}`;
}
