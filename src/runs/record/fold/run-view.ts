import type { OnModelFailure, RunIsolation } from "../../../agents/definitions/index.ts";
import type { ContextReport } from "../../context/index.ts";
import type { QuestionId, RunId, ToolCallId } from "../../../kernel/ids.ts";
import type { Json, JsonObject } from "../../../kernel/json.ts";
import type { RunCaller } from "../../../kernel/rights/run-caller.ts";
import type { HoldReason, ModelToolCall, ModelUsage } from "../../../models/port/index.ts";
import type { OpenChoice } from "./model-fold.ts";
import type { RunApproval } from "../run-approval.ts";
import type {
  ClientTool,
  EventOf,
  Decision,
  HandedFrom,
  HandedTo,
  QuestionReply,
  RunFailure,
  RunNotice,
  RunOrigin,
  RunParent,
  RunThread,
} from "../run-event.ts";
import type { RunFile, TranscriptMessage } from "../history/transcript.ts";
import type { RunSummaryNote } from "./run-fold-context.ts";
import type { RunArtifact } from "../artifact-store.ts";
import type { RunMessage } from "../run-message.ts";
import type { RunReply } from "../run-reply.ts";
import type { RunState } from "../run-state.ts";

/** An attempt of a turn that failed, and when. */
export type FailedAttempt = EventOf<"model-fail"> & { readonly atMs: number };

/** A model turn of a run. */
export type ModelStep = {
  readonly kind: "model";
  readonly index: number;
  readonly turn: number;
  readonly model: string;
  readonly startedAtMs: number;
  /** When it was begun last: a turn is begun again after a failed attempt or a crash. */
  readonly resumedAtMs: number;
  readonly attempts: readonly FailedAttempt[];
  /** The number of `attempts` before the last choice of a person; these no longer count. */
  readonly attemptsBefore: number;
  /** Text of the last attempt that began to answer and broke off; empty without one, and once the turn is done. */
  readonly cutOff: string;
  /** Why its answer was not taken; empty when it was. */
  readonly outputProblems: readonly string[];
  /** Parts of the request of its last attempt. */
  readonly context: ContextReport | undefined;
  /** Limit that throttles its attempt; null if none. */
  readonly hold: HoldReason | null;
  readonly end:
    | { readonly state: "running" }
    | { readonly state: "failed"; readonly atMs: number }
    | {
        readonly state: "done";
        readonly text: string;
        /** Reasoning as the provider returned it; empty when it returned none. */
        readonly reasoning: string;
        readonly toolCalls: readonly ModelToolCall[];
        readonly finish: string;
        readonly durationMs: number;
        readonly firstPartMs: number;
        /** Time that the attempt was throttled before it started. */
        readonly queuedMs: number;
        readonly usage: ModelUsage;
        readonly offered: EventOf<"model-end">["offered"];
        readonly artifacts: readonly RunArtifact[];
        readonly providerMetadata: JsonObject | undefined;
        readonly cost: EventOf<"model-end">["cost"];
        readonly limited: EventOf<"model-end">["limited"];
      };
};

/** A tool call of a run. */
export type ToolStep = {
  readonly kind: "tool";
  readonly index: number;
  readonly turn: number;
  readonly callId: ToolCallId;
  readonly modelCallId: string;
  /** The name the model called it by. */
  readonly name: string;
  readonly server: string;
  readonly tool: string;
  readonly repeatable: boolean;
  readonly arguments: Json;
  readonly startedAtMs: number;
  /** Whether it may have had an effect; false while other calls of its turn go first, or it waits for a budget. */
  readonly begun: boolean;
  /** Reason why it waits before it begins; null when it does not. */
  readonly hold: "budget" | null;
  /** A person's decision on a call that had started before a crash and has no result. */
  readonly decision: Decision | undefined;
  readonly end:
    | { readonly state: "running" }
    | { readonly state: "waiting" }
    | {
        readonly state: "done" | "failed";
        readonly outcome: string;
        readonly text: string;
        readonly structured: Json;
        readonly durationMs: number;
        readonly fuel: number;
        readonly memoryBytes: number;
        readonly artifacts: readonly RunArtifact[];
      };
};
export type RunStep = ModelStep | ToolStep;

