import * as z from "zod";
import { Json } from "../../../kernel/json.ts";
import { PERFORMATIVES } from "../../../kernel/performatives.ts";
import { Handle, ListQuery, page } from "../problem.ts";

const Instant = z.iso.datetime();
const Name = z.string();

/**
 * A message as sent: one communicative act with FIPA's parameters. The router's reader parses it, accepts other spellings of
 * keys, and reports how to fix what is wrong. The OpenAPI document describes what the reader accepts.
 */
export const SendMessageBody = z.record(z.string(), Json).meta({ id: "SendMessage" });

export const WAIT_S_MAX = 300;
export const SendQuery = z.object({
  wait: z.coerce
    .number<number>()
    .min(0)
    .max(WAIT_S_MAX)
    .default(0)
    .meta({ description: "Maximum seconds to wait for the reply, which is then part of the receipt" }),
});

export const MESSAGES_PER_BATCH_MAX = 1_000;
/** Each message is parsed, and accepted or refused, separately. */
export const SendBatchBody = z
  .strictObject({ messages: z.array(SendMessageBody).min(1).max(MESSAGES_PER_BATCH_MAX) })
  .meta({ id: "SendMessageBatch" });

/** The cause of a `failure`, a `not-understood` or a refusal. */
export const MessageFault = z
  .object({ code: z.string(), message: z.string(), hint: z.string(), details: z.record(z.string(), Json) })
  .meta({ id: "MessageFault" });

/** The capability that the router selects if no agent provides the requested one. */
export const NearestCapability = z
  .object({
    capability: Name,
    similarity: z
      .number()
      .meta({ description: "Cosine of both meanings, 0 to 1; at least messages.semantic_min_similarity" }),
  })
  .meta({
    id: "NearestCapability",
    description: "The capability selected instead, if messages.semantic_fallback allows it",
  });
export type NearestCapability = z.infer<typeof NearestCapability>;

export const MessageReceipt = z
  .object({
    id: z.string(),
    conversation_id: z.string(),
    status: z.enum(["accepted", "answered", "refused"]).meta({
      description:
        "accepted: stored and queued. answered: stored but undeliverable; the sender received a failure or not-understood. refused: not stored",
    }),
    recipients: z.array(Name).meta({
      description:
        "Owners of the mailboxes that received it; a reply goes to the reply_to of its conversation's initiator",
    }),
    duplicate: z
      .boolean()
      .meta({ description: "Whether a message with this id was accepted before; it is not sent again" }),
    durability: z.enum(["full", "normal", "none"]).nullable().meta({
      description:
        "The message survives a power cut (full), the end of the process (normal), or is only in memory (none)",
    }),
    nearest: NearestCapability.nullable().meta({
      description: "The capability selected, if no agent provides the requested one; else null",
    }),
    unchecked_protocol: z.string().nullable().meta({
      description: "The message's protocol, if Caxton does not know it and does not check it; else null",
    }),
    answer: z.enum(["failure", "not-understood"]).nullable(),
    error: MessageFault.nullable(),
    retry_after_ms: z.int().nullable().meta({ description: "Delay before a retry, if the message was refused" }),
    reply: z
      .record(z.string(), Json)
      .nullable()
      .meta({ description: "The reply in wire format, if it arrived within `wait`" }),
  })
  .meta({ id: "MessageReceipt" });
export type MessageReceipt = z.infer<typeof MessageReceipt>;

export const BatchReceipt = z
  .object({
    items: z.array(MessageReceipt).meta({ description: "One per message, in the order sent" }),
    accepted: z.int(),
    answered: z.int(),
    refused: z.int(),
  })
  .meta({ id: "MessageBatchReceipt" });
export type BatchReceipt = z.infer<typeof BatchReceipt>;

/** A participant and the performatives that it may send. */
export const ExpectedActs = z.object({ who: Name, acts: z.array(z.string()) });

/** The result of checking a message without sending it. */
export const MessageCheck = z
  .object({
    valid: z.boolean(),
    problems: z.array(z.object({ code: z.string(), path: z.string(), message: z.string(), fix: z.string() })),
    canonical: z.record(z.string(), Json).nullable().meta({ description: "The message in wire format" }),
    recipients: z.array(Name).meta({ description: "Its recipients, if it were sent now" }),
    nearest: NearestCapability.nullable().meta({
      description: "The capability that would be selected, if no agent provides the requested one; else null",
    }),
    conversation: z
      .object({
        id: z.string(),
        protocol: z.string(),
        state: z.string().nullable().meta({ description: "null: the message would start the conversation" }),
        allowed: z.boolean().meta({ description: "Whether the protocol allows the message now" }),
        expected: z
          .array(ExpectedActs)
          .meta({ description: "Performatives that the protocol allows before the message" }),
      })
      .nullable()
      .meta({ description: "The state of a conversation whose protocol is checked; null in a free conversation" }),
  })
  .meta({ id: "MessageCheck" });
export type MessageCheck = z.infer<typeof MessageCheck>;

/** Not final: `queued`, `blocked` behind an earlier message of its conversation, `leased` to its recipient, `retrying`. */
export const DELIVERY_STATES = [
  "queued",
  "blocked",
  "leased",
  "retrying",
  "done",
  "dead",
  "expired",
  "dropped",
  "over",
] as const;

