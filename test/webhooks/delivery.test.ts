import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { verifies } from "../helpers/verifies.ts";
import { startHooked, START_MS } from "./hooked.ts";
import { answer, answerOk, startReceiver } from "./receiver.ts";

verifies("webhooks.retries", "webhooks.targets");

const SCRIPT = [{ text: "done" }];
const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const EVENTS = ["run.completed"];

type Hooked = Awaited<ReturnType<typeof startHooked>>;

/** The newest delivery, once it has had a number of attempts. */
async function attempted(hooked: Hooked, id: string, count: number) {
  await expect.poll(async () => (await hooked.deliveries(id))[0]?.attempts.length).toBe(count);
  const [delivery] = await hooked.deliveries(id);
  if (delivery === undefined) throw new Error("there is no delivery");
  return delivery;
}

/** Advances to the next attempt of a delivery. Returns how long that took. */
async function toNext(hooked: Hooked, at: string | null): Promise<number> {
  const delayMs = Date.parse(at ?? "") - hooked.clock.nowMs();
  await hooked.clock.advance(delayMs);
  return delayMs;
}

test("a target that answers 500 for a day is asked nine times, then the delivery is dead until it is replayed", async () => {
  await using receiver = await startReceiver(answer(500));
  await using hooked = await startHooked(receiver, { script: SCRIPT });
  const { id } = await hooked.create({ url: receiver.url, events: EVENTS });
  await hooked.run();
  const delays: number[] = [];
  for (let count = 1; count < 9; count += 1) {
    const { next_attempt_at: next, state } = await attempted(hooked, id, count);
    expect(state).toBe("pending");
    delays.push(await toNext(hooked, next));
  }
  const planned = [5, 30, 120, 600, 3_600, 10_800, 21_600, 43_200].map((seconds) => seconds * SECOND_MS);
  for (const [index, delayMs] of delays.entries()) {
    expect(delayMs).toBeGreaterThan((planned[index] ?? 0) * 0.99);
    expect(delayMs).toBeLessThanOrEqual((planned[index] ?? 0) * 1.1);
  }
  expect(await attempted(hooked, id, 9)).toMatchObject({ state: "dead", next_attempt_at: null });
  expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
  expect(await hooked.get(id)).toMatchObject({
    state: "failing",
    pending: 0,
    failing_since: "2026-11-23T08:00:00.000Z",
  });
  receiver.answer(answerOk);
  expect(await hooked.replay(id)).toEqual({ replayed: 1 });
  expect(await attempted(hooked, id, 10)).toMatchObject({ state: "delivered" });
  expect(new Set(receiver.received.map(({ event }) => event.id)).size).toBe(1);
  expect(await hooked.get(id)).toMatchObject({ state: "active", failing_since: null });
});

test("one delivery is replayed by its id, and one of another webhook is not found", async () => {
  await using receiver = await startReceiver();
  await using hooked = await startHooked(receiver, { script: SCRIPT });
  const { id } = await hooked.create({ url: receiver.url, events: EVENTS });
  const other = await hooked.create({ url: receiver.url, events: ["agent.*"] });
  await hooked.run();
  const { id: delivery } = await attempted(hooked, id, 1);
  expect(await hooked.replay(id, { delivery })).toEqual({ replayed: 1 });
  await attempted(hooked, id, 2);
  expect(receiver.received.map(({ event }) => event.id)).toEqual([delivery, delivery]);
  const foreign = await hooked.server.ask("POST", `/api/v1/webhooks/${other.id}/replay`, { delivery });
  expect(foreign).toMatchObject({ status: 404, body: { code: "WEBHOOK_DELIVERY_NOT_FOUND" } });
});

test("a webhook that has failed for three days stops, which the audit log and other webhooks report", async () => {
  await using receiver = await startReceiver((response, { path }) =>
    response.writeHead(path === "/dead" ? 500 : 204).end(),
  );
  await using hooked = await startHooked(receiver, { script: SCRIPT });
  const { id } = await hooked.create({ url: `${receiver.origin}/dead`, events: EVENTS });
  await hooked.create({ url: `${receiver.origin}/watch`, events: ["webhook.stopped"] });
  await hooked.run();
  await attempted(hooked, id, 1);
  await hooked.clock.advance(72 * HOUR_MS);
  await hooked.run();
  await expect.poll(async () => (await hooked.get(id)).state).toBe("stopped");
  const reason = expect.stringContaining(
    "every attempt has failed since 2026-11-23T08:00:00.000Z: the target answered 500",
  );
  expect(await hooked.get(id)).toMatchObject({ stopped: { reason } });
  await expect.poll(() => receiver.received.filter(({ path }) => path === "/watch")).toHaveLength(1);
  const report = receiver.received.find(({ path }) => path === "/watch");
  expect(report?.event).toMatchObject({ type: "webhook.stopped", data: { webhook: id, reason } });
  const audit = await hooked.server.ask("GET", "/api/v1/audit?operation=webhook.stop");
  expect(audit).toMatchObject({ body: { items: [{ target: { webhook: id } }] } });
  expect(await hooked.update(id, { enabled: true })).toMatchObject({ state: "active", stopped: null });
});

