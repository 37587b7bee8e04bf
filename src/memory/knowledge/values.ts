import type { JsonObject } from "../../kernel/json.ts";
import type { Validity } from "./entity.ts";
import { MemoryTooLargeError, MemoryValueError } from "./errors.ts";
import type { EntityFilter } from "./memory-store.ts";

/** Size limits of memory. */
export const MEMORY_LIMITS = {
  nameCharsMax: 256,
  typeCharsMax: 64,
  observationBytesMax: 1024 * 1024,
  /** All observations of an entity. */
  entityBytesMax: 10 * 1024 * 1024,
  metadataBytesMax: 64 * 1024,
  /** Entities or relations in one request. */
  batchMax: 100,
  /** Hits, or entries of a page. */
  limitMax: 100,
  /** Maximum depth of paging through a search. */
  hitsMax: 1_000,
  depthMax: 10,
  visitsMax: 10_000,
} as const;

const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** Parses a name or type: trimmed, NFC. Throws MemoryValueError. */
export function readName(value: string, field: string, charsMax: number): string {
  const name = value.normalize("NFC").trim();
  if (name.length === 0 || name.length > charsMax || CONTROLS.test(name)) {
    throw new MemoryValueError(
      `${field} is ${name.length === 0 ? "empty" : name.length > charsMax ? `${name.length} characters long` : "not a single line of text"}`,
      `Use 1 to ${charsMax} characters on one line.`,
      { field },
    );
  }
  return name;
}

export const readEntityName = (value: string): string => readName(value, "name", MEMORY_LIMITS.nameCharsMax);
export const readTypeName = (value: string): string => readName(value, "type", MEMORY_LIMITS.typeCharsMax);

/** Parses an observation: NFC, trimmed. Throws MemoryValueError, MemoryTooLargeError. */
export function readObservation(value: string): string {
  const text = value.normalize("NFC").trim();
  if (text.length === 0)
    throw new MemoryValueError("an observation is empty", "Give a text, or omit the observation.", {
      field: "observations",
    });
  const max = MEMORY_LIMITS.observationBytesMax;
  if (text.length * 3 > max && Buffer.byteLength(text) > max) {
    throw new MemoryTooLargeError(
      `an observation takes ${Buffer.byteLength(text)} bytes`,
      "Store the text as a file and remember where it is.",
      { field: "observations", max },
    );
  }
  return text;
}

/** Parses a ratio from 0 to 1. Throws MemoryValueError. */
export function readRatio(value: number, field: string): number {
  if (value >= 0 && value <= 1) return value;
  throw new MemoryValueError(`${field} is ${value}`, "Use a value between 0 and 1.", { field });
}

/** Parses a time range that ends after it begins. Throws MemoryValueError. */
export function readValidity(value: Partial<Validity> | undefined): Validity {
  const { fromMs, toMs } = value ?? {};
  if (fromMs !== undefined && toMs !== undefined && toMs <= fromMs) {
    throw new MemoryValueError(
      "valid_to is not after valid_from",
      "valid_to is exclusive: the first time at which the fact is no longer valid.",
      { field: "valid_to" },
    );
  }
  return { fromMs, toMs };
}

export const isValidDuring = (
  { fromMs, toMs }: Validity,
  span: { readonly fromMs: number; readonly toMs: number },
): boolean => (fromMs === undefined || fromMs <= span.toMs) && (toMs === undefined || toMs > span.fromMs);

/** Validates a filter. Throws MemoryValueError. */
export function readFilter(filter: EntityFilter): EntityFilter {
  const { confidenceMin, updatedFromMs, updatedToMs } = filter;
  if (confidenceMin !== undefined) readRatio(confidenceMin, "min_confidence");
  if (updatedFromMs !== undefined && updatedToMs !== undefined && updatedToMs < updatedFromMs) {
    throw new MemoryValueError("updated_to is before updated_from", "Give the earlier moment as updated_from.", {
      field: "updated_to",
    });
  }
  return filter;
}

/** Throws MemoryTooLargeError. */
export function readMetadata(value: JsonObject | undefined): JsonObject {
  const max = MEMORY_LIMITS.metadataBytesMax;
  if (value !== undefined && Buffer.byteLength(JSON.stringify(value)) > max) {
    throw new MemoryTooLargeError(
      `metadata takes more than ${max} bytes`,
      "Store large values in observations or files.",
      { field: "metadata", max },
    );
  }
  return value ?? {};
}
