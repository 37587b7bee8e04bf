import { expect } from "vitest";
import { webhooks as schemas } from "../../src/api/contract/index.ts";
import { ManualClock } from "../helpers/manual-clock.ts";
import { startServer, type TestServer, type TestServerOptions } from "../helpers/server.ts";
import type { Receiver } from "./receiver.ts";

export const START_MS = Date.parse("2026-11-23T08:00:00Z");

/** A server with a clock that the test moves, and with webhooks to a receiver. */
export async function startHooked(receiver: Pick<Receiver, "origin">, options: TestServerOptions = {}) {
  const clock = new ManualClock(START_MS);
  const server = await startServer({
    ...options,
    overrides: { clock, ...options.overrides },
    settings: { "webhooks.private_origins": [receiver.origin], ...options.settings },
  });
  return { server, clock, ...callsOf(server), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

export function callsOf(server: Pick<TestServer, "ask">) {
  const ask = async (method: string, path: string, body?: object) => {
    const answer = await server.ask(method, `/api/v1/webhooks${path}`, body);
    expect(answer).toMatchObject({ status: 200 });
    return answer.body;
  };
  return {
    create: async (spec: object) => schemas.CreatedWebhook.parse(await ask("POST", "", spec)),
    get: async (id: string) => schemas.Webhook.parse(await ask("GET", `/${id}`)),
    update: async (id: string, change: object) => schemas.Webhook.parse(await ask("PATCH", `/${id}`, change)),
    rotate: async (id: string, body: object) => schemas.CreatedWebhook.parse(await ask("POST", `/${id}/rotate`, body)),
    test: async (id: string) => schemas.WebhookDelivery.parse(await ask("POST", `/${id}/test`)),
    remove: (id: string) => ask("DELETE", `/${id}`),
    replay: (id: string, body: object = {}) => ask("POST", `/${id}/replay`, body),
    deliveries: async (id: string, query = "") =>
      schemas.WebhookDeliveryPage.parse(await ask("GET", `/${id}/deliveries${query}`)).items,
    run: async (input = "Say hello", agent = "data-analyzer") => {
      const answer = await server.ask("POST", "/api/v1/runs", { agent, input, wait: true });
      const { id }: { id: string } = JSON.parse(JSON.stringify(answer.body));
      return id;
    },
  };
}
