import * as z from "zod";
import { durationText, sizeText } from "../../text/documents/index.ts";
import { MESSAGE_JOURNAL_DEFAULTS } from "../../messaging/journal/index.ts";
import { ROUTING_STRATEGIES } from "../../messaging/acl/index.ts";
import { ROUTER_DEFAULTS, type RouterOptions } from "../../messaging/router/index.ts";
import { CONVERSATION_TERMS, type ConversationTerms } from "../../messaging/protocols/index.ts";

const DAY_MS = 86_400_000;
const span = (ms: number, description: string, minMs = 1) =>
  durationText({ minMs, maxMs: 3_660 * DAY_MS })
    .prefault(`${ms}ms`)
    .meta({ description });
const size = (bytes: number, description: string) =>
  sizeText({ minBytes: 1_024, maxBytes: 1024 ** 4 })
    .prefault(bytes)
    .meta({ description });
const count = (standard: number, max: number, description: string) =>
  z.int().min(1).max(max).default(standard).meta({ description });

const router = ROUTER_DEFAULTS;

/** `[messages]` of `caxton.toml`. */
export const MessagesTable = z
  .strictObject({
    synchronous: z.enum(["normal", "full"]).default("full").meta({
      description:
        "Durability of accepted messages: full (survives a power failure) or normal (survives the end of the process). A message may request less",
    }),
    message_bytes_max: size(router.messageBytesMax, "Maximum size of one message"),
    content_bytes_max: size(
      router.contentBytesMax,
      "Maximum size of offloaded content of a workspace; above it, its oldest without waiting messages is deleted",
    ),
    mailbox_messages_max: count(
      router.mailboxMessagesMax,
      10_000_000,
      "Maximum waiting messages per recipient; further messages are refused",
    ),
    mailbox_bytes_max: size(router.mailboxBytesMax, "Maximum size of the waiting messages of one recipient"),
    total_bytes_max: size(router.totalBytesMax, "Maximum size of all mailboxes"),
    in_flight_max: count(router.window, 10_000, "Maximum in-flight messages per recipient, over all its connections"),
    lease: span(router.leaseMs, "Default time to acknowledge a message before it is redelivered", 100),
    attempts_max: count(router.attemptsMax, 100, "Maximum delivery attempts; then the message becomes a dead letter"),
    retry_delay: span(router.retryDelayMs, "Delay before the second delivery; doubled for each further one"),
    retry_delay_max: span(router.retryDelayMaxMs, "Maximum delay between two deliveries"),
    circuit: z
      .strictObject({
        failures: z.int().min(0).max(1_000).default(router.breaker.failures).meta({
          description: "Consecutive failed deliveries that open the circuit of a recipient; 0 disables it",
        }),
        open_for: span(router.breaker.pauseMs, "Time the circuit stays open before one trial delivery"),
      })
      .prefault({}),
    hops_max: count(router.hopsMax, 1_000, "Maximum messages in one causal chain; ends loops"),
    agree_after: span(
      10_000,
      "Send agree if the run of a request or query in a checked conversation takes longer than this",
      100,
    ),
    recipients_max: count(router.recipientsMax, 1_000_000, "Maximum recipients of one topic or broadcast"),
    participant_tokens: z.boolean().default(true).meta({
      description:
        "Require a token to send, fetch or acknowledge as a registered participant, and reject clients that send as an agent; if off, senders are not checked",
    }),
    routing_strategy: z.enum(ROUTING_STRATEGIES).default(router.strategy).meta({
      description: "Default strategy to select one provider of a capability",
    }),
    semantic_fallback: z.boolean().default(false).meta({
      description:
        "Route a message for an unknown capability to the most similar one; the receipt and the message name it",
    }),
    semantic_min_similarity: z.number().min(0).max(1).default(0.4).meta({
      description: "Minimum cosine similarity of the requested capability's name and the other's name or description",
    }),
    dedup_window: span(router.dedupWindowMs, "Time in which a repeated message id is a duplicate"),
    retention: span(
      router.retentionMs,
      "Delete messages, dead letters and ended conversations after this long",
      60_000,
    ),
    journal_bytes_max: size(
      MESSAGE_JOURNAL_DEFAULTS.bytesMax,
      "Maximum journal size; above it, the oldest settled messages are deleted early",
    ),
    dead_letters_max: count(
      MESSAGE_JOURNAL_DEFAULTS.deadLettersMax,
      10_000_000,
      "Maximum dead letters; the oldest are deleted first",
    ),
    conversation_idle: span(CONVERSATION_TERMS.idleMs, "End a conversation that is idle for this long", 1_000),
    conversation_life: span(CONVERSATION_TERMS.lifeMs, "Maximum duration of a conversation", 1_000),
    participants_max: count(
      CONVERSATION_TERMS.participantsMax,
      10_000,
      "Maximum participants of one checked conversation",
    ),
    rounds_max: count(CONVERSATION_TERMS.roundsMax, 10_000, "Maximum calls and counter-proposals to one participant"),
  })
  .prefault({});
type Messages = z.output<typeof MessagesTable>;

export const routerOptions = (messages: Messages): RouterOptions => ({
  ...ROUTER_DEFAULTS,
  messageBytesMax: messages.message_bytes_max,
  contentBytesMax: messages.content_bytes_max,
  mailboxMessagesMax: messages.mailbox_messages_max,
  mailboxBytesMax: messages.mailbox_bytes_max,
  totalBytesMax: messages.total_bytes_max,
  window: messages.in_flight_max,
  leaseMs: messages.lease,
  attemptsMax: messages.attempts_max,
  retryDelayMs: messages.retry_delay,
  retryDelayMaxMs: messages.retry_delay_max,
  breaker: { failures: messages.circuit.failures, pauseMs: messages.circuit.open_for },
  hopsMax: messages.hops_max,
  recipientsMax: messages.recipients_max,
  strategy: messages.routing_strategy,
  dedupWindowMs: messages.dedup_window,
  retentionMs: messages.retention,
});

export const conversationTerms = (messages: Messages): ConversationTerms => ({
  ...CONVERSATION_TERMS,
  idleMs: messages.conversation_idle,
  lifeMs: messages.conversation_life,
  participantsMax: messages.participants_max,
  roundsMax: messages.rounds_max,
});
