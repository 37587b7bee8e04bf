import * as z from "zod";
import { Json } from "../../kernel/json.ts";
import { PERFORMATIVES } from "../../kernel/performatives.ts";
import { ListQuery, page } from "./problem.ts";

const Instant = z.iso.datetime();
const Name = z.string();

/**
 * What is sent: one communicative act, in FIPA's parameters. It is read by the router's own reader, which takes other
 * spellings too and says of everything that is wrong how to mend it. The OpenAPI document has what that reader takes.
 */
export const SendMessageBody = z.record(z.string(), Json).meta({ id: "SendMessage" });

export const WAIT_S_MAX = 300;
export const SendQuery = z.object({
  wait: z.coerce
    .number()
    .min(0)
    .max(WAIT_S_MAX)
    .default(0)
    .meta({ description: "Seconds to wait for the answer; it is then part of the receipt" }),
});

export const MESSAGES_PER_BATCH_MAX = 1_000;
/** Each is read and refused for itself. */
export const SendBatchBody = z
  .strictObject({ messages: z.array(SendMessageBody).min(1).max(MESSAGES_PER_BATCH_MAX) })
  .meta({ id: "SendMessageBatch" });

/** What a `failure`, a `not-understood` or a refusal is about. */
export const MessageFault = z
  .object({ code: z.string(), message: z.string(), hint: z.string(), details: z.record(z.string(), Json) })
  .meta({ id: "MessageFault" });
export type MessageFault = z.infer<typeof MessageFault>;

/** What the router took when nobody provides the capability asked for. */
export const NearestCapability = z
  .object({
    capability: Name,
    similarity: z
      .number()
      .meta({ description: "Cosine of what the two mean, 0 to 1; messages.semantic_min_similarity bounds it" }),
  })
  .meta({ id: "NearestCapability", description: "The capability taken instead, as messages.semantic_fallback allows" });
export type NearestCapability = z.infer<typeof NearestCapability>;

export const MessageReceipt = z
  .object({
    id: z.string(),
    conversation_id: z.string(),
    status: z.enum(["accepted", "answered", "refused"]).meta({
      description:
        "accepted: on record and on its way. answered: on record, delivered to nobody, and the sender has got a failure or not-understood. refused: not on record",
    }),
    recipients: z.array(Name).meta({
      description:
        "Into whose mailboxes it went; an answer goes to whom its conversation's initiator named in reply_to",
    }),
    duplicate: z.boolean().meta({ description: "A message of this id was accepted before; nothing was done again" }),
    durability: z.enum(["full", "normal", "none"]).nullable().meta({
      description: "What on record means: through a power cut, through the end of the process, in memory only",
    }),
    nearest: NearestCapability.nullable().meta({
      description: "The capability it was taken to mean, when nobody provides the one asked for; null otherwise",
    }),
    unchecked_protocol: z.string().nullable().meta({
      description:
        "The message's protocol, if it is the participants' own, which Caxton does not check; null otherwise",
    }),
    answer: z.enum(["failure", "not-understood"]).nullable(),
    error: MessageFault.nullable(),
    retry_after_ms: z.int().nullable().meta({ description: "Of a refusal: when trying again may help" }),
    reply: z
      .record(z.string(), Json)
      .nullable()
      .meta({ description: "The answer, when it was waited for and came in time; as on the wire" }),
  })
  .meta({ id: "MessageReceipt" });
export type MessageReceipt = z.infer<typeof MessageReceipt>;

export const BatchReceipt = z
  .object({
    items: z.array(MessageReceipt).meta({ description: "One a message, in the order sent" }),
    accepted: z.int(),
    answered: z.int(),
    refused: z.int(),
  })
  .meta({ id: "MessageBatchReceipt" });
export type BatchReceipt = z.infer<typeof BatchReceipt>;

/** Who may say what. */
export const ExpectedActs = z.object({ who: Name, acts: z.array(z.string()) });

/** What a check of a message without sending it says. */
export const MessageCheck = z
  .object({
    valid: z.boolean(),
    problems: z.array(z.object({ code: z.string(), path: z.string(), message: z.string(), fix: z.string() })),
    canonical: z.record(z.string(), Json).nullable().meta({ description: "The message as Caxton writes it" }),
    recipients: z.array(Name).meta({ description: "To whom it would go now" }),
    nearest: NearestCapability.nullable().meta({
      description: "The capability it would be taken to mean; null otherwise",
    }),
    conversation: z
      .object({
        id: z.string(),
        protocol: z.string(),
        state: z.string().nullable().meta({ description: "null: the message would begin it" }),
        allowed: z.boolean().meta({ description: "Whether it may be said now" }),
        expected: z.array(ExpectedActs).meta({ description: "What the protocol allows now, before the message" }),
      })
      .nullable()
      .meta({ description: "Where a protocol is checked; null in a free conversation" }),
  })
  .meta({ id: "MessageCheck" });
export type MessageCheck = z.infer<typeof MessageCheck>;

/** Before the end: `queued`, `held` behind an earlier one of its conversation, `leased` to its recipient, `retrying`. */
export const DELIVERY_STATES = [
  "queued",
  "held",
  "leased",
  "retrying",
  "done",
  "dead",
  "expired",
  "dropped",
  "over",
] as const;

