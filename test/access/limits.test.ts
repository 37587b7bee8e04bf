import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { headOf, type RawAnswer, rawClient, type RawClient } from "../helpers/raw-request.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("api.rude-clients");

const MIB = 1024 ** 2;
const ADDRESS = "127.0.0.2";

let server: TestServer;
let keys: readonly string[];

const bearer = (key: string | undefined) => ({ authorization: `Bearer ${key}` });

async function createKey(role: string, by: string): Promise<string> {
  const response = await fetch(`${server.url}/api/v1/keys`, {
    method: "POST",
    headers: { ...bearer(by), "content-type": "application/json" },
    body: JSON.stringify({ name: role, role }),
  });
  return contract.keys.CreatedApiKey.parse(await response.json()).key ?? "";
}

beforeAll(async () => {
  server = await startServer({
    settings: {
      "access.mode": "required",
      "server.limits.connections.address": 30,
      "server.limits.body_bytes.principal": "40MiB",
      "server.limits.body_bytes.server": "60MiB",
      "server.limits.body_timeout": "2s",
      "server.limits.streams.principal": 3,
      "server.limits.sockets.address": 4,
      "server.limits.sockets.principal": 2,
      "server.limits.uploads.principal": 3,
    },
  });
  const admin = await createKey("admin", server.started.setupToken ?? "");
  keys = [admin, await createKey("operator", admin), await createKey("operator", admin)];
});
afterAll(() => server?.[Symbol.asyncDispose]());

const JSON_HEADERS = { "content-type": "application/json" };
const statusOf = async (key: string | undefined, body: object) => {
  const response = await fetch(`${server.url}/api/v1/agents/validate`, {
    method: "POST",
    headers: { ...bearer(key), ...JSON_HEADERS },
    body: JSON.stringify(body),
  });
  return response.status;
};
const large = { source: "x".repeat(100_000) };

