import * as z from "zod";
import { operation } from "../operation.ts";
import { SubscribeBody, Subscription, SubscriptionPage, SubscriptionQuery } from "./participants.ts";

const COMMON = { tags: ["subscriptions"], surfaces: ["rest", "cli"] } as const;
const params = z.object({ id: z.string() });

export const list = operation({
  ...COMMON,
  name: "subscription.list",
  summary: "List subscriptions, oldest first",
  http: { method: "GET", path: "/api/v1/subscriptions" },
  permission: "subscriptions:read",
  effect: "read",
  query: SubscriptionQuery,
  output: SubscriptionPage,
});

export const create = operation({
  ...COMMON,
  name: "subscription.create",
  created: "id",
  summary: "Subscribe a program or an agent to topics; idempotent",
  http: { method: "POST", path: "/api/v1/subscriptions" },
  permission: "subscriptions:write",
  effect: "write",
  retry: "by-key",
  body: SubscribeBody,
  output: Subscription,
});

const remove = operation({
  ...COMMON,
  name: "subscription.delete",
  summary: "Delete a subscription",
  http: { method: "DELETE", path: "/api/v1/subscriptions/:id" },
  permission: "subscriptions:write",
  effect: "destroy",
  params,
  output: params,
});

export { remove as delete };
