import type { Json } from "../../../../kernel/json.ts";
import type { Column } from "./columns.ts";
import type { Condition } from "./conditions.ts";
import type { Aggregate } from "./vocabulary.ts";

/** A number as people write it: whole ones whole, others with two decimals or three significant digits. */
export function numberText(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e15 || size < 1e-4) return value.toExponential(2);
  return String(Number(size >= 1 ? value.toFixed(2) : value.toPrecision(3)));
}

/** A value of a result in a sentence or a table. */
export function valueText(value: Json | undefined): string {
  if (typeof value === "number") return numberText(value);
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

const AGGREGATE_NAMES: { readonly [aggregate in Aggregate]: string } = {
  count: "number of rows",
  sum: "total",
  mean: "mean",
  median: "median",
  min: "minimum",
  max: "maximum",
  std: "standard deviation",
  distinct: "number of different values",
};
export const aggregateName = (aggregate: Aggregate): string => AGGREGATE_NAMES[aggregate];

/** Rows of cells as a Markdown table; columns of numbers are set to the right. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const numeric = header.map((_, at) =>
    rows.every((row) => /^(?:-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)?$/.test(row[at] ?? "")),
  );
  const rule = `|${numeric.map((one) => (one ? " ---: |" : " --- |")).join("")}`;
  return [tableLine(header), rule, ...rows.map(tableLine)].join("\n");
}

const CELL_CHARS_MAX = 80;

const tableLine = (cells: readonly string[]) => `| ${cells.map(tableCell).join(" | ")} |`;

const tableCell = (text: string) => {
  const line = text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ");
  return line.length > CELL_CHARS_MAX ? `${line.slice(0, CELL_CHARS_MAX - 1)}…` : line;
};

/** A sentence's beginning. */
export const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** "a", "a and b", "a, b and c". */
export function listed(items: readonly string[]): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}

/** "1 row", "5 rows". */
export const counted = (count: number, noun: string): string => `${numberText(count)} ${noun}${count === 1 ? "" : "s"}`;

const COLUMNS_NAMED = 40;

/** Column names in a sentence; past forty they are counted. */
export function columnNames(columns: readonly Column[]): string {
  const names = columns.slice(0, COLUMNS_NAMED).map(({ name }) => name);
  const hidden = columns.length - names.length;
  return listed(hidden > 0 ? [...names, `${hidden} more`] : names);
}

/** ", where island is Dream and year is above 2007"; empty without conditions. */
export function conditionsText(conditions: readonly Condition[]): string {
  if (conditions.length === 0) return "";
  return ` where ${listed(conditions.map(conditionText))}`;
}

type OperatorTexts = { readonly [operator in Condition["operator"]]: string };
const OPERATOR_TEXT: OperatorTexts = {
  "=": "is",
  "!=": "is not",
  ">": "is above",
  ">=": "is at least",
  "<": "is below",
  "<=": "is at most",
};
const DATE_OPERATOR_TEXT: OperatorTexts = {
  ...OPERATOR_TEXT,
  ">": "is after",
  ">=": "is from",
  "<": "is before",
  "<=": "is up to",
};

const conditionText = ({ column, operator, values }: Condition) => {
  const words = (column.type === "date" ? DATE_OPERATOR_TEXT : OPERATOR_TEXT)[operator];
  const suffix = column.type === "date" && operator === ">=" ? " on" : "";
  return `${column.name} ${words} ${values.map(valueText).join(operator === "!=" ? " nor " : " or ")}${suffix}`;
};
