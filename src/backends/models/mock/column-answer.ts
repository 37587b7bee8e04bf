import { isJsonObject, type JsonObject } from "../../../kernel/json.ts";
import { baseArguments, type Bench, failedSection, failure, type Section, section } from "./bench.ts";
import { columnsArgument, openParameters, purposeOf, sourceName } from "./fill.ts";
import { groupSection } from "./group-answer.ts";
import { planGroup } from "./group-call.ts";
import type { Outcome } from "./ledger.ts";
import { type Tool, withRole } from "./parameters.ts";
import { aggregateIn, notesOf, numberIn, rowsOf } from "./results.ts";
import {
  type Aggregate,
  aggregateName,
  type Column,
  columnNames,
  conditionsText,
  counted,
  listed,
  numberText,
  rowCount,
  tableOf,
} from "./language/index.ts";

/** Figures of whole columns: from the description where it has them, otherwise from the tool for statistics. */
export function columnSection(bench: Bench): Section | undefined {
  const { frame, toolbox } = bench;
  const known =
    frame.conditions.length === 0 && frame.measures.every((column) => hasFigures(column.facts, frame.aggregates));
  if (known) return figuresSection(bench, (column) => column.facts, []);
  const tool = toolbox.statistics;
  const planned = tool === undefined ? undefined : planStatistics(tool, bench, frame.measures);
  if (tool === undefined || planned === undefined) return throughGroups(bench);
  const outcome = bench.ledger.ask(planned.call);
  if (outcome === undefined) return undefined;
  if (outcome.type === "failed") return failedSection(tool, outcome.text);
  return figuresSection(bench, (column) => factsIn(outcome, column), [
    ...planned.caveats,
    ...rowsCaveat(bench, outcome),
    ...notesOf(outcome.structured),
  ]);
}

export type PlannedStatistics = {
  readonly call: { readonly name: string; readonly arguments: JsonObject; readonly why: string };
  readonly caveats: readonly string[];
};

/** The call for figures of some columns; undefined when the tool cannot be filled. */
export function planStatistics(tool: Tool, bench: Bench, measures: readonly Column[]): PlannedStatistics | undefined {
  const base = baseArguments(tool, bench);
  if (base.type === "impossible") return undefined;
  const columns =
    withRole(tool, "columns") ?? tool.parameters.find((one) => one.role === "column" && purposeOf(one) === "value");
  const single = columns?.role === "column" && !columns.types.includes("array");
  const named =
    columns === undefined || (single && measures.length > 1 && !columns.required)
      ? {}
      : columnsArgument(columns, measures);
  const input = { ...base.input, ...named };
  if (openParameters(tool, input).length > 0) return undefined;
  const why = `I compute figures of ${columnNames(measures)} in ${sourceName(bench.source)}${conditionsText(bench.frame.conditions)}.`;
  return { call: { name: tool.name, arguments: input, why }, caveats: base.caveats };
}

/** Without a tool for statistics, groups by a column that is fixed anyway give the same figures. */
function throughGroups(bench: Bench): Section | undefined {
  const { frame, toolbox, ledger } = bench;
  const fixed = frame.conditions.find(({ operator }) => operator === "=")?.column;
  const [measure] = frame.measures;
  const tool = toolbox.group;
  if (fixed === undefined || measure === undefined || tool === undefined) {
    return failure(
      `None of my tools computes figures of ${columnNames(frame.measures)}${conditionsText(frame.conditions)}.`,
    );
  }
  const aggregates: readonly Aggregate[] = frame.aggregates.length > 0 ? frame.aggregates : ["mean", "min", "max"];
  const grouped: Bench = { ...bench, frame: { ...frame, groups: [fixed], aggregates } };
  const planned = planGroup(tool, grouped, measure);
  if (planned === undefined) return failure(`The tool ${tool.name} cannot be used for this.`);
  const outcome = ledger.ask(planned.call);
  if (outcome === undefined) return undefined;
  if (outcome.type === "failed") return failedSection(tool, outcome.text);
  return groupSection(grouped, measure, outcome.structured, rowsOf(outcome.structured));
}

const hasFigures = (facts: JsonObject, aggregates: readonly Aggregate[]) =>
  (aggregates.length > 0 ? aggregates : (["mean"] as const)).every(
    (aggregate) => aggregate === "count" || aggregateIn(facts, aggregate, undefined) !== undefined,
  );

/** What a result says of a column: a member of its list of columns, a row, a member of that name, or the result itself. */
function factsIn(outcome: Extract<Outcome, { type: "done" }>, column: Column): JsonObject {
  const { structured } = outcome;
  const described = tableOf(structured)?.columns.find(({ name }) => name === column.name)?.facts;
  if (described !== undefined) return described;
  const row = rowsOf(structured).find((one) => one["column"] === column.name || one["name"] === column.name);
  if (row !== undefined) return row;
  const member = structured[column.name];
  if (member !== undefined && isJsonObject(member)) return member;
  return structured;
}

const rowsCaveat = ({ frame, table }: Bench, { structured }: Extract<Outcome, { type: "done" }>): readonly string[] => {
  const matched = numberIn(structured, ["rows_matched", "matched"]);
  if (frame.conditions.length === 0 || matched === undefined || table.rows === undefined) return [];
  return [`${matched} of ${table.rows} rows fit the conditions.`];
};

const USUAL: readonly Aggregate[] = ["mean", "median", "min", "max"];

function figuresSection(
  { frame, table }: Bench,
  factsOf: (column: Column) => JsonObject,
  notes: readonly string[],
): Section {
  const where = conditionsText(frame.conditions);
  const wanted: readonly Aggregate[] = frame.aggregates.filter((aggregate) => aggregate !== "count");
  const lines = frame.measures.map((column) => {
    const facts = factsOf(column);
    const figures = (wanted.length > 0 ? [...wanted, ...USUAL.filter((one) => !wanted.includes(one))] : USUAL).flatMap(
      (aggregate) => {
        const value = aggregateIn(facts, aggregate, column);
        return value === undefined ? [] : [{ aggregate, text: `${aggregateName(aggregate)} ${numberText(value)}` }];
      },
    );
    const asked = figures.filter(({ aggregate }) => wanted.includes(aggregate));
    const rest = figures.filter(({ aggregate }) => !wanted.includes(aggregate));
    const [main] = asked;
    const others = [...asked.slice(1), ...rest].map(({ text }) => text);
    if (figures.length === 0) return `The tool gave no figures for ${column.name}${where}.`;
    const over = rowCount(facts) ?? (frame.conditions.length === 0 ? present(column, table.rows) : undefined);
    const count = over === undefined ? "" : ` over ${counted(over, "value")}`;
    if (main === undefined) return `${column.name}${where}: ${listed(others)}${count}.`;
    const value = main.text.slice(aggregateName(main.aggregate).length + 1);
    const more = others.length === 0 ? "" : ` (${others.join(", ")})`;
    return `The ${aggregateName(main.aggregate)} ${column.name}${where} is ${value}${count}${more}.`;
  });
  const gaps = frame.measures.flatMap(({ name, missing }) =>
    (missing ?? 0) > 0
      ? [`${counted(missing ?? 0, "row")} of the file without ${name} ${missing === 1 ? "is" : "are"} left out.`]
      : [],
  );
  return section(lines, [...gaps, ...notes]);
}

const present = ({ missing }: Column, rows: number | undefined) =>
  rows === undefined || missing === undefined ? undefined : rows - missing;
