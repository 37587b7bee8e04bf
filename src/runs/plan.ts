import type { ModelChoice, ModelSettings } from "./language-model.ts";
import type { Permissions } from "../permissions/index.ts";
import type { ToolList } from "../tools/index.ts";

/** What an agent's revision means for a run, once its file is read. */
export type RunPlan = {
  readonly agent: string;
  readonly revision: number;
  readonly model: ModelChoice;
  readonly settings: ModelSettings;
  readonly tools: ToolList;
  /** Which calls are made, which are not, and which a person approves first. */
  readonly permissions: Permissions;
  /** Tools whose descriptions a model gets only when it looks for them: `server`, `server.tool` or `*`. */
  readonly deferredTools: readonly string[];
  /** Turns of the model at most. */
  readonly stepsMax: number;
  readonly concurrentToolsMax: number;
  /** From the first turn to the end, in this process; waiting for a person does not count. */
  readonly timeoutMs: number;
  /** System and user prompt for a request. Throws PromptRenderError. */
  readonly render: (request: PromptRequest) => { readonly system: string; readonly prompt: string };
};

export type PromptRequest = {
  readonly input: string;
  readonly atMs: number;
  readonly files: readonly { readonly name: string; readonly mediaType: string; readonly bytes: number }[];
};

/** Where a run finds what it executes. */
export interface PlanSource {
  /** The revision's plan, or the newest one's. Throws AgentNotFoundError, RevisionNotFoundError. */
  plan(workspace: string, agent: string, revision: number | undefined): Promise<RunPlan>;
}
