import { expect, test } from "vitest";
import { startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("triggers.concurrency");

/** Each run takes so long that the following events find it running. */
const SCRIPT = [{ text: "done", delayMs: 1_500 }];
const PATH = "/api/v1/triggers/data-analyzer%2Fbusy";

const create = (server: TestServer, more: object) =>
  server.ask("POST", "/api/v1/triggers", {
    agent: "data-analyzer",
    name: "busy",
    kind: "every",
    every: "1d",
    input: "{{event.n}}",
    ...more,
  });
const fire = async (server: TestServer, count: number) => {
  for (let n = 1; n <= count; n += 1) await server.ask("POST", `${PATH}/fire`, { event: { n }, caller: undefined });
};
async function ends(server: TestServer): Promise<readonly string[]> {
  const { body } = await server.ask("GET", `${PATH}/fires`);
  const { items }: { items: { outcome: string; run_state: string | null }[] } = JSON.parse(JSON.stringify(body));
  return items.map(({ outcome, run_state: state }) => state ?? outcome).toReversed();
}

test("queue starts one run after the other", async () => {
  await using server = await startServer({ script: SCRIPT });
  await create(server, {});
  await fire(server, 3);
  expect(await ends(server)).toEqual([expect.stringMatching(/queued|running/), "waiting", "waiting"]);
  await expect.poll(() => ends(server)).toEqual(["completed", expect.stringMatching(/queued|running/), "waiting"]);
  await expect.poll(() => ends(server)).toEqual(["completed", "completed", "completed"]);
});

test("parallel starts as many runs at the same time, and skip leaves out the others", async () => {
  await using server = await startServer({ script: SCRIPT });
  // triggers.firing.F2
  await create(server, { parallel: 2, concurrency: "skip" });
  await fire(server, 3);
  await expect.poll(() => ends(server)).toEqual(["completed", "completed", "skipped"]);
  await fire(server, 1);
  await expect.poll(() => ends(server)).toEqual(["completed", "completed", "skipped", "completed"]);
});

test("replace cancels the earlier run", async () => {
  await using server = await startServer({ script: SCRIPT });
  await create(server, { concurrency: "replace" });
  await fire(server, 3);
  await expect.poll(() => ends(server)).toEqual(["cancelled", "cancelled", "completed"]);
});

test("more than 100 waiting events are refused until there is room", async () => {
  const script = [{ text: "done", delayMs: 60_000 }];
  await using server = await startServer({ script, settings: { "server.shutdown_timeout": "100ms" } });
  await create(server, {});
  await fire(server, 101);
  const refused = await server.ask("POST", `${PATH}/fire`);
  expect(refused).toMatchObject({ status: 429, body: { code: "TRIGGER_BUSY", retry_after_ms: expect.any(Number) } });
});

const QUICK = { "server.shutdown_timeout": "100ms" };

test("an event that waits starts when any of the open runs ends, not only the oldest", async () => {
  const script = [{ text: "done", delayMs: 60_000 }];
  await using server = await startServer({ script, settings: QUICK });
  // triggers.firing.F2
  await create(server, { parallel: 2 });
  await fire(server, 3);
  const { body } = await server.ask("GET", `${PATH}/fires`);
  const { items }: { items: { run: string | null }[] } = JSON.parse(JSON.stringify(body));
  expect(items[0]?.run).toBeNull();
  await server.ask("POST", `/api/v1/runs/${items[1]?.run}/cancel`);
  const isOpen = expect.stringMatching(/queued|running/);
  await expect.poll(() => ends(server)).toEqual([isOpen, "cancelled", isOpen]);
});

test("a change of the policy applies to the events that wait", async () => {
  const script = [{ text: "done", delayMs: 60_000 }];
  await using server = await startServer({ script, settings: QUICK });
  await create(server, {});
  await fire(server, 3);
  expect((await ends(server)).filter((each) => each === "waiting")).toHaveLength(2);
  await server.ask("PATCH", PATH, { parallel: 3 });
  await expect.poll(async () => (await ends(server)).includes("waiting")).toBe(false);
});

test("events that arrive together do not exceed the limit", async () => {
  const script = [{ text: "done", delayMs: 60_000 }];
  await using server = await startServer({ script, settings: QUICK });
  await create(server, {});
  const { triggers } = server.started.caxton.triggers;
  const fires = Array.from({ length: 150 }, (_none, n) =>
    triggers.fire("default", "data-analyzer/busy", { key: `manual ${n}`, event: { n }, caller: undefined }),
  );
  const results = await Promise.allSettled(fires);
  expect(results.filter(({ status }) => status === "fulfilled").length).toBeLessThanOrEqual(101);
  const { storage } = server.started.caxton;
  expect(storage.triggers.waitingCount(triggers.get("default", "data-analyzer/busy"), "all")).toBe(100);
});

test("an event whose trigger is deleted at that moment is refused, and no change restores the trigger", async () => {
  await using server = await startServer({ script: SCRIPT });
  await create(server, {});
  const { triggers } = server.started.caxton.triggers;
  const { id, owner } = triggers.get("default", "data-analyzer/busy");
  const results = await Promise.allSettled([
    triggers.delete("default", id),
    triggers.update("default", id, { change: { input: "Other" }, owner }),
    triggers.fire("default", id, { key: "manual 1", event: {}, caller: undefined }),
  ]);
  const refused = { status: "rejected", reason: { code: "TRIGGER_NOT_FOUND" } };
  expect(results).toMatchObject([{ status: "fulfilled" }, refused, refused]);
  expect(await server.ask("GET", PATH)).toMatchObject({ status: 404 });
});

test("events of a disabled trigger wait until it is enabled, and it still fires by hand", async () => {
  await using server = await startServer({ script: [{ text: "done", delayMs: 100 }] });
  await create(server, {});
  // triggers.firing.F4
  const { triggers } = server.started.caxton.triggers;
  for (const n of [1, 2, 3])
    await triggers.fire("default", "data-analyzer/busy", { key: `event ${n}`, event: { n }, caller: undefined });
  await server.ask("PATCH", PATH, { enabled: false });
  await expect.poll(() => ends(server)).toEqual(["completed", "waiting", "waiting"]);
  await server.ask("POST", `${PATH}/fire`, { event: { n: 4 } });
  await expect.poll(() => ends(server)).toEqual(["completed", "waiting", "waiting", "completed"]);
  await server.ask("PATCH", PATH, { enabled: true });
  await expect.poll(() => ends(server)).toEqual(["completed", "completed", "completed", "completed"]);
});
