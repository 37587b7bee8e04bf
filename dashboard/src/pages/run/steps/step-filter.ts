import type { Step } from "../../../../../src/api/contract/index.ts";
import type { RunSearch } from "../../../search/search.ts";

/** Steps that count as the slowest of a run, at most. */
export const SLOWEST = 20;

export type StepFilter = Pick<RunSearch, "only" | "find">;

/** Whether a call or a turn failed, or an attempt at it. */
export const hasFailed = (step: Step): boolean =>
  step.state === "failed" || (step.kind === "model" && step.attempts.length > 0);

/** The steps to show, in their order. */
export function filteredSteps(steps: readonly Step[], { only, find = "" }: StepFilter): readonly Step[] {
  const wanted = find.toLowerCase().split(/\s+/).filter(Boolean);
  const slow = only === "slow" ? slowest(steps) : undefined;
  return steps.filter((step) => {
    if (only === "failed" && !hasFailed(step)) return false;
    if (slow !== undefined && !slow.has(step)) return false;
    if (wanted.length === 0) return true;
    const words = wordsOf(step).toLowerCase();
    return wanted.every((word) => words.includes(word));
  });
}

const slowest = (steps: readonly Step[]): ReadonlySet<Step> =>
  new Set(steps.toSorted((one, other) => (other.duration_ms ?? 0) - (one.duration_ms ?? 0)).slice(0, SLOWEST));

/** All that can be searched for in a step. */
function wordsOf(step: Step): string {
  const parts =
    step.kind === "model"
      ? [
          `turn ${step.turn}`,
          step.model,
          ...step.tool_calls.flatMap((call) => [call.name, call.arguments]),
          ...step.attempts.map(({ message }) => message),
          ...step.output_problems,
        ]
      : [step.tool, step.outcome ?? "", JSON.stringify(step.arguments), JSON.stringify(step.structured)];
  return [step.text, ...parts].join("\n");
}
