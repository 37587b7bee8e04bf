import { type Message } from "../../acl/index.ts";
import { type FailedAttempt, type PendingColumns } from "../ports/index.ts";

/** A message inside the router, on its way to one mailbox or several. */
export type QueuedMessage = {
  readonly seq: number;
  readonly workspace: string;
  /** 0 low to 3 critical. */
  readonly priority: number;
  /** `wordKey` of its conversation. */
  readonly conversationKey: number;
  /** Bytes of its line in the journal. */
  readonly size: number;
  /** Epoch milliseconds, 0 is never. */
  readonly expiresAtMs: number;
  /** Of durability `none`: nothing of it is on disk. */
  readonly isVolatile: boolean;
  /** Its content while there is room for it in memory; else it is read from the journal. */
  message: Message | undefined;
};

/** A delivery in flight: leased to a recipient, not yet settled. */
export type InFlight = {
  readonly queued: QueuedMessage;
  readonly attempt: number;
  /** Those before that failed, oldest first. */
  readonly history: readonly FailedAttempt[];
  /** Monotonic milliseconds. */
  readonly startedAtMs: number;
  readonly lease: Lease;
  /** Known once it was read. */
  message: Message | undefined;
  /** Its index among the in-flight deliveries. */
  place: number;
  /** Not in flight any more. */
  isOver: boolean;
};

/** Deliveries whose time runs out together. */
export type Lease = { readonly endsAtMs: number; readonly stop: AbortController; readonly signal: AbortSignal };

/** A message that failed and waits for its next attempt: the state `retrying` of a delivery. */
export type Retry = {
  readonly queued: QueuedMessage;
  /** Attempts made. */
  readonly attempts: number;
  /** Monotonic milliseconds. */
  readonly nextAtMs: number;
  /** Why the last one failed. */
  readonly reason: string;
  readonly history: readonly FailedAttempt[];
};

/** What is known of a delivery before its first attempt. */
export const FIRST_ATTEMPT: Pick<Retry, "attempts" | "history"> = { attempts: 0, history: [] };

/** Where a delivery is that is not over. */
export type DeliveryState =
  | { readonly state: "queued" }
  /** Behind one of the same conversation that is tried again. */
  | { readonly state: "blocked" }
  | { readonly state: "leased"; readonly attempt: number; readonly startedAtMs: number; readonly endsAtMs: number }
  | { readonly state: "retrying"; readonly attempts: number; readonly nextAtMs: number; readonly reason: string };

/** A delivery that was open when the router was closed or the process ended. */
export const restoredMessage = (pending: PendingColumns, row: number, workspace: string): QueuedMessage => ({
  seq: pending.seqs[row] ?? 0,
  workspace,
  priority: pending.priorities[row] ?? 1,
  conversationKey: pending.conversationKeys[row] ?? 0,
  size: pending.sizes[row] ?? 0,
  expiresAtMs: pending.expiresAtMs[row] ?? 0,
  isVolatile: false,
  message: undefined,
});
