import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { mint, WebhookId } from "../../src/kernel/ids.ts";
import { LIMITS } from "../../src/kernel/quantities.ts";
import { settled } from "../helpers/manual-clock.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";
import { startHooked } from "./hooked.ts";
import { answer, answerOk, startReceiver } from "./receiver.ts";

verifies("webhooks.load");

const SCRIPT = [{ text: "done" }];

/** The events of many runs. */
const eventsFor = (id: WebhookId, count: number) => ({
  notified: [],
  deliveries: Array.from({ length: count }, (_, index) => ({
    workspace: "default",
    id,
    event: { type: "run.completed", atMs: index, data: { run: mint(WebhookId) }, entry: undefined } as const,
    dueAtMs: 0,
  })),
});

test("10,000 events for a dead target fill its queue, and further ones are left out with their numbers", async () => {
  await using receiver = await startReceiver(answer(503));
  await using hooked = await startHooked(receiver, { script: SCRIPT });
  const { id: text } = await hooked.create({ url: receiver.url, events: ["run.completed"] });
  const id = WebhookId.parse(text);
  const { webhooks: store } = hooked.server.started.caxton.storage;
  await store.record(eventsFor(id, LIMITS.webhookQueueMax + 50), store.newest());
  await hooked.run();
  // webhooks.dispatcher.W2
  await expect.poll(async () => (await hooked.get(id)).dropped).toBe(51);
  expect(await hooked.get(id)).toMatchObject({ state: "full", pending: 10_000, sequence: 10_051 });
  // webhooks.sender.S2. One attempt after the other, with pauses: the clock stands still.
  await expect.poll(() => receiver.received.length).toBeGreaterThan(0);
  for (let turn = 0; turn < 50; turn += 1) await settled();
  expect(receiver.received.length).toBeLessThanOrEqual(LIMITS.webhookAttemptsMax);
  receiver.answer(answerOk);
  await hooked.replay(id);
  await expect.poll(async () => (await hooked.get(id)).pending, { timeout: 60_000 }).toBeLessThan(9_900);
  expect(await hooked.get(id)).toMatchObject({ state: "active" });
}, 120_000);

test("at most four attempts of a webhook are in flight", async () => {
  await using receiver = await startReceiver(() => undefined);
  await using hooked = await startHooked(receiver);
  const id = WebhookId.parse((await hooked.create({ url: receiver.url, events: ["run.completed"] })).id);
  const { webhooks: store } = hooked.server.started.caxton.storage;
  await store.record(eventsFor(id, 10), store.newest());
  await hooked.replay(id);
  await expect.poll(() => receiver.received.length).toBe(LIMITS.webhookAttemptsMax);
  await hooked.clock.advance(9_000);
  expect(receiver.received).toHaveLength(LIMITS.webhookAttemptsMax);
});

test("slow targets of one workspace take 16 attempts, and a fifth test of a webhook at the same time is refused", async () => {
  const waiting: ServerResponse[] = [];
  await using receiver = await startReceiver((response) => void waiting.push(response));
  await using hooked = await startHooked(receiver);
  const made = await Promise.all(
    Array.from({ length: 6 }, () => hooked.create({ url: receiver.url, events: ["run.completed"] })),
  );
  const { webhooks: store } = hooked.server.started.caxton.storage;
  const [tested = "", ...slow] = made.map(({ id }) => id);
  const path = `/api/v1/webhooks/${tested}/test`;
  const tests = Array.from({ length: 5 }, () => hooked.server.ask("POST", path));
  // webhooks.sender.S2
  expect(await Promise.race(tests)).toMatchObject({ status: 429, body: { code: "WEBHOOKS_FULL" } });
  await expect.poll(() => receiver.received.length).toBe(LIMITS.webhookAttemptsMax);
  for (const id of slow) await store.record(eventsFor(WebhookId.parse(id), 5), store.newest());
  for (const id of slow) await hooked.replay(id);
  await expect.poll(() => receiver.received.length).toBe(LIMITS.webhookAttemptsWorkspaceMax);
  for (let turn = 0; turn < 50; turn += 1) await settled();
  expect(receiver.received).toHaveLength(LIMITS.webhookAttemptsWorkspaceMax);
  receiver.answer(answerOk);
  for (const response of waiting) response.writeHead(204).end();
  await Promise.all(tests);
  await expect.poll(() => new Set(receiver.received.map(({ event }) => event.id)).size).toBe(29);
});

