/** What is under way to one recipient, how far, and how the recipient is doing. */
export { Leases } from "./leases.ts";
export { type Mailbox, type MailboxBounds } from "./mailbox.ts";
export { type DeliveryState, type Flight, type Lease, type Parcel, restoredParcel, type Retry } from "./parcel.ts";
export { type BreakerState, Recipient } from "./recipient.ts";
export { Recipients } from "./recipients.ts";
export { type Standings } from "./standings.ts";
