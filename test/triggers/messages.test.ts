import { afterEach, beforeEach, expect, test } from "vitest";
import { triggers as schemas } from "../../src/api/contract/index.ts";
import { mint, MessageId, TriggerId } from "../../src/kernel/ids.ts";
import { LIMITS } from "../../src/kernel/quantities.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("triggers.messages");

const AGENT = "data-analyzer";
let server: TestServer;
let directory: ReturnType<typeof tempDirectory>;

const start = async (): Promise<void> => {
  server = await startServer({ directory: directory.path });
};
beforeEach(async () => {
  directory = tempDirectory();
  await start();
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

const create = async (spec: object) => {
  const body = { agent: AGENT, name: "orders", kind: "message", topic: "orders.*.created", input: "Order", ...spec };
  const { status, body: created } = await server.ask("POST", "/api/v1/triggers", body);
  expect({ status, created }).toMatchObject({ status: 200 });
  return schemas.Trigger.parse(created);
};
const send = (message: object) =>
  server.ask("POST", "/api/v1/messages", {
    performative: "inform",
    topic: "orders.eu.created",
    content: "x",
    ...message,
  });
const fires = async (name = "orders") =>
  schemas.TriggerFirePage.parse((await server.ask("GET", `/api/v1/triggers/${AGENT}%2F${name}/fires?limit=200`)).body)
    .items;
const outcomes = async () => (await fires()).map(({ outcome }) => outcome);
/** Inputs of all runs, oldest first. */
const inputs = async (): Promise<readonly string[]> => {
  const { body } = await server.ask("GET", "/api/v1/runs?limit=200");
  const { items }: { items: { input_preview: string }[] } = JSON.parse(JSON.stringify(body));
  return items.map(({ input_preview: input }) => input).toReversed();
};

test("each matching message starts one run, with the message in its input", async () => {
  await create({
    performative: "inform",
    sender: "user",
    where: "message.content.price > 100",
    input: "{{event.topic}} of {{event.sender}}: {{event.content.price}}",
    parallel: 10,
  });
  const id = mint(MessageId);
  expect(await send({ id, content: { price: 120 } })).toMatchObject({ body: { status: "accepted" } });
  expect(await send({ id, content: { price: 120 } })).toMatchObject({ body: { duplicate: true } });
  const others = [
    { content: { price: 20 } },
    { performative: "request", content: { price: 130 } },
    { topic: "orders" },
  ];
  for (const other of others)
    expect(await send(other)).toMatchObject({ body: { status: "answered", error: { code: "NO_SUBSCRIBERS" } } });
  await expect.poll(outcomes).toEqual(["started"]);
  expect((await fires())[0]).toMatchObject({ key: `message ${id}`, caller: null });
  expect(await inputs()).toEqual(["orders.eu.created of user: 120"]);
});

test("messages of one conversation are turns of one thread", async () => {
  await create({ thread: "{{event.conversation_id}}", input: "{{event.content}}", parallel: 10 });
  for (const [conversation_id, content] of [
    ["a", "one"],
    ["b", "two"],
    ["a", "three"],
  ])
    await send({ conversation_id, content });
  await expect.poll(outcomes).toEqual(["started", "started", "started"]);
  const { body } = await server.ask("GET", `/api/v1/threads?agent=${AGENT}`);
  expect(JSON.parse(JSON.stringify(body)).items).toHaveLength(2);
});

test("a trigger that is disabled, deleted or has another topic does not receive messages", async () => {
  const { id } = await create({});
  const refused = { body: { error: { code: "NO_SUBSCRIBERS" } } };
  await server.ask("PATCH", `/api/v1/triggers/${id}`, { enabled: false });
  expect(await send({})).toMatchObject(refused);
  await server.ask("PATCH", `/api/v1/triggers/${id}`, { enabled: true, topic: "orders.us.created" });
  expect(await send({})).toMatchObject(refused);
  expect(await send({ topic: "orders.us.created" })).toMatchObject({ body: { status: "accepted" } });
  await expect.poll(outcomes).toEqual(["started"]);
  await server.ask("DELETE", `/api/v1/triggers/${id}`);
  expect(await send({ topic: "orders.us.created" })).toMatchObject(refused);
});

test("the mailbox of a trigger receives published messages only", async () => {
  const { id } = await create({});
  const receiver = `caxton.trigger.${id}`;
  const { body } = await send({ topic: undefined, receiver, content: "x" });
  expect(body).toMatchObject({ status: "accepted" });
  await expect
    .poll(async () => (await server.ask("GET", "/api/v1/dead-letters")).body)
    .toMatchObject({ items: [{ code: "AGENT_NOT_FOUND" }] });
  expect(await fires()).toEqual([]);
});

test("what never could match is refused with a remedy", async () => {
  for (const [spec, message] of [
    [{ topic: "orders..created" }, "topic: a word is missing"],
    [{ where: "message.content.price >" }, "where: "],
    [{ where: "price > 1" }, "where: "],
  ] as const) {
    const body = { agent: AGENT, name: "orders", kind: "message", topic: "#", input: "x", ...spec };
    const detail = expect.stringContaining(message);
    expect(await server.ask("POST", "/api/v1/triggers", body)).toMatchObject({
      status: 400,
      body: { code: "TRIGGER_INVALID", detail },
    });
  }
});

test("messages wait in their order while the trigger is busy, and each is a run in the end", async () => {
  // triggers.messages.M2
  const count = LIMITS.triggerEventsWaitingMax + 40;
  await server[Symbol.asyncDispose]();
  const slow = { when: { userIncludes: "number 0000" }, text: "done", delayMs: 600_000 };
  server = await startServer({ directory: directory.path, script: [slow, { text: "done" }] });
  const { id } = await create({ input: "{{event.content}}", topic: "numbers" });
  const contents = Array.from({ length: count }, (_none, index) => `number ${String(index).padStart(4, "0")}`);
  for (const content of contents) await send({ topic: "numbers", content, conversation_id: "numbers" });
  await expect
    .poll(() =>
      server.started.caxton.storage.triggers.waitingCount({ workspace: "default", id: TriggerId.parse(id) }, "all"),
    )
    .toBe(100);
  expect((await inputs()).length).toBe(1);
  const [started] = (await fires()).flatMap(({ run }) => run ?? []);
  expect(await server.ask("POST", `/api/v1/runs/${started}/cancel`)).toMatchObject({ status: 200 });
  const done = async () => (await inputs()).length;
  await expect.poll(done, { timeout: 60_000, interval: 500 }).toBe(count);
  expect(await inputs()).toEqual(contents);
}, 90_000);

test("a trigger whose run publishes what fires it again is stopped as a cycle", async () => {
  // triggers.messages.M3
  await server[Symbol.asyncDispose]();
  const publish = {
    name: "messages__send_message",
    arguments: { topic: "echo", performative: "inform", content: "again" },
  };
  server = await startServer({ directory: directory.path, script: [{ toolCalls: [publish] }, { text: "done" }] });
  const source = `name = "echo"
version = "1.0.0"
capabilities = ["echoing"]
tools = ["messages"]
system_prompt = "Publish."
`;
  await server.ask("POST", "/api/v1/agents", { source });
  await create({ agent: "echo", topic: "echo", input: "{{event.content}}" });
  await send({ topic: "echo", content: "again" });
  const texts = async (): Promise<readonly string[]> => {
    const { body } = await server.ask("GET", "/api/v1/runs?limit=200&state=completed");
    const { items }: { items: { id: string }[] } = JSON.parse(JSON.stringify(body));
    const runs = await Promise.all(items.map(({ id }) => server.ask("GET", `/api/v1/runs/${id}`)));
    return runs.map((run) => JSON.stringify(run.body)).filter((text) => text.includes("MESSAGE_CYCLE"));
  };
  await expect.poll(async () => (await texts()).length, { timeout: 20_000 }).toBe(1);
  expect(await inputs()).toEqual(["again", "again", "again"]);
});