test("targets that hang after failures leave room for a webhook that answers", async () => {
  let fails = true;
  const hanging = new Set<ServerResponse>();
  await using receiver = await startReceiver((response, { path }) => {
    if (path === "/well") response.writeHead(204).end();
    else if (fails) response.writeHead(500).end();
    else hanging.add(response.on("close", () => hanging.delete(response)));
  });
  await using hooked = await startHooked(receiver);
  const { webhooks: store } = hooked.server.started.caxton.storage;
  const create = async (path: string) =>
    WebhookId.parse((await hooked.create({ url: receiver.origin + path, events: ["run.completed"] })).id);
  const failing = await Promise.all(Array.from({ length: 20 }, () => create("/bad")));
  const well = await create("/well");
  for (const id of failing) await store.record(eventsFor(id, 2), store.newest());
  for (const id of failing) await hooked.replay(id);
  await expect.poll(async () => (await hooked.get(failing.at(-1) ?? "")).state).toBe("failing");
  fails = false;
  // webhooks.sender.S2
  await hooked.clock.advance(8_000);
  await expect.poll(() => hanging.size).toBeGreaterThanOrEqual(LIMITS.webhookAttemptsWorkspaceMax / 2);
  await store.record(eventsFor(well, 1), store.newest());
  await hooked.replay(well);
  await expect.poll(() => receiver.received.some(({ path }) => path === "/well")).toBe(true);
  expect(hanging.size).toBeLessThan(LIMITS.webhookAttemptsWorkspaceMax);
});

test("a workspace has at most 100 webhooks", async () => {
  await using receiver = await startReceiver();
  await using hooked = await startHooked(receiver);
  const spec = { url: receiver.url, events: ["agent.*"] };
  for (let made = 0; made < LIMITS.webhooksMax; made += 1) await hooked.create(spec);
  const refused = await hooked.server.ask("POST", "/api/v1/webhooks", spec);
  expect(refused).toMatchObject({ status: 429, body: { code: "WEBHOOKS_FULL" } });
});

test("without an active webhook nothing is recorded, and the position does not move", async () => {
  await using receiver = await startReceiver();
  await using hooked = await startHooked(receiver, { script: SCRIPT });
  // webhooks.dispatcher.W3
  const { webhooks: store } = hooked.server.started.caxton.storage;
  await hooked.run();
  expect(store.position()).toEqual({ journal: 0, changes: 0 });
  const { id } = await hooked.create({ url: receiver.url, events: ["run.*"] });
  expect(store.position()).toEqual(store.newest());
  await hooked.update(id, { enabled: false });
  const before = store.position();
  await hooked.run();
  expect([store.position(), receiver.received]).toEqual([before, []]);
});

test("a server starts although a change cannot be read", async () => {
  using directory = tempDirectory();
  await using receiver = await startReceiver();
  {
    await using hooked = await startHooked(receiver, { directory: directory.path });
    await hooked.create({ url: receiver.url, events: ["agent.*"] });
    const { database } = hooked.server.started.caxton.storage;
    await database.write(() => database.sql("INSERT INTO changes (workspace, body) VALUES ('default', '{}')").run());
  }
  await using hooked = await startHooked(receiver, { directory: directory.path });
  expect(await hooked.server.ask("GET", "/ready")).toMatchObject({ status: 200 });
});

test("a restart sends what is due, with the id that it had", async () => {
  using directory = tempDirectory();
  await using receiver = await startReceiver(answer(500));
  const start = () => startHooked(receiver, { script: SCRIPT, directory: directory.path });
  let id = "";
  {
    await using hooked = await start();
    ({ id } = await hooked.create({ url: receiver.url, events: ["run.completed"] }));
    await hooked.run();
    await expect.poll(async () => (await hooked.deliveries(id))[0]?.attempts.length).toBe(1);
  }
  receiver.answer(answerOk);
  await using hooked = await start();
  expect(await hooked.get(id)).toMatchObject({ state: "failing", pending: 1 });
  await hooked.clock.advance(6_000);
  await expect.poll(async () => (await hooked.get(id)).pending).toBe(0);
  expect(new Set(receiver.received.map(({ event }) => event.id)).size).toBe(1);
});
