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

/** JSON.parse whose failure is a value; nesting past `JSON_DEPTH_MAX` is one. */
export type ParsedJson =
  | { readonly type: "parsed"; readonly value: Json }
  | { readonly type: "malformed"; readonly reason: string };
export function parseJson(text: string): ParsedJson {
  if (isNestedTooDeeply(text)) return { type: "malformed", reason: `nested deeper than ${JSON_DEPTH_MAX}` };
  try {
    const value: Json = JSON.parse(text);
    return { type: "parsed", value };
  } catch (error) {
    return { type: "malformed", reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Whether brackets outside of strings open more than `JSON_DEPTH_MAX` deep; one pass, no recursion. */
export function isNestedTooDeeply(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (quoted) {
      if (character === "\\") index += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === "[" || character === "{") {
      depth += 1;
      if (depth > JSON_DEPTH_MAX) return true;
    } else if (character === "]" || character === "}") depth -= 1;
  }
  return false;
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
