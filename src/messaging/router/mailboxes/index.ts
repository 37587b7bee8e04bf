/** The open deliveries of each recipient, their state, and the state of the recipient. */
export { Leases } from "./leases.ts";
export { type Mailbox } from "./mailbox.ts";
export {
  type DeliveryState,
  type InFlight,
  type QueuedMessage,
  restoredMessage,
  type Retry,
} from "./queued-message.ts";
export { type BreakerState, Recipient } from "./recipient.ts";
export { Recipients } from "./recipients.ts";
export { type MailboxStats } from "./mailbox-stats.ts";
