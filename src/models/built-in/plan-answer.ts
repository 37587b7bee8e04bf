import type { Bench, Section } from "./bench.ts";
import { knowsPeriods } from "./plan-call.ts";
import { pairSection } from "./pair-answer.ts";
import { planText, readingText } from "./language/index.ts";
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
  return answer.type === "failure" ? answer : { ...answer, text: [line, ...answer.text] };
}

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

/** One group with its figures in the order of the plan's. */
