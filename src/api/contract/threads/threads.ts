import * as z from "zod";
import { Json } from "../../../kernel/json.ts";
import { OnModelFailure } from "../models/model-choice.ts";
import { WhenBusy } from "../agents/agents.ts";
import { Cost } from "../agents/budgets.ts";
import { ListQuery, page } from "../problem.ts";
import { ClientMessageId, ClientToolList, RunQuestion } from "../runs/inputs.ts";
import { AssistantMessage, Instructions, SideEffects, ToolMessage } from "../runs/start-run.ts";
import { HandOffs, RunDetail, RunState } from "../runs/runs.ts";
import { search, TagFilter, Tags, timeRange } from "../tags.ts";

const Instant = z.iso.datetime();
const Id = z.string();
const TITLE_CHARS_MAX = 200;
const KEY_CHARS_MAX = 500;
const DAY_SECONDS = 86_400;

const Title = z.string().max(TITLE_CHARS_MAX);
const Revision = z
  .union([z.int().min(1), z.literal("latest")])
  .meta({ description: "Revision of the agent for its turns; latest: the newest at each turn" });
const ExpiresAfter = z
  .int()
  .min(1)
  .max(3_650 * DAY_SECONDS)
  .nullable()
  .meta({ description: "Seconds from now until the thread is deleted with its turns; null: never" });

export const Thread = z
  .object({
    id: Id,
    workspace: z.string(),
    agent: z.string(),
    revision: z.int().nullable().meta({ description: "Revision of its turns; null: the newest at each turn" }),
    owner: z.string().meta({ description: "Who created it" }),
    title: z.string().meta({ description: "First words of its first message until it is changed" }),
    tags: z.array(z.string()),
    head: Id.nullable().meta({ description: "Last run of the branch that is shown and continued" }),
    state: RunState.nullable().meta({ description: "State of that run; null for an empty thread" }),
    forked_from: Id.nullable(),
    conversation: z.string().nullable().meta({ description: "Conversation between agents that it belongs to" }),
    key: z.string().nullable().meta({ description: "Name that its creator chose, unique in the workspace" }),
    created_at: Instant,
    updated_at: Instant,
    expires_at: Instant.nullable(),
  })
  .meta({ id: "Thread" });
export type Thread = z.infer<typeof Thread>;
export const ThreadPage = page(Thread).meta({ id: "ThreadPage" });

export const ThreadQuery = ListQuery.extend({
  agent: z.string().optional(),
  tag: TagFilter,
  key: z.string().max(KEY_CHARS_MAX).optional().meta({ description: "Only the thread with this key" }),
  ...timeRange("used"),
  search: search("the title, a message or an answer"),
  kind: z
    .enum(["dialogue", "conversation"])
    .default("dialogue")
    .meta({ description: "dialogue: with users; conversation: of an agent with other agents" }),
});

export const CreateThreadBody = z
  .strictObject({
    agent: z.string(),
    revision: Revision.optional().meta({ description: "Default: the revision that serves now" }),
    key: z.string().min(1).max(KEY_CHARS_MAX).optional().meta({
      description:
        "Name of your own, such as the id of a channel: if a thread of the workspace has it, that thread is returned",
    }),
    title: Title.default(""),
    tags: Tags.default([]),
    expires_after: ExpiresAfter.default(null),
    from_run: Id.optional().meta({ description: "Run that the first message continues" }),
  })
  .meta({ id: "CreateThread" });

export const UpdateThreadBody = z
  .strictObject({
    title: Title.optional(),
    tags: Tags.optional(),
    expires_after: ExpiresAfter.optional(),
    revision: Revision.optional(),
    agent: z.string().optional().meta({ description: "Agent of the next turns; it starts with its newest revision" }),
    head: Id.nullable()
      .optional()
      .meta({ description: "Turn to show and continue from: another branch, or an earlier turn to undo later ones" }),
    branch: Id.optional().meta({ description: "Turn whose branch to show up to its newest turn; instead of head" }),
  })
  .meta({ id: "UpdateThread" });

