import * as z from "zod";
import { operation } from "../operation.ts";
import { ListQuery } from "../problem.ts";
import {
  CreatedWebhook,
  CreateWebhookBody,
  ReplayedWebhook,
  ReplayWebhookBody,
  RotateWebhookBody,
  UpdateWebhookBody,
  Webhook,
  WebhookDelivery,
  WebhookDeliveryPage,
  WebhookDeliveryQuery,
  WebhookPage,
} from "./webhooks.ts";

const COMMON = { tags: ["webhooks"], surfaces: ["rest", "cli"] } as const;
const READ = { ...COMMON, permission: "webhooks:read", effect: "read" } as const;
const WRITE = { ...COMMON, permission: "webhooks:write", effect: "write" } as const;
const params = z.object({ id: z.string().max(100).meta({ description: "Id of the webhook" }) });

export const list = operation({
  ...READ,
  name: "webhook.list",
  summary: "List webhooks, the oldest first",
  http: { method: "GET", path: "/api/v1/webhooks" },
  query: ListQuery,
  output: WebhookPage,
});

export const create = operation({
  ...WRITE,
  name: "webhook.create",
  created: "id",
  summary: "Create a webhook that sends events to a URL",
  description:
    "Only this response contains the secret that signs the requests. The webhook delivers what the principal that creates it or changes it last may read.",
  http: { method: "POST", path: "/api/v1/webhooks" },
  retry: "by-key",
  body: CreateWebhookBody,
  output: CreatedWebhook,
  sentOnce: ["secret"],
});

export const get = operation({
  ...READ,
  name: "webhook.get",
  summary: "Get a webhook",
  http: { method: "GET", path: "/api/v1/webhooks/:id" },
  params,
  output: Webhook,
});

export const update = operation({
  ...WRITE,
  name: "webhook.update",
  summary: "Change, enable or disable a webhook",
  description: "The principal becomes the owner of the webhook. A webhook that stopped continues.",
  http: { method: "PATCH", path: "/api/v1/webhooks/:id" },
  params,
  body: UpdateWebhookBody,
  output: Webhook,
});

const remove = operation({
  ...WRITE,
  name: "webhook.delete",
  summary: "Delete a webhook with its deliveries",
  http: { method: "DELETE", path: "/api/v1/webhooks/:id" },
  effect: "destroy",
  params,
  output: params,
});

export const rotate = operation({
  ...WRITE,
  name: "webhook.rotate",
  summary: "Replace the secret of a webhook",
  description: "Only this response contains the new secret. Both secrets sign for `grace` seconds more.",
  http: { method: "POST", path: "/api/v1/webhooks/:id/rotate" },
  retry: "never",
  params,
  body: RotateWebhookBody,
  isBodyOptional: true,
  output: CreatedWebhook,
  sentOnce: ["secret"],
});

export const test = operation({
  ...WRITE,
  name: "webhook.test",
  summary: "Send a test event and return the result",
  description: "The event is sent once, also if the webhook is disabled or stopped.",
  http: { method: "POST", path: "/api/v1/webhooks/:id/test" },
  retry: "never",
  params,
  output: WebhookDelivery,
});

export const deliveries = operation({
  ...READ,
  name: "webhook.deliveries",
  summary: "List deliveries with their attempts, newest first",
  http: { method: "GET", path: "/api/v1/webhooks/:id/deliveries" },
  params,
  query: WebhookDeliveryQuery,
  output: WebhookDeliveryPage,
});

export const replay = operation({
  ...WRITE,
  name: "webhook.replay",
  summary: "Send one delivery again, or all dead ones",
  description: "A delivery keeps its id, so a receiver that has it recognizes it.",
  http: { method: "POST", path: "/api/v1/webhooks/:id/replay" },
  retry: "by-key",
  params,
  body: ReplayWebhookBody,
  isBodyOptional: true,
  output: ReplayedWebhook,
});

export { remove as delete };