/** Begins requests with bodies that do not end, one after the other. Returns those that the server has answered. */
async function begin(count: number, one: (index: number) => Promise<RawClient>) {
  const clients: RawClient[] = [];
  for (let index = 0; index < count; index += 1) clients.push(await one(index));
  await using stack = new AsyncDisposableStack();
  for (const client of clients) stack.use(client);
  await sleep(300);
  const answers = await Promise.all(clients.map(({ ended }) => Promise.race([ended, sleep(10)])));
  const owned = stack.move();
  return {
    clients,
    refused: answers.filter((answer) => answer !== undefined),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const used = (resource: string): number | undefined =>
  server.started.services.access.limits.usage().find((each) => each.resource === resource)?.used;

function expectProblem(answer: RawAnswer | undefined, status: number, code: string): void {
  expect([answer?.status, answer?.problem?.code]).toEqual([status, code]);
  expect(Number(answer?.headers.get("retry-after"))).toBeGreaterThan(0);
}

/** A request with a body of which a part comes. It asks that the connection ends with the answer. */
const partial = (path: string, key: string | undefined, headers: { readonly [name: string]: string | number }) =>
  headOf("POST", path, { ...bearer(key), connection: "close", ...headers });

const largeBody = (key: string | undefined) =>
  partial("/api/v1/agents/validate", key, { ...JSON_HEADERS, "content-length": 4 * MIB });

// access.limits.L2
test("of many bodies that trickle in from one address, some are refused and the others end, and others are served", async () => {
  const head = largeBody(keys[0]);
  const small = partial("/api/v1/agents/validate", keys[0], { ...JSON_HEADERS, "content-length": 100 });
  await using trickling = await begin(50, (index) => rawClient(server.url, ADDRESS, index % 5 === 0 ? head : small));
  const writing = setInterval(() => {
    for (const { socket } of trickling.clients) if (socket.writable) socket.write(" ");
  }, 100);
  expect(await statusOf(keys[1], large)).toBe(200);
  const answers = await Promise.all(trickling.clients.map(({ ended }) => ended));
  clearInterval(writing);
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(20);
  for (const answer of refused) expectProblem(answer, 429, "RESOURCE_LIMIT_EXCEEDED");
  expect(answers.filter(({ status }) => status === 408)).toHaveLength(30);
  await expect.poll(() => used("body_bytes")).toBe(0);
});

// access.limits.L1
test("many large bodies of one principal are refused before they are read, and another principal is served", async () => {
  const head = largeBody(keys[0]);
  await using bodies = await begin(15, () => rawClient(server.url, ADDRESS, head));
  expect(bodies.refused).toHaveLength(5);
  for (const answer of bodies.refused) expectProblem(answer, 429, "RESOURCE_LIMIT_EXCEEDED");
  expect(used("body_bytes")).toBe(40 * MIB);
  expect(await statusOf(keys[1], large)).toBe(200);
});

test("bodies of all clients together have a limit, and small ones are served", async () => {
  await using bodies = await begin(20, (index) => rawClient(server.url, ADDRESS, largeBody(keys[index % 2])));
  expect(bodies.refused).toHaveLength(5);
  for (const answer of bodies.refused) expectProblem(answer, 503, "SERVER_BUSY");
  expect(await statusOf(keys[2], { source: "name = 1" })).toBe(200);
  expect(await statusOf(keys[2], large)).toBe(503);
});

test("a module counts as a body", async () => {
  const head = partial("/api/v1/tool-servers", keys[0], {
    "content-type": "multipart/form-data; boundary=x",
    "content-length": 31 * MIB,
  });
  await using modules = await begin(2, () => rawClient(server.url, ADDRESS, head));
  expect(modules.refused).toHaveLength(1);
  expectProblem(modules.refused[0], 429, "RESOURCE_LIMIT_EXCEEDED");
  expect(await statusOf(keys[1], large)).toBe(200);
});

test("bodies for paths that do not exist count too, without credentials", async () => {
  const head = headOf("POST", "/nothing", { connection: "close", ...JSON_HEADERS, "content-length": 4 * MIB });
  await using bodies = await begin(20, () => rawClient(server.url, ADDRESS, head));
  expect(bodies.refused).toHaveLength(5);
  for (const answer of bodies.refused) expectProblem(answer, 503, "SERVER_BUSY");
});

test("concurrent uploads of one principal have a limit, and an upload of another is stored", async () => {
  const head = partial("/api/v1/uploads?name=a.bin", keys[0], { "content-length": 8 * MIB });
  await using uploads = await begin(6, () => rawClient(server.url, ADDRESS, `${head}abc`));
  expect(uploads.refused).toHaveLength(3);
  for (const answer of uploads.refused) expectProblem(answer, 429, "RESOURCE_LIMIT_EXCEEDED");
  const stored = await fetch(`${server.url}/api/v1/uploads?name=b.bin`, {
    method: "POST",
    headers: bearer(keys[1]),
    body: new Uint8Array(MIB),
  });
  expect(stored.status).toBe(201);
});

const eventsOf = (key: string | undefined) => headOf("GET", "/api/v1/events", { connection: "close", ...bearer(key) });

test("event streams of one principal have a limit, and another opens one", async () => {
  await using streams = await begin(5, () => rawClient(server.url, ADDRESS, eventsOf(keys[0])));
  expect(streams.refused).toHaveLength(2);
  for (const answer of streams.refused) expectProblem(answer, 429, "TOO_MANY_STREAMS");
  await using other = await begin(1, () => rawClient(server.url, ADDRESS, eventsOf(keys[1])));
  expect(other.refused).toEqual([]);
});

const upgradeOf = (key: string | undefined) =>
  headOf("GET", "/api/v1/messages/socket", {
    ...bearer(key),
    connection: "upgrade",
    upgrade: "websocket",
    "sec-websocket-version": 13,
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  });

test("WebSockets have limits per principal and address", async () => {
  await using own = await begin(3, () => rawClient(server.url, ADDRESS, upgradeOf(keys[0])));
  expect(own.refused).toHaveLength(1);
  expectProblem(own.refused[0], 429, "RESOURCE_LIMIT_EXCEEDED");
  await using others = await begin(3, (index) => rawClient(server.url, ADDRESS, upgradeOf(keys[1 + (index % 2)])));
  expect(others.refused).toHaveLength(1);
  await using elsewhere = await begin(1, () => rawClient(server.url, "127.0.0.3", upgradeOf(keys[2])));
  expect(elsewhere.refused).toEqual([]);
});

test("refusals are counted by limit in the metrics, with the use of each resource", async () => {
  const metrics = await (await fetch(`${server.url}/metrics`, { headers: bearer(keys[0]) })).text();
  expect(metrics).toMatch(/caxton_limit_refusals_total\{limit="connections",level="address"\} [1-9]/);
  expect(metrics).toMatch(/caxton_limit_refusals_total\{limit="body_bytes",level="principal"\} [1-9]/);
  expect(metrics).toMatch(/caxton_limit_refusals_total\{limit="body_bytes",level="server"\} [1-9]/);
  expect(metrics).toContain(`caxton_resource_limit{resource="body_bytes"} ${60 * MIB}`);
  expect(metrics).toMatch(/caxton_resource_usage\{resource="connections"\} [1-9]/);
});

test("when all connections are taken, idle ones are closed, and further ones are answered", async () => {
  await using small = await startServer({ settings: { "server.limits.connections.server": 20 } });
  const idle = await Promise.all(
    Array.from({ length: 19 }, () => rawClient(small.url, ADDRESS, headOf("GET", "/health", {}))),
  );
  await sleep(1_100);
  const other = await rawClient(small.url, "127.0.0.1", headOf("GET", "/health", { connection: "close" }));
  expect((await other.ended).status).toBe(200);
  expect((await Promise.all(idle.map(({ ended }) => ended))).map(({ status }) => status)).toEqual(Array(19).fill(200));
  const body = headOf("POST", "/api/v1/runs", { ...JSON_HEADERS, "content-length": 10 });
  const busy = await Promise.all(Array.from({ length: 20 }, () => rawClient(small.url, ADDRESS, body)));
  const refused = await rawClient(small.url, ADDRESS, headOf("GET", "/health", {}));
  expectProblem(await refused.ended, 503, "SERVER_BUSY");
  for (const client of busy) client[Symbol.dispose]();
});
