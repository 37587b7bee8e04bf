import { type MessageError, type RoutingStrategy } from "../../acl/index.ts";

export type Inadmissible = { readonly error: MessageError; readonly retryAfterMs: number | undefined };

/** What bounds the router. Spans are milliseconds; sizes are characters of JSON. docs/configuration.md says the same. */
export type RouterOptions = {
  /** One message, written as JSON. */
  readonly messageBytesMax: number;
  /** All content that is kept beside messages because it is too large to travel, in bytes. */
  readonly contentBytesMax: number;
  readonly mailboxMessagesMax: number;
  readonly mailboxBytesMax: number;
  /** All mailboxes together. */
  readonly totalBytesMax: number;
  /** Bodies that are kept in memory besides; what is more is read from disk when its turn comes. */
  readonly hotBytesMax: number;
  /** Maximum in-flight deliveries of one recipient. */
  readonly window: number;
  readonly leaseMs: number;
  readonly attemptsMax: number;
  readonly retryDelayMs: number;
  readonly retryDelayMaxMs: number;
  readonly breaker: { readonly failures: number; readonly pauseMs: number };
  readonly hopsMax: number;
  /** How long an id is remembered, and how many are at most. */
  readonly dedupWindowMs: number;
  readonly dedupMessagesMax: number;
  /** Recipients of one broadcast or topic. */
  readonly recipientsMax: number;
  /** How one provider is chosen where the message does not say. */
  readonly strategy: RoutingStrategy;
  /** Rows of one transaction. */
  readonly batchMessagesMax: number;
  /** That settlements, and nothing else, wait for a message to be written with. 0: they do not. */
  readonly settlementWaitMs: number;
  readonly retentionMs: number;
  readonly conversationIdleMs: number;
  readonly conversationLifeMs: number;
  readonly participantsMax: number;
  /** Free conversations of one message that are remembered at least. */
  readonly freshMax?: number | undefined;
  /** Counts a message of a workspace; returns why it may not send it. Default: no limit. */
  readonly admit?: ((workspace: string) => Inadmissible | undefined) | undefined;
  /** Whether agents are not all known yet: until `deployed`, messages without a recipient wait. Default: false. */
  readonly isDeploying?: boolean | undefined;
};

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const MIB = 1024 * 1024;

export const ROUTER_DEFAULTS: RouterOptions = {
  messageBytesMax: MIB,
  contentBytesMax: 8 * 1024 * MIB,
  mailboxMessagesMax: 10_000,
  mailboxBytesMax: 64 * MIB,
  totalBytesMax: 1024 * MIB,
  hotBytesMax: 64 * MIB,
  window: 64,
  leaseMs: 30 * SECOND,
  attemptsMax: 5,
  retryDelayMs: 500,
  retryDelayMaxMs: 30 * SECOND,
  breaker: { failures: 5, pauseMs: 30 * SECOND },
  hopsMax: 16,
  dedupWindowMs: 10 * MINUTE,
  dedupMessagesMax: 500_000,
  recipientsMax: 10_000,
  strategy: "best_match",
  batchMessagesMax: 2_000,
  settlementWaitMs: 5,
  retentionMs: 30 * 24 * HOUR,
  conversationIdleMs: 24 * HOUR,
  conversationLifeMs: 7 * 24 * HOUR,
  participantsMax: 100,
};
