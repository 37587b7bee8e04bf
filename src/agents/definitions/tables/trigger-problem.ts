import { toFault } from "../../../kernel/errors.ts";
import { filePatternProblem } from "../../../kernel/triggers/file-pattern.ts";
import { topicProblem } from "../../../kernel/triggers/topic.ts";
import { TriggerSpec } from "../../../kernel/triggers/trigger-spec.ts";
import { type Document, nearest, type Problem, problemAt } from "../../../text/documents/index.ts";
import { compileExpression } from "../../../text/expressions/index.ts";
import { scheduleProblem, type SpecProblem } from "../../../text/schedules/index.ts";
import { inspectTemplate } from "../prompts/prompt.ts";

/** Variables of the templates of a trigger. */
const VARIABLES = ["event", "trigger", "planned_at", "fired_at"];

/** Returns why a trigger could never start a run; undefined if it can. */
export const triggerProblem = (spec: TriggerSpec): SpecProblem | undefined =>
  scheduleProblem(spec) ??
  messageProblem(spec) ??
  fileProblem(spec) ??
  templateProblem("input", spec.input) ??
  templateProblem("thread", spec.thread);

function fileProblem(spec: TriggerSpec): SpecProblem | undefined {
  const message = spec.kind === "file" ? filePatternProblem(spec.path) : undefined;
  return message === undefined ? undefined : { field: "path", message, fix: 'Write for example: path = "inbox/*.csv"' };
}

function messageProblem(spec: TriggerSpec): SpecProblem | undefined {
  if (spec.kind !== "message") return undefined;
  const topic = topicProblem(spec.topic);
  if (topic !== undefined)
    return { field: "topic", message: topic, fix: 'Write for example: topic = "orders.*.created"' };
  if (spec.where === undefined) return undefined;
  try {
    compileExpression(spec.where, { variables: ["message"] });
    return undefined;
  } catch (error) {
    const { message, hint } = toFault(error);
    return { field: "where", message, fix: hint };
  }
}

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

/** What is wrong with the triggers of a definition, besides their form. */
export function triggerProblems(document: Document): readonly Problem[] {
  const { trigger } = document.data;
  if (!Array.isArray(trigger)) return [];
  const names = new Set<string>();
  return trigger.flatMap((given: unknown, index) => {
    const parsed = TriggerSpec.safeParse(given);
    if (!parsed.success) return [];
    const { name } = parsed.data;
    const isTaken = names.has(name);
    names.add(name);
    const taken = {
      field: "name",
      message: `the name ${name} is taken by an earlier trigger`,
      fix: "Choose another name.",
    };
    const problem = isTaken ? taken : triggerProblem(parsed.data);
    if (problem === undefined) return [];
    const { field, message, fix } = problem;
    return [
      problemAt(document, ["trigger", index, field], { severity: "error", code: "TRIGGER_INVALID", message, fix }),
    ];
  });
}
