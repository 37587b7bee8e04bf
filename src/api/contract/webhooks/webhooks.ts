import * as z from "zod";
import { JsonObject } from "../../../kernel/json.ts";
import { WebhookChange, WebhookSpec } from "../../../kernel/webhooks/webhook-spec.ts";
import { ListQuery, page } from "../problem.ts";

const Instant = z.iso.datetime();

/** A webhook of a workspace, without its secret. */
export const Webhook = z
  .object({
    id: z.string(),
    ...WebhookSpec.shape,
    owner: z
      .object({ id: z.string(), kind: z.string(), name: z.string() })
      .meta({ description: "Principal whose rights limit the events: the one that changed the webhook last" }),
    created_at: Instant,
    updated_at: Instant,
    state: z.enum(["active", "failing", "full", "stopped", "disabled"]).meta({
      description:
        "failing: the last attempts failed; full: too many deliveries wait, so events are left out; stopped: see `stopped`; disabled: `enabled` is false",
    }),
    stopped: z
      .object({ since: Instant, reason: z.string() })
      .nullable()
      .meta({ description: "Why it delivers nothing although it is enabled. Enabling it again starts it" }),
    failing_since: Instant.nullable().meta({ description: "First failed attempt after the last success" }),
    previous_secret_until: Instant.nullable().meta({ description: "Until then the previous secret signs too" }),
    sequence: z.int().meta({ description: "Sequence number of the newest event" }),
    pending: z.int().meta({ description: "Deliveries that wait" }),
    dropped: z.int().meta({ description: "Events that were left out because too many deliveries waited" }),
    dropped_at: Instant.nullable(),
  })
  .meta({ id: "Webhook" });
export type Webhook = z.infer<typeof Webhook>;
export const WebhookPage = page(Webhook).meta({ id: "WebhookPage" });

export const CreateWebhookBody = WebhookSpec.meta({ id: "CreateWebhook" });
export const UpdateWebhookBody = WebhookChange.meta({ id: "UpdateWebhook" });

export const CreatedWebhook = Webhook.extend({
  secret: z
    .string()
    .nullable()
    .meta({ description: "Key of the signatures, whsec_ and base64. null if the request was answered before" }),
}).meta({ id: "CreatedWebhook" });

export const RotateWebhookBody = z
  .strictObject({
    grace: z
      .int()
      .min(0)
      .max(604_800)
      .default(86_400)
      .meta({ description: "Seconds in which the previous secret signs too" }),
  })
  .meta({ id: "RotateWebhook" });

const DeliveryState = z.enum(["pending", "delivered", "dead"]).meta({
  description: "pending: it waits for its next attempt; dead: no attempt succeeded, and it waits for a replay",
});

/** An event for a webhook, with its attempts. */
export const WebhookDelivery = z
  .object({
    id: z.string().meta({ description: "The same in every attempt: the header webhook-id" }),
    sequence: z.int(),
    type: z.string(),
    timestamp: Instant.meta({ description: "Time of the event" }),
    data: JsonObject.meta({ description: "Data of the event, without content" }),
    state: DeliveryState,
    next_attempt_at: Instant.nullable(),
    attempts: z.array(
      z.object({
        at: Instant,
        duration_ms: z.int(),
        status: z.int().nullable().meta({ description: "HTTP status; null without a complete response" }),
        error: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: "WebhookDelivery" });
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;
export const WebhookDeliveryPage = page(WebhookDelivery).meta({ id: "WebhookDeliveryPage" });
export const WebhookDeliveryQuery = ListQuery.extend({ state: DeliveryState.optional() });

export const ReplayWebhookBody = z
  .strictObject({
    delivery: z.string().optional().meta({ description: "Id of one delivery. Default: all dead deliveries" }),
  })
  .meta({ id: "ReplayWebhook" });
export const ReplayedWebhook = z
  .object({ replayed: z.int().meta({ description: "Number of deliveries that are sent again" }) })
  .meta({ id: "ReplayedWebhook" });
