/** Who wants what is published. */
export { type SubscriptionDraft, Subscriptions } from "./subscriptions.ts";
