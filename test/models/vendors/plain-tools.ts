import * as z from "zod";
import type { TestTool } from "./parser-tools.ts";
import { describe, figures, group, load, matching } from "./tabular.ts";

const text = { type: "string" };

const InfoInput = z.strictObject({ file: z.string() });
const infoTool: TestTool = {
  name: "tables_inspect_table",
  description: "Returns the fields of a table in a CSV file.",
  inputSchema: {
    type: "object",
    properties: { file: { type: "string", description: "The CSV file." } },
    required: ["file"],
  },
  run: (input) => {
    const sample = load({ path: InfoInput.parse(input).file });
    const fields = describe(sample).map(({ name, type, distinct, top }) => ({
      name: name ?? "",
      dtype: type === "number" ? "float64" : (type ?? "object"),
      ...(distinct === undefined ? {} : { unique: distinct }),
      ...(top === undefined ? {} : { top_values: top }),
    }));
    return { text: JSON.stringify({ fields, row_count: sample.rows.length }), structured: undefined };
  },
};

const FUNCTIONS = { avg: "mean", total: "sum", smallest: "min", count: "count", max: "max", min: "min" } as const;
const AggregateInput = z.strictObject({
  file: z.string(),
  by: z.array(z.string()).min(1),
  measure: z.string().optional(),
  function: z.enum(["count", "avg", "total", "min", "max"]),
  filters: z
    .array(z.strictObject({ field: z.string(), operator: z.enum(["eq", "ne", "gt", "lt"]), value: z.unknown() }))
    .default([]),
});
const SIGNS = { eq: "=", ne: "!=", gt: ">", lt: "<" } as const;
const aggregateTool: TestTool = {
  name: "tables_aggregate_table",
  description: "Aggregates a column of a table in a CSV file by other columns.",
  inputSchema: {
    type: "object",
    properties: {
      file: { type: "string", description: "The CSV file." },
      by: { type: "array", items: text },
      measure: text,
      function: { type: "string", enum: ["count", "avg", "total", "min", "max"] },
      filters: {
        type: "array",
        items: {
          type: "object",
          properties: { field: text, operator: { type: "string", enum: ["eq", "ne", "gt", "lt"] }, value: {} },
        },
      },
    },
    required: ["file", "by", "function"],
  },
  run: (input) => {
    const asked = AggregateInput.parse(input);
    const where = asked.filters.map(({ field, operator, value }) => ({ column: field, op: SIGNS[operator], value }));
    const groups = group(matching(load({ path: asked.file }), where), asked.by, asked.measure);
    const figure = FUNCTIONS[asked.function];
    const results = groups.map((one) => ({
      ...Object.fromEntries(asked.by.map((name) => [name, one[name] ?? null])),
      [asked.function]: one[figure] ?? null,
    }));
    return { text: JSON.stringify({ results }), structured: { results } };
  },
};

const PlotInput = z.strictObject({
  kind: z.enum(["bar", "line"]),
  labels: z.array(z.string()),
  values: z.array(z.number()),
  title: z.string(),
});
const plotTool: TestTool = {
  name: "make_plot",
  description: "Makes an image.",
  inputSchema: {
    type: "object",
    properties: {
      kind: { type: "string", enum: ["bar", "line"] },
      labels: { type: "array", items: text },
      values: { type: "array", items: { type: "number" } },
      title: text,
    },
    required: ["kind", "labels", "values", "title"],
  },
  run: (input) => {
    const { kind, labels, values } = PlotInput.parse(input);
    return { text: "ok", structured: { artifact: `${kind}-${labels.length}-${figures(values).max}.png` } };
  },
};

/** Tools as a stranger would write them: no hints, other names, results as JSON text. */
export const PLAIN_TOOLS: readonly TestTool[] = [infoTool, aggregateTool, plotTool];
