import * as z from "zod";
import { ON_MODEL_FAILURE, RUN_ISOLATIONS } from "../../agents/definitions/index.ts";
import { QuestionId, RunId, ThreadId, ToolCallId } from "../../kernel/ids.ts";
import { ContextReport } from "../context/index.ts";
import { Json, JsonObject } from "../../kernel/json.ts";
import { RunCaller } from "../../kernel/rights/run-caller.ts";
import { MessageCause } from "../../messaging/acl/index.ts";
import { TOOL_FAILURES } from "../../tools/catalogue/index.ts";
import { FINISH_REASONS, HOLD_REASONS, MODEL_FAILURES } from "../../models/port/index.ts";
import { ApprovalAnswer, ApprovalAsk } from "./run-approval.ts";
import { RunArtifact } from "./artifact-store.ts";
import { ReplyEnd, ReplyWait, ToolRest } from "./run-reply.ts";
import { RunFile, TranscriptMessage } from "./history/transcript.ts";
import { RunMessage } from "./run-message.ts";
import { SUSPENDED_STATES } from "./run-state.ts";

const Count = z.int().min(0);
const Tokens = Count.optional();

const Usage = z.object({
  inputTokens: Tokens,
  outputTokens: Tokens,
  cachedInputTokens: Tokens,
  cacheWriteTokens: Tokens,
  reasoningTokens: Tokens,
});

/** Cost of a model call. */
const Cost = z.object({
  /** Millionths of a USD; null when the price is not known. */
  usdMicros: Count.nullable(),
  /** The entry of the price table that says so. */
  price: z.string().nullable(),
  inputTokens: Count,
  outputTokens: Count,
  /** The provider did not report the tokens, so they are estimates. */
  estimated: z.boolean(),
});

/** A tool that the caller of a run provides: its calls wait for their results from the caller. */
export const ClientTool = z.object({
  name: z.string(),
  description: z.string(),
  inputSchema: JsonObject,
  expiresAfterMs: z.int(),
});
export type ClientTool = z.infer<typeof ClientTool>;

/** Why a run failed, in the words of docs/errors.md. */
export const RunFailure = z.object({ code: z.string(), message: z.string(), hint: z.string() });
export type RunFailure = z.infer<typeof RunFailure>;

/** A notice for readers of a run's answer; not a failure. */
export const RunNotice = z.object({ code: z.string(), message: z.string() });
export type RunNotice = z.infer<typeof RunNotice>;

/** State of a question. */
export const QUESTION_REPLIES = ["accepted", "declined", "cancelled", "expired"] as const;
export type QuestionReply = (typeof QUESTION_REPLIES)[number];

export const DECISIONS = ["retry", "skip", "fail"] as const;
export type Decision = (typeof DECISIONS)[number];

/** Origin of a run: a fork from a step of another run, or a retry of its request. */
export const RunOriginKind = z.enum(["fork", "retry"]);

/** The run that another was made from. */
export const RunOrigin = z.object({
  run: RunId,
  kind: RunOriginKind,
  /** The first step that was not copied, counted from 1 as the run shows them; null if nothing was copied. */
  step: z.int().min(1).nullable(),
});
export type RunOrigin = z.infer<typeof RunOrigin>;

/** The thread that a run is a turn of. */
export const RunThread = z.object({
  id: ThreadId,
  /** The run that it continues; null for the first of the thread. */
  parent: RunId.nullable(),
  /** Who sent the message. */
  author: z.string(),
  /** Id that the client gave the message; absent if it gave none. */
  messageId: z.string().optional(),
  /** Its requests have the earlier turns in full, as far as the window allows. */
  isWhole: z.literal(true).optional(),
});
export type RunThread = z.infer<typeof RunThread>;

/** The run that started another one as a part of its own work. */
const RunParent = z.object({
  run: RunId,
  /** The run at the root of the tree. */
  root: RunId,
  /** Delegations between the root and this run. */
  depth: z.int().min(1),
});
export type RunParent = z.infer<typeof RunParent>;

