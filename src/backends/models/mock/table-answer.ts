import { type Bench, failedSection, failure, joined, type Section, section } from "./bench.ts";
import { chartSection, groupDrawing } from "./chart-answer.ts";
import { columnSection } from "./column-answer.ts";
import { openParameters, type Source, sourceArgument, sourceName } from "./fill.ts";
import { groupSection } from "./group-answer.ts";
import { planGroup } from "./group-call.ts";
import type { Ledger, Outcome } from "./ledger.ts";
import { overviewSection } from "./overview-answer.ts";
import { distributionSection, pairSection } from "./pair-answer.ts";
import type { Tool } from "./parameters.ts";
import { rowsOf } from "./results.ts";
import { rowsSection } from "./rows-answer.ts";
import type { Toolbox } from "./toolbox.ts";
import { frameOf, type Request, type Table, tableOf } from "./language/index.ts";

/** The answer from one table; undefined while results are missing, which the ledger then knows as wanted. */
export function tableSection(request: Request, toolbox: Toolbox, ledger: Ledger, source: Source): Section | undefined {
  const tool = toolbox.describe ?? toolbox.rows;
  const argument = tool === undefined ? undefined : sourceArgument(tool, source);
  if (tool === undefined || argument === undefined || openParameters(tool, argument).length > 0) {
    return failure(`None of my tools reads ${sourceName(source)}.`);
  }
  const looked = ledger.ask({
    name: tool.name,
    arguments: argument,
    why: `First I look at what ${sourceName(source)} holds.`,
  });
  if (looked === undefined) return undefined;
  if (looked.type === "failed") return failedSection(tool, looked.text);
  const table = tableOf(looked.structured);
  if (table === undefined) return rawSection(tool, looked);
  return framedSection({ request, toolbox, ledger, source }, table, looked);
}

type Done = Extract<Outcome, { type: "done" }>;

/** The words of a result whose structure tells the rules nothing. */
const rawSection = (tool: Tool, { text }: Done): Section =>
  section([`The tool ${tool.name} says:`, text.trim().slice(0, 2000)]);

function framedSection(
  parts: Pick<Bench, "request" | "toolbox" | "ledger" | "source">,
  table: Table,
  looked: Done,
): Section | undefined {
  const bench: Bench = { ...parts, table, frame: frameOf(parts.request, table) };
  const answer = goalSection(bench, looked);
  return answer === undefined ? undefined : { ...answer, caveats: [...bench.frame.doubts, ...answer.caveats] };
}

function goalSection(bench: Bench, looked: Done): Section | undefined {
  switch (bench.frame.goal) {
    case "groups":
      return groupsSection(bench);
    case "column":
      return columnSection(bench);
    case "pair":
      return pairSection(bench);
    case "distribution":
      return distributionSection(bench);
    case "rows":
      return rowsSection(bench);
    case "overview":
      return overviewSection(bench, looked.structured);
  }
}

/** One grouping for each measure, and the first one drawn if a chart is wanted. */
function groupsSection(bench: Bench): Section | undefined {
  const { frame, toolbox, ledger } = bench;
  const tool = toolbox.group;
  if (tool === undefined)
    return failure(`None of my tools groups rows by ${frame.groups.map(({ name }) => name).join(", ")}.`);
  const measures = frame.measures.length > 0 ? frame.measures : [undefined];
  const planned = measures.map((measure) => ({ measure, plan: planGroup(tool, bench, measure) }));
  const outcomes = planned.map(({ measure, plan }) => ({
    measure,
    plan,
    outcome: plan === undefined ? undefined : ledger.ask(plan.call),
  }));
  if (outcomes.some(({ plan, outcome }) => plan !== undefined && outcome === undefined)) return undefined;
  const parts: Section[] = [];
  for (const { measure, plan, outcome } of outcomes) {
    if (plan === undefined || outcome === undefined)
      parts.push(failure(`The tool ${tool.name} cannot be used for this.`));
    else if (outcome.type === "failed") parts.push(failedSection(tool, outcome.text));
    else
      parts.push(
        withCaveats(groupSection(bench, measure, outcome.structured, rowsOf(outcome.structured)), plan.caveats),
      );
  }
  const [first] = outcomes;
  const drawing =
    first?.outcome?.type === "done" ? groupDrawing(bench, first.measure, rowsOf(first.outcome.structured)) : undefined;
  if (drawing !== undefined) {
    const drawn = chartSection(bench, drawing);
    if (drawn === undefined) return undefined;
    parts.push(drawn);
  }
  return joined(parts);
}

const withCaveats = (one: Section, caveats: readonly string[]): Section => ({
  ...one,
  caveats: [...caveats, ...one.caveats],
});