/** The delivery of a message to one of its recipients. */
export const MessageDelivery = z
  .object({
    recipient: Name,
    state: z.enum(DELIVERY_STATES),
    attempts: z.int(),
    at: Instant.nullable().meta({
      description: "Time of its end, its retry, or the end of its lease; null while it is queued",
    }),
    reason: z.string().nullable().meta({ description: "The cause of the last failed attempt" }),
  })
  .meta({ id: "MessageDelivery" });
export type MessageDelivery = z.infer<typeof MessageDelivery>;

/** A stored message. */
export const MessageRecord = z
  .object({
    id: z.string(),
    position: Handle.meta({
      description: "Opaque position in the order in which the server accepted messages; a cursor of their list",
    }),
    at: Instant,
    performative: z.enum(PERFORMATIVES),
    sender: Name,
    receiver: z.array(Name).nullable(),
    capability: z.string().nullable(),
    nearest: NearestCapability.nullable().meta({
      description: "The capability whose provider received it, if no agent provides the requested one; else null",
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
        "Owners of the mailboxes that received it; a reply goes to the reply_to of its conversation's initiator",
    }),
    deliveries: z.array(MessageDelivery).meta({ description: "Deliveries that are still stored" }),
    message: z.record(z.string(), Json).meta({ description: "The whole message in wire format" }),
  })
  .meta({ id: "Message" });
export type MessageRecord = z.infer<typeof MessageRecord>;

/** A stored message and whether its signature is valid. */
export const VerifiedMessage = MessageRecord.extend({
  signature: z
    .object({
      key_id: z.string(),
      valid: z
        .boolean()
        .meta({ description: "Whether a key of the sender signed what is stored; the key may be revoked since" }),
    })
    .nullable()
    .meta({ description: "null for a message without a signature" }),
}).meta({ id: "VerifiedMessage" });
export type VerifiedMessage = z.infer<typeof VerifiedMessage>;

export const MessagePage = page(MessageRecord).meta({ id: "MessagePage" });
export type MessagePage = z.infer<typeof MessagePage>;

const filters = {
  sender: Name.optional(),
  recipient: Name.optional().meta({ description: "Owner of a mailbox that received it" }),
  conversation_id: z.string().optional(),
  performative: z.enum(PERFORMATIVES).optional(),
};

export const MessageQuery = ListQuery.extend({
  ...filters,
  trace_id: z.string().optional().meta({
    description: "Compared with every stored message, newest first; `since` limits their number",
  }),
  since: Instant.optional(),
  until: Instant.optional(),
});

export const TailQuery = z.object({
  ...filters,
  last: z.coerce
    .number<number>()
    .int()
    .min(0)
    .max(1_000)
    .default(0)
    .meta({ description: "Number of past messages to send first" }),
});

/** An event of followed messages. `lagged` reports the number of events that the reader missed. */
export const MessageEvent = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("message"), message: MessageRecord }),
    z.object({
      type: z.literal("delivery"),
      position: Handle.meta({ description: "Position of the message" }),
      delivery: MessageDelivery,
    }),
    z.object({ type: z.literal("lagged"), missed: z.int() }),
  ])
  .meta({ id: "MessageEvent" });
export type MessageEvent = z.infer<typeof MessageEvent>;

/** All messages of one trace, oldest first. */
export const MessageTrace = z
  .object({
    trace_id: z.string(),
    messages: z.array(MessageRecord),
    truncated: z.boolean(),
  })
  .meta({ id: "MessageTrace" });

/** A failed delivery attempt. */
const FailedAttempt = z
  .object({
    attempt: z.int().min(1),
    at: Instant.meta({ description: "When it failed, or when it began if the server ended during the attempt" }),
    reason: z.string(),
  })
  .meta({ id: "FailedAttempt" });

/** A delivery that failed permanently. */
export const DeadLetter = z
  .object({
    id: Handle.meta({ description: "Opaque id" }),
    message_id: z.string(),
    conversation_id: z.string(),
    sender: Name,
    recipient: Name,
    performative: z.enum(PERFORMATIVES),
    code: z.string(),
    reason: z.string(),
    attempts: z.int().meta({ description: "0: it was never attempted, for example because of MAILBOX_FULL" }),
    history: z.array(FailedAttempt).meta({
      description:
        "Attempts since it was last sent, oldest first; attempts before an upgrade of the server may be missing",
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
    presence: z.enum(["agent", "participant", "gone"]).meta({ description: "gone: neither deployed nor registered" }),
    messages: z.int().meta({ description: "Queued messages" }),
    bytes: z.int(),
    leased: z.int().meta({ description: "Messages in flight" }),
    retrying: z.int(),
    average_ms: z.number().nullable().meta({ description: "Moving average of the processing time of a delivery" }),
    breaker: z.enum(["closed", "open", "half-open"]),
    paused: z.boolean(),
  })
  .meta({ id: "Mailbox" });
export type Mailbox = z.infer<typeof Mailbox>;
export const MailboxList = z.object({ items: z.array(Mailbox) }).meta({ id: "MailboxList" });
