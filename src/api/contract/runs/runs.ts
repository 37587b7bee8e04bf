import * as z from "zod";
import { Json } from "../../../kernel/json.ts";
import { typeList } from "./event-types.ts";
import { ModelAttempt, RunChoice } from "../models/model-choice.ts";
import { Approval } from "./approvals.ts";
import { Cost, OutputLimit, Spent, StepCost } from "../agents/budgets.ts";
import { ListQuery, page } from "../problem.ts";
import { ClientCall, RunInput, RunQuestion, ShownMessageId } from "./inputs.ts";
import { SideEffects } from "./start-run.ts";
import { ContextSummary, StepContext } from "./step-context.ts";
import { search, TagFilter, Tags, timeRange } from "../tags.ts";

const Instant = z.iso.datetime();
const Id = z.string();

export const RunState = z.enum([
  "queued",
  "running",
  "awaiting-approval",
  "awaiting-choice",
  "awaiting-input",
  "awaiting-reply",
  "needs-decision",
  "completed",
  "failed",
  "cancelled",
]);
export type RunState = z.infer<typeof RunState>;

export const RunOrigin = z
  .object({
    run: Id.meta({ description: "Run from which it was created; may be deleted" }),
    kind: z.enum(["fork", "retry"]),
    step: z.int().nullable().meta({ description: "First step not inherited from that run; null if none was" }),
  })
  .meta({ id: "RunOrigin" });

export const HandOff = z
  .object({
    run: Id.meta({ description: "The other run; may be deleted" }),
    agent: z.string().meta({ description: "Its agent" }),
    reason: z.string(),
  })
  .meta({ id: "HandOff" });
export type HandOff = z.infer<typeof HandOff>;

export const HandOffs = z
  .object({ from: HandOff.nullable(), to: HandOff.nullable() })
  .meta({ description: "The hand-off that began the run, and the one by which it ended; null if there was none" });

export const RunSummary = z
  .object({
    id: Id,
    workspace: z.string(),
    agent: z.string(),
    revision: z.int(),
    model: z.string().nullable(),
    state: RunState,
    resting: z.boolean().meta({ description: "Whether the run is suspended until a pending question is answered" }),
    input_preview: z.string(),
    output_preview: z.string(),
    created_at: Instant,
    started_at: Instant.nullable(),
    ended_at: Instant.nullable(),
    duration_ms: z.number().nullable(),
    steps: z.int(),
    tool_calls: z.int(),
    input_tokens: z.int().meta({ description: "As charged; with estimates where cost.estimated_calls is not 0" }),
    output_tokens: z.int().meta({ description: "As charged; with estimates where cost.estimated_calls is not 0" }),
    cost: Cost,
    failure: z.object({ code: z.string(), message: z.string() }).nullable(),
    origin: RunOrigin.nullable(),
    message: z
      .object({
        id: Id,
        performative: z.string(),
        sender: z.string(),
        conversation: z.string(),
        protocol: z.string().nullable(),
      })
      .nullable()
      .meta({ description: "Message that started it; null if none did" }),
    thread: z
      .object({ id: Id, parent: Id.nullable() })
      .nullable()
      .meta({ description: "Thread that it is a turn of, and the turn that it continues" }),
    tags: z.array(z.string()),
    parent: Id.nullable().meta({ description: "Run that it works for, by a delegation" }),
    handed_from: Id.nullable().meta({ description: "Run that was handed off to it" }),
    handed_to: Id.nullable().meta({ description: "Run that continues it after a hand-off" }),
    notices: z.array(z.string()).meta({
      description:
        "Notices about the output: tools_failed (the last calls before it failed), context_degraded, summary_excerpts",
    }),
  })
  .meta({ id: "RunSummary" });
export type RunSummary = z.infer<typeof RunSummary>;

export const ArtifactSummary = z
  .object({
    id: Id,
    run: Id,
    name: z.string(),
    media_type: z.string(),
    bytes: z.int(),
    path: z.string().meta({ description: "Path of the file, relative to the server's data directory" }),
    url: z.string().meta({ description: "URL of its content, relative to the server" }),
    created_at: Instant,
  })
  .meta({ id: "Artifact" });
export type ArtifactSummary = z.infer<typeof ArtifactSummary>;

