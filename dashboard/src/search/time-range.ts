import { oneOf, type Raw, words } from "./values.ts";

/** Time before now. */
export const SPANS = ["1h", "24h", "7d", "30d"] as const;
export type Span = (typeof SPANS)[number];

/** A time range as in an address: a span before now, or days. */
export type TimeRange = {
  /** A span, or the first day. */
  readonly since?: string | undefined;
  /** The last day. */
  readonly until?: string | undefined;
};

const HOUR_MS = 3_600_000;
const SPAN_MS: { readonly [span in Span]: number } = {
  "1h": HOUR_MS,
  "24h": 24 * HOUR_MS,
  "7d": 7 * 24 * HOUR_MS,
  "30d": 30 * 24 * HOUR_MS,
};
const DAY = /^\d{4}-\d{2}-\d{2}$/;

export const timeRange = (raw: Raw): TimeRange => ({
  since: oneOf(SPANS, raw["since"]) ?? day(raw["since"]),
  until: day(raw["until"]),
});

export const spanOf = ({ since }: TimeRange): Span | undefined => oneOf(SPANS, since);

export const isDay = (value: string | undefined): value is string =>
  value !== undefined && DAY.test(value) && !Number.isNaN(startOf(value).getTime());

function day(value: unknown): string | undefined {
  const given = words(value);
  return isDay(given) ? given : undefined;
}

/** The start of a day, or of the one after, in the time zone of the browser. */
function startOf(date: string, daysLater = 0): Date {
  const start = new Date(`${date}T00:00`);
  start.setDate(start.getDate() + daysLater);
  return start;
}

/** The range as times. The last day belongs to it. */
export function timesOf(range: TimeRange, nowMs: number): { since?: string; until?: string } {
  const span = spanOf(range);
  const since =
    span !== undefined ? new Date(nowMs - SPAN_MS[span]) : isDay(range.since) ? startOf(range.since) : undefined;
  return {
    ...(since !== undefined && { since: since.toISOString() }),
    ...(isDay(range.until) && { until: startOf(range.until, 1).toISOString() }),
  };
}
