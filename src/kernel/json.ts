import * as z from "zod";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

/** Any JSON value; what crossed a wire and was only parsed, not understood. */
export const Json: z.ZodType<Json> = z.json();
export const JsonObject: z.ZodType<JsonObject> = z.record(z.string(), Json);

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** JSON.parse whose failure is a value. */
export type ParsedJson =
  | { readonly type: "parsed"; readonly value: Json }
  | { readonly type: "malformed"; readonly reason: string };
export function parseJson(text: string): ParsedJson {
  try {
    const value: Json = JSON.parse(text);
    return { type: "parsed", value };
  } catch (error) {
    return { type: "malformed", reason: error instanceof Error ? error.message : String(error) };
  }
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
