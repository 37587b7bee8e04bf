import type { RunId } from "../../kernel/ids.ts";
import type { History } from "./history/history.ts";
import type { Limits } from "../../agents/budgets/index.ts";
import type { ContextSettings } from "../../agents/definitions/index.ts";
import type { LoopGuard } from "./loops.ts";
import type { OnModelFailure, PromptMessage, RunIsolation } from "../../agents/definitions/index.ts";
import type { ModelChoice, ModelSettings } from "../../models/port/index.ts";
import type { RunNotice } from "./run-event.ts";
import type { Permissions, SideEffects } from "../../agents/permissions/index.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { CallRestrictions, Tool, ToolList } from "../../tools/catalogue/index.ts";

/** Execution plan of an agent's revision. */
export type RunPlan = {
  readonly agent: string;
  readonly revision: number;
  readonly model: ModelChoice;
  readonly settings: ModelSettings;
  /** Fallback models, `provider/model` each, tried in this order when the agent's own fails. */
  readonly fallback?: readonly string[] | undefined;
  /** Reaction to a failing model, if the request sets none. */
  readonly onModelFailure?: OnModelFailure | undefined;
  /** Output schema; undefined for free text. */
  readonly outputSchema?: JsonObject | undefined;
  readonly tools: ToolList;
  /** Tools that stand for agents: those that it may delegate or hand off to. */
  readonly agentTools?: readonly Tool[] | undefined;
  /** Of these, tools that change something are left out. */
  readonly isReadOnly?: boolean | undefined;
  /** What the request says of calls with side effects; absent: as the rules say. */
  readonly sideEffects?: Exclude<SideEffects, "allow"> | undefined;
  /** Which calls are made, which are not, and which a person approves first. */
  readonly permissions: Permissions;
  /** Restrictions of its tool calls. */
  readonly restrictions?: CallRestrictions | undefined;
  /** Earlier turns that a run which a message started is shown at most; absent: as many as fit. */
  readonly earlierTurnsMax?: number | undefined;
  /** What was said before in the thread; absent for a run without one. */
  readonly history?: History | undefined;
  /** Tools whose descriptions a model gets only when it looks for them: `server`, `server.tool` or `*`. */
  readonly deferredTools: readonly string[];
  /** Turns of the model at most. */
  readonly stepsMax: number;
  readonly concurrentToolsMax: number;
  /** Context window settings. */
  readonly context?: ContextSettings | undefined;
  /** When it is taken to go round in circles. */
  readonly loops?: LoopGuard | undefined;
  readonly sizes?: OutputLimits | undefined;
  /** Isolation of the run; default: `context`. */
  readonly isolation?: RunIsolation | undefined;
  /** From the first turn to the end, in this process; waiting for a person does not count. */
  readonly timeoutMs: number;
  /** Budgets of one run and of all runs of the agent per day; absent: unlimited. */
  readonly budget?: RunBudgetLimits | undefined;
  /** Recalls memory for a request; absent: nothing is recalled. Never rejects. */
  readonly recall?: ((request: RecallRequest) => Promise<Recalled>) | undefined;
  /** The exchange is remembered once the run completes. */
  readonly remembers?: boolean | undefined;
  /** System and user prompt for a request. Throws PromptRenderError, VariableUnknownError. */
  readonly render: (request: PromptRequest) => { readonly system: string; readonly prompt: string };
};

type RunBudgetLimits = {
  readonly run: Limits;
  readonly agent: Limits;
  /** Limits of the runs that were handed off to the run or that it works for, nearest first. */
  readonly above?: readonly {
    readonly id: RunId;
    readonly agent: string;
    readonly limits: Limits;
    /** The run has all that is left of them, since the other one has ended. */
    readonly isWhole: boolean;
  }[];
};

/** The part of a plan that execution needs: plain data, without secrets except in its settings. */
export type ExecutionPlan = Omit<RunPlan, "render" | "recall" | "remembers" | "model" | "budget">;

/** Limits of a model's output. */
export type OutputLimits = {
  /** In one turn: text, reasoning and calls together. */
  readonly outputBytesMax: number;
  /** Maximum bytes of the arguments of one call; a longer one is rejected, and the model gets the reason. */
  readonly argumentBytesMax: number;
};

export const DEFAULT_OUTPUT_LIMITS: OutputLimits = { outputBytesMax: 4 * 1024 * 1024, argumentBytesMax: 256 * 1024 };

export type RecallRequest = { readonly input: string; readonly conversationId: string | undefined };

/** Recalled memory as text of the prompt, empty if nothing was recalled, with notices for readers of the run. */
export type Recalled = { readonly text: string; readonly notices: readonly RunNotice[] };

export type PromptRequest = {
  readonly input: string;
  /** Recalled memory; absent or empty for none. */
  readonly recalled?: string | undefined;
  /** Values for the template that the request gives. */
  readonly variables?: JsonObject | undefined;
  readonly atMs: number;
  readonly files: readonly { readonly name: string; readonly mediaType: string; readonly bytes: number }[];
  /** The message that `input` is the content of; absent when a person or a program asks. */
  readonly message?: PromptMessage | undefined;
};

/** Provides the execution plans of runs. */
export interface PlanSource {
  /** Refuses an agent that takes no new runs. Throws AgentPausedError. */
  admit(workspace: string, agent: string): Promise<void>;
  /** The revision's plan, or the newest one's. Throws AgentNotFoundError, RevisionNotFoundError. */
  plan(workspace: string, agent: string, revision: number | undefined): Promise<RunPlan>;
}
