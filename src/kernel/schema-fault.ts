import { isJsonObject, type Json, type JsonObject } from "./json.ts";

/** What is wrong with a JSON Schema, and where in it. */
export type SchemaFault = { readonly path: readonly (string | number)[]; readonly reason: string };

const TYPE_NAMES = ["object", "array", "string", "number", "integer", "boolean", "null"];
const TYPES: ReadonlySet<Json> = new Set(TYPE_NAMES);
const DEPTH_MAX = 64;

type Check = (value: Json, path: SchemaFault["path"], depth: number) => SchemaFault | undefined;

const says =
  (fits: (value: Json) => boolean, reason: string): Check =>
  (value, path) =>
    fits(value) ? undefined : { path, reason };
const isStrings = (value: Json): boolean => Array.isArray(value) && value.every((each) => typeof each === "string");

const TYPE = says(
  (value) => [value].flat().every((each) => TYPES.has(each)) && [value].flat().length > 0,
  `type is one of ${TYPE_NAMES.join(", ")}, or a list of them`,
);
const COUNT = says((value) => Number.isInteger(value) && Number(value) >= 0, "it is a whole number, at least 0");
const NUMBER = says((value) => typeof value === "number", "it is a number");
const STEP = says((value) => typeof value === "number" && value > 0, "it is a number above 0");
const TEXT = says((value) => typeof value === "string", "it is a text");
const FLAG = says((value) => typeof value === "boolean", "it is true or false");
const NAMES = says(isStrings, "it is a list of texts");
const LIST = says(Array.isArray, "it is a list");
const PATTERN = says((value) => typeof value === "string" && isPattern(value), "it is a regular expression");

const schema: Check = (value, path, depth) => {
  if (typeof value === "boolean") return undefined;
  if (!isJsonObject(value)) return { path, reason: "a schema is a table, or true or false" };
  return faultIn(value, path, depth);
};
const schemas: Check = (value, path, depth) => {
  if (!Array.isArray(value) || value.length === 0) return { path, reason: "it is a list of schemas, at least one" };
  return first(value, (each, index) => schema(each, [...path, index], depth));
};
const named: Check = (value, path, depth) => {
  if (!isJsonObject(value)) return { path, reason: "it is a table of schemas by name" };
  return first(Object.entries(value), ([name, each]) => schema(each, [...path, name], depth));
};

const KEYWORDS: ReadonlyMap<string, Check> = new Map([
  ["type", TYPE],
  ["enum", LIST],
  ["required", NAMES],
  ["pattern", PATTERN],
  ["uniqueItems", FLAG],
  ["multipleOf", STEP],
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"].map((key): [string, Check] => [key, NUMBER]),
  ...["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"].map(
    (key): [string, Check] => [key, COUNT],
  ),
  ...["$ref", "$id", "$schema", "title", "description", "format"].map((key): [string, Check] => [key, TEXT]),
  ...["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"].map((key): [string, Check] => [
    key,
    named,
  ]),
  ...["allOf", "anyOf", "oneOf", "prefixItems"].map((key): [string, Check] => [key, schemas]),
  ...[
    "items",
    "additionalProperties",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "unevaluatedProperties",
    "unevaluatedItems",
  ].map((key): [string, Check] => [key, schema]),
]);

/** The first place where something is no JSON Schema (2020-12) that a value can be checked against; undefined when it is one. */
export const schemaFault = (value: JsonObject): SchemaFault | undefined => faultIn(value, [], 0);

function faultIn(value: JsonObject, path: SchemaFault["path"], depth: number): SchemaFault | undefined {
  if (depth > DEPTH_MAX) return { path, reason: `schemas are nested at most ${DEPTH_MAX} deep` };
  return first(Object.entries(value), ([key, each]) => KEYWORDS.get(key)?.(each, [...path, key], depth + 1));
}

function first<Item>(
  items: readonly Item[],
  fault: (item: Item, index: number) => SchemaFault | undefined,
): SchemaFault | undefined {
  for (const [index, item] of items.entries()) {
    const found = fault(item, index);
    if (found) return found;
  }
  return undefined;
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, "u").source !== "";
  } catch {
    return false;
  }
}
