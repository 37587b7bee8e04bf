import * as z from "zod";

/** How a conversation stands. What is neither `initiated` nor `in-progress` is over. */
export const ConversationStatus = z.discriminatedUnion("state", [
  /** Only the first message was sent. */
  z.object({ state: z.literal("initiated") }),
  z.object({ state: z.literal("in-progress") }),
  /** The protocol ran its course; `by` are those whose part came out so. */
  z.object({
    state: z.literal("completed"),
    outcome: z.enum(["done", "rejected", "refused"]),
    by: z.array(z.string()).readonly(),
  }),
  z.object({ state: z.literal("failed"), error: z.string(), by: z.array(z.string()).readonly() }),
  /** A deadline of a message, the idle timeout or the maximum duration. */
  z.object({ state: z.literal("expired"), why: z.enum(["deadline", "idle", "life"]) }),
  z.object({ state: z.literal("cancelled") }),
  /** It was merged into another one. */
  z.object({ state: z.literal("merged"), into: z.string() }),
]);
export type ConversationStatus = z.infer<typeof ConversationStatus>;

const maybe = <T extends z.ZodType>(schema: T) =>
  schema.optional().transform((value): z.output<T> | undefined => value);

const StoredCall = z.object({ id: z.string(), replyWith: maybe(z.string()) });

/** A message of the initiator, as answers name it: by its id, or by the word it asked for. */
export type Call = { readonly id: string; readonly replyWith: string | undefined };

const StoredParticipant = z.object({
  name: z.string(),
  role: z.enum(["participant", "target"]),
  state: z.string(),
  before: maybe(z.string()),
  deadlineMs: maybe(z.int()),
  round: z.int(),
  calls: z.array(StoredCall).readonly(),
  cancelCall: maybe(StoredCall),
  replyTo: maybe(z.string()),
});

/** A participant besides the initiator, and its state. */
export type Participant = {
  readonly name: string;
  /** `target`: entered on its own, because a recruiter passed the request on to it. */
  readonly role: "participant" | "target";
  /** A state of the protocol's table; `free` where nothing is checked. */
  readonly state: string;
  /** While `cancelling`: the state to return to if cancelling fails. */
  readonly before: string | undefined;
  /** Deadline of the participant that acts next, in epoch milliseconds. */
  readonly deadlineMs: number | undefined;
  /** Rounds of calls or counter-proposals so far. */
  readonly round: number;
  /** The initiator's messages to it, newest last. */
  readonly calls: readonly Call[];
  readonly cancelCall: Call | undefined;
  /** Who else may get the answers. */
  readonly replyTo: string | undefined;
};

const StoredConversation = z.object({
  id: z.string(),
  workspace: z.string(),
  protocol: maybe(z.string()),
  capability: maybe(z.string()),
  topic: maybe(z.string()),
  initiator: z.string(),
  participants: z.array(StoredParticipant).readonly(),
  status: ConversationStatus,
  version: z.int(),
  messageCount: z.int(),
  startedAtMs: z.int(),
  lastActivityMs: z.int(),
  idleMs: z.int(),
  endsAtMs: z.int(),
  dueAtMs: maybe(z.int()),
  parent: maybe(z.string()),
  branches: z.array(z.string()).readonly(),
  merged: z.array(z.string()).readonly(),
  archivedAtMs: maybe(z.int()),
});

/** What belongs together, as the messages so far made it: their fold, plain data. */
export type Conversation = {
  readonly id: string;
  readonly workspace: string;
  /** A name of `PROTOCOLS`, or the participants' own, which is not checked; undefined is a free conversation. */
  readonly protocol: string | undefined;
  /** The capability that the first message asked for. */
  readonly capability: string | undefined;
  /** The topic that the first message went to. */
  readonly topic: string | undefined;
  /** Who sent the first message. */
  readonly initiator: string;
  /** The others, in the order in which they came in. */
  readonly participants: readonly Participant[];
  readonly status: ConversationStatus;
  /** 1 for the first; higher by one with each change. */
  readonly version: number;
  readonly messageCount: number;
  readonly startedAtMs: number;
  readonly lastActivityMs: number;
  /** How long nothing may be said. */
  readonly idleMs: number;
  /** When it ends whatever is said. */
  readonly endsAtMs: number;
  /** From then on `expire` has something to do; undefined once the conversation is over. */
  readonly dueAtMs: number | undefined;
  readonly parent: string | undefined;
  readonly branches: readonly string[];
  /** Conversations that were merged into this one. */
  readonly merged: readonly string[];
  readonly archivedAtMs: number | undefined;
};

/** Reads a conversation that was stored as JSON. Throws a ZodError when it is invalid. */
export const readConversation = (stored: unknown): Conversation => StoredConversation.parse(stored);

/** Whether more may be said in it. */
export const isOpen = ({ status }: Conversation): boolean =>
  status.state === "initiated" || status.state === "in-progress";

/** Whether that name is the initiator or a participant. Names differ by more than case. */
export function takesPart(
  { initiator, participants }: Pick<Conversation, "initiator" | "participants">,
  name: string,
): boolean {
  if (name === initiator) return true;
  for (const participant of participants) if (participant.name === name) return true;
  const lower = name.toLowerCase();
  return (
    initiator.toLowerCase() === lower || participants.some((participant) => participant.name.toLowerCase() === lower)
  );
}

/** What bounds conversations; how long, and how large. */
export type ConversationTerms = {
  /** How long nothing may be said. */
  readonly idleMs: number;
  /** How long it may last in all. */
  readonly lifeMs: number;
  /** Besides the initiator, where a protocol is checked. */
  readonly participantsMax: number;
  /** Calls and counter-proposals to one participant. */
  readonly roundsMax: number;
  /** Other times for conversations that begin with a request for one of these capabilities. */
  readonly capabilities: ReadonlyMap<
    string,
    { readonly idleMs?: number | undefined; readonly lifeMs?: number | undefined }
  >;
};

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What holds where nothing is configured. */
export const CONVERSATION_TERMS: ConversationTerms = {
  idleMs: DAY_MS,
  lifeMs: 7 * DAY_MS,
  participantsMax: 100,
  roundsMax: 100,
  capabilities: new Map([
    ["urgent-support", { idleMs: 2 * HOUR_MS }],
    ["data-analysis", { idleMs: 12 * HOUR_MS }],
    ["project-planning", { idleMs: 7 * DAY_MS }],
  ]),
};
