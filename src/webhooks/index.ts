/** Webhooks: events that are sent to addresses of the user, and the port that stores them. */
export { openWebhooks, type WebhooksOptions, type WebhookServices, type WebhooksPorts } from "./open.ts";
export type { NotificationsParts, WriteNotification } from "./notifications.ts";
export {
  type Delivery,
  type DeliveryAttempt,
  DELIVERY_STATES,
  deliveryIdOf,
  isNotifying,
  type JournalRow,
  type NewDelivery,
  type Notification,
  type Notifying,
  type Recorded,
  type Position,
  type Webhook,
  type WebhookKey,
  type WebhookStore,
} from "./webhook.ts";