/** What became of a message at one of its recipients. */
export const MessageDelivery = z
  .object({
    recipient: Name,
    state: z.enum(DELIVERY_STATES),
    attempts: z.int(),
    at: Instant.nullable().meta({
      description: "When it ended, is tried again, or its lease ends; null while it waits",
    }),
    reason: z.string().nullable().meta({ description: "Why the last attempt failed" }),
  })
  .meta({ id: "MessageDelivery" });
export type MessageDelivery = z.infer<typeof MessageDelivery>;

/** A message on record. */
export const MessageRecord = z
  .object({
    id: z.string(),
    seq: z.int().meta({ description: "Its place in the order in which the server accepted messages" }),
    at: Instant,
    performative: z.enum(PERFORMATIVES),
    sender: Name,
    receiver: z.array(Name).nullable(),
    capability: z.string().nullable(),
    nearest: NearestCapability.nullable().meta({
      description: "The capability whose provider got it, when nobody provides the one asked for; null otherwise",
    }),
    topic: z.string().nullable(),
    broadcast: z.boolean(),
    conversation_id: z.string(),
    protocol: z.string().nullable(),
    reply_with: z.string().nullable(),
    in_reply_to: z.string().nullable(),
    reply_by: Instant.nullable(),
    priority: z.string(),
    content: Json,
    error: MessageFault.nullable(),
    hops: z.int(),
    trace_id: z.string(),
    recipients: z.array(Name).meta({
      description:
        "Into whose mailboxes it went; an answer goes to whom its conversation's initiator named in reply_to",
    }),
    deliveries: z.array(MessageDelivery).meta({ description: "As far as it is still known" }),
    message: z.record(z.string(), Json).meta({ description: "The whole message as on the wire" }),
  })
  .meta({ id: "Message" });
export type MessageRecord = z.infer<typeof MessageRecord>;

export const MessagePage = page(MessageRecord).meta({ id: "MessagePage" });
export type MessagePage = z.infer<typeof MessagePage>;

const filters = {
  sender: Name.optional(),
  recipient: Name.optional().meta({ description: "Into whose mailbox it went" }),
  conversation_id: z.string().optional(),
  performative: z.enum(PERFORMATIVES).optional(),
};

export const MessageQuery = ListQuery.extend({
  ...filters,
  trace_id: z.string().optional().meta({
    description: "Looked for in each message that is kept, the newest first; `since` bounds how many those are",
  }),
  since: Instant.optional(),
  until: Instant.optional(),
});

export const TailQuery = z.object({
  ...filters,
  last: z.coerce.number().int().min(0).max(1_000).default(0).meta({ description: "How many of the past come first" }),
});

/** What a live tail says. */
export const MessageEvent = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("message"), message: MessageRecord }),
    z.object({
      type: z.literal("delivery"),
      seq: z.int(),
      delivery: MessageDelivery,
    }),
    z.object({ type: z.literal("lagged"), missed: z.int() }),
  ])
  .meta({ id: "MessageEvent" });
export type MessageEvent = z.infer<typeof MessageEvent>;

/** Everything that one message led to: those of its trace, in order. */
export const MessageTrace = z
  .object({
    trace_id: z.string(),
    messages: z.array(MessageRecord),
    truncated: z.boolean(),
  })
  .meta({ id: "MessageTrace" });
export type MessageTrace = z.infer<typeof MessageTrace>;

/** An attempt to deliver that failed. */
const FailedAttempt = z
  .object({
    attempt: z.int().min(1),
    at: Instant.meta({ description: "When it failed; when it began, if the server ended meanwhile" }),
    reason: z.string(),
  })
  .meta({ id: "FailedAttempt" });

/** A delivery that was given up. */
export const DeadLetter = z
  .object({
    id: z.string().meta({ description: "Of the dead letter: seq and mailbox of the delivery" }),
    message_id: z.string(),
    conversation_id: z.string(),
    sender: Name,
    recipient: Name,
    performative: z.enum(PERFORMATIVES),
    code: z.string(),
    reason: z.string(),
    attempts: z.int().meta({ description: "0: it was never tried, as for MAILBOX_FULL" }),
    history: z.array(FailedAttempt).meta({
      description:
        "Each attempt since it was last sent, oldest first; without those before the server was brought up to date",
    }),
    at: Instant,
    message: z.record(z.string(), Json),
  })
  .meta({ id: "DeadLetter" });
export type DeadLetter = z.infer<typeof DeadLetter>;
export const DeadLetterPage = page(DeadLetter).extend({ total: z.int() }).meta({ id: "DeadLetterPage" });
export type DeadLetterPage = z.infer<typeof DeadLetterPage>;
export const DeadLetterQuery = ListQuery.extend({ recipient: Name.optional(), code: z.string().optional() });

export const Mailbox = z
  .object({
    name: Name,
    presence: z
      .enum(["agent", "participant", "gone"])
      .meta({ description: "gone: neither deployed nor registered now" }),
    messages: z.int().meta({ description: "Waiting" }),
    bytes: z.int(),
    leased: z.int().meta({ description: "In the recipient's hands" }),
    retrying: z.int(),
    average_ms: z.number().nullable().meta({ description: "Moving average of how long a delivery takes" }),
    breaker: z.enum(["closed", "open", "half-open"]),
    paused: z.boolean(),
  })
  .meta({ id: "Mailbox" });
export type Mailbox = z.infer<typeof Mailbox>;
export const MailboxList = z.object({ items: z.array(Mailbox) }).meta({ id: "MailboxList" });
export type MailboxList = z.infer<typeof MailboxList>;
