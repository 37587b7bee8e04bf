import { infiniteQueryOptions, type QueryClient, queryOptions } from "@tanstack/react-query";
import { type GivenTo, operations } from "../../../src/api/contract/index.ts";
import { call } from "./client.ts";
import { entriesOf, pagesFrom } from "./page.ts";
import { retryUnlessRefused } from "./queries.ts";

const PAGE_SIZE = 50;
/** Deliveries have no events of their own. */
const AGAIN_MS = 3_000;

export const webhooksQuery = queryOptions({
  queryKey: ["webhooks"],
  queryFn: ({ signal }) => entriesOf((cursor) => call(operations.webhook.list, { cursor, limit: 200 }, signal)),
  refetchInterval: ({ state }) => (state.error === null ? AGAIN_MS : false),
});

export const webhookQuery = (id: string) =>
  queryOptions({
    queryKey: ["webhook", id],
    queryFn: ({ signal }) => call(operations.webhook.get, { id }, signal),
    retry: retryUnlessRefused,
    refetchInterval: ({ state }) => (state.error === null ? AGAIN_MS : false),
  });

export type DeliveryState = "pending" | "delivered" | "dead";

/** The newest first. */
export const deliveriesQuery = (id: string, state: DeliveryState | undefined) =>
  infiniteQueryOptions({
    queryKey: ["webhook-deliveries", id, state],
    ...pagesFrom((cursor, signal) =>
      call(operations.webhook.deliveries, { id, state, cursor, limit: PAGE_SIZE }, signal),
    ),
    refetchInterval: ({ state: { error } }) => (error === null ? AGAIN_MS : false),
  });

export const createWebhook = (spec: GivenTo<typeof operations.webhook.create>) => call(operations.webhook.create, spec);
export const setWebhookEnabled = (id: string, enabled: boolean) => call(operations.webhook.update, { id, enabled });
export const rotateWebhook = (id: string) => call(operations.webhook.rotate, { id });
export const testWebhook = (id: string) => call(operations.webhook.test, { id });
export const replayWebhook = (id: string, delivery: string | undefined) =>
  call(operations.webhook.replay, { id, delivery });
export const deleteWebhook = (id: string) => call(operations.webhook.delete, { id });

export const refetchWebhooks = (client: QueryClient) =>
  Promise.all(
    ["webhooks", "webhook", "webhook-deliveries"].map((name) => client.invalidateQueries({ queryKey: [name] })),
  );
