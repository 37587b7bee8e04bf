/** What the router asks of others, what it says, and what bounds it. */
export { type AgentHandler, type Delivered, type Settlement, type Submitted } from "./delivery.ts";
export { deliveryKey, type InFlightEntry, type InFlightLog } from "./in-flight-log.ts";
export { type Directory, type Presence, type Provider, PROVIDER_STATUSES, type ProviderStatus } from "./directory.ts";
export {
  type ConversationQuery,
  type ConversationRow,
  type DeadLetter,
  type FailedAttempt,
  type DeadQuery,
  type JournalBatch,
  type JournalStats,
  type MessageJournal,
  type MessageQuery,
  type Outcome,
  OUTCOMES,
  type Party,
  type PendingColumns,
  type Recovered,
  type StoredMessage,
  type StoredSettlement,
} from "./journal.ts";
export { type TextVectors } from "./meaning.ts";
export { type Head, HEAD_WORDS, headsOf, type MessageRows, type Placed, RowsBuilder, wordKey } from "./message-rows.ts";
export { type Signatures } from "./signatures.ts";
export { type Subscription, type SubscriptionStore } from "./subscription.ts";
export { ROUTER_DEFAULTS, type RouterOptions } from "./options.ts";
export {
  failure,
  mailboxFull,
  MESSAGE_FAILURES,
  notStored,
  routerFull,
  LOOKING_UP,
  STILL_DEPLOYING,
  STOPPING,
  tooLarge,
} from "./refusals.ts";
