import type { RunId } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { outputInstruction, refuseBrokenSchema } from "./answer-check.ts";
import { onModelFailureOf } from "./model-choice.ts";
import type { RunPlan } from "./plan.ts";
import type { OnModelFailure, RunEvent, RunFile } from "./run-event.ts";

export type StartRequest = {
  readonly id: RunId;
  readonly workspace: string;
  readonly agent: string;
  readonly input: string;
  readonly model: string | undefined;
  readonly files: readonly RunFile[];
  /** What a failing model means, over what the definition says. */
  readonly onModelFailure?: OnModelFailure | undefined;
  /** Somebody follows the run and can be asked, where neither this request nor the definition says what a failing model means. */
  readonly attended?: boolean | undefined;
  /** What the answer must fit, as JSON; instead of the definition's schema. */
  readonly outputSchema?: JsonObject | undefined;
};

/** A run's first event: the request, with its prompts rendered. Throws PromptRenderError, OutputSchemaInvalidError. */
export function queueEvent(request: StartRequest, plan: RunPlan, nowMs: number): RunEvent {
  const { workspace, input, files, outputSchema } = request;
  const { system, prompt } = plan.render({ input, files, atMs: nowMs });
  const schema = outputSchema ?? plan.outputSchema;
  if (schema !== undefined) refuseBrokenSchema(schema);
  return {
    type: "run-queue",
    workspace,
    agent: plan.agent,
    revision: plan.revision,
    model: request.model ?? null,
    files: [...files],
    onModelFailure: onModelFailureOf(request, plan),
    ...(outputSchema && { outputSchema }),
    content: { input, system: schema ? `${system}\n\n${outputInstruction(schema)}` : system, prompt },
  };
}
