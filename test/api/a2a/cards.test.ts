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

const extension = (params: object) => ({ capabilities: { extensions: [{ uri: "urn:caxton:a2a:agents", params }] } });

const rpc = async (key: string | undefined, params: object = {}) => {
  const response = await fetch(`${server.url}/a2a`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(key !== undefined && { "x-api-key": key }) },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "GetExtendedAgentCard", params }),
  });
  return { status: response.status, body: Object(await response.json()) };
};

describe("the extended card", () => {
  const details = { revision: 1, state: "active", tools: expect.any(Array) };
  test.each(["JSONRPC", "HTTP+JSON", "GRPC"] as const)("of an agent has its details, over %s", async (binding) => {
    const a2a = await connect(server.url, "greeter", { binding, key: user });
    const card = await a2a.getAgentCard();
    const greeter = { ...details, documentation: expect.any(String), agents: [], handoffs: [] };
    expect(card).toMatchObject({ name: "greeter", ...extension({ greeter }) });
    const own = await get(`${server.url}/a2a/greeter/${CARD}`, { "x-api-key": user });
    expect(own).not.toMatchObject(extension({}));
  });

  test("of the server has all agents that the caller may see", async () => {
    const { body } = await rpc(user);
    expect(body.result).toMatchObject({ name: "Caxton", ...extension({ greeter: details, "file-clerk": details }) });
    expect((await rpc(user, { tenant: "greeter" })).body.result).toMatchObject({ name: "greeter" });
    await server.createWorkspace("other");
    const other = (await rpc(await server.createKey("user", "other"))).body.result;
    expect([other.name, other.skills]).toEqual(["Caxton", undefined]);
    expect(JSON.stringify(other)).not.toContain("greeter");
  });

  test("needs credentials", async () => {
    expect((await rpc(undefined)).status).toBe(401);
    expect((await fetch(`${server.url}/a2a/greeter/extendedAgentCard`)).status).toBe(401);
    const open = await get(`${server.url}/${CARD}`);
    expect(open).not.toMatchObject(extension({}));
    expect(JSON.stringify(open)).not.toContain("greeter");
  });

  test("of an agent of another workspace, or beyond the limits of a key, is not found", async () => {
    await server.createWorkspace("second");
    const key = await server.createKey("user", "second");
    expect((await rpc(key, { tenant: "greeter" })).status).toBe(404);
  });
});
