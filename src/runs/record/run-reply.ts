import * as z from "zod";
import { ToolCallId } from "../../kernel/ids.ts";
import { Json, JsonObject } from "../../kernel/json.ts";
import { RunArtifact } from "./artifact-store.ts";

/** Outcome of a wait for a reply. Only `answered` is a success; the others fail the call. */
const ReplyOutcome = z.enum(["answered", "failed", "expired"]);
export const ReplyState = z.enum(["open", ...ReplyOutcome.options, "cancelled"]);
export type ReplyState = z.infer<typeof ReplyState>;

/** What a person or the caller is to give, where a call waits for that and not for a message. */
const InputAsk = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("question"),
    question: z.string(),
    options: z.array(z.string()),
    /** Form of the answer. */
    schema: JsonObject,
    /** The form is a text, its field `answer`. */
    isText: z.boolean(),
  }),
  z.object({ kind: z.literal("client-tool"), name: z.string(), arguments: JsonObject }),
  /** The call was not made, and is made after the sign-in to this tool server. */
  z.object({ kind: z.literal("sign-in"), server: z.string(), message: z.string() }),
  /** A question of a tool server: the call continues with the answer, from the round that is stored. */
  z.object({
    kind: z.literal("elicitation"),
    server: z.string(),
    message: z.string(),
    schema: JsonObject.nullable(),
    url: z.string().nullable(),
    round: z.object({
      number: z.int().min(1),
      requestState: z.string().nullable(),
      requests: JsonObject,
      responses: JsonObject,
      asked: z.string(),
    }),
  }),
]);

/** What makes a wait for a reply a delegation. */
const Delegation = z.object({
  /** Names of the files of the run that the other agent is given. */
  files: z.array(z.string()),
  /** The call does not wait: the reply becomes an input of the run, which does not complete before. */
  background: z.literal(true).optional(),
});

/** A call waits for a reply; on disk before the request is sent, so that no reply arrives before its wait. */
export const ReplyWait = z.object({
  type: z.literal("reply-wait"),
  step: z.int().min(0),
  callId: ToolCallId,
  conversationId: z.string(),
  /** Value of `in_reply_to` in the reply; unique to this call. */
  replyWith: z.string(),
  deadlineMs: z.int(),
  /** Recipient as text. */
  to: z.string(),
  /** Present if a person or the caller is to answer; `conversationId` is then empty, and `replyWith` the id of the call, for a sign-in after its server, for a question of a tool server before its number. */
  content: InputAsk.optional(),
  /** The recipient works for this run, in a run below it; absent for a message between equals. */
  delegation: Delegation.optional(),
});
export type ReplyWait = z.infer<typeof ReplyWait>;

/** The message is out: the call has nothing more to do and need not be made again. */
export const ToolRest = z.object({ type: z.literal("tool-rest"), step: z.int().min(0), callId: ToolCallId });

export const ReplyEnd = z.object({
  type: z.literal("reply-end"),
  callId: ToolCallId,
  replyWith: z.string(),
  outcome: ReplyOutcome,
  /** The message that is the reply; null when none came. */
  messageId: z.string().nullable(),
  /** Sender of the reply; empty without a reply. */
  from: z.string(),
  /** Result of the call for the model. */
  content: z.object({ text: z.string(), structured: Json }),
  /** Copies of the files that a delegate created. */
  artifacts: z.array(RunArtifact).optional(),
});
export type ReplyEnd = z.infer<typeof ReplyEnd>;

/** A reply that a call waits for, or waited for. */
export type RunReply = Omit<ReplyWait, "type" | "content"> & {
  /** What a person or the caller is to give; null in a wait for a message. */
  readonly input: z.infer<typeof InputAsk> | null;
  readonly askedAtMs: number;
  readonly state: ReplyState;
  readonly endedAtMs: number | null;
  readonly messageId: string | null;
  readonly from: string;
  /** Content of the reply; null before it arrives. */
  readonly result: ReplyEnd["content"] | null;
  readonly artifacts: readonly RunArtifact[];
};

/** The replies with one more; a call that is made again after a crash waits for the same one as before. */
export const awaitedReply = (
  replies: readonly RunReply[],
  { type: _type, content, ...wait }: ReplyWait,
  askedAtMs: number,
): readonly RunReply[] =>
  replies.some(({ replyWith }) => replyWith === wait.replyWith)
    ? replies
    : [
        ...replies,
        {
          ...wait,
          input: content ?? null,
          askedAtMs,
          state: "open",
          endedAtMs: null,
          messageId: null,
          from: "",
          result: null,
          artifacts: [],
        },
      ];

/** Whether a reply is awaited beside the run's other work. */
export const isInBackground = ({ delegation }: Pick<RunReply, "delegation">): boolean =>
  delegation?.background === true;

/** Whether the run has ended without the reply of an agent that worked for it, which is still recorded when it comes. */
export const isMissed = ({ state, delegation, result }: RunReply): boolean =>
  state === "cancelled" && delegation !== undefined && result === null;

/** The replies after one has ended; only the first end of an open one counts. */
export const endedReply = (
  replies: readonly RunReply[],
  { replyWith, outcome, messageId, from, content, artifacts = [] }: ReplyEnd,
  endedAtMs: number,
): readonly RunReply[] =>
  replies.map((each) =>
    each.replyWith === replyWith && (each.state === "open" || isMissed(each))
      ? {
          ...each,
          state: each.state === "open" ? outcome : each.state,
          endedAtMs,
          messageId,
          from,
          result: content,
          artifacts,
        }
      : each,
  );

/** The replies after ending waits that are no longer needed: all of an ended run, or those of an ended call. */
export const closedReplies = (replies: readonly RunReply[], callId?: ToolCallId): readonly RunReply[] =>
  replies.some((each) => each.state === "open" && (callId === undefined || each.callId === callId))
    ? replies.map((each) =>
        each.state === "open" && (callId === undefined || each.callId === callId)
          ? { ...each, state: "cancelled" }
          : each,
      )
    : replies;
