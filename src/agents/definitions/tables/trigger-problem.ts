import type { TriggerSpec } from "../../../kernel/triggers/trigger-spec.ts";
import { nearest } from "../../../text/documents/index.ts";
import { scheduleProblem, type SpecProblem } from "../../../text/schedules/index.ts";
import { inspectTemplate } from "../prompts/prompt.ts";

/** Variables of the template that is the request of a trigger's runs. */
const VARIABLES = ["event", "trigger", "planned_at", "fired_at"];

/** Returns why a trigger could never start a run; undefined if it can. */
export const triggerProblem = (spec: TriggerSpec): SpecProblem | undefined =>
  scheduleProblem(spec) ?? inputProblem(spec.input);

function inputProblem(input: string): SpecProblem | undefined {
  const { findings, used } = inspectTemplate(input, VARIABLES);
  const broken = findings.find(({ code }) => code === "TEMPLATE_SYNTAX");
  if (broken !== undefined) return { field: "input", message: broken.message, fix: broken.fix };
  const unknown = [...used].find((name) => !VARIABLES.includes(name));
  if (unknown === undefined) return undefined;
  const [best] = nearest(unknown, VARIABLES);
  const fix = best === undefined ? `Use one of: ${VARIABLES.join(", ")}.` : `Write {{${best}}}.`;
  return { field: "input", message: `there is no variable ${unknown} in the input of a trigger`, fix };
}
