import { isJsonObject, type Json, type JsonObject } from "../../../kernel/json.ts";
import { nameParts } from "./words.ts";

export type ColumnType = "number" | "text" | "date" | "boolean";

/** A column of a table, as described by a tool. */
export type Column = {
  readonly name: string;
  /** Stems of the name's words, without units. */
  readonly parts: readonly string[];
  readonly type: ColumnType;
  /** Number of distinct values. */
  readonly distinct: number | undefined;
  readonly missing: number | undefined;
  readonly min: Json | undefined;
  readonly max: Json | undefined;
  /** Values, all of them where they are few, else frequent ones. */
  readonly values: readonly string[];
  /** Unit of the values, if the cells contain it: $, %. */
  readonly unit: string | undefined;
  /** Whether the column's dates have the day before the month. */
  readonly dayFirst: boolean | undefined;
  /** All that the tool said of it. */
  readonly facts: JsonObject;
};

export const NO_COLUMN: Column = {
  name: "",
  parts: [],
  type: "text",
  distinct: undefined,
  missing: undefined,
  min: undefined,
  max: undefined,
  values: [],
  unit: undefined,
  dayFirst: undefined,
  facts: {},
};

/** A table that a tool has read. */
export type Table = {
  readonly columns: readonly Column[];
  readonly rows: number | undefined;
  /** Cells that hold words of the request. */
  readonly found: readonly Found[];
};

/** A cell that is a text of the request, or has it among its words. */
export type Found = {
  readonly text: string;
  readonly column: string;
  readonly value: string;
  readonly match: "equal" | "stem" | "word";
};

/** The table a structured result describes: the first list under a key such as `columns` whose items have names and more. */
export function tableOf(structured: JsonObject | undefined): Table | undefined {
  if (structured === undefined) return undefined;
  for (const key of ["columns", "fields", "schema", "variables"]) {
    const items = structured[key];
    if (!Array.isArray(items)) continue;
    const columns = items.flatMap((item) => columnOf(item));
    if (columns.length > 0 && columns.length === items.length)
      return { columns, rows: rowCount(structured), found: foundIn(structured) };
  }
  return undefined;
}

function foundIn({ found }: JsonObject): readonly Found[] {
  if (!Array.isArray(found)) return [];
  return found.flatMap((one): readonly Found[] => {
    if (!isJsonObject(one)) return [];
    const { text, column, value, match } = one;
    if (typeof text !== "string" || typeof column !== "string" || typeof value !== "string") return [];
    return [{ text, column, value, match: match === "equal" || match === "stem" ? match : "word" }];
  });
}

/** The number of rows a result speaks of. */
const rowCount = (structured: JsonObject): number | undefined =>
  numberIn(structured, ["rows", "row_count", "rowCount", "total_rows", "rows_total", "records", "count"]);

function columnOf(item: Json): readonly Column[] {
  if (!isJsonObject(item)) return [];
  const name = item["name"] ?? item["column"];
  if (typeof name !== "string") return [];
  return [
    {
      name,
      parts: nameParts(name),
      type: typeOf(item),
      distinct: numberIn(item, ["distinct", "unique", "distinct_count", "unique_count", "cardinality"]),
      missing: numberIn(item, ["missing", "empty", "nulls", "null_count", "missing_count"]),
      min: item["min"],
      max: item["max"],
      values: valuesOf(item),
      unit: unitOf(item),
      dayFirst: dayFirstOf(item),
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
  const type = item["type"] ?? item["kind"] ?? item["dtype"];
  if (typeof type === "string") return TYPES.find(([, pattern]) => pattern.test(type.toLowerCase()))?.[0] ?? "text";
  return typeof item["mean"] === "number" ? "number" : "text";
}

/** Returns assumptions about the format of the column, for example the order of day and month. */
function dayFirstOf({ reading }: JsonObject): boolean | undefined {
  const order = reading !== undefined && isJsonObject(reading) ? reading["date_order"] : undefined;
  return typeof order === "string" ? /^d/i.test(order) : undefined;
}

const unitOf = ({ reading }: JsonObject): string | undefined =>
  reading !== undefined && isJsonObject(reading) && typeof reading["unit"] === "string" ? reading["unit"] : undefined;

const VALUE_KEYS = [
  "values",
  "top",
  "top_values",
  "topValues",
  "most_frequent",
  "frequent",
  "categories",
  "examples",
  "sample",
];

function valuesOf(item: JsonObject): readonly string[] {
  for (const key of VALUE_KEYS) {
    const listed = item[key];
    if (Array.isArray(listed)) return listed.flatMap(valueOf);
  }
  return [];
}

const valueOf = (entry: Json): readonly string[] => {
  if (typeof entry === "string") return [entry];
  if (typeof entry === "number" || typeof entry === "boolean") return [String(entry)];
  if (Array.isArray(entry)) return entry.slice(0, 1).flatMap(valueOf);
  return isJsonObject(entry) ? valueOf(entry["value"] ?? entry["name"] ?? null) : [];
};

export const textOf = (value: Json | undefined): string => (typeof value === "string" ? value : "");

/** The first of the members that is a number. */
export const numberIn = (item: JsonObject, keys: readonly string[]): number | undefined => {
  const found = keys.map((key) => item[key]).find((value) => typeof value === "number");
  return typeof found === "number" ? found : undefined;
};

/** Whether rows can be put into groups by the column: numbers only where they have few values. */
export function isGroupable({ type, parts, distinct, min, max }: Column, rows: number | undefined): boolean {
  if (type !== "number") return true;
  if (parts.some((part) => NUMERIC_GROUPS.has(part))) return true;
  if (distinct === undefined || !Number.isInteger(min) || !Number.isInteger(max)) return false;
  return distinct <= GROUPS_MAX && (rows === undefined || distinct * 4 <= rows);
}

const GROUPS_MAX = 16;
const NUMERIC_GROUPS = new Set([
  "year",
  "month",
  "week",
  "day",
  "hour",
  "quarter",
  "grade",
  "level",
  "class",
  "zip",
  "decade",
]);

/** Whether nearly every row has its own value, so that the column names the rows. */
export const isIdentity = ({ type, distinct }: Column, rows: number | undefined): boolean =>
  type === "text" && distinct !== undefined && rows !== undefined && rows > 1 && distinct >= rows * 0.9;

const YES = /^(?:yes|y|true|t|1)$/i;
const NO = /^(?:no|n|false|f|0)$/i;

/** The values of yes and no of a column that has no others. */
export function isFlag(column: Column): { readonly yes: string | number; readonly no: string | number } | undefined {
  const { type, values, distinct, min, max } = column;
  if (type === "number") return distinct === 2 && min === 0 && max === 1 ? { yes: 1, no: 0 } : undefined;
  const [yes, no] = [values.find((value) => YES.test(value)), values.find((value) => NO.test(value))];
  if (type === "boolean" && values.length === 0) return { yes: "true", no: "false" };
  return distinct === undefined || distinct > 3 || yes === undefined || no === undefined ? undefined : { yes, no };
}