/** The hand-off by which a run ended: another agent continues. */
const HandedTo = z.object({
  /** The run that continues. */
  run: RunId,
  agent: z.string(),
  reason: z.string(),
});
export type HandedTo = z.infer<typeof HandedTo>;

/** The hand-off that began a run. */
const HandedFrom = z.object({
  /** The run that was handed off, and its agent. */
  run: RunId,
  agent: z.string(),
  reason: z.string(),
  /** Hand-offs since the request, this one included. */
  number: z.int().min(1),
  /** The run that the request started: its agent is the one that answers. */
  first: z.object({ run: RunId, agent: z.string(), revision: z.int().min(1) }),
});
export type HandedFrom = z.infer<typeof HandedFrom>;

/**
 * What can be written in a run's journal. `content` holds what may be large: each of its members is stored once by its
 * hash, so a system prompt shared by a million runs is on disk one time. `step` counts turns of the model from 1.
 */
export const RunEvent = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("run-queue"),
    workspace: z.string(),
    agent: z.string(),
    revision: z.int().min(1),
    /** The model asked for in the request, over the definition's; else null. */
    model: z.string().nullable(),
    files: z.array(RunFile),
    origin: RunOrigin.optional(),
    /** Absent in runs of older versions, which fail. */
    onModelFailure: z.enum(ON_MODEL_FAILURE).optional(),
    /** Output schema of the request, instead of the definition's; absent if the request has none. */
    outputSchema: JsonObject.optional(),
    /** The message that started it; absent when none did. */
    message: RunMessage.optional(),
    /** The message that fired its trigger: it takes no part in the message's conversation. */
    cause: MessageCause.optional(),
    thread: RunThread.optional(),
    parent: RunParent.optional(),
    /** Absent for a run that no hand-off began. */
    handedFrom: HandedFrom.optional(),
    /** On whose behalf it acts, with the permissions that it lacks. Absent without access control, and in runs of older versions for a caller that lacks none. */
    caller: RunCaller.optional(),
    /** Absent if calls with side effects are made as the rules say. */
    sideEffects: z.enum(["ask", "deny"]).optional(),
    /** It has no tools and no memory, and the model that summarizes; absent otherwise. */
    isTextOnly: z.literal(true).optional(),
    /** `system` and `prompt` are the rendered prompts; rendering is not repeated on resume. */
    content: z.object({
      input: z.string(),
      system: z.string(),
      prompt: z.string(),
      /** Recalled memory in the prompt; absent if nothing was recalled. */
      recalled: z.string().optional(),
      /** Values for the prompt template that the request gave; absent when it gave none. */
      variables: JsonObject.optional(),
      /** Absent when the caller provides none. */
      clientTools: z.array(ClientTool).optional(),
      /** Dialogue before the request, as the caller sent it; absent for a request without one. */
      transcript: z.array(TranscriptMessage).optional(),
      /** Text that the caller added to the system prompt; absent when it added none. */
      instructions: z.string().optional(),
    }),
    /** Notices from before the run started. */
    notices: z.array(RunNotice).optional(),
    /** Tags that the request gave; absent when it gave none. */
    tags: z.array(z.string()).optional(),
    /** The exchange is remembered once the run completes; absent if not. */
    remembers: z.literal(true).optional(),
  }),
  /** The server begins to work on it; `attempt` 2 and more are resumptions after a stop of the server. */
  z.object({
    type: z.literal("run-start"),
    attempt: z.int().min(1),
    /** Isolation of the run; absent for `context`. */
    isolation: z.enum(RUN_ISOLATIONS).optional(),
    /** The run that it continues, if that is not the one it was to: that one waited for a reply. */
    after: RunId.nullable().optional(),
  }),
  /**
   * The user said something while the run was in progress; the model reads it before its next turn. `id` is that of the
   * run which the message would have started.
   */
  z.object({
    type: z.literal("run-input"),
    id: RunId,
    author: z.string(),
    /** Id that the client gave the message; absent if it gave none. */
    messageId: z.string().optional(),
    content: z.object({ text: z.string() }),
  }),
  z.object({
    type: z.literal("model-start"),
    step: Count,
    model: z.string(),
    attempt: z.int().min(1),
    /** Parts of the request, with reasons. */
    content: z.object({ context: ContextReport }).optional(),
  }),
  /** The attempt waits for its turn, within the limits of the provider's key. */
  z.object({ type: z.literal("model-throttle"), step: Count, model: z.string(), why: z.enum(HOLD_REASONS) }),
  /** A summary stands from here on for the turns up to `coversThroughTurn`; it is never made again. */
  z.object({
    type: z.literal("context-summary"),
    /** The turn that it was made before. */
    step: Count,
    coversThroughTurn: Count,
    /** Empty when no model made it. */
    model: z.string(),
    /** Why no model made it; empty when one did. */
    degraded: z.string(),
    usage: Usage,
    /** Cost; absent if nothing was charged. */
    cost: Cost.optional(),
    /** The model that was charged for a summary it did not make; absent where `model` is. */
    charged: z.string().optional(),
    durationMs: z.number(),
    content: z.object({ text: z.string() }),
  }),
  z.object({
    type: z.literal("model-end"),
    step: Count,
    model: z.string(),
    finish: z.enum(FINISH_REASONS),
    durationMs: z.number(),
    firstPartMs: z.number(),
    /** Time that the attempt was throttled before it started; not part of `durationMs`. */
    queuedMs: Count.optional(),
    usage: Usage,
    /** Number of tools offered to the model, with their estimated input tokens; absent in runs of older versions. */
    offered: z.object({ tools: Count, tokens: Count }).optional(),
    /** Images and other files that the model made. */
    artifacts: z.array(RunArtifact).optional(),
    /** Cost of the turn. */
    cost: Cost.optional(),
    /** A budget had no room for a longer answer: how long it might be, and the limit's key and file. */
    limited: z.object({ outputTokensMax: Count, key: z.string(), file: z.string() }).optional(),
    content: z.object({
      text: z.string(),
      toolCalls: z.array(z.object({ id: z.string(), name: z.string(), arguments: z.string() })),
      /** Reasoning as the provider returned it as text; absent when it returned none, and in runs of older versions. */
      reasoning: z.string().optional(),
      /** Opaque provider metadata to send back with this turn; only from providers that sign their reasoning. */
      providerMetadata: JsonObject.optional(),
    }),
  }),
  z.object({
    type: z.literal("model-fail"),
    step: Count,
    model: z.string(),
    attempt: z.int().min(1),
    class: z.enum(MODEL_FAILURES),
    message: z.string(),
    /** When it is tried again; null when it is not. */
    retryInMs: z.number().nullable(),
    /** The backup with which the run continues, as the definition names it; null if it does not continue. */
    next: z.string().nullable().optional(),
    queuedMs: Count.optional(),
    /** Usage that the provider reported for a charged failure. */
    usage: Usage.optional(),
    /** Cost of the attempt, if its provider reported usage or output had begun; absent if nothing was charged. */
    cost: Cost.optional(),
    /** Its answer up to the failure; absent if it had none. */
    content: z.object({ text: z.string() }).optional(),
  }),
  /** No model completed the turn, and a person has to choose how to continue. */
  z.object({
    type: z.literal("model-choice-wait"),
    step: Count,
    model: z.string(),
    failure: RunFailure,
    /** Models the definition offers instead. */
    backups: z.array(z.string()),
    expiresAtMs: Count,
  }),
  /** The turn is taken again, by the same model or by `model`, which the run then stays with. */
  z.object({ type: z.literal("model-choose"), choice: z.enum(["retry", "use"]), model: z.string().nullable() }),
  /** The answer does not fit the schema it has to, and the model is asked for another one. */
  z.object({ type: z.literal("output-reject"), step: Count, problems: z.array(z.string()) }),
  z.object({
    type: z.literal("tool-start"),
    step: Count,
    callId: ToolCallId,
    /** The model's own id of the call, which its result must carry. */
    modelCallId: z.string(),
    /** The name the model called it by. */
    name: z.string(),
    /** Both empty when the model called what it was not given. */
    server: z.string(),
    tool: z.string(),
    /** Whether the call may be made again without asking when no result of it is found after a crash. */
    repeatable: z.boolean(),
    /** The call waits for other calls of the turn. `tool-begin` follows before it has any effect. */
    queued: z.boolean().optional(),
    content: z.object({ arguments: Json }),
  }),
  /** A queued call waits until other runs release what they have reserved of a budget. */
  z.object({ type: z.literal("tool-hold"), step: Count, callId: ToolCallId, why: z.enum(["budget"]) }),
  /** A call that was queued begins. */
  z.object({ type: z.literal("tool-begin"), step: Count, callId: ToolCallId }),
  z.object({
    type: z.literal("tool-end"),
    step: Count,
    callId: ToolCallId,
    outcome: z.enum(["done", ...TOOL_FAILURES]),
    fuel: Count,
    memoryBytes: Count,
    durationMs: z.number(),
    artifacts: z.array(RunArtifact),
    content: z.object({ text: z.string(), structured: Json }),
  }),
  /** A tool asks a person for input; its call keeps waiting. */
  z.object({
    type: z.literal("run-ask"),
    step: Count,
    callId: ToolCallId,
    questionId: QuestionId,
    server: z.string(),
    /** A page to visit instead of a form to fill in. */
    url: z.string().nullable(),
    expiresAtMs: Count,
    /** `schema` is the form, a JSON Schema of an object; null for a mere yes or no. */
    content: z.object({ message: z.string(), schema: JsonObject.nullable() }),
  }),
  z.object({
    type: z.literal("run-answer"),
    callId: ToolCallId,
    questionId: QuestionId,
    reply: z.enum(QUESTION_REPLIES),
    /** Questions of the run that still wait. */
    open: Count,
    content: z.object({ answer: JsonObject.nullable() }),
  }),
  /** The run stops until a person decides on a call that had started and has no result; several calls may wait. */
  z.object({ type: z.literal("run-wait"), callId: ToolCallId }),
  z.object({
    type: z.literal("run-decide"),
    callId: ToolCallId,
    decision: z.enum(DECISIONS),
    /** Calls of the run that still wait for a decision; the run resumes when the number is 0. */
    waiting: Count.default(0),
  }),
  ApprovalAsk,
  ApprovalAnswer,
  ReplyWait,
  ToolRest,
  ReplyEnd,
  /**
   * The run is suspended until a decision or reply: it leaves its place in the queue, and the next start of the
   * server does not resume it.
   */
  z.object({ type: z.literal("run-suspend"), state: z.enum(SUSPENDED_STATES) }),
  /** The run resumes; written together with the input that it waited for. No effect on a run that is not suspended. */
  z.object({ type: z.literal("run-resume") }),
  z.object({
    type: z.literal("run-complete"),
    /** The output is JSON that fits the schema it had to. */
    json: z.boolean().optional(),
    /** Notices for readers of the answer about how it was produced. */
    notices: z.array(RunNotice).optional(),
    /** Absent for a run that answered itself. Written together with the first event of the run that continues. */
    handedTo: HandedTo.optional(),
    content: z.object({ output: z.string() }),
  }),
  z.object({ type: z.literal("run-fail"), failure: RunFailure }),
  z.object({ type: z.literal("run-cancel"), reason: z.string() }),
]);
export type RunEvent = z.infer<typeof RunEvent>;
export type EventOf<Type extends RunEvent["type"]> = Extract<RunEvent, { type: Type }>;

/** An entry of the journal. `seq` increases over all runs and is never reused. */
export type JournalEntry = {
  readonly seq: number;
  readonly runId: RunId;
  readonly atMs: number;
  readonly event: RunEvent;
};
