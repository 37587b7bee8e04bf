import type { JsonObject } from "../../../kernel/json.ts";
import { type Bench, failedSection, failure, type Section } from "../bench.ts";
import { groupCall, rowsCall, statisticsCall } from "./plan-call.ts";
import type { Outcome } from "../ledger.ts";
import { aggregateIn, notesOf, numberIn, rowsOf } from "./results.ts";
import {
  type Aggregate,
  type Expression,
  type Figure,
  keyText,
  measureName,
  type Plan,
  planText,
  tableOf,
} from "../language/index.ts";
import { cellText, type Group, groupsSection, labelOf } from "./group-answer.ts";

type Done = Extract<Outcome, { type: "done" }>;

export const cannot = ({ plan }: Bench) => failure(`None of my tools can compute this: ${planText(plan)}.`);

/** Figures of all rows that fit or of their groups: from the description where it has them, else from a tool. */
export function figuresSection(bench: Bench): Section | undefined {
  const { plan, toolbox, ledger } = bench;
  const known = knownSection(bench);
  if (known !== undefined) return known;
  const tool = toolbox.group;
  const calls = expressionsOf(plan).map((of) => {
    const aggregates = plan.figures.filter((one) => one.of?.text === of?.text).map(({ aggregate }) => aggregate);
    return { of, call: tool === undefined ? undefined : groupCall(tool, bench, of, aggregates) };
  });
  if (tool === undefined || calls.some(({ call }) => call === undefined)) {
    return plan.groups.length === 0 && plan.part.length === 0 ? throughStatistics(bench) : cannot(bench);
  }
  const outcomes = calls.map(({ of, call }) => ({ of, outcome: call === undefined ? undefined : ledger.ask(call) }));
  const results = new Map<string | undefined, Done>();
  for (const { of, outcome } of outcomes) {
    if (outcome?.type === "failed") return failedSection(tool, outcome.text);
    if (outcome !== undefined) results.set(of?.text, outcome);
  }
  return results.size < calls.length ? undefined : resultsSection(bench, results);
}

/** Expressions to compute: each once, and the sides of a ratio, because the ratio of totals differs from that of the rows. */
function expressionsOf({ figures }: Plan): readonly (Expression | undefined)[] {
  const own = figures.map(({ of }) => of);
  const all = [...own, ...figures.flatMap(({ of, aggregate }) => (aggregate === "mean" ? ratioSides(of) : []))];
  return [...new Map(all.map((of) => [of?.text, of])).values()];
}

const ratioSides = (of: Expression | undefined): readonly Expression[] =>
  of === undefined || of.columns.length !== 2 || !of.text.includes(" / ")
    ? []
    : of.columns.map((column) => ({ text: column.name, columns: [column] }));

/** Figures of all rows that the description of the table has. */
function knownSection(bench: Bench): Section | undefined {
  const { plan, table } = bench;
  if (plan.groups.length + plan.part.length + plan.conditions.length > 0) return undefined;
  const described = ({ of }: Figure) => table.columns.find(({ name }) => name === of?.text);
  const values = plan.figures.map((figure) =>
    figure.of === undefined ? table.rows : knownIn(described(figure)?.facts, figure.aggregate),
  );
  if (values.includes(undefined)) return undefined;
  const [first] = plan.figures;
  const missing = first === undefined ? 0 : (described(first)?.missing ?? 0);
  const count = table.rows === undefined ? undefined : table.rows - missing;
  return groupsSection(bench, [{ label: "", keys: [], count, values, row: {} }], namesOf(bench), []);
}

const knownIn = (facts: JsonObject | undefined, aggregate: Aggregate) =>
  facts === undefined || aggregate === "count" ? undefined : aggregateIn(facts, aggregate, undefined);

