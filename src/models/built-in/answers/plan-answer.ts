import type { Bench, Section } from "../bench.ts";
import { knowsPeriods } from "./plan-call.ts";
import { pairSection } from "./pair-answer.ts";
import { type Column, planText, readingText } from "../language/index.ts";
import { rowsSection } from "./rows-answer.ts";
import { figuresSection } from "./figures-answer.ts";

/** The answer to one question: its plan in a line, the results in words, and what to know of them. */
export function planSection(asked: Bench): Section | undefined {
  const bench = { ...asked, plan: simpler(asked) };
  const { plan } = bench;
  const columns = [
    ...plan.figures.flatMap(({ of }) => of?.columns ?? []),
    ...plan.groups.map(({ column }) => column),
    ...[...plan.conditions, ...plan.part].map(({ key }) => key.column),
  ];
  const readings = [...new Set(columns.flatMap(readingText))];
  const line = `${planText(plan)}${readings.length === 0 ? "" : ` (${readings.join("; ")})`}.`;
  const answer = answerSection(bench);
  if (answer === undefined) return undefined;
  if (answer.type === "failure") return answer;
  const caveats = answer.caveats
    .filter((note) => !named(note, bench.table.columns) || (named(note, columns) && !SAID.test(note)))
    .map((note) => note.replace(/; if it is not, set decimal to ","/, ""));
  return { ...answer, text: [line, ...answer.text], caveats };
}

const named = (note: string, among: readonly Column[]): boolean => among.some(({ name }) => note.includes(`'${name}'`));

/** Notes of a tool on a column's unit, which the line of the plan has too. */
const SAID = /^The currency sign in /;

/** Days are the dates themselves for a tool that knows no periods. */
function simpler({ plan, toolbox: { group } }: Bench): Bench["plan"] {
  if (group === undefined || knowsPeriods(group)) return plan;
  return {
    ...plan,
    groups: plan.groups.map(({ column, bucket }) =>
      bucket === "day" && typeof column.min === "string" && column.min.length <= 10 ? { column } : { column, bucket },
    ),
  };
}

function answerSection(bench: Bench): Section | undefined {
  const { plan } = bench;
  if (plan.task === "rows") return rowsSection(bench);
  if (plan.task === "pair" || plan.task === "distribution") return pairSection(bench, figuresSection);
  return figuresSection(bench);
}