export const SendBody = z
  .strictObject({
    input: z.string().min(1).optional().meta({ description: "The message. Only with instead_of it may be absent" }),
    uploads: z
      .array(Id)
      .max(16)
      .optional()
      .meta({ description: "Ids of files sent to /uploads; the tools of later turns can read them too" }),
    instead_of: Id.optional().meta({
      description: "Turn that this message replaces, in a new branch; without input or uploads, those of that turn",
    }),
    when_busy: WhenBusy.optional().meta({
      description:
        "While a turn is in progress: wait for it, join it before its next model call, cancel it, or answer 409 THREAD_BUSY. Default: conversation.when_busy of the agent",
    }),
    when_waiting: z.enum(["queue", "answer", "reject"]).default("queue").meta({
      description:
        "While the turn in progress waits for an approval, an answer, a decision or a result of a tool of the caller. queue: as `when_busy` says; answer: the message answers the oldest question; reject, and answer without a question: 409 THREAD_BUSY, which names what is awaited",
    }),
    parent: Id.optional().meta({
      description: "Turn that the message continues, in a further branch if another turn does; default: the head",
    }),
    agent: z.string().optional().meta({
      description:
        "Agent that answers. The thread moves to it, unless it has handed the thread off to the agent that answers now",
    }),
    text_only: z.boolean().default(false).meta({
      description: "Whether the turn has neither tools nor memory nor an output schema, and the model for summaries",
    }),
    tags: Tags.default([]).meta({ description: "Tags of the run" }),
    client_message_id: ClientMessageId.optional().meta({
      description: "Id of the client's own for the message; the run shows it",
    }),
    full_history: z.boolean().default(false).meta({
      description:
        "Whether the model sees all earlier turns in full, as far as its window allows, instead of a summary and shortened results",
    }),
    variables: z
      .record(z.string(), Json)
      .optional()
      .meta({ description: "Values for {{name}} in the prompt template" }),
    model: z.string().optional().meta({ description: "provider/model, instead of the definition's" }),
    on_model_failure: OnModelFailure.optional(),
    attended: z.boolean().default(false).meta({ description: "Whether a user follows the turn and can be asked" }),
    output_schema: z.record(z.string(), Json).optional().meta({ description: "JSON Schema of the answer" }),
    client_tools: ClientToolList,
    side_effects: SideEffects.optional(),
    instructions: Instructions.optional(),
    wait: z.boolean().default(false).meta({
      description:
        "Respond when the turn has ended, or waits for a person, itself or by a run below it, instead of immediately",
    }),
  })
  .meta({ id: "SendToThread" });

export const Sent = z
  .object({
    thread: Thread,
    run: RunDetail,
    joined: z.boolean().meta({ description: "Whether the message joined a run that was in progress" }),
    blocked_by: z.array(z.object({ run: Id, agent: z.string(), state: RunState })).meta({
      description:
        "Runs that wait for a person, and for which the message waits: that of the turn in progress, and those below it",
    }),
  })
  .meta({ id: "SentToThread" });

export const ForkThreadBody = z
  .strictObject({
    at: Id.optional().meta({ description: "Last turn that the fork shares; default: the head" }),
    title: Title.optional(),
  })
  .meta({ id: "ForkThread" });

const File = z.object({ name: z.string(), media_type: z.string(), bytes: z.int() });
const Artifact = File.extend({ id: Id, url: z.string() });