/** The groups of all calls, joined by their labels. */
function resultsSection(bench: Bench, results: ReadonlyMap<string | undefined, Done>): Section | undefined {
  const { plan } = bench;
  const labelled = new Map(
    [...results].map(([text, { structured }]) => [
      text,
      new Map(rowsOf(structured).map((row) => [labelOf(row, bench), row])),
    ]),
  );
  const [first] = results.values();
  if (first === undefined) return cannot(bench);
  const [sides = []] = plan.figures.map(({ of, aggregate }) => (aggregate === "mean" ? ratioSides(of) : []));
  const [shared] = plan.figures;
  const whole = rowsOf(first.structured).reduce(
    (sum, row) => sum + (shared === undefined ? 0 : (valueOf(row, shared) ?? 0)),
    0,
  );
  const groups = rowsOf(first.structured).map((row): Group => {
    const label = labelOf(row, bench);
    const own = plan.figures.map((figure) => valueOf(labelled.get(figure.of?.text)?.get(label), figure));
    const [above, below] = sides.map(({ text }) => aggregateIn(labelled.get(text)?.get(label) ?? {}, "sum", text));
    const scale = plan.figures[0]?.of?.percent === true ? 100 : 1;
    const totals = above === undefined || below === undefined || below === 0 ? undefined : (above / below) * scale;
    const parts = plan.shares ? [((own[0] ?? 0) / whole) * 100] : plan.part.length > 0 ? [shareIn(plan, row)] : own;
    return {
      label,
      keys: plan.groups.map((key) => cellText(row, keyText(key))),
      count: aggregateIn(row, "count", undefined),
      values: [...parts, ...(sides.length > 0 ? [totals] : [])],
      row,
    };
  });
  const notes = [...results.values()].flatMap(({ structured }) => notesOf(structured));
  const total = numberIn(first.structured, ["groups_total"]) ?? 0;
  const cut = total > groups.length ? [`Only ${groups.length} of ${total} groups were looked at.`] : [];
  const names = [...namesOf(bench), ...(sides.length > 0 ? ["ratio of the totals"] : [])];
  return groupsSection(bench, groups, names, [...new Set([...notes, ...cut])]);
}

const namesOf = ({ plan: { figures, part, shares, noun } }: Bench): readonly string[] =>
  figures.map((figure, at) => (at === 0 && (part.length > 0 || shares) ? "share in %" : measureName(figure, noun)));

function shareIn({ figures: [figure] }: Plan, row: JsonObject): number | undefined {
  const share = numberIn(row, [figure?.of === undefined ? "part_share" : "part_sum_share"]);
  return share === undefined ? undefined : share * 100;
}

function valueOf(row: JsonObject | undefined, { aggregate, of }: Figure): number | undefined {
  if (row === undefined) return undefined;
  const own = row[aggregate];
  const found = typeof own === "number" ? own : aggregateIn(row, aggregate, of?.text);
  return found === undefined ? undefined : found * (of?.percent === true ? 100 : 1);
}

/** Figures of all rows that fit, through the tool for statistics. */
function throughStatistics(bench: Bench): Section | undefined {
  const { plan, toolbox, ledger } = bench;
  const names = plan.figures.flatMap(({ of }) => (of === undefined || of.columns.length > 1 ? [] : [of.text]));
  if (plan.figures.every(({ of }) => of === undefined)) return throughRows(bench);
  const tool = toolbox.statistics;
  const call =
    tool === undefined || names.length < plan.figures.length
      ? undefined
      : statisticsCall(tool, bench, [...new Set(names)]);
  if (tool === undefined || call === undefined) return cannot(bench);
  const outcome = ledger.ask(call);
  if (outcome === undefined) return undefined;
  if (outcome.type === "failed") return failedSection(tool, outcome.text);
  const described = tableOf(outcome.structured)?.columns ?? [];
  const rows = rowsOf(outcome.structured);
  const values = plan.figures.map((figure) => {
    const facts =
      described.find(({ name }) => name === figure.of?.text)?.facts ??
      rows.find((row) => row["column"] === figure.of?.text) ??
      outcome.structured;
    return valueOf(facts, figure);
  });
  if (values.some((value) => value === undefined)) return cannot(bench);
  const count = described[0] === undefined ? undefined : aggregateIn(described[0].facts, "count", undefined);
  return groupsSection(
    bench,
    [{ label: "", keys: [], count, values, row: {} }],
    namesOf(bench),
    notesOf(outcome.structured),
  );
}

/** The number of rows that fit, as the tool that looks them up says it. */
function throughRows(bench: Bench): Section | undefined {
  const tool = bench.toolbox.filter;
  const call = tool === undefined ? undefined : rowsCall(tool, bench, 1);
  if (tool === undefined || call === undefined) return cannot(bench);
  const outcome = bench.ledger.ask(call);
  if (outcome === undefined) return undefined;
  if (outcome.type === "failed") return failedSection(tool, outcome.text);
  const matched = numberIn(outcome.structured, ["rows_matched", "matched", "total"]);
  if (matched === undefined) return cannot(bench);
  return groupsSection(
    bench,
    [{ label: "", keys: [], count: matched, values: [matched], row: {} }],
    namesOf(bench),
    notesOf(outcome.structured),
  );
}
