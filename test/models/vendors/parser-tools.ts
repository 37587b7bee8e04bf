import * as z from "zod";
import type { JsonObject } from "../../../src/kernel/json.ts";
import type { ModelTool } from "../../../src/models/port/language-model.ts";
import { correlation, describe, figures, group, load, matching, ToolFailure } from "./tabular.ts";

/** A tool as a run has it: what the model sees, and what a call gives. */
export type TestTool = ModelTool & {
  readonly run: (input: JsonObject) => { readonly text: string; readonly structured: JsonObject | undefined };
};

const OPERATORS = ["=", "!=", "<", "<=", ">", ">=", "contains", "in", "is_missing", "not_missing"];
const STATISTICS = ["count", "sum", "mean", "median", "min", "max", "stdev", "missing", "key"] as const;

const Source = z.object({ path: z.string().optional(), text: z.string().optional() });
const Conditions = z
  .array(z.strictObject({ column: z.string(), op: z.enum(OPERATORS).optional(), value: z.unknown().optional() }))
  .default([]);

const source = {
  path: { type: "string", description: "CSV file to read.", "x-caxton": { role: "file-path" } },
  text: { type: "string", description: "CSV itself, instead of a path.", "x-caxton": { role: "csv-text" } },
};
const where = {
  type: "array",
  description: "Conditions on rows.",
  items: {
    type: "object",
    properties: {
      column: { type: "string", "x-caxton": { role: "column", type: "any" } },
      op: { type: "string", enum: OPERATORS, default: "=" },
      value: { type: ["string", "number", "array"] },
    },
    required: ["column"],
  },
  "x-caxton": { role: "conditions" },
};

const schema = (properties: JsonObject, required: readonly string[] = []): JsonObject => ({
  type: "object",
  properties: { ...source, ...properties },
  required,
  additionalProperties: false,
});

const DescribeInput = Source.strict();
const describeTool: TestTool = {
  name: "csv_parser__describe",
  description:
    "Says what a CSV file holds: number of rows, and for every column its type, missing and distinct values.",
  inputSchema: schema({}),
  run: (input) => {
    const sample = load(DescribeInput.parse(input));
    const structured = { rows: sample.rows.length, columns: describe(sample), notes: [] };
    return { text: "described", structured };
  },
};

const GroupInput = Source.extend({
  group_by: z.array(z.string()).min(1),
  value: z.string().optional(),
  where: Conditions,
  sort_by: z.enum(STATISTICS).optional(),
  order: z.enum(["desc", "asc"]).default("desc"),
  limit: z.int().min(1).max(1000).default(50),
}).strict();
const groupTool: TestTool = {
  name: "csv_parser__group",
  description:
    "Groups the rows of a CSV file by one or more columns and gives for every group the number of rows, sum, mean …",
  inputSchema: schema(
    {
      group_by: { type: "array", items: { type: "string" }, "x-caxton": { role: "columns", type: "any" } },
      value: { type: "string", description: "Numeric column.", "x-caxton": { role: "column", type: "number" } },
      where,
      sort_by: { type: "string", enum: STATISTICS, "x-caxton": { role: "aggregate" } },
      order: { type: "string", enum: ["desc", "asc"], default: "desc" },
      limit: { type: "integer", minimum: 1, maximum: 1000, default: 50 },
    },
    ["group_by"],
  ),
  run: (input) => {
    const asked = GroupInput.parse(input);
    const sample = load(asked);
    const rows = matching(sample, asked.where);
    const groups = group(rows, asked.group_by, asked.value);
    const by = asked.sort_by ?? (asked.value === undefined ? "count" : "mean");
    const key = by === "key" ? (asked.group_by[0] ?? "") : by;
    const ascending = groups.toSorted((a, b) => compareCells(a[key], b[key]));
    const sorted = asked.order === "desc" ? ascending.toReversed() : ascending;
    const shown = sorted.slice(0, asked.limit);
    const structured = {
      rows: shown,
      groups_total: groups.length,
      rows_read: sample.rows.length,
      rows_matched: rows.length,
      notes: [],
    };
    return { text: "grouped", structured };
  },
};

/** Missing values are the least, so that they come last where the largest comes first. */
const compareCells = (a: unknown, b: unknown) =>
  a === null || b === null
    ? Number(a !== null) - Number(b !== null)
    : typeof a === "number" && typeof b === "number"
      ? a - b
      : JSON.stringify(a).localeCompare(JSON.stringify(b));