const Timing = {
  index: z.int().meta({ description: "Position in the run, from 1" }),
  turn: z.int().meta({ description: "Turn of the model this belongs to, from 1" }),
  state: z.enum(["queued", "running", "done", "failed", "waiting"]),
  started_at: Instant,
  duration_ms: z.number().nullable(),
};

export const ModelStep = z.object({
  kind: z.literal("model"),
  ...Timing,
  resumed_at: Instant.meta({
    description: "Start of the last attempt; later than started_at after a failed attempt or a server restart",
  }),
  model: z.string(),
  text: z.string(),
  reasoning: z.string().meta({ description: "Reasoning as the provider returned it; empty when it returned none" }),
  tool_calls: z.array(z.object({ id: z.string(), name: z.string(), arguments: z.string() })),
  finish: z.string().nullable(),
  first_part_ms: z.number().nullable(),
  input_tokens: z.int().nullable(),
  output_tokens: z.int().nullable(),
  cost: StepCost.nullable().meta({ description: "null before the turn has ended, and in runs of older versions" }),
  limited: OutputLimit.nullable(),
  offered_tools: z.int().nullable().meta({ description: "Number of tools offered to the model in this turn" }),
  offered_tools_tokens: z.int().nullable().meta({ description: "Estimated input tokens of their descriptions" }),
  attempts: z.array(ModelAttempt).meta({ description: "Failed attempts" }),
  queued_ms: z.int().nullable().meta({ description: "Time spent waiting for the provider's limits" }),
  waits_for: z
    .string()
    .nullable()
    .meta({ description: "Limit that the attempt waits for: concurrency, requests, tokens or retry-after" }),
  output_problems: z.array(z.string()).meta({ description: "Problems of its output; empty if accepted" }),
  context: StepContext.nullable().meta({ description: "Parts of the request, with the reason for each" }),
});
export const ToolStep = z.object({
  kind: z.literal("tool"),
  ...Timing,
  call_id: Id,
  tool: z.string(),
  arguments: Json,
  waits_for: z
    .enum(["budget"])
    .nullable()
    .meta({ description: "Reason why a queued call waits: budget; null while it waits for other calls of the turn" }),
  outcome: z.string().nullable().meta({ description: "done, or the reason of the failure" }),
  text: z.string().meta({ description: "Text that the model received" }),
  structured: Json,
  fuel: z.int(),
  memory_bytes: z.int(),
  artifacts: z.array(z.object({ id: Id, name: z.string(), media_type: z.string(), bytes: z.int(), url: z.string() })),
});
export const Step = z.discriminatedUnion("kind", [ModelStep, ToolStep]).meta({ id: "Step" });
export type Step = z.infer<typeof Step>;

export const RunReply = z
  .object({
    call_id: Id,
    conversation: z.string(),
    to: z.string().meta({ description: "Description of the agents that are asked" }),
    reply_with: z.string().meta({ description: "Value of in_reply_to in the reply" }),
    asked_at: Instant,
    expires_at: Instant,
    state: z.enum(["open", "answered", "failed", "expired", "cancelled"]),
    from: z.string().meta({ description: "Agent that replied; empty until then" }),
    message: Id.nullable().meta({ description: "Id of the reply" }),
  })
  .meta({ id: "RunReply" });

