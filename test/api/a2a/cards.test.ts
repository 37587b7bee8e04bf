import { AgentCard, verifyAgentCardSignature } from "@a2a-js/sdk";
import { createPublicKey } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { tempDirectory } from "../../helpers/temp.ts";
import { verifies } from "../../helpers/verifies.ts";
import { WorkspaceServer } from "../../helpers/workspaces.ts";
import { connect } from "./clients.ts";

verifies("api.a2a");

const CARD = ".well-known/agent-card.json";
const Keys = z.object({
  keys: z.array(z.object({ kid: z.string(), kty: z.string(), crv: z.string(), x: z.string(), y: z.string() })),
});

let server: WorkspaceServer;
let user: string;
beforeAll(async () => {
  server = await WorkspaceServer.start({ script: [{ text: "hello from the agent" }] });
  user = await server.createKey("user");
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

async function get(url: string, headers: Record<string, string> = {}): Promise<unknown> {
  const response = await fetch(url, { headers });
  expect(response.status).toBe(200);
  return response.json();
}

/** Verifies a card with the official library, and the keys at the address in its signature. */
const verify = (card: unknown, origin: string) =>
  verifyAgentCardSignature(async (kid, jku = "") => {
    expect(new URL(jku).origin).toBe(origin);
    const found = Keys.parse(await get(jku)).keys.find((key) => key.kid === kid);
    return createPublicKey({ key: { ...found }, format: "jwk" });
  })(Object.assign(Object(card)));

describe("signatures", () => {
  test.each([
    ["of the server, without credentials", CARD, false],
    ["of the server, with credentials", CARD, true],
    ["of an agent", `a2a/greeter/${CARD}`, true],
    ["of an agent, extended", "a2a/greeter/extendedAgentCard", true],
  ])("a card %s is signed by a key that the server publishes", async (_, path, isKnown) => {
    const card = await get(`${server.url}/${path}`, isKnown ? { "x-api-key": user } : {});
    await verify(card, server.url);
    // The library prints why a signature is not valid.
    using printed = vi.spyOn(console, "debug").mockReturnValue(undefined);
    const forged = { ...Object(card), description: "forged" };
    await expect(verify(forged, server.url)).rejects.toThrow("No valid signatures");
    expect(printed).toHaveBeenCalledOnce();
  });

  test("the extended card over JSON-RPC is signed too", async () => {
    const a2a = await connect(server.url, "greeter", { key: user });
    const card = await a2a.getAgentCard();
    expect(card.signatures).toHaveLength(1);
    await verify(AgentCard.toJSON(card), server.url);
  });

  test("the key is created with the first card, for the server's user alone, and survives a restart", async () => {
    const home = tempDirectory();
    await using stack = new AsyncDisposableStack();
    stack.use(home);
    const file = join(home.path, ".caxton/card-key.pem");
    const keys: string[] = [];
    let admin: string | undefined;
    for (let start = 0; start < 2; start += 1) {
      await using started = await WorkspaceServer.start({ directory: home.path }, admin);
      admin = started.admin;
      const read = await Promise.all([1, 2].map(() => get(`${started.url}/.well-known/jwks.json`)));
      keys.push(...read.map((each) => JSON.stringify(each)));
      await verify(await get(`${started.url}/${CARD}`), started.url);
    }
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).not.toContain('"d"');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});
