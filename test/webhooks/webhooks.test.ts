import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { signatureHeaders } from "../../src/webhooks/signature.ts";
import { startServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";
import { startHooked, START_MS } from "./hooked.ts";
import { answer, type Data, startReceiver, verify } from "./receiver.ts";

verifies("webhooks.events", "webhooks.signature", "webhooks.refused");

const SCRIPT = [{ text: "done" }];
const CLERK = `name = "clerk"
version = "1.0.0"
capabilities = ["x"]
system_prompt = "x"
tools = ["calculator"]
[permissions]
ask = ["calculator"]
`;
const DAY_S = 86_400;

test("signatures fit the published vector of Standard Webhooks", () => {
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const message = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", atMs: 1_614_265_330_999, body: '{"test": 2432232314}' };
  const headers = signatureHeaders({ ...message, secrets: [secret] });
  expect(headers).toEqual({
    "webhook-id": message.id,
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
  expect(verify(secret, { headers, body: message.body })).toBe(0);
  expect(verify(secret, { headers, body: '{"test": 2432232315}' })).toBe(-1);
  expect(verify("whsec_AAAA", { headers, body: message.body })).toBe(-1);
});

test("the library of Standard Webhooks accepts signatures of either secret, and nothing that was changed", () => {
  const secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"] as const;
  const body = JSON.stringify({ type: "run.completed", data: { output: "ä" } });
  const headers = signatureHeaders({ id: "evt_1", atMs: Date.now(), body, secrets });
  for (const secret of secrets) expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
  expect(() => new Webhook(secrets[0]).verify(`${body} `, headers)).toThrow("No matching signature");
});

test("events of a run arrive once, signed, in the format of Standard Webhooks", async () => {
  await using receiver = await startReceiver();
  await using hooked = await startHooked(receiver, { script: SCRIPT });
  const { secret, ...created } = await hooked.create({ url: receiver.url, events: ["run.*"] });
  expect(created).toMatchObject({ state: "active", owner: { kind: "local" }, sequence: 0, content: false });
  const run = await hooked.run();
  await expect.poll(() => receiver.types().toSorted()).toEqual(["run.completed", "run.queued", "run.started"]);
  for (const received of receiver.received) {
    expect(verify(secret ?? "", received, START_MS / 1000)).toBe(0);
    expect(received.headers).toMatchObject({ "content-type": "application/json", "webhook-id": received.event.id });
    expect(received.event).toMatchObject({ workspace: "default", data: { run, agent: "data-analyzer", revision: 1 } });
    expect(received.body).not.toContain("hello");
  }
  expect(new Set(receiver.received.map(({ event }) => event.id)).size).toBe(3);
  const numbers = receiver.received.map(({ event }) => event.sequence).toSorted((one, other) => one - other);
  expect(numbers).toEqual([1, 2, 3]);
  await expect.poll(async () => (await hooked.get(created.id)).pending).toBe(0);
  const deliveries = await hooked.deliveries(created.id);
  expect(deliveries.map(({ type, state }) => [type, state])).toEqual([
    ["run.completed", "delivered"],
    ["run.started", "delivered"],
    ["run.queued", "delivered"],
  ]);
  expect(deliveries[0]?.attempts).toMatchObject([{ status: 204, error: null }]);
});

test("a webhook gets content only if it asks for it", async () => {
  await using receiver = await startReceiver();
  await using hooked = await startHooked(receiver, { script: SCRIPT });
  await hooked.create({ url: receiver.url, events: ["run.completed", "run.queued"], content: true });
  await hooked.run("Say hello");
  await expect.poll(() => receiver.received.length).toBe(2);
  const contents = receiver.received.map(({ event }) => event.data["content"]);
  expect(contents).toContainEqual({ input: "Say hello" });
  expect(contents).toContainEqual({ output: "done" });
});

test("events are selected by type, agent and expression", async () => {
  await using receiver = await startReceiver();
  await using hooked = await startHooked(receiver, { script: SCRIPT });
  await hooked.create({ url: `${receiver.origin}/agents`, events: ["run.queued"], agents: ["FILE-*"] });
  await hooked.create({ url: `${receiver.origin}/none`, events: ["*"], agents: ["other"] });
  const where = "event.type.startsWith('run.') && event.data.state == 'queued'";
  await hooked.create({ url: `${receiver.origin}/where`, events: ["run.*"], where });
  await hooked.run("x", "data-analyzer");
  await hooked.run("x", "file-clerk");
  await expect
    .poll(() => receiver.received.map(({ path, event }) => `${path} ${String(event.data["agent"])}`))
    .toHaveLength(3);
  expect(receiver.received.map(({ path, event }) => `${path} ${String(event.data["agent"])}`).toSorted()).toEqual([
    "/agents file-clerk",
    "/where data-analyzer",
    "/where file-clerk",
  ]);
});

test("agents, threads, tasks and approvals have events", async () => {
  await using receiver = await startReceiver();
  await using hooked = await startHooked(receiver, {
    script: [{ toolCalls: [{ name: "calculator__evaluate", arguments: { expression: "1 + 1" } }] }, { text: "done" }],
  });
  const { ask } = hooked.server;
  await hooked.create({
    url: receiver.url,
    events: ["agent.*", "deployment.activated", "thread.*", "task.*", "approval.*", "run.waiting"],
  });
  await ask("POST", "/api/v1/agents", { source: CLERK });
  await ask("POST", "/api/v1/runs", { agent: "clerk", input: "x" });
  await expect.poll(() => receiver.types()).toContain("approval.requested");
  const { body: approvals } = await ask("GET", "/api/v1/approvals");
  const { items }: { items: { id: string }[] } = JSON.parse(JSON.stringify(approvals));
  await ask("POST", `/api/v1/approvals/${items[0]?.id}/deny`, {});
  const { body: thread } = await ask("POST", "/api/v1/threads", { agent: "clerk" });
  const { id }: { id: string } = JSON.parse(JSON.stringify(thread));
  await ask("DELETE", `/api/v1/threads/${id}`);
  await ask("POST", "/api/v1/tasks", { name: "t", requirements: { capabilities: ["x"] } });
  await ask("DELETE", "/api/v1/agents/clerk");
  const expected = [
    "agent.deployed",
    "approval.requested",
    "approval.answered",
    "thread.created",
    "thread.deleted",
    "task.created",
    "agent.removed",
  ];
  await expect.poll(() => receiver.types()).toEqual(expect.arrayContaining(expected));
  const asked = receiver.received.find(({ event }) => event.type === "approval.requested");
  expect(asked?.event.data).toMatchObject({
    agent: "clerk",
    approval: items[0]?.id,
    server: "calculator",
    expires_at: expect.any(String),
  });
});

test("the message of a failure is content, which no filter and no list of deliveries has", async () => {
  await using receiver = await startReceiver();
  await using hooked = await startHooked(receiver, { script: [{ error: { class: "auth", message: "no key" } }] });
  const spec = { url: receiver.url, events: ["run.failed"] };
  const plain = await hooked.create(spec);
  const full = await hooked.create({ ...spec, content: true });
  const filtered = await hooked.create({
    ...spec,
    content: true,
    where: "has(event.data.message) || has(event.data.content)",
  });
  await hooked.run();
  await expect.poll(() => receiver.received.length).toBe(2);
  expect(await hooked.get(filtered.id)).toMatchObject({ sequence: 0 });
  const message = expect.stringContaining("no key");
  for (const { event } of receiver.received) {
    expect(event.data).toMatchObject({ state: "failed", code: expect.any(String) });
    expect(event.data).not.toHaveProperty("message");
  }
  const contents = receiver.received.map(({ event }) => event.data["content"]);
  expect(contents).toEqual(expect.arrayContaining([undefined, { message }]));
  for (const { id } of [plain, full])
    for (const { data } of await hooked.deliveries(id)) {
      expect(data).not.toHaveProperty("message");
      expect(data).not.toHaveProperty("content");
    }
});

test("a question of an agent and its answer are events", async () => {
  await using receiver = await startReceiver();
  const asks = { name: "user__ask_user", arguments: JSON.stringify({ question: "Which color?" }) };
  await using hooked = await startHooked(receiver, { script: [{ toolCalls: [asks] }, { text: "done" }] });
  const { ask } = hooked.server;
  await hooked.create({ url: receiver.url, events: ["input.*", "run.waiting", "run.resumed"], content: true });
  await ask("POST", "/api/v1/agents", { source: CLERK.replace('"calculator"]', '"user"]') });
  await ask("POST", "/api/v1/runs", { agent: "clerk", input: "x" });
  await expect.poll(() => receiver.types().toSorted()).toEqual(["input.requested", "run.waiting"]);
  const data: Data = receiver.received.find(({ event }) => event.type === "input.requested")?.event.data ?? {};
  expect(data).toMatchObject({ expires_at: expect.any(String), content: { question: "Which color?" } });
  const path = `/api/v1/runs/${String(data["run"])}/inputs/${String(data["question"])}`;
  expect(await ask("POST", path, { action: "accept", content: "blue" })).toMatchObject({ status: 200 });
  await expect.poll(() => receiver.types()).toEqual(expect.arrayContaining(["input.answered", "run.resumed"]));
  const answered = receiver.received.find(({ event }) => event.type === "input.answered");
  expect(answered?.event.data).toMatchObject({ question: data["question"], reply: "answered" });
});

test("two secrets sign while a secret is replaced, and one afterwards", async () => {
  await using receiver = await startReceiver();
  await using hooked = await startHooked(receiver);
  const { id, secret: first } = await hooked.create({ url: receiver.url, events: ["agent.*"] });
  const { secret: second, previous_secret_until: until } = await hooked.rotate(id, { grace: DAY_S });
  expect(until).toBe("2026-11-24T08:00:00.000Z");
  expect(second).not.toBe(first);
  await hooked.test(id);
  const [during] = receiver.received;
  expect(during && [verify(second ?? "", during), verify(first ?? "", during)]).toEqual([0, 1]);
  await hooked.clock.advance(DAY_S * 1000);
  await hooked.test(id);
  const after = receiver.received[1];
  expect(after && [verify(second ?? "", after), verify(first ?? "", after)]).toEqual([0, -1]);
  expect(await hooked.server.ask("GET", "/api/v1/secrets")).toMatchObject({ body: { items: [] } });
  expect(await hooked.server.ask("POST", "/api/v1/secret-key/rotate")).toMatchObject({ body: { secrets: 2 } });
  await hooked.test(id);
  const last = receiver.received[2];
  expect(last && verify(second ?? "", last)).toBe(0);
});

test("a test event is sent at once, and its result is returned", async () => {
  await using receiver = await startReceiver(answer(500));
  await using hooked = await startHooked(receiver);
  const { id } = await hooked.create({ url: receiver.url, events: ["agent.*"], enabled: false });
  expect(await hooked.test(id)).toMatchObject({ type: "webhook.test", state: "dead", attempts: [{ status: 500 }] });
  receiver.answer(answer(200));
  expect(await hooked.test(id)).toMatchObject({ state: "delivered", attempts: [{ status: 200, error: null }] });
  expect(await hooked.get(id)).toMatchObject({ state: "disabled", failing_since: null });
});

test("a disabled webhook records nothing, and continues with the events after it is enabled", async () => {
  await using receiver = await startReceiver();
  await using hooked = await startHooked(receiver, { script: SCRIPT });
  const { id } = await hooked.create({ url: receiver.url, events: ["run.completed"], enabled: false });
  await hooked.run();
  await hooked.update(id, { enabled: true });
  const run = await hooked.run();
  await expect.poll(() => receiver.received.map(({ event }) => event.data["run"])).toEqual([run]);
  expect(await hooked.get(id)).toMatchObject({ sequence: 1, state: "active" });
});

test("what could never deliver is refused with a remedy", async () => {
  await using server = await startServer();
  const cases = [
    [{ url: "http://example.com/hook" }, "WEBHOOK_INVALID", "private_origins"],
    [{ events: ["runs.*"] }, "WEBHOOK_INVALID", "run.completed"],
    [{ where: "event.type ==" }, "EXPRESSION_INVALID", ""],
    [{ where: "run.id == 1" }, "EXPRESSION_INVALID", ""],
    [{ url: "https://user:secret@example.com" }, "REQUEST_INVALID", ""],
    [{ url: "ftp://example.com" }, "REQUEST_INVALID", ""],
    [{ events: [] }, "REQUEST_INVALID", ""],
  ] as const;
  for (const [fields, code, hint] of cases) {
    const body = { url: "https://example.com/hook", events: ["run.*"], ...fields };
    const refused = await server.ask("POST", "/api/v1/webhooks", body);
    expect(refused).toMatchObject({ status: 400, body: { code, hint: expect.stringContaining(hint) } });
  }
  const missing = await server.ask("GET", "/api/v1/webhooks/nothing");
  expect(missing).toMatchObject({ status: 404, body: { code: "WEBHOOK_NOT_FOUND" } });
});
