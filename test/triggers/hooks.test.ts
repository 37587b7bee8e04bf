import { createHmac } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runs, triggers } from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";
import { signed } from "./hook-sender.ts";

verifies("triggers.webhooks");

let server: TestServer;
let directory: ReturnType<typeof tempDirectory>;
const start = async () => {
  server = await startServer({ directory: directory.path, script: [{ text: "done" }] });
};
beforeEach(async () => {
  directory = tempDirectory();
  await start();
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

const PATH = "/api/v1/triggers/data-analyzer%2Fhook";
async function create(more: object = {}) {
  const spec = { kind: "webhook", agent: "data-analyzer", name: "hook", input: "{{event.body.order}}", ...more };
  const { id, url } = triggers.Trigger.parse((await server.ask("POST", "/api/v1/triggers", spec)).body);
  const { body } = await server.ask("POST", `/api/v1/triggers/${id}/rotate-secret`);
  expect(url).toBe(`/hooks/${id}`);
  return triggers.HookSecret.parse(body);
}
async function send(url: string, headers: Readonly<Record<string, string>>, body: string, method = "POST") {
  const response = await fetch(server.url + url, { method, headers, ...(method === "POST" && { body }) });
  const text = await response.text();
  return {
    status: response.status,
    body: text === "" ? undefined : JSON.parse(text),
    allow: response.headers.get("allow"),
  };
}
const inputs = async () =>
  runs.RunPage.parse((await server.ask("GET", "/api/v1/runs")).body).items.map(({ input_preview: input }) => input);

test("a signed event starts one run, also if it is sent again, and again after a restart", async () => {
  const { url, secret } = await create();
  const body = '{"order":"tea"}';
  // triggers.hooks.W1
  const first = await send(url, signed(secret, body, { id: "msg_1" }), body);
  expect(first).toMatchObject({ status: 202, body: { event: "msg_1", outcome: "started", run: expect.any(String) } });
  // triggers.hooks.W2
  const again = await send(url, signed(secret, body, { id: "msg_1" }), body);
  expect(again).toMatchObject({ status: 200, body: { run: first.body.run } });
  const both = await Promise.all([1, 2].map(() => send(url, signed(secret, body, { id: "msg_2" }), body)));
  expect(new Set(both.map((answer) => answer.body.run)).size).toBe(1);
  await server[Symbol.asyncDispose]();
  await start();
  expect(await send(url, signed(secret, body, { id: "msg_1" }), body)).toMatchObject({ status: 200 });
  expect(await inputs()).toEqual(["tea", "tea"]);
});

test("a request without proof is refused and recorded, and many are slowed down", async () => {
  const { url, secret } = await create();
  const body = '{"order":"tea"}';
  const attempts = [
    {},
    { ...signed(secret, body, { id: "msg_1" }), "webhook-id": "msg_2" },
    signed("whsec_AAAA", body, { id: "msg_1" }),
    signed(secret, body, { id: "msg_1", atMs: Date.now() - 600_000 }),
  ];
  for (const headers of attempts)
    expect(await send(url, headers, body)).toMatchObject({ status: 401, body: { code: "HOOK_UNVERIFIED" } });
  const { body: audit } = await server.ask("GET", "/api/v1/audit?operation=trigger.receive");
  expect(audit).toMatchObject({
    items: attempts.map(() => ({ code: "HOOK_UNVERIFIED", outcome: "denied", address: "127.0.0.1" })),
  });
  const statuses = await Promise.all(Array.from({ length: 40 }, async () => (await send(url, {}, body)).status));
  expect(statuses).toContain(429);
  expect(await inputs()).toEqual([]);
});

test("only POST, only known webhooks, only bodies up to 1 MiB", async () => {
  const { url, secret, id } = await create();
  expect(await send(url, {}, "", "GET")).toMatchObject({ status: 405, allow: "OPTIONS, POST" });
  const unknown = { status: 404, body: { code: "TRIGGER_NOT_FOUND" } };
  expect(await send(url.replace(id.slice(-4), "0000"), {}, "")).toMatchObject(unknown);
  expect(await send("/hooks/x", {}, "")).toMatchObject(unknown);
  const large = JSON.stringify({ order: "x".repeat(1_048_576) });
  expect(await send(url, signed(secret, large, { id: "msg_1" }), large)).toMatchObject({ status: 413 });
});

test("a webhook of GitHub, whose event id is the delivery", async () => {
  const { url, secret } = await create({
    verify: "github",
    input: "{{event.headers.x-github-event}}: {{event.body.action}}",
  });
  const body = '{"action":"opened"}';
  const headers = {
    "content-type": "application/json",
    "x-github-event": "issues",
    "x-github-delivery": "d-1",
    "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
  };
  expect(await send(url, headers, body)).toMatchObject({ status: 202, body: { event: "d-1" } });
  expect(await send(url, headers, body)).toMatchObject({ status: 200 });
  expect(await inputs()).toEqual(["issues: opened"]);
});

test("a bearer secret; no header with a secret reaches the run", async () => {
  const { url, secret } = await create({ verify: "bearer", input: "{{event.body}} {{event.headers}}" });
  const headers = { authorization: `Bearer ${secret}`, "x-api-key": "other-secret", cookie: "a=b", "x-shop": "tea" };
  expect(await send(url, headers, "plain text")).toMatchObject({ status: 202 });
  const { items } = runs.RunPage.parse((await server.ask("GET", "/api/v1/runs")).body);
  const { input } = runs.RunDetail.parse((await server.ask("GET", `/api/v1/runs/${items[0]?.id}`)).body);
  expect(input).toContain("plain text");
  expect(input).toContain("tea");
  for (const hidden of [secret, "other-secret", "a=b"]) expect(input).not.toContain(hidden);
});

test("a rotated secret replaces the previous one; it is not listed and goes with its trigger", async () => {
  const { url, secret } = await create();
  const body = '{"order":"tea"}';
  const rotated = triggers.HookSecret.parse((await server.ask("POST", `${PATH}/rotate-secret`)).body);
  expect(await send(url, signed(secret, body, { id: "msg_1" }), body)).toMatchObject({ status: 401 });
  expect(await send(url, signed(rotated.secret, body, { id: "msg_1" }), body)).toMatchObject({ status: 202 });
  expect((await server.ask("GET", "/api/v1/secrets")).body).toMatchObject({ items: [] });
  expect(server.started.caxton.storage.secrets.load()).toHaveLength(1);
  await server.ask("DELETE", PATH);
  expect(server.started.caxton.storage.secrets.load()).toHaveLength(0);
  expect(await send(url, signed(rotated.secret, body, { id: "msg_2" }), body)).toMatchObject({ status: 404 });
});

test("a disabled webhook accepts no new event, and one of another kind has no secret", async () => {
  const { url, secret } = await create();
  const body = '{"order":"tea"}';
  await send(url, signed(secret, body, { id: "msg_1" }), body);
  await server.ask("PATCH", PATH, { enabled: false });
  expect(await send(url, signed(secret, body, { id: "msg_1" }), body)).toMatchObject({ status: 200 });
  const refused = { status: 409, body: { code: "TRIGGER_DISABLED" } };
  expect(await send(url, signed(secret, body, { id: "msg_2" }), body)).toMatchObject(refused);
  const timed = { kind: "every", every: "1d", agent: "data-analyzer", name: "timed", input: "x" };
  await server.ask("POST", "/api/v1/triggers", timed);
  const answer = await server.ask("POST", "/api/v1/triggers/data-analyzer%2Ftimed/rotate-secret");
  expect(answer).toMatchObject({ status: 400, body: { code: "TRIGGER_INVALID" } });
});

test("an event whose body lacks what the template names is recorded as failed", async () => {
  const { url, secret } = await create();
  const answer = await send(url, signed(secret, "{}", { id: "msg_1" }), "{}");
  expect(answer).toMatchObject({ status: 202, body: { outcome: "failed", run: null } });
  const { items } = triggers.TriggerFirePage.parse((await server.ask("GET", `${PATH}/fires`)).body);
  expect(items).toMatchObject([{ key: "hook msg_1", outcome: "failed", reason: expect.stringContaining("order") }]);
});
