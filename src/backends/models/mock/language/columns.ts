import { isJsonObject, type Json, type JsonObject } from "../../../../kernel/json.ts";
import { nameParts } from "./words.ts";

export type ColumnType = "number" | "text" | "date" | "boolean";

/** A column of a table, as far as a tool has told about it. */
export type Column = {
  readonly name: string;
  /** Stems of the name's words, without units. */
  readonly parts: readonly string[];
  readonly type: ColumnType;
  /** How many different values there are. */
  readonly distinct: number | undefined;
  readonly missing: number | undefined;
  readonly min: Json | undefined;
  readonly max: Json | undefined;
  /** Frequent values, most frequent first. */
  readonly values: readonly string[];
  /** All that the tool said of it. */
  readonly facts: JsonObject;
};

/** A table that a tool has looked at. */
export type Table = { readonly columns: readonly Column[]; readonly rows: number | undefined };

/** The table a structured result describes: the first list under a key such as `columns` whose items have names and more. */
export function tableOf(structured: JsonObject | undefined): Table | undefined {
  if (structured === undefined) return undefined;
  for (const key of ["columns", "fields", "schema", "variables"]) {
    const items = structured[key];
    if (!Array.isArray(items)) continue;
    const columns = items.flatMap((item) => columnOf(item));
    if (columns.length > 0 && columns.length === items.length) return { columns, rows: rowCount(structured) };
  }
  return undefined;
}

/** The number of rows a result speaks of. */
export const rowCount = (structured: JsonObject): number | undefined =>
  firstNumber(structured, ["rows", "row_count", "rowCount", "total_rows", "rows_total", "records", "count"]);

function columnOf(item: Json): readonly Column[] {
  if (!isJsonObject(item)) return [];
  const name = item["name"] ?? item["column"];
  if (typeof name !== "string") return [];
  return [
    {
      name,
      parts: nameParts(name),
      type: typeOf(item),
      distinct: firstNumber(item, ["distinct", "unique", "distinct_count", "unique_count", "cardinality"]),
      missing: firstNumber(item, ["missing", "empty", "nulls", "null_count", "missing_count"]),
      min: item["min"],
      max: item["max"],
      values: valuesOf(item),
      facts: item,
    },
  ];
}

const TYPES: readonly (readonly [ColumnType, RegExp])[] = [
  ["boolean", /^bool/],
  ["date", /date|time/],
  ["number", /^(?:num|int|float|double|decimal|real|long|currency|percent)/],
];

function typeOf(item: JsonObject): ColumnType {
  const told = item["type"] ?? item["kind"] ?? item["dtype"];
  if (typeof told === "string") return TYPES.find(([, pattern]) => pattern.test(told.toLowerCase()))?.[0] ?? "text";
  return typeof item["mean"] === "number" ? "number" : "text";
}

const VALUE_KEYS = [
  "top",
  "top_values",
  "topValues",
  "most_frequent",
  "frequent",
  "values",
  "categories",
  "examples",
  "sample",
];

function valuesOf(item: JsonObject): readonly string[] {
  for (const key of VALUE_KEYS) {
    const listed = item[key];
    if (Array.isArray(listed)) return listed.flatMap(valueOf);
    if (isJsonObject(listed)) return Object.keys(listed);
  }
  return [];
}

const valueOf = (entry: Json): readonly string[] => {
  if (typeof entry === "string") return [entry];
  if (typeof entry === "number" || typeof entry === "boolean") return [String(entry)];
  if (Array.isArray(entry)) return entry.slice(0, 1).flatMap(valueOf);
  return isJsonObject(entry) ? valueOf(entry["value"] ?? entry["name"] ?? null) : [];
};

const firstNumber = (item: JsonObject, keys: readonly string[]): number | undefined => {
  const found = keys.map((key) => item[key]).find((value) => typeof value === "number");
  return typeof found === "number" ? found : undefined;
};

/** Whether rows can be put into groups by the column: text, dates and truths, and numbers that have few values. */
export function isGroupable(column: Column, rows: number | undefined): boolean {
  if (column.type !== "number") return true;
  if (column.parts.some((part) => NUMERIC_GROUPS.has(part))) return true;
  if (column.distinct === undefined) return false;
  return column.distinct <= GROUPS_MAX && (rows === undefined || column.distinct * 2 <= rows);
}

const GROUPS_MAX = 40;
const NUMERIC_GROUPS = new Set(["year", "month", "week", "day", "hour", "quarter", "grade", "level", "class", "zip"]);

/** Whether nearly every row has its own value, so that the column names the rows. */
export const isIdentity = (column: Column, rows: number | undefined): boolean =>
  column.type === "text" &&
  column.distinct !== undefined &&
  rows !== undefined &&
  rows > 1 &&
  column.distinct >= rows * 0.9;
