import * as z from "zod";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

/**
 * Any JSON value; what crossed a wire and was only parsed, not understood. It is looked at and handed on as it is: a
 * schema that builds a copy would lose members named `__proto__`.
 */
export const Json: z.ZodType<Json> = z.any().refine(isJson, { error: "expected a JSON value" });
export const JsonObject: z.ZodType<JsonObject> = z
  .any()
  .refine((value) => isJsonObject(value) && isJson(value), { error: "expected a JSON object" })
  .meta({ type: "object" });

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether it is what JSON can say: no undefined, no NaN, no class's instance but plain objects. */
function isJson(value: unknown): boolean {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isJson);
  return isPlainObject(value) && Object.values(value).every(isJson);
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** How deep a value from outside may be nested; past some thousands whatever walks it by recursion breaks. */
export const JSON_DEPTH_MAX = 128;

/** Values and keys in the body of a request or a frame of a socket: as many are read in some 20 ms. */
export const REQUEST_VALUES_MAX = 100_000;

/** JSON.parse whose failure is a value; nesting past `JSON_DEPTH_MAX` is one, and more than `valuesMax` values and keys. */
export type ParsedJson =
  | { readonly type: "parsed"; readonly value: Json }
  | { readonly type: "malformed"; readonly reason: string };
export function parseJson(text: string, valuesMax = Infinity): ParsedJson {
  const reason = excessOf(text, valuesMax);
  if (reason !== undefined) return { type: "malformed", reason };
  try {
    const value: Json = JSON.parse(text);
    return { type: "parsed", value };
  } catch (error) {
    return { type: "malformed", reason: error instanceof Error ? error.message : String(error) };
  }
}

const [QUOTE, COMMA, COLON, BACKSLASH] = [34, 44, 58, 92] as const;
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [91, 93, 123, 125] as const;

/** The bound that a text exceeds: brackets outside of strings, and what they, commas and colons begin. One pass, no recursion. */
function excessOf(text: string, valuesMax: number): string | undefined {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        depth += 1;
        values += 1;
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth -= 1;
        break;
      case COMMA:
      case COLON:
        values += 1;
        break;
      default:
    }
    if (depth > JSON_DEPTH_MAX) return `nested deeper than ${JSON_DEPTH_MAX}`;
    if (values > valuesMax) return `more than ${valuesMax} values and keys`;
  }
  return undefined;
}

/**
 * Returns where the string that starts at a quote ends. `indexOf` finds the first escaped quote, because strings may
 * have megabytes; the rest is scanned by character, because every quote in it may be escaped.
 */
function endOfString(text: string, start: number): number {
  const end = text.indexOf('"', start + 1);
  if (end === -1) return text.length;
  if (text.charCodeAt(end - 1) !== BACKSLASH) return end;
  let at = end - 1;
  while (text.charCodeAt(at - 1) === BACKSLASH) at -= 1;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at += 1;
    else if (code === QUOTE) return at;
  }
  return text.length;
}

/** Canonical text: keys sorted at every depth, so equal values have equal text. For hashes and comparisons. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (isJsonObject(value)) {
    const members = Object.keys(value)
      .toSorted()
      .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`);
    return `{${members.join(",")}}`;
  }
  return JSON.stringify(value);
}
