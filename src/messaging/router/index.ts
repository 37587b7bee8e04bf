/** Messages on their way: mailboxes, delivery, addressing. */
export {
  ConversationNotFoundError,
  DeadLetterNotFoundError,
  MessageContentNotFoundError,
  MessageNotFoundError,
} from "./errors.ts";
export { expiryOf, isExpiry, isPast } from "./deliveries/expiry.ts";
export { type RouterEvent } from "./event-bus.ts";
export { DURATION_BOUNDS_S, ROUTING_SAMPLED } from "./stats.ts";
export { type FetchedSettlement, SHARED } from "./deliveries/fetching.ts";
export { followUp } from "./conversations/loops.ts";

export { CapabilityEmbeddings } from "./addressing/index.ts";
export { Subscriptions } from "./subscriptions/index.ts";
export { type Subscription, type SubscriptionStore } from "./ports/index.ts";
export { Router, type RouterParts } from "./router.ts";
export { taken } from "./taken.ts";
export {
  type AgentHandler,
  type Delivered,
  type Settlement,
  type Submitted,
  type Directory,
  type InFlightEntry,
  type InFlightLog,
  type Presence,
  type Provider,
  PROVIDER_STATUSES,
  type ProviderStatus,
  type ConversationQuery,
  type ConversationRow,
  type DeadLetter,
  type DeadQuery,
  type FailedAttempt,
  type Head,
  HEAD_WORDS,
  headsOf,
  type JournalBatch,
  type JournalStats,
  type MessageJournal,
  type MessageRows,
  type MessageQuery,
  type Outcome,
  OUTCOMES,
  type PendingColumns,
  type Recovered,
  RowsBuilder,
  type StoredMessage,
  type StoredSettlement,
  type TextVectors,
  ROUTER_DEFAULTS,
  type RouterOptions,
  wordKey,
  failure,
  MESSAGE_FAILURES,
  type Signatures,
} from "./ports/index.ts";
export { type DeadLetterKey, type ListedConversation, type DeliveryView, type MessageView } from "./records.ts";
