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
        "What accepted means: full, on disk through a power cut; normal, through the end of the process only. A message may ask for less by its durability",
    }),
    message_bytes_max: size(router.messageBytesMax, "One message"),
    content_bytes_max: size(
      router.contentBytesMax,
      "Large content kept beside messages; past this the oldest goes that no waiting message refers to",
    ),
    mailbox_messages_max: count(
      router.mailboxMessagesMax,
      10_000_000,
      "Messages that wait for one recipient; then senders are refused",
    ),
    mailbox_bytes_max: size(router.mailboxBytesMax, "And their size"),
    total_bytes_max: size(router.totalBytesMax, "All mailboxes together"),
    window: count(router.window, 10_000, "Maximum messages in flight to one recipient, over all its connections"),
    lease: span(
      router.leaseMs,
      "How long a recipient may take for a message before it comes again; a program outside may ask for another time",
      100,
    ),
    attempts_max: count(router.attemptsMax, 100, "Deliveries of a message that fails; then it is a dead letter"),
    retry_delay: span(router.retryDelayMs, "Before the second delivery; doubled for each further one"),
    retry_delay_max: span(router.retryDelayMaxMs, "Longest pause between two deliveries"),
    breaker_failures: z.int().min(0).max(1_000).default(router.breaker.failures).meta({
      description: "Deliveries that fail in a row until a recipient gets a pause and others are chosen; 0 never",
    }),
    breaker_pause: span(router.breaker.pauseMs, "How long that pause is"),
    hops_max: count(router.hopsMax, 1_000, "Messages that may lead to one another, so that circles end"),
    agree_after: span(
      10_000,
      "How long an agent may work on a request or query of a checked conversation until whoever asked hears that it agrees",
      100,
    ),
    recipients_max: count(router.recipientsMax, 1_000_000, "Recipients of one topic or broadcast"),
    participant_tokens: z.boolean().default(true).meta({
      description:
        "Whether who speaks, fetches or settles as a registered program shows its token, and nobody outside speaks as an agent; off, every sender that is named is believed",
    }),
    routing_strategy: z.enum(ROUTING_STRATEGIES).default(router.strategy).meta({
      description: "How one provider of a capability is chosen where the message does not say",
    }),
    semantic_fallback: z.boolean().default(false).meta({
      description:
        "Whether a message to a capability that nobody provides goes to the nearest one in meaning; the receipt and the message say which",
    }),
    semantic_min_similarity: z.number().min(0).max(1).default(0.4).meta({
      description: "Cosine of the two capabilities' names, or of a description, from which that is done",
    }),
    dedup_window: span(
      router.dedupWindowMs,
      "How long a message's id is remembered, so that sending it again does nothing",
    ),
    retention: span(
      router.retentionMs,
      "How long messages, dead letters and conversations that are over are kept",
      60_000,
    ),
    journal_bytes_max: size(MESSAGE_JOURNAL_DEFAULTS.bytesMax, "Past this the oldest settled messages go sooner"),
    dead_letters_max: count(
      MESSAGE_JOURNAL_DEFAULTS.deadLettersMax,
      10_000_000,
      "Dead letters kept; the oldest go first",
    ),
    conversation_idle: span(
      CONVERSATION_TERMS.idleMs,
      "A conversation in which nothing is said for so long ends",
      1_000,
    ),
    conversation_life: span(CONVERSATION_TERMS.lifeMs, "A conversation ends after so long in any case", 1_000),
    participants_max: count(CONVERSATION_TERMS.participantsMax, 10_000, "Participants of one checked conversation"),
    rounds_max: count(CONVERSATION_TERMS.roundsMax, 10_000, "Calls and counter-proposals to one participant"),
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
  window: messages.window,
  leaseMs: messages.lease,
  attemptsMax: messages.attempts_max,
  retryDelayMs: messages.retry_delay,
  retryDelayMaxMs: messages.retry_delay_max,
  breaker: { failures: messages.breaker_failures, pauseMs: messages.breaker_pause },
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
