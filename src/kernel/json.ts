import * as z from "zod";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

/** Any JSON value; what crossed a wire and was only parsed, not understood. */
export const Json: z.ZodType<Json> = z.json();
export const JsonObject: z.ZodType<JsonObject> = z.record(z.string(), Json);

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

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
