import { Agent, get, type IncomingMessage } from "node:http";
import { json } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { Keys } from "../../src/access/keys/index.ts";
import * as contract from "../../src/api/contract/index.ts";
import { ManualClock } from "../helpers/manual-clock.ts";
import { startServer, type TestServer } from "../helpers/server.ts";

let server: TestServer;
let admin: string;
/** One connection, which stays open. */
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const ports = new Set<unknown>();

/** Asks who a key is, on the one connection. */
async function whoIs(key: string): Promise<{ readonly status: number | undefined; readonly name: unknown }> {
  const headers = { authorization: `Bearer ${key}` };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${server.url}/api/v1/whoami`, { agent, headers }, resolve).on("error", reject);
  });
  ports.add(response.socket.localPort);
  const body = z.looseObject({}).parse(await json(response));
  return { status: response.statusCode, name: body["name"] ?? body["code"] };
}

async function ask(method: string, path: string, body: object, by = admin): Promise<unknown> {
  const headers = { authorization: `Bearer ${by}`, "content-type": "application/json" };
  const response = await fetch(server.url + path, { method, headers, body: JSON.stringify(body) });
  expect(response.status).toBeLessThan(300);
  const text = await response.text();
  return text === "" ? undefined : JSON.parse(text);
}

async function create(name: string, more: object = { role: "readonly" }, by = admin) {
  const { id, key } = contract.keys.CreatedApiKey.parse(await ask("POST", "/api/v1/keys", { name, ...more }, by));
  return { id, key: key ?? "" };
}

beforeAll(async () => {
  server = await startServer({ settings: { "access.mode": "required" } });
  admin = (await create("root", { role: "admin" }, server.started.setupToken)).key;
});
afterAll(async () => {
  agent.destroy();
  await server?.[Symbol.asyncDispose]();
});

const accepted = (name: string) => ({ status: 200, name });
const refused = { status: 401, name: "CREDENTIALS_INVALID" };
const done = async (): Promise<void> => undefined;

// access.keys.K3
test("each request of a connection counts as its own key, and a key that ends is refused on its connection at once", async () => {
  const [one, two] = [await create("one"), await create("two")];
  for (const round of [1, 2, 3]) {
    expect(await whoIs(one.key), `round ${round}`).toEqual(accepted("one"));
    expect(await whoIs(one.key)).toEqual(accepted("one"));
    expect(await whoIs(two.key)).toEqual(accepted("two"));
    // The id of the key that was accepted, with another secret.
    expect(await whoIs(two.key.replace(two.id, one.id))).toEqual(refused);
  }
  expect(await whoIs(one.key)).toEqual(accepted("one"));
  const rotated = contract.keys.CreatedApiKey.parse(await ask("POST", `/api/v1/keys/${one.id}/rotate`, {}));
  expect(await whoIs(one.key)).toEqual(refused);
  expect(await whoIs(rotated.key ?? "")).toEqual(accepted("one"));
  await ask("DELETE", `/api/v1/keys/${one.id}`, {});
  expect(await whoIs(rotated.key ?? "")).toEqual(refused);
  await ask("POST", "/api/v1/workspaces", { name: "short" });
  const three = await create("three", { role: "readonly", workspace: "short" });
  expect(await whoIs(three.key)).toEqual(accepted("three"));
  await ask("DELETE", "/api/v1/workspaces/short?confirm=true", {});
  expect(await whoIs(three.key)).toEqual(refused);
  expect(ports.size).toBe(1);
});

// access.keys.K3
test("a key that expires, and the secret before a rotation, end on a connection that has presented them before", async () => {
  const clock = new ManualClock();
  using keys = new Keys({ load: () => [], save: done, used: done, deleteWorkspace: done }, clock);
  const wanted = { name: "x", role: "readonly", workspace: "default", only: {}, createdBy: "test" };
  const connection = {};
  const find = (key: string) => {
    const found = keys.find(key, connection);
    return "fault" in found ? found.fault : found.id;
  };
  const { stored, key } = await keys.create({ ...wanted, expiresAtMs: clock.nowMs() + 1_000 });
  const next = await keys.rotate(stored.id, 100);
  for (let count = 0; count < 3; count += 1) expect(find(key)).toBe(stored.id);
  await clock.advance(101);
  expect(find(key)).toBe("unknown");
  for (let count = 0; count < 3; count += 1) expect(find(next.key)).toBe(stored.id);
  await clock.advance(1_000);
  expect(find(next.key)).toBe("expired");
});