export const RunDetail = RunSummary.extend({
  input: z.string(),
  variables: z.record(z.string(), Json).meta({ description: "Variables of the request for the prompt template" }),
  output: z.string(),
  output_json: Json.meta({ description: "The answer as JSON if it has a schema, else null" }),
  messages: z
    .array(
      z.object({
        role: z.enum(["user", "assistant", "tool"]),
        text: z.string(),
        files: z.array(z.string()).meta({ description: "Names" }),
        calls: z.array(z.object({ id: z.string(), name: z.string(), arguments: z.string() })),
      }),
    )
    .meta({ description: "Dialogue that the caller sent with the request" }),
  side_effects: SideEffects,
  system_prompt: z.string(),
  prompt: z.string().meta({ description: "The user prompt after its template was filled" }),
  recalled: z.string().meta({ description: "Recalled memory in the prompt, one line per entity; may be empty" }),
  handoffs: HandOffs,
  files: z.array(z.object({ name: z.string(), media_type: z.string(), bytes: z.int() })),
  client_message_id: ShownMessageId,
  inputs: z.array(RunInput).meta({ description: "Messages that joined it while it was in progress, oldest first" }),
  attempt: z.int().meta({ description: "Number of executions: 1, plus 1 for each resumption by the server" }),
  acts_as: z.string().meta({ description: "Identity under which it acts, for the audit log" }),
  caller: z
    .object({ id: z.string(), name: z.string(), role: z.string(), lacks: z.array(z.string()) })
    .nullable()
    .meta({
      description:
        "Who started it, with the permissions that the run lacks because its caller does; null without access control, and for what no principal started",
    }),
  isolation: z.enum(["context", "worker"]).nullable().meta({
    description:
      "context: executed in the server process; worker: in its own worker thread; null before the run starts",
  }),
  waiting_for: Id.nullable().meta({ description: "First tool call that needs a decision" }),
  waiting_calls: z.array(Id).meta({ description: "All tool calls that need a decision" }),
  choice: RunChoice.nullable().meta({ description: "Open choice after a model failure" }),
  questions: z
    .array(RunQuestion)
    .meta({ description: "Questions of the model and of tools to people, oldest first; open ones can be answered" }),
  client_calls: z
    .array(ClientCall)
    .meta({ description: "Calls of tools that the client executes, oldest first; open ones wait for their results" }),
  made_from_it: z
    .array(z.object({ id: Id, kind: RunOrigin.shape.kind, step: z.int().nullable(), state: RunState }))
    .meta({ description: "Runs created from this one" }),
  approvals: z.array(Approval).meta({ description: "Approval requests of its calls, oldest first" }),
  replies: z.array(RunReply).meta({ description: "Replies of other agents that calls wait for, oldest first" }),
  notice_list: z.array(z.object({ code: z.string(), message: z.string() })).meta({ description: "`notices` as text" }),
  remembered: z
    .object({
      state: z.enum(["open", "pending", "extracting", "stored", "failed"]),
      entity: z.string().nullable(),
      extraction: z.string().nullable().meta({ description: "Run that extracts facts from it" }),
      problem: z.string(),
    })
    .nullable()
    .meta({
      description:
        "Whether request and answer are stored in memory, if the definition sets auto_store. open: until the run completes; due: to be stored; extracting: another run extracts facts; then kept or failed",
    }),
  summaries: z.array(ContextSummary).meta({
    description: "Summaries of turns that no longer fit into the model's window, oldest first; the last is in use",
  }),
  hint: z.string().meta({ description: "How to resolve the failure; may be empty" }),
  step_list: z.array(Step),
  artifacts: z.array(ArtifactSummary),
  spent: Spent.meta({ description: "Amounts charged to budgets" }),
  last_event_id: z.string().meta({ description: "Id of its last event, to resume the event stream from" }),
}).meta({ id: "Run" });
export type RunDetail = z.infer<typeof RunDetail>;

export const RunTree = z
  .object({
    items: z.array(RunSummary).meta({ description: "The run, and those below it, oldest first" }),
    approvals: z.array(Approval).meta({ description: "Calls of these runs that wait for an approval" }),
    spent: Spent.meta({ description: "Amounts that these runs spent together" }),
  })
  .meta({ id: "RunTree" });
export type RunTree = z.infer<typeof RunTree>;

export const RunPage = page(RunSummary).meta({ id: "RunPage" });
export const RunQuery = ListQuery.extend({
  agent: z.string().optional(),
  state: RunState.optional(),
  tag: TagFilter,
  search: search("a message or the answer"),
  ...timeRange("created"),
  conversation: z.string().optional().meta({ description: "Only runs that messages of this conversation started" }),
  thread: z.string().optional().meta({ description: "Only turns of this thread, over all branches" }),
});

export const UpdateRunBody = z.strictObject({ tags: Tags.optional() }).meta({ id: "UpdateRun" });

export const DecideBody = z
  .strictObject({
    call_id: Id.optional().meta({ description: "Default: all pending calls" }),
    decision: z.enum(["retry", "skip", "fail"]),
  })
  .meta({ id: "Decide" });

