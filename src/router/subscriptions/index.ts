/** Who wants what is published. */
export { SubscriptionNotFoundError, SubscriptionsFullError, TopicInvalidError } from "./errors.ts";
export { type SubscriptionDraft, Subscriptions } from "./subscriptions.ts";
