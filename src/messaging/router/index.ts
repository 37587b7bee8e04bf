/** Messages on their way: mailboxes, delivery, addressing. */
export {
  ConversationNotFoundError,
  DeadLetterNotFoundError,
  MessageContentNotFoundError,
  MessageNotFoundError,
} from "./errors.ts";
export { expiryOf, isExpiry, isPast } from "./deliveries/expiry.ts";
export { type RouterEvent, type RouterFilter } from "./event-bus.ts";
export { DURATION_BOUNDS_S, type RouterStats, ROUTING_SAMPLED } from "./stats.ts";
export { type Fetch, type FetchedSettlement, SHARED } from "./deliveries/fetching.ts";
export { followUp } from "./conversations/loops.ts";

export { CapabilityEmbeddings } from "./addressing/index.ts";
export { type SubscriptionDraft, Subscriptions } from "./subscriptions/index.ts";
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
  type Party,
  type PendingColumns,
  type Recovered,
  type RetryColumns,
  RowsBuilder,
  type SettlementColumns,
  type StoredMessage,
  type StoredSettlement,
  type TextVectors,
  ROUTER_DEFAULTS,
  type RouterOptions,
  wordKey,
  MESSAGE_FAILURES,
  type MessageFailureCode,
} from "./ports/index.ts";
export {
  type EvictedConversationPage,
  type DeadLetterKey,
  type DeadLetterQuery,
  type ListedConversation,
  type DeliveryView,
  type MailboxView,
  type MessageView,
  type RecordQuery,
} from "./records.ts";