export const ForkBody = z
  .strictObject({
    at: z.int().min(1).meta({ description: "First step to run again; earlier steps are inherited" }),
    input: z.string().min(1).optional().meta({ description: "Request text. Default: that of the run" }),
    model: z.string().optional().meta({ description: "Model. Default: that of the run" }),
    revision: z.int().min(1).optional().meta({ description: "Revision of the agent. Default: that of the run" }),
  })
  .meta({ id: "Fork" });
export type ForkBody = z.input<typeof ForkBody>;

export const RetryBody = z
  .strictObject({
    latest: z.boolean().default(false).meta({ description: "Use the newest revision instead of the original one" }),
  })
  .meta({ id: "Retry" });

export const PruneBody = z
  .strictObject({
    older_than: z.string().meta({ description: "Minimum time since the run ended", examples: ["30d"] }),
    dry_run: z.boolean().default(false).meta({ description: "Report the number without deleting" }),
  })
  .meta({ id: "PruneRuns" });
export const PruneOutcome = z
  .object({ runs: z.int().meta({ description: "Number of runs deleted, or to be deleted" }), dry_run: z.boolean() })
  .meta({ id: "PruneOutcome" });

/**
 * What `GET /runs/{id}/events` sends, one server-sent event each, named by `type`. Durable ones carry an id to resume
 * from (`Last-Event-ID`); deltas do not, and are superseded by the step that follows.
 */
export const RunStreamEvent = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("run"), run: RunSummary }),
    z.object({ type: z.literal("step"), step: Step }),
    z.object({
      type: z.literal("text-delta"),
      turn: z.int(),
      offset: z.int().meta({ description: "Characters of the turn's text before this; discard later ones" }),
      text: z.string(),
    }),
    z.object({
      type: z.literal("reasoning-delta"),
      turn: z.int(),
      offset: z.int().meta({ description: "Characters of the turn's reasoning before this; discard later ones" }),
      text: z.string(),
    }),
    z.object({
      type: z.literal("tool-progress"),
      turn: z.int(),
      call_id: Id,
      done: z.number(),
      total: z.number().nullable(),
      message: z.string(),
    }),
    z.object({
      type: z.literal("tool-log"),
      turn: z.int(),
      call_id: Id,
      lines: z.array(z.object({ at: Instant, text: z.string() })),
    }),
    z.object({ type: z.literal("artifact"), artifact: ArtifactSummary }),
    z.object({ type: z.literal("question"), question: RunQuestion }),
    z.object({ type: z.literal("client-call"), call: ClientCall }),
    z.object({ type: z.literal("approval"), approval: Approval }),
    z.object({ type: z.literal("input"), input: RunInput }),
    z.object({ type: z.literal("handoff"), handoff: HandOff }).meta({
      description: "Another agent continues with the run named; `end` follows, and that run has its own events",
    }),
    z.object({ type: z.literal("below"), run: RunSummary }).meta({
      description:
        "A run that works for this one waits for a person, or no longer does. Sent live, and for those that wait when the stream begins",
    }),
    z.object({ type: z.literal("lagged") }).meta({ description: "The client is too slow; reconnect with the last id" }),
    z.object({ type: z.literal("end"), run: RunDetail }),
  ])
  .meta({ id: "RunStreamEvent" });
export type RunStreamEvent = z.infer<typeof RunStreamEvent>;

export const RUN_EVENT_TYPES = [
  "run",
  "step",
  "text-delta",
  "reasoning-delta",
  "tool-progress",
  "tool-log",
  "artifact",
  "question",
  "client-call",
  "approval",
  "input",
  "handoff",
  "below",
] as const;
export type RunEventType = (typeof RUN_EVENT_TYPES)[number];
export const RunEventsQuery = z.object({
  types: typeList(RUN_EVENT_TYPES).meta({
    description: `Event types to send, comma-separated: ${RUN_EVENT_TYPES.join(", ")}. Default: all. end is always sent.`,
  }),
});

export const UploadQuery = z.object({
  name: z
    .string()
    .min(1)
    .max(200)
    .regex(/^(?!\.{1,2}$)/, "expected the name of a file"),
});
export const Upload = z
  .object({ id: Id, name: z.string(), media_type: z.string(), bytes: z.int(), expires_at: Instant })
  .meta({ id: "Upload" });
export type Upload = z.infer<typeof Upload>;
