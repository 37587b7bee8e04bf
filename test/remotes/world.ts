import { expect } from "vitest";
import * as z from "zod";
import { RemoteAgent } from "../../src/api/contract/messaging/remote-agents.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import type { OfficialServer } from "./official-server.ts";

const Message = z.looseObject({
  id: z.string(),
  performative: z.string(),
  conversation_id: z.string(),
  reply_with: z.string().optional(),
  content: z.unknown(),
});
export const Receipt = z.looseObject({
  id: z.string(),
  conversation_id: z.string(),
  reply: Message.nullable(),
});
const Stored = z.object({ items: z.array(z.looseObject({ message: Message })) });

export type RemoteWorld = AsyncDisposable & {
  readonly server: TestServer;
  /** Sends a request to the agent, and waits for the reply for some seconds. */
  readonly send: (message: object, waitS?: number) => Promise<z.output<typeof Receipt>>;
  /** Returns the first message of the agent that fits. */
  readonly next: (
    fits: { performative: string; conversation?: string },
    timeout?: number,
  ) => Promise<z.output<typeof Message>>;
  readonly get: () => Promise<RemoteAgent>;
};

/** A server with the agent as `bakery`. */
export async function openWorld(
  official: Pick<OfficialServer, "origin" | "url">,
  { add = {}, ...options }: Parameters<typeof startServer>[0] & { add?: object } = {},
): Promise<RemoteWorld> {
  const settings = { "a2a.private_origins": [official.origin], ...options.settings };
  const server = await startServer({ ...options, settings });
  const added = await server.ask("PUT", "/api/v1/remote-agents/bakery", { url: official.url, ...add });
  expect(added).toMatchObject({ status: 200, body: { name: "bakery" } });
  return worldOf(server);
}

export const worldOf = (server: TestServer): RemoteWorld => ({
  server,
  send: async (message, waitS = 20) => {
    const request = { performative: "request", receiver: "bakery", ...message };
    return Receipt.parse((await server.ask("POST", `/api/v1/messages?wait=${waitS}`, request)).body);
  },
  next: async ({ performative, conversation }, timeout = 10_000) => {
    let found: z.output<typeof Message> | undefined;
    await expect
      .poll(
        async () => {
          const { items } = Stored.parse((await server.ask("GET", "/api/v1/messages?sender=bakery&limit=100")).body);
          found = items
            .map(({ message }) => message)
            .find(
              (each) =>
                each.performative === performative && (conversation ?? each.conversation_id) === each.conversation_id,
            );
          return found;
        },
        { timeout },
      )
      .toBeDefined();
    return Message.parse(found);
  },
  get: async () => RemoteAgent.parse((await server.ask("GET", "/api/v1/remote-agents/bakery")).body),
  [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
});
