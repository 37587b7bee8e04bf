import type { Json } from "../../../kernel/json.ts";
import { type Bench, failedSection, failure, joined, type Section, section } from "../bench.ts";
import { openParameters, type Source, sourceArgument, sourceName } from "../fill.ts";
import type { Ledger, Outcome } from "../ledger.ts";
import { asksForOverview, overviewSection } from "./overview-answer.ts";
import type { Tool } from "../parameters.ts";
import { planSection } from "./plan-answer.ts";
import { notesOf } from "./results.ts";
import type { Toolbox } from "../toolbox.ts";
import {
  columnNames,
  findTexts,
  isFragment,
  type Plan,
  planOf,
  pointsBack,
  type Request,
  type Table,
  tableOf,
} from "../language/index.ts";

/** The answer from one table; undefined while results are missing, which the ledger then knows as wanted. */
export function tableSection(request: Request, toolbox: Toolbox, ledger: Ledger, source: Source): Section | undefined {
  const tool = toolbox.describe ?? toolbox.rows;
  const argument = tool === undefined ? undefined : sourceArgument(tool, source);
  if (tool === undefined || argument === undefined || openParameters(tool, argument).length > 0) {
    return failure(`None of my tools reads ${sourceName(source)}.`);
  }
  const texts = findTexts(request.questions.flat());
  const finds = texts.length > 0 && tool.parameters.some(({ name }) => name === "find");
  const find: { readonly [name: string]: Json } = finds ? { find: texts } : {};
  const looked = ledger.ask({
    name: tool.name,
    arguments: { ...argument, ...find },
    why: `First I look at what ${sourceName(source)} holds.`,
  });
  if (looked === undefined) return undefined;
  if (looked.type === "failed") return failedSection(tool, looked.text);
  const table = tableOf(looked.structured);
  if (table === undefined) return rawSection(tool, looked);
  if (asksForOverview(request)) return overviewSection({ request, source, table }, looked.structured);
  return questionsSection({ request, toolbox, ledger, source }, table, looked);
}

type Done = Extract<Outcome, { type: "done" }>;

/** Returns the text of a result whose structure is unknown to the rules. */
const rawSection = (tool: Tool, { text }: Done): Section =>
  section([`The tool ${tool.name} says:`, text.trim().slice(0, 2000)]);

/** Answers each question separately; one that refers to another is refused. */
function questionsSection(
  parts: Pick<Bench, "request" | "toolbox" | "ledger" | "source">,
  table: Table,
  looked: Done,
): Section | undefined {
  const { request, source } = parts;
  const questions = request.questions
    .map((words) => ({ words, planned: planOf(words, request, table, sourceName(source)) }))
    .filter(({ planned }) => planned.type !== "empty");
  if (questions.length === 0) return overviewSection({ request, source, table }, looked.structured);
  const sections = questions.map(({ words, planned }, at): Section | undefined => {
    const asked = words.map(({ text }) => text).join(" ");
    const first = questions[0]?.planned;
    const depends =
      at > 0 &&
      planned.type === "plan" &&
      (pointsBack(words) ||
        isFragment(words) ||
        (planned.plan.conditions.length === 0 &&
          planned.plan.groups.length === 0 &&
          first?.type === "plan" &&
          (first.plan.conditions.length > 0 || first.plan.groups.length > 0 || first.plan.task === "rows")));
    const open = planned.type === "plan" ? openComma(planned.plan, looked) : undefined;
    if (planned.type === "plan" && open !== undefined)
      return refusal("", `The comma in ${open} could be a decimal comma or a thousands separator.`, table, source);
    if (planned.type === "plan" && !depends) return planSection({ ...parts, table, plan: planned.plan });
    const reason =
      planned.type === "refused"
        ? planned.reason
        : "It is unclear whether it is about all rows or about the previous answer; ask it separately.";
    return refusal(questions.length > 1 ? asked : "", reason, table, source);
  });
  const known = sections.filter((one) => one !== undefined);
  return known.length < sections.length ? undefined : joined(known);
}

/** A column of the plan whose comma the tool is not sure of. */
const openComma = ({ figures, groups, conditions, part }: Plan, { structured }: Done): string | undefined => {
  const notes = notesOf(structured);
  const keys = [...groups, ...[...conditions, ...part].map(({ key }) => key)];
  return [...figures.flatMap(({ of }) => of?.columns ?? []), ...keys.map(({ column }) => column)]
    .map(({ name }) => name)
    .find((name) => notes.some((note) => note.includes(`'${name}' is read as decimal comma; if it is not`)));
};

/** Lists the unanswered questions, the reasons, and what the table has instead. */
const refusal = (asked: string, reason: string, table: Table, source: Source): Section =>
  failure(
    `I cannot answer ${asked === "" ? "this" : `"${asked}"`} for sure. ${reason} The columns of ${sourceName(source)} are ${columnNames(table.columns)}.`,
  );
