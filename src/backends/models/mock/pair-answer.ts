import { isJsonObject, type Json, type JsonObject } from "../../../kernel/json.ts";
import { type Bench, failedSection, failure, joined, type Section, section } from "./bench.ts";
import { chartSection, type Drawing, readsSource } from "./chart-answer.ts";
import { columnSection, planStatistics } from "./column-answer.ts";
import { notesOf, numberIn, rowsOf } from "./results.ts";
import { planRows } from "./rows-answer.ts";
import type { DrawnKind } from "./toolbox.ts";
import { type Column, conditionsText, numberText } from "./language/index.ts";

/** Rows that are fetched to be drawn one by one. */
const ROWS_DRAWN = 1_000;

/** How two columns go together: their correlation where a tool gives it, and a scatter plot where one is wanted. */
export function pairSection(bench: Bench): Section | undefined {
  const [x, y] = bench.frame.measures;
  if (x === undefined || y === undefined) return columnSection(bench);
  const told = correlationSection(bench, x, y);
  const [series] = bench.frame.groups;
  const drawn =
    bench.frame.chart === undefined
      ? section([])
      : drawRows(bench, { kind: "scatter", label: x, value: { column: y, aggregate: undefined }, series });
  return told === undefined || drawn === undefined ? undefined : joined([told, drawn]);
}

/** How the values of a column are spread: its figures and a histogram. */
export function distributionSection(bench: Bench): Section | undefined {
  const [column] = bench.frame.measures;
  if (column === undefined) return columnSection(bench);
  const told = columnSection(bench);
  const drawn = drawRows(bench, {
    kind: "histogram",
    label: column,
    value: { column, aggregate: undefined },
    series: undefined,
  });
  return told === undefined || drawn === undefined ? undefined : joined([told, drawn]);
}

function correlationSection(bench: Bench, x: Column, y: Column): Section | undefined {
  const tool = bench.toolbox.statistics;
  const planned = tool === undefined ? undefined : planStatistics(tool, bench, [x, y]);
  if (tool === undefined || planned === undefined)
    return failure(`None of my tools computes how ${x.name} and ${y.name} go together.`);
  const outcome = bench.ledger.ask(planned.call);
  if (outcome === undefined) return undefined;
  if (outcome.type === "failed") return failedSection(tool, outcome.text);
  const found = correlationIn(outcome.structured, x, y);
  const where = conditionsText(bench.frame.conditions);
  const notes = [...planned.caveats, ...notesOf(outcome.structured)];
  if (found === undefined) {
    const figures = columnSection(bench);
    return figures === undefined
      ? undefined
      : joined([figures, section([], ["The tool gave no correlation.", ...notes])]);
  }
  const direction = found > 0 ? "positive" : "negative";
  const reading = Math.abs(found) < 0.1 ? "they hardly go together" : `a ${strength(found)} ${direction} correlation`;
  return section(
    [`${x.name} and ${y.name}${where}: r = ${numberText(found)}, ${reading}.`],
    ["A correlation says nothing about causes.", ...notes],
  );
}

const strength = (r: number) => (Math.abs(r) >= 0.7 ? "strong" : Math.abs(r) >= 0.4 ? "moderate" : "weak");

/** The correlation of two columns: a number, an entry of a list that names both, or a cell of a matrix. */
export function correlationIn(structured: JsonObject, x: Column, y: Column): number | undefined {
  const direct = Object.entries(structured).filter(([key]) => /corr|pearson/i.test(key));
  for (const [, told] of direct) {
    const found = coefficient(told, x.name, y.name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function coefficient(told: Json, x: string, y: string): number | undefined {
  if (typeof told === "number") return told;
  if (Array.isArray(told)) {
    const entry = told.find((one) => isJsonObject(one) && namesBoth(one, x, y));
    return entry !== undefined && isJsonObject(entry) ? firstCoefficient(entry) : undefined;
  }
  if (!isJsonObject(told)) return undefined;
  const row = told[x] ?? told[y];
  const cell = row !== undefined && isJsonObject(row) ? (row[y] ?? row[x]) : undefined;
  return typeof cell === "number" ? cell : firstCoefficient(told);
}

const namesBoth = (entry: JsonObject, x: string, y: string) => {
  const texts = Object.values(entry).flat();
  return texts.includes(x) && texts.includes(y);
};

const firstCoefficient = (entry: JsonObject) =>
  numberIn(entry, ["r", "correlation", "pearson", "coefficient", "value"]);

/** Draws single rows: by a tool that reads the table itself, or from rows that are fetched first. */
function drawRows(bench: Bench, drawing: Omit<Drawing, "rows"> & { readonly kind: DrawnKind }): Section | undefined {
  const chart = bench.toolbox.chart(drawing.kind);
  if (chart === undefined || readsSource(chart, bench)) return chartSection(bench, { ...drawing, rows: undefined });
  const tool = bench.toolbox.filter ?? bench.toolbox.rows;
  const columns = [drawing.label, drawing.value.column, drawing.series].filter((column) => column !== undefined);
  const planned = tool === undefined ? undefined : planRows(tool, bench, ROWS_DRAWN, [...new Set(columns)]);
  if (tool === undefined || planned === undefined) return section([], ["None of my tools gives the rows to draw."]);
  const outcome = bench.ledger.ask(planned.call);
  if (outcome === undefined) return undefined;
  if (outcome.type === "failed") return failedSection(tool, outcome.text);
  const rows = rowsOf(outcome.structured);
  const drawn = chartSection(bench, { ...drawing, rows });
  const matched = numberIn(outcome.structured, ["rows_matched", "matched", "total"]);
  const cut =
    matched !== undefined && matched > rows.length
      ? [`Only the first ${rows.length} of ${matched} rows are drawn.`]
      : [];
  return drawn === undefined ? undefined : joined([drawn, section([], cut)]);
}