export const ThreadMessage = z
  .discriminatedUnion("role", [
    z.object({ role: z.literal("user"), text: z.string(), files: z.array(File), author: z.string(), at: Instant }),
    z.object({
      role: z.literal("assistant"),
      text: z.string(),
      is_cut_off: z.boolean().meta({
        description: "Whether the answer was cut off: the turn was cancelled, or its model failed in the middle of it",
      }),
      reasoning: z.string().meta({ description: "Reasoning as the provider returned it; empty if it returned none" }),
      model: z.string(),
      tool_calls: z.array(z.object({ id: Id, name: z.string(), arguments: z.string() })),
      artifacts: z.array(Artifact),
      at: Instant,
    }),
    z.object({
      role: z.literal("tool"),
      call: Id,
      name: z.string(),
      state: z.enum(["running", "waiting", "done", "failed"]),
      text: z.string(),
      has_effects: z
        .boolean()
        .meta({ description: "Whether the call may have changed something: its tool does more than read" }),
      question: RunQuestion.nullable().meta({
        description: "Question that the call asks the user; if it is accepted, `text` is the answer",
      }),
      artifacts: z.array(Artifact),
      at: Instant,
    }),
    z.object({ role: z.literal("notice"), code: z.string(), text: z.string(), at: Instant }),
  ])
  .meta({ id: "ThreadMessage" });

export const AddedMessage = z
  .object({
    id: Id,
    role: z.enum(["user", "assistant", "tool"]),
    text: z.string(),
    call: Id.nullable().meta({ description: "Of a tool: the call that it is the result of" }),
    tool_calls: z
      .array(z.object({ id: Id, name: z.string(), arguments: z.string() }))
      .meta({ description: "Of the assistant" }),
    author: z.string().meta({ description: "Who added it" }),
    at: Instant,
  })
  .meta({ id: "AddedMessage" });
export type AddedMessage = z.infer<typeof AddedMessage>;

export const Turn = z
  .object({
    run: Id,
    parent: Id.nullable().meta({ description: "Turn that it continues" }),
    siblings: z.array(Id).meta({ description: "Turns of all branches at this place, oldest first, this one included" }),
    agent: z.string(),
    revision: z.int(),
    state: RunState,
    created_at: Instant,
    ended_at: Instant.nullable(),
    input_tokens: z.int(),
    output_tokens: z.int(),
    cost: Cost,
    in_context: z.enum(["whole", "shortened", "summarized"]).meta({
      description:
        "As the next turn of the branch sees it: whole, with shortened tool results, or as a part of the summary",
    }),
    handoffs: HandOffs,
    added: z.array(AddedMessage).meta({
      description: "Messages that were added to the thread before the turn, and that it took into its request",
    }),
    messages: z.array(ThreadMessage).meta({
      description: "In their order. A turn that a hand-off began has no request: that of the turn before is meant",
    }),
  })
  .meta({ id: "Turn" });
export type Turn = z.infer<typeof Turn>;
export const TurnPage = page(Turn)
  .extend({
    summary: z
      .object({ text: z.string(), tokens: z.int().meta({ description: "Estimated tokens" }) })
      .nullable()
      .meta({ description: "What the next turn of the branch sees in place of summarized turns" }),
    added: z.array(AddedMessage).meta({
      description:
        "Messages that were added after the last turn of the branch, oldest first: the next turn begins with them. Empty on pages after the first",
    }),
  })
  .meta({ id: "TurnPage" });
export const TurnQuery = ListQuery.extend({
  head: Id.optional().meta({ description: "Last turn of the branch to read; default: the thread's head" }),
});

const ADDED_AT_ONCE_MAX = 1_000;
export const AddMessagesBody = z
  .strictObject({
    messages: z
      .array(
        z.discriminatedUnion("role", [
          z.strictObject({ role: z.literal("user"), text: z.string() }),
          AssistantMessage,
          ToolMessage,
        ]),
      )
      .min(1)
      .max(ADDED_AT_ONCE_MAX),
  })
  .meta({ id: "AddMessages" });
export const AddedMessages = z.object({ items: z.array(AddedMessage) }).meta({ id: "AddedMessages" });

export const ExportThreadQuery = z.object({
  format: z.enum(["jsonl", "markdown"]).default("jsonl"),
  head: Id.optional().meta({ description: "Last turn of the branch to export; default: the thread's head" }),
});