test("Retry-After delays the next attempt, and 410 stops the webhook", async () => {
  await using receiver = await startReceiver(answer(429, { "retry-after": "100" }));
  await using hooked = await startHooked(receiver, { script: SCRIPT });
  const { id } = await hooked.create({ url: receiver.url, events: EVENTS });
  await hooked.run();
  const { next_attempt_at: next } = await attempted(hooked, id, 1);
  expect(Date.parse(next ?? "")).toBe(START_MS + 100 * SECOND_MS);
  receiver.answer(answer(410));
  await toNext(hooked, next);
  await expect.poll(async () => (await hooked.get(id)).state).toBe("stopped");
  expect(await hooked.get(id)).toMatchObject({ stopped: { reason: expect.stringContaining("410") } });
  expect(await attempted(hooked, id, 2)).toMatchObject({ state: "dead" });
});

test("a redirect is a failure and is not followed", async () => {
  await using elsewhere = await startReceiver();
  await using receiver = await startReceiver(answer(307, { location: elsewhere.url }));
  await using hooked = await startHooked(receiver, { script: SCRIPT });
  const { id } = await hooked.create({ url: receiver.url, events: EVENTS });
  const { attempts, state } = await hooked.test(id);
  expect({ attempts, state }).toMatchObject({
    state: "dead",
    attempts: [{ status: 307, error: expect.stringContaining("not followed") }],
  });
  expect(elsewhere.received).toEqual([]);
});

test("a target that does not answer within 10 s has failed", async () => {
  await using receiver = await startReceiver(() => undefined);
  await using hooked = await startHooked(receiver, { script: SCRIPT });
  const { id } = await hooked.create({ url: receiver.url, events: EVENTS });
  await hooked.run();
  await expect.poll(() => receiver.received.length).toBe(1);
  await hooked.clock.advance(10 * SECOND_MS);
  const { attempts } = await attempted(hooked, id, 1);
  expect(attempts).toMatchObject([
    { status: null, duration_ms: 10_000, error: expect.stringContaining("within 10 s") },
  ]);
});

test("a connection that closes within the response has failed, and an endless response is cut off", async () => {
  await using receiver = await startReceiver((response) => {
    response.writeHead(200, { "content-length": "1000" }).write("begin");
    setTimeout(() => response.destroy(), 10);
  });
  await using hooked = await startHooked(receiver, { script: SCRIPT });
  const { id } = await hooked.create({ url: receiver.url, events: EVENTS });
  expect(await hooked.test(id)).toMatchObject({
    state: "dead",
    attempts: [{ status: null, error: expect.any(String) }],
  });
  let isClosed = false;
  receiver.answer((response) => {
    response.writeHead(200).on("close", () => (isClosed = true));
    const pour = (): void =>
      void (response.write("x".repeat(65_536)) ? setImmediate(pour) : response.once("drain", pour));
    pour();
  });
  expect(await hooked.test(id)).toMatchObject({ state: "delivered" });
  await expect.poll(() => isClosed).toBe(true);
});

test("a name that leads to a private address is refused in each attempt", async () => {
  await using receiver = await startReceiver();
  const answers = [["10.0.0.5"], ["93.184.216.34", "127.0.0.1"], ["169.254.169.254"]];
  const asked: string[] = [];
  const resolve = async (name: string) => {
    asked.push(name);
    return answers[asked.length - 1] ?? [];
  };
  await using hooked = await startHooked(receiver, { script: SCRIPT, overrides: { resolve } });
  const { id } = await hooked.create({ url: "https://hooks.example/x", events: EVENTS });
  for (const address of ["10.0.0.5", "127.0.0.1", "169.254.169.254"]) {
    const { attempts } = await hooked.test(id);
    expect(attempts).toMatchObject([{ status: null, error: expect.stringContaining(address) }]);
    expect(attempts[0]?.error).toContain("[ADDRESS_REFUSED]");
  }
  expect(asked).toEqual(["hooks.example", "hooks.example", "hooks.example"]);
  const own = await hooked.create({ url: "https://127.0.0.1:1/x", events: EVENTS });
  expect((await hooked.test(own.id)).attempts[0]?.error).toContain("of this machine");
});

test("a webhook that is deleted while it delivers leaves nothing", async () => {
  const waiting: ServerResponse[] = [];
  await using receiver = await startReceiver((response) => void waiting.push(response));
  await using hooked = await startHooked(receiver, { script: SCRIPT });
  const { id } = await hooked.create({ url: receiver.url, events: EVENTS });
  await hooked.run();
  await expect.poll(() => receiver.received.length).toBe(1);
  await hooked.remove(id);
  waiting[0]?.writeHead(500).end();
  await hooked.clock.advance(HOUR_MS);
  expect(await hooked.server.ask("GET", `/api/v1/webhooks/${id}/deliveries`)).toMatchObject({ status: 404 });
  const again = await hooked.create({ url: receiver.url, events: EVENTS });
  expect(again).toMatchObject({ pending: 0, sequence: 0 });
  expect(receiver.received).toHaveLength(1);
});
