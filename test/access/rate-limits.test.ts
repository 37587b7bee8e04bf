import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fastify } from "fastify";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LOCAL_LIMITS, ResourceLimits } from "../../src/access/index.ts";
import * as contract from "../../src/api/contract/index.ts";
import { rawProblem } from "../../src/api/http/responses/raw-problem.ts";
import { sendProblem } from "../../src/api/http/responses/problem.ts";
import { RemoteError } from "../../src/kernel/errors.ts";
import { ManualClock } from "../helpers/manual-clock.ts";
import { headOf, rawClient } from "../helpers/raw-request.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { Socket } from "../helpers/socket.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("security.rate-limits", "documents.rate-headers");

let server: TestServer;
let keys: readonly string[];

async function ask(key: string, method: string, path: string, body?: object) {
  const response = await fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body && { "content-type": "application/json" }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

async function createKey(role: string, by: string): Promise<string> {
  const { body } = await ask(by, "POST", "/api/v1/keys", { name: role, role });
  return contract.keys.CreatedApiKey.parse(JSON.parse(body)).key ?? "";
}

beforeAll(async () => {
  server = await startServer({
    settings: {
      "access.mode": "required",
      // A sixth of them at once.
      "server.limits.operations.principal": 60,
      "server.limits.operations.workspace": 2_400,
      "server.limits.operations.address": 1_200,
      "server.limits.operation_rates": { "agent.validate": 6 },
    },
  });
  const setup = server.started.setupToken ?? "";
  const admin = await createKey("admin", setup);
  keys = [admin, ...(await Promise.all([1, 2, 3, 4, 5].map(async () => createKey("operator", admin))))];
});
afterAll(() => server?.[Symbol.asyncDispose]());

/** Sends requests until one is refused. Returns that answer, and how many were accepted. */
async function exhaust(key: string) {
  for (let accepted = 0; accepted < 60; accepted += 1) {
    const answer = await ask(key, "GET", "/api/v1/approvals");
    if (answer.status === 429) return { answer, accepted };
    expect(answer.status).toBe(200);
  }
  throw new Error("no request was refused");
}

test("each answer states the quota of which the least is left", async () => {
  const [, key = ""] = keys;
  const { headers } = await ask(key, "GET", "/api/v1/approvals");
  expect(headers.get("ratelimit-policy")).toBe('"principal";q=10;w=10');
  expect(headers.get("ratelimit")).toMatch(/^"principal";r=9;t=[12]$/);
  expect(headers.get("x-ratelimit-limit")).toBe("10");
  expect(headers.get("x-ratelimit-remaining")).toBe("9");
  expect(headers.get("x-ratelimit-reset")).toMatch(/^[12]$/);
  const missing = await ask(key, "GET", "/api/v1/agents/nothing");
  expect([missing.status, missing.headers.get("ratelimit-policy")]).toEqual([404, '"principal";q=10;w=10']);
  const unknown = await ask("cax_unknown", "GET", "/api/v1/approvals");
  expect([unknown.status, unknown.headers.get("ratelimit-policy")]).toEqual([401, '"address";q=200;w=10']);
  expect((await fetch(`${server.url}/openapi.json`)).headers.get("ratelimit-policy")).toBe('"address";q=200;w=10');
  expect((await fetch(`${server.url}/nothing`)).headers.get("ratelimit-policy")).toBe('"address";q=200;w=10');
});

test("a principal above its rate is refused, and another is served", async () => {
  const [, , key = "", other = ""] = keys;
  const { answer, accepted } = await exhaust(key);
  expect(accepted).toBeGreaterThanOrEqual(10);
  expect(JSON.parse(answer.body)).toMatchObject({
    code: "RATE_LIMITED",
    hint: expect.stringContaining("server.limits.operations.principal"),
    details: { policy: "principal", per_minute: 60 },
  });
  expect(answer.headers.get("retry-after")).toBe("1");
  expect((await ask(other, "GET", "/api/v1/approvals")).status).toBe(200);
});

// access.limits.L3
test("a principal above its rate can cancel, approve, deny, revoke and log out, and sees that the server is healthy", async () => {
  const [admin = ""] = keys;
  await exhaust(admin);
  const begunMs = performance.now();
  const id = "00000000-0000-7000-8000-000000000000";
  const urgent = [
    ["POST", `/api/v1/runs/${id}/cancel`],
    ["POST", `/api/v1/tasks/${id}/cancel`],
    ["POST", `/api/v1/approvals/${id}/approve`, {}],
    ["POST", `/api/v1/approvals/${id}/deny`, {}],
    ["POST", "/api/v1/agents/nothing/pause"],
    ["DELETE", "/api/v1/keys/nothing"],
    ["DELETE", "/api/v1/participants/nothing/token"],
    ["DELETE", "/api/v1/session"],
    ["GET", "/health"],
    ["GET", "/ready"],
  ] as const;
  for (const [method, path, body] of urgent) {
    const { status } = await ask(admin, method, path, body);
    expect([path, [200, 204, 404, 400].includes(status)]).toEqual([path, true]);
  }
  // One operation comes back each second.
  const { accepted } = await exhaust(admin);
  expect(accepted).toBeLessThanOrEqual(1 + (performance.now() - begunMs) / 1_000);
});

test("urgent operations have a quota too", async () => {
  const [admin = ""] = keys;
  const statuses: number[] = [];
  for (let count = 0; count < 20; count += 1)
    statuses.push((await ask(admin, "DELETE", "/api/v1/keys/nothing")).status);
  expect(statuses.at(-1)).toBe(429);
});

test("an operation has its own rate for each principal", async () => {
  const [, , , , key = "", other = ""] = keys;
  const body = { source: "name = 1" };
  expect((await ask(key, "POST", "/api/v1/agents/validate", body)).status).toBe(200);
  const refused = await ask(key, "POST", "/api/v1/agents/validate", body);
  expect([refused.status, JSON.parse(refused.body).details]).toEqual([
    429,
    { policy: "agent.validate", per_minute: 6 },
  ]);
  expect((await ask(key, "GET", "/api/v1/approvals")).status).toBe(200);
  expect((await ask(other, "POST", "/api/v1/agents/validate", body)).status).toBe(200);
});

test("requests from one address have a limit before they are authenticated, and another address is served", async () => {
  const get = headOf("GET", "/api/v1/agents", { authorization: "Bearer x.y.z" });
  using flood = await rawClient(
    server.url,
    "127.0.0.9",
    get.repeat(300) + headOf("GET", "/health", { connection: "close" }),
  );
  const answers = await flood.received;
  const counts = Map.groupBy(answers.matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => status);
  expect(answers).toContain('"code":"RATE_LIMITED"');
  expect(counts.get("429")?.length).toBeGreaterThan(80);
  expect(counts.get("200")).toHaveLength(1);
  expect((await fetch(`${server.url}/openapi.json`)).status).toBe(200);
});

test("frames of a WebSocket count as operations", async () => {
  await using small = await startServer({ settings: { "server.limits.operations.principal": 60 } });
  await using socket = await Socket.open(`${small.url.replace("http", "ws")}/api/v1/messages/socket`);
  for (let ref = 0; ref < 20; ref += 1)
    socket.say({ op: "settle", ref, mailbox: "sink", done: [], failed: [], rejected: [] });
  const codes: string[] = [];
  for (let ref = 0; ref < 20; ref += 1) codes.push((await socket.heard("problem")).problem.code);
  expect(codes.filter((code) => code === "RATE_LIMITED").length).toBeGreaterThanOrEqual(9);
});

test("programs of the same name in two workspaces have a quota each", () => {
  const limits = new ResourceLimits({ ...LOCAL_LIMITS, operations: { principal: 60 } }, new ManualClock());
  const left = (kind: string, workspace: string) =>
    limits.spend({ principal: { id: `${kind}_same`, kind, workspace } }, { name: "agent.list", isUrgent: false })?.left;
  expect([left("participant", "red"), left("participant", "blue"), left("participant", "red")]).toEqual([9, 9, 8]);
  expect([left("user", "red"), left("user", "blue")]).toEqual([9, 8]);
});

test("a workspace and the server have rates, which come back evenly", async () => {
  const clock = new ManualClock();
  const operations = { server: 120, workspace: 60 };
  const limits = new ResourceLimits({ ...LOCAL_LIMITS, operations }, clock);
  const operation = { name: "agent.list", isUrgent: false };
  const spend = (workspace: string) => {
    try {
      return limits.spend({ address: "192.0.2.1", principal: { id: workspace, workspace } }, operation)?.left;
    } catch (error) {
      return error instanceof Error && "retryAfterMs" in error ? `refused for ${String(error.retryAfterMs)}` : error;
    }
  };
  for (let left = 9; left >= 0; left -= 1) expect(spend("a")).toBe(left);
  expect(spend("a")).toBe("refused for 1000");
  for (let left = 9; left >= 0; left -= 1) expect(spend("b")).toBe(left);
  expect(spend("c")).toBe("refused for 500");
  await clock.advance(1_000);
  expect(spend("a")).toBe(0);
  expect(limits.refusals()).toEqual([
    { limit: "operations", level: "workspace", count: 1 },
    { limit: "operations", level: "server", count: 1 },
  ]);
});

test("without access control operations have no rate, and answers do not state one", async () => {
  await using local = await startServer();
  const { headers } = await fetch(`${local.url}/api/v1/agents`);
  expect([...headers.keys()].filter((name) => name.includes("ratelimit"))).toEqual([]);
});

const SOURCES = join(import.meta.dirname, "../../src");
const codes = readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .flatMap((file) => readFileSync(join(SOURCES, file), "utf8").split(/^export class /m))
  .flatMap((text) => {
    const code = /\bcode = "([A-Z_]+)"/.exec(text)?.[1];
    const kind = /\bkind = "(exhausted|unavailable)"/.exec(text)?.[1];
    return code === undefined || (kind !== "exhausted" && kind !== "unavailable") ? [] : [{ code, kind } as const];
  });

test("every failure with 429 or 503 states when to try again", async () => {
  expect(codes.length).toBeGreaterThan(25);
  const http = fastify();
  const faults = new Map(codes.map((each) => [each.code, { ...each, message: "m", hint: "h", details: {} }]));
  http.setErrorHandler<Error>(sendProblem);
  http.get<{ Params: { code: string } }>("/:code", ({ params: { code } }) => {
    const fault = faults.get(code);
    throw fault === undefined ? new Error(code) : new RemoteError(fault);
  });
  for (const fault of faults.values()) {
    const { statusCode, headers } = await http.inject(`/${fault.code}`);
    expect([429, 503]).toContain(statusCode);
    expect([fault.code, Number(headers["retry-after"]) > 0]).toEqual([fault.code, true]);
    expect(rawProblem(new RemoteError(fault))).toMatch(/\r\nretry-after: [1-9]/);
  }
  await http.close();
});

test("a server that is not ready states when to ask again", async () => {
  await using early = await startServer({ isEarly: true });
  const { status, headers } = await fetch(`${early.url}/ready`);
  expect([status, headers.get("retry-after")]).toEqual([503, "1"]);
  await early.started.ready;
});
