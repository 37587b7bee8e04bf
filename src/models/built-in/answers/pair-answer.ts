import { isJsonObject, type Json, type JsonObject } from "../../../kernel/json.ts";
import { type Bench, failedSection, failure, joined, type Section, section } from "../bench.ts";
import { chartSection, type Drawing, readsSource } from "./chart-answer.ts";
import { rowsCall, statisticsCall } from "./plan-call.ts";
import { cellOf, notesOf, numberIn, rowsOf } from "./results.ts";
import { conditionsText, numberText, planText } from "../language/index.ts";

/** Rows fetched to be drawn. */
const ROWS_DRAWN = 1_000;

/** Answers with the correlation of two columns or the distribution of one, as text and, if requested, as a chart. */
export function pairSection(bench: Bench, figures: (bench: Bench) => Section | undefined): Section | undefined {
  const { plan } = bench;
  const [x, y] = plan.figures.map(({ of }) => of?.text ?? "");
  const text =
    plan.task === "pair" && x !== undefined && y !== undefined
      ? correlationSection(bench, x, y)
      : figures({ ...bench, plan: { ...plan, chart: undefined } });
  const drawn =
    plan.chart === undefined || x === undefined
      ? section([])
      : drawRows(bench, plan.task === "pair" ? [x, y ?? ""] : [x]);
  return text === undefined || drawn === undefined ? undefined : joined([text, drawn]);
}

function correlationSection(bench: Bench, x: string, y: string): Section | undefined {
  const tool = bench.toolbox.statistics;
  const call = tool === undefined ? undefined : statisticsCall(tool, bench, [x, y]);
  if (tool === undefined || call === undefined)
    return failure(`None of my tools computes how ${x} and ${y} go together.`);
  const outcome = bench.ledger.ask(call);
  if (outcome === undefined) return undefined;
  if (outcome.type === "failed") return failedSection(tool, outcome.text);
  const found = correlationIn(outcome.structured, x, y);
  const where = conditionsText(bench.plan.conditions);
  if (found === undefined)
    return section([`The tool gave no correlation of ${x} and ${y}${where}.`], notesOf(outcome.structured));
  const direction = found > 0 ? "positive" : "negative";
  const reading = Math.abs(found) < 0.1 ? "hardly any correlation" : `a ${strength(found)} ${direction} correlation`;
  return section(
    [`${x} and ${y}${where}: r = ${numberText(found)}, ${reading}.`],
    ["A correlation says nothing about causes.", ...notesOf(outcome.structured)],
  );
}

const strength = (r: number) => (Math.abs(r) >= 0.7 ? "strong" : Math.abs(r) >= 0.4 ? "moderate" : "weak");

/** The correlation of two columns: an entry of a list that names both. */
function correlationIn(structured: JsonObject, x: string, y: string): number | undefined {
  for (const [key, value] of Object.entries(structured)) {
    const found = /corr|pearson/i.test(key) ? coefficient(value, x, y) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function coefficient(value: Json, x: string, y: string): number | undefined {
  const entry = Array.isArray(value) ? value.find((one) => isJsonObject(one) && namesBoth(one, x, y)) : undefined;
  return entry !== undefined && isJsonObject(entry) ? firstCoefficient(entry) : undefined;
}

const namesBoth = (entry: JsonObject, x: string, y: string) => {
  const texts = Object.values(entry).flat();
  return texts.includes(x) && texts.includes(y);
};

const firstCoefficient = (entry: JsonObject) =>
  numberIn(entry, ["r", "correlation", "pearson", "coefficient", "value"]);

/** Draws single rows: by a tool that reads the table itself, or from rows that are fetched first. */
function drawRows(bench: Bench, names: readonly string[]): Section | undefined {
  const { plan, toolbox } = bench;
  const [x = "", y] = names;
  const pair = y !== undefined;
  const drawing: Drawing = {
    kind: pair ? "scatter" : "histogram",
    points: undefined,
    columns: { x, y: y ?? x },
    x,
    y: y ?? "number of rows",
    title: pair ? `${y} against ${x}${conditionsText(plan.conditions)}` : planText(plan),
  };
  const chart = toolbox.chart(drawing.kind);
  if (chart === undefined || readsSource(chart, bench)) return chartSection(bench, drawing);
  const tool = toolbox.filter ?? toolbox.rows;
  const call = tool === undefined ? undefined : rowsCall(tool, bench, ROWS_DRAWN, [...new Set(names)]);
  if (tool === undefined || call === undefined) return section([], ["None of my tools gives the rows to draw."]);
  const outcome = bench.ledger.ask(call);
  if (outcome === undefined) return undefined;
  if (outcome.type === "failed") return failedSection(tool, outcome.text);
  const rows = rowsOf(outcome.structured);
  const points = rows.flatMap((row) => {
    const [label, value] = [cellOf(row, x), cellOf(row, y ?? x)];
    return typeof label === "number" && typeof value === "number" ? [{ label, value }] : [];
  });
  const drawn = chartSection(bench, { ...drawing, points });
  const matched = numberIn(outcome.structured, ["rows_matched", "matched", "total"]);
  const cut =
    matched !== undefined && matched > rows.length
      ? [`Only the first ${rows.length} of ${matched} rows are drawn.`]
      : [];
  return drawn === undefined ? undefined : joined([drawn, section([], cut)]);
}