const FilterInput = Source.extend({
  sort_by: z.string().optional(),
  order: z.enum(["desc", "asc"]).default("desc"),
  where: Conditions,
  limit: z.int().default(20),
  columns: z.array(z.string()).optional(),
}).strict();
const filterTool: TestTool = {
  name: "csv_parser__filter",
  description: "Gives the rows of a CSV file that fit conditions.",
  inputSchema: schema({
    where,
    columns: { type: "array", items: { type: "string" }, "x-caxton": { role: "columns", type: "any" } },
    sort_by: { type: "string", description: "Column to order by.", "x-caxton": { role: "column", type: "any" } },
    order: { type: "string", enum: ["desc", "asc"], default: "desc" },
    limit: { type: "integer", minimum: 1, maximum: 1000, default: 20 },
  }),
  run: (input) => {
    const asked = FilterInput.parse(input);
    const sample = load(asked);
    const rows = matching(sample, asked.where);
    const { sort_by: by, order } = asked;
    const ascending = by === undefined ? rows : rows.toSorted((a, b) => compareCells(a[by], b[by]));
    const sorted = by === undefined || order === "asc" ? ascending : ascending.toReversed();
    const shown = sorted
      .slice(0, asked.limit)
      .map((row) => Object.fromEntries((asked.columns ?? sample.columns).map((name) => [name, row[name] ?? null])));
    return {
      text: "filtered",
      structured: { rows: shown, rows_read: sample.rows.length, rows_matched: rows.length, notes: [] },
    };
  },
};

const StatisticsInput = Source.extend({ columns: z.array(z.string()).optional(), where: Conditions }).strict();
const statisticsTool: TestTool = {
  name: "csv_parser__statistics",
  description: "Statistics of numeric columns of a CSV file.",
  inputSchema: schema({
    columns: { type: "array", items: { type: "string" }, "x-caxton": { role: "columns", type: "number" } },
    where,
  }),
  run: (input) => {
    const asked = StatisticsInput.parse(input);
    const sample = load(asked);
    const rows = matching(sample, asked.where);
    const columns = (asked.columns ?? []).map((name) => {
      const numbers = rows.map((row) => row[name] ?? null).filter((cell) => typeof cell === "number");
      return { name, count: numbers.length, missing: rows.length - numbers.length, ...figures(numbers) };
    });
    const [x, y] = columns;
    const correlations =
      x === undefined || y === undefined ? [] : [{ columns: [x.name, y.name], r: correlation(rows, x.name, y.name) }];
    return { text: "computed", structured: { columns, correlations, rows_matched: rows.length, notes: [] } };
  },
};

const Point = z.strictObject({ label: z.string(), value: z.number(), series: z.string().optional() });
const Dot = z.strictObject({ x: z.number(), y: z.number(), series: z.string().optional() });
const Words = z.object({ title: z.string(), x_label: z.string().optional(), y_label: z.string().optional() });
const text = { type: "string" };
const number = { type: "number" };

/** A tool that draws the rows it is given. */
const chart = (kind: string, items: JsonObject, parse: z.ZodType<readonly unknown[]>): TestTool => ({
  name: `chart_generator__${kind}`,
  description: `Draws a ${kind.replace("_", " ")} as an SVG file.`,
  inputSchema: {
    type: "object",
    properties: {
      data: { type: "array", items, "x-caxton": { role: "table" } },
      title: { type: "string", "x-caxton": { role: "title" } },
      x_label: text,
      y_label: text,
    },
    required: ["data", "title"],
  },
  run: (input) => {
    const { data } = Words.extend({ data: parse }).strict().parse(input);
    if (data.length === 0) throw new ToolFailure("there is nothing to draw");
    return { text: "drawn", structured: { file: `${kind}.svg`, points: data.length } };
  },
});

const point = { type: "object", properties: { label: text, value: number, series: text } };
const dot = { type: "object", properties: { x: number, y: number, series: text } };

/** Tools that draw, each its own kind of chart. */
export const CHART_TOOLS: readonly TestTool[] = [
  chart("bar_chart", point, z.array(Point)),
  chart("line_chart", point, z.array(Point)),
  chart("scatter_plot", dot, z.array(Dot)),
  chart("histogram", number, z.array(z.number())),
];

const ReadHistogramInput = z.strictObject({
  path: z.string(),
  column: z.string(),
  title: z.string(),
  x_label: z.string(),
  y_label: z.string(),
});

/** A histogram that can read a file itself. */
export const READING_HISTOGRAM: TestTool = {
  name: "chart_generator__histogram",
  description: "Draws a histogram of values or of a column of a CSV file.",
  inputSchema: {
    type: "object",
    properties: {
      values: { type: "array", items: number, "x-caxton": { role: "table" } },
      path: { type: "string", "x-caxton": { role: "file-path" } },
      column: { type: "string", "x-caxton": { role: "column", type: "number" } },
      title: { type: "string", "x-caxton": { role: "title" } },
      x_label: text,
      y_label: text,
    },
  },
  run: (input) => {
    const { path, column } = ReadHistogramInput.parse(input);
    return { text: "drawn", structured: { files: [`${column}.svg`], rows: load({ path }).rows.length } };
  },
};

/** Tools in the shape of the built-in parser, with hints in their schemas. */
export const PARSER_TOOLS: readonly TestTool[] = [describeTool, groupTool, filterTool, statisticsTool];

export const failing = (tool: TestTool, message: string): TestTool => ({
  ...tool,
  run: () => {
    throw new ToolFailure(message);
  },
});