/** Something a tool wanted to know from a person. */
export type RunQuestion = {
  readonly id: QuestionId;
  readonly callId: ToolCallId;
  readonly server: string;
  readonly message: string;
  /** The form, a JSON Schema of an object; null for a mere yes or no. */
  readonly schema: JsonObject | null;
  readonly url: string | null;
  readonly askedAtMs: number;
  readonly expiresAtMs: number;
  readonly state: "open" | QuestionReply;
};

/** What the user said to a run while it was in progress. */
export type RunInput = {
  readonly id: RunId;
  /** The turn that reads it. */
  readonly turn: number;
  readonly author: string;
  /** Id that the client gave the message. */
  readonly messageId?: string | undefined;
  readonly text: string;
  readonly atMs: number;
};

/** A run as derived from its journal. */
export type RunView = {
  readonly id: RunId;
  readonly workspace: string;
  readonly agent: string;
  readonly revision: number;
  /** The model the request asked for, over the definition's. */
  readonly requestedModel: string | null;
  /** The backup the run stays with, as the definition or a person named it; null while it has its own model. */
  readonly modelInUse: string | null;
  readonly onModelFailure: OnModelFailure;
  /** Output schema of the request; the definition may have another one. */
  readonly outputSchema: JsonObject | null;
  readonly files: readonly RunFile[];
  readonly input: string;
  readonly system: string;
  readonly prompt: string;
  readonly state: RunState;
  /** The run is suspended: it resumes only after an answer. */
  readonly resting: boolean;
  readonly attempt: number;
  /** Isolation of the run; null before it starts. */
  readonly isolation: RunIsolation | null;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly steps: readonly RunStep[];
  readonly output: string;
  /** The answer as JSON, where it had to fit a schema; null otherwise. */
  readonly outputJson: Json;
  readonly failure: RunFailure | null;
  /** Calls whose outcome a person has to decide, in the order they were made. */
  readonly waitingFor: readonly ToolCallId[];
  /** The run it was made from. */
  readonly origin: RunOrigin | null;
  /** The message that started it; null when none did. */
  readonly message: RunMessage | null;
  /** The thread that it is a turn of; null for none. */
  readonly thread: RunThread | null;
  /** The run that it works for; null for none. */
  readonly parent: RunParent | null;
  /** The hand-off that began it; null for none. */
  readonly handedFrom: HandedFrom | null;
  /** The hand-off by which it ended; null for none. */
  readonly handedTo: HandedTo | null;
  readonly inputs: readonly RunInput[];
  /** On whose behalf it acts; null without access control, and for what no principal started. */
  readonly caller: RunCaller | null;
  /** The choice that a person has to make because the model failed; null if no choice is open. */
  readonly choice: OpenChoice | null;
  readonly questions: readonly RunQuestion[];
  /** Oldest first; the last is what the model has now. */
  readonly summaries: readonly RunSummaryNote[];
  /** Recalled memory in its prompt; empty for none. */
  readonly recalled: string;
  /** Values for the prompt template that the request gave; null for none. */
  readonly variables: JsonObject | null;
  /** Tools that its caller provides. */
  readonly clientTools: readonly ClientTool[];
  /** Dialogue that came with the request; null for none. */
  readonly transcript: readonly TranscriptMessage[] | null;
  /** Text that the caller added to the system prompt; empty for none. */
  readonly instructions: string;
  /** What the request says of calls with side effects; undefined: as the rules say. */
  readonly sideEffects: "ask" | "deny" | undefined;
  readonly isTextOnly: boolean;
  /** Notices from before the run started. */
  readonly startNotices: readonly RunNotice[];
  /** Notices of the run's end. */
  readonly endNotices: readonly RunNotice[];
  /** Calls that people were asked for, oldest first; one call may have several. */
  readonly approvals: readonly RunApproval[];
  /** Replies of other agents that calls wait for, or waited for, oldest first. */
  readonly replies: readonly RunReply[];
  readonly lastSeq: number;
};
