import type { TriggerSpec } from "../../../kernel/triggers/trigger-spec.ts";
import { nearest } from "../../../text/documents/index.ts";
import { scheduleProblem, type SpecProblem } from "../../../text/schedules/index.ts";
import { inspectTemplate } from "../prompts/prompt.ts";

/** Variables of the templates of a trigger. */
const VARIABLES = ["event", "trigger", "planned_at", "fired_at"];

/** Returns why a trigger could never start a run; undefined if it can. */
export const triggerProblem = (spec: TriggerSpec): SpecProblem | undefined =>
  scheduleProblem(spec) ?? templateProblem("input", spec.input) ?? templateProblem("thread", spec.thread);

function templateProblem(field: "input" | "thread", text: string): SpecProblem | undefined {
  const { findings, used } = inspectTemplate(text, VARIABLES);
  const broken = findings.find(({ code }) => code === "TEMPLATE_SYNTAX");
  if (broken !== undefined) return { field, message: broken.message, fix: broken.fix };
  const unknown = [...used].find((name) => !VARIABLES.includes(name));
  if (unknown === undefined) return undefined;
  const [best] = nearest(unknown, VARIABLES);
  const fix = best === undefined ? `Use one of: ${VARIABLES.join(", ")}.` : `Write {{${best}}}.`;
  return { field, message: `there is no variable ${unknown} in the ${field} of a trigger`, fix };
}
