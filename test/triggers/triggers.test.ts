import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { triggers as schemas } from "../../src/api/contract/index.ts";
import { settled } from "../helpers/manual-clock.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";
import { SetClock } from "./set-clock.ts";

verifies("triggers.exactly-once", "triggers.catch-up", "triggers.concurrency", "triggers.refused");

const AGENT = "data-analyzer";
let clock: SetClock;
let server: TestServer;
let directory: ReturnType<typeof tempDirectory>;

const start = async (): Promise<void> => {
  server = await startServer({ directory: directory.path, overrides: { clock } });
};
const restart = async (): Promise<void> => {
  await server[Symbol.asyncDispose]();
  await start();
};
beforeEach(async () => {
  directory = tempDirectory();
  clock = new SetClock(Date.parse("2026-11-23T06:30:00Z"));
  await start();
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

const create = async (spec: object) => {
  const body = { agent: AGENT, name: "report", input: "Report of {{planned_at}}", ...spec };
  const { status, body: created } = await server.ask("POST", "/api/v1/triggers", body);
  expect({ status, created }).toMatchObject({ status: 200 });
  return schemas.Trigger.parse(created);
};
const get = async (name = "report") =>
  schemas.Trigger.parse((await server.ask("GET", `/api/v1/triggers/${AGENT}%2F${name}`)).body);
const fires = async (name = "report") =>
  schemas.TriggerFirePage.parse((await server.ask("GET", `/api/v1/triggers/${AGENT}%2F${name}/fires`)).body).items;
/** Slots and outcomes, oldest first. */
const slots = async (name?: string) =>
  (await fires(name)).map(({ at, outcome }) => `${at.slice(0, 16)} ${outcome}`).toReversed();
/** Inputs of all runs, oldest first. */
const inputs = async (): Promise<readonly string[]> => {
  const { body } = await server.ask("GET", "/api/v1/runs?limit=200");
  const { items }: { items: { input_preview: string }[] } = JSON.parse(JSON.stringify(body));
  return items.map(({ input_preview: input }) => input).toReversed();
};
const settledSlots = (expected: readonly string[]) => expect.poll(() => slots()).toEqual(expected);
const CRON = { kind: "cron", cron: "0 8 * * *", zone: "Europe/Berlin" };

test("a cron trigger starts one run for each slot, with the time of the slot in its input", async () => {
  const created = await create(CRON);
  expect(created).toMatchObject({ next_at: "2026-11-23T07:00:00.000Z", owner: { kind: "local" }, stopped: null });
  await clock.until("2026-11-23T06:59:59Z");
  expect(await inputs()).toEqual([]);
  await clock.until("2026-11-24T07:30:00Z");
  await settledSlots(["2026-11-23T07:00 started", "2026-11-24T07:00 started"]);
  expect(await inputs()).toEqual(["Report of 2026-11-23T07:00:00.000Z", "Report of 2026-11-24T07:00:00.000Z"]);
  expect((await get()).next_at).toBe("2026-11-25T07:00:00.000Z");
});

test("a restart in the moment of a slot, before and after it is fired, starts its run once", async () => {
  // triggers.timer.T1
  await create(CRON);
  clock.set("2026-11-23T07:00:00Z");
  await restart();
  await settledSlots(["2026-11-23T07:00 started"]);
  await restart();
  clock.set("2026-11-23T07:00:01Z");
  await restart();
  await settledSlots(["2026-11-23T07:00 started"]);
  expect(await inputs()).toHaveLength(1);
});

test("after a clock that was set forward and back, each slot fires once", async () => {
  await create(CRON);
  clock.set("2026-11-26T12:00:00Z");
  await clock.advance(60_000);
  // triggers.timer.T2. The latest of the slots that were skipped; its predecessors have not fired.
  await settledSlots(["2026-11-26T07:00 started"]);
  expect((await fires())[0]).toMatchObject({ missed_from: "2026-11-23T07:00:00.000Z" });
  clock.set("2026-11-24T06:00:00Z");
  await clock.advance(60_000);
  expect((await get()).next_at).toBe("2026-11-24T07:00:00.000Z");
  await clock.until("2026-11-27T08:00:00Z");
  await settledSlots([
    "2026-11-24T07:00 started",
    "2026-11-25T07:00 started",
    "2026-11-26T07:00 started",
    "2026-11-27T07:00 started",
  ]);
  expect(await inputs()).toHaveLength(4);
});

test("a trigger that was created while the clock was ahead fires at its times once the clock is right", async () => {
  clock.set("2027-11-23T06:30:00Z");
  expect(await create(CRON)).toMatchObject({ next_at: "2027-11-23T07:00:00.000Z" });
  clock.set("2026-11-23T06:30:00Z");
  // triggers.timer.T2
  await clock.advance(60_000);
  expect((await get()).next_at).toBe("2026-11-23T07:00:00.000Z");
  await clock.until("2026-11-24T08:00:00Z");
  await settledSlots(["2026-11-23T07:00 started", "2026-11-24T07:00 started"]);
});

test("slots that were missed while the server did not run fire as catch_up says", async () => {
  for (const policy of ["latest", "skip", "all"]) await create({ ...CRON, name: policy, catch_up: policy });
  clock.set("2026-11-26T12:00:00Z");
  await restart();
  const days = [23, 24, 25, 26].map((day) => `2026-11-${day}T07:00 started`);
  await expect.poll(() => slots("all")).toEqual(days);
  expect(await slots("latest")).toEqual(["2026-11-26T07:00 started"]);
  expect(await slots("skip")).toEqual(["2026-11-26T07:00 missed"]);
  expect((await get("all")).next_at).toBe("2026-11-27T07:00:00.000Z");
});

test("of a year of missed minutes, the latest 100 run", async () => {
  await create({ kind: "every", every: "1m", catch_up: "all", parallel: 100 });
  clock.set("2027-11-23T06:30:30Z");
  await restart();
  await expect.poll(async () => (await inputs()).length).toBe(100);
  const last = (await fires())[0];
  expect(last).toMatchObject({ at: "2027-11-23T06:30:00.000Z" });
});

const preview = (spec: object) => server.ask("POST", "/api/v1/triggers/preview", { name: "x", input: "x", ...spec });

test("the next five times of a trigger are shown before it is created", async () => {
  const { body } = await preview({ kind: "cron", cron: "0 8 * * 1", zone: "Europe/Berlin" });
  const { times } = schemas.TriggerPreview.parse(body);
  expect(times.map((time) => time.slice(0, 10))).toEqual([
    "2026-11-23",
    "2026-11-30",
    "2026-12-07",
    "2026-12-14",
    "2026-12-21",
  ]);
  expect(await preview({ kind: "at", at: "2026-11-23T08:00:00Z" })).toMatchObject({
    body: { times: [expect.any(String)] },
  });
  expect(await preview({ kind: "webhook" })).toMatchObject({ body: { times: [] } });
  expect(await preview({ kind: "cron", cron: "0 8 31 2 *" })).toMatchObject({
    status: 400,
    body: { code: "TRIGGER_INVALID" },
  });
});

test("an interval and a single time", async () => {
  await create({ kind: "every", every: "20m" });
  await create({ kind: "at", name: "once", at: "2026-11-23T08:00:00+01:00" });
  await clock.until("2026-11-23T07:20:00Z");
  await settledSlots(["2026-11-23T06:50 started", "2026-11-23T07:10 started"]);
  expect((await fires("once")).map(({ at }) => at)).toEqual(["2026-11-23T07:00:00.000Z"]);
  expect((await get("once")).next_at).toBeNull();
});

test("jitter delays a slot, by the same time after a restart", async () => {
  const { id } = await create({ ...CRON, jitter: "10m" });
  const due = () => server.started.caxton.storage.triggers.find("default", id)?.dueAtMs;
  const before = due();
  const plannedMs = Date.parse("2026-11-23T07:00:00Z");
  expect(before).toBeGreaterThanOrEqual(plannedMs);
  expect(before).toBeLessThan(plannedMs + 600_000);
  await restart();
  expect(due()).toBe(before);
  await clock.until("2026-11-23T07:10:00Z");
  await settledSlots(["2026-11-23T07:00 started"]);
});

test("what could never start a run is refused with a remedy", async () => {
  const cases = [
    [{ kind: "cron", cron: "0 0 31 2 *" }, "matches no date", "Choose a day"],
    [{ kind: "cron", cron: "0 0 8 * * *" }, "has 6 fields", "Remove the field for seconds"],
    [{ kind: "cron", cron: "0 8 * * *", zone: "Berlin" }, "no time zone", "Europe/Berlin"],
    [{ kind: "at", at: "2020-01-01T00:00:00Z" }, "is past", "later"],
    [{ kind: "every", every: "400000000d" }, "longer than 366d", "cron"],
    [{ kind: "every", every: "1m", input: "{{day}}" }, "no variable day", "event"],
    [{ kind: "every", every: "1m", input: "{% if %}" }, "input", ""],
  ] as const;
  for (const [spec, message, hint] of cases) {
    const body = { agent: AGENT, name: "report", input: "Report", ...spec };
    const answer = await server.ask("POST", "/api/v1/triggers", body);
    const problem = { detail: expect.stringContaining(message), hint: expect.stringContaining(hint) };
    expect(answer).toMatchObject({ status: 400, body: { code: "TRIGGER_INVALID", ...problem } });
  }
});

test("a name is taken once per agent, and an agent must exist", async () => {
  await create(CRON);
  const again = await server.ask("POST", "/api/v1/triggers", { ...CRON, agent: AGENT, name: "report", input: "x" });
  expect(again).toMatchObject({ status: 409, body: { code: "TRIGGER_EXISTS" } });
  const other = await server.ask("POST", "/api/v1/triggers", { ...CRON, agent: "nothing", name: "report", input: "x" });
  expect(other).toMatchObject({ status: 404, body: { code: "AGENT_NOT_FOUND" } });
  const missing = await server.ask("GET", "/api/v1/triggers/nothing");
  expect(missing).toMatchObject({ status: 404, body: { code: "TRIGGER_NOT_FOUND" } });
});

test("a disabled trigger does not fire, an enabled one does from then on, and a deleted one is gone", async () => {
  const { id } = await create({ ...CRON, enabled: false });
  await clock.until("2026-11-23T09:00:00Z");
  expect(await fires()).toEqual([]);
  const enabled = await server.ask("PATCH", `/api/v1/triggers/${id}`, { enabled: true, cron: "30 10 * * *" });
  expect(enabled).toMatchObject({ status: 200, body: { next_at: "2026-11-23T09:30:00.000Z" } });
  const foreign = await server.ask("PATCH", `/api/v1/triggers/${id}`, { every: "1m" });
  expect(foreign).toMatchObject({ status: 400, body: { code: "TRIGGER_INVALID" } });
  await clock.until("2026-11-23T09:31:00Z");
  await settledSlots(["2026-11-23T09:30 started"]);
  expect(await server.ask("DELETE", `/api/v1/triggers/${id}`)).toMatchObject({ status: 200, body: { id } });
  expect(await server.ask("GET", `/api/v1/triggers/${id}/fires`)).toMatchObject({ status: 404 });
});

test("a change of the input in the moment of a slot does not lose the slot", async () => {
  const { id } = await create(CRON);
  clock.set("2026-11-23T07:00:10Z");
  await server.ask("PATCH", `/api/v1/triggers/${id}`, { input: "Other" });
  await settledSlots(["2026-11-23T07:00 started"]);
  expect(await inputs()).toEqual(["Other"]);
});

test("a trigger is fired by hand, with an event for its template", async () => {
  await create({ ...CRON, enabled: false, parallel: 2, input: "Look at {{event.order}}" });
  const fired = await server.ask("POST", `/api/v1/triggers/${AGENT}%2Freport/fire`, { event: { order: 7 } });
  expect(fired).toMatchObject({ status: 200, body: { outcome: "started", run: expect.any(String) } });
  expect(await inputs()).toEqual(["Look at 7"]);
  const broken = await server.ask("POST", `/api/v1/triggers/${AGENT}%2Freport/fire`);
  expect(broken).toMatchObject({ body: { outcome: "failed", code: "PROMPT_RENDER_FAILED", run: null } });
  expect((await get()).stopped).toBeNull();
});

test("a trigger whose agent was deleted stops with the reason, and continues when it is enabled", async () => {
  const { id } = await create(CRON);
  const { body: agent } = await server.ask("GET", `/api/v1/agents/${AGENT}`);
  await server.ask("DELETE", `/api/v1/agents/${AGENT}`);
  await clock.until("2026-11-23T07:00:10Z");
  await settledSlots(["2026-11-23T07:00 failed"]);
  expect(await get()).toMatchObject({ stopped: { reason: expect.stringContaining("AGENT_NOT_FOUND") }, next_at: null });
  const { source }: { source: string } = JSON.parse(JSON.stringify(agent));
  await server.ask("POST", "/api/v1/agents", { source });
  const enabled = await server.ask("PATCH", `/api/v1/triggers/${id}`, { enabled: true });
  expect(enabled).toMatchObject({ body: { stopped: null, next_at: "2026-11-24T07:00:00.000Z" } });
});

/** A number, once it has not changed for a while. */
async function steady(read: () => number): Promise<number> {
  for (let last = read(); ; last = read()) {
    await setTimeout(300);
    if (read() === last) return last;
  }
}

test("a thousand triggers need one timer, and triggers without a slot none", async () => {
  // triggers.timer.T3
  const { triggers } = server.started.caxton.triggers;
  const before = await steady(() => clock.sleeping);
  const owner = { id: "local", kind: "local", name: "local" };
  const spec = {
    kind: "every",
    every: "1d",
    input: "x",
    thread: "new",
    catch_up: "latest",
    concurrency: "queue",
    parallel: 1,
  } as const;
  const add = (name: string, enabled: boolean) =>
    triggers.create({ id: undefined, workspace: "default", agent: AGENT, owner, spec: { ...spec, name, enabled } });
  await add("off", false);
  await settled();
  // Timers of earlier tests may end meanwhile.
  expect(clock.sleeping).toBeLessThanOrEqual(before);
  await Promise.all(Array.from({ length: 1_000 }, (_none, index) => add(`t${index}`, true)));
  await expect.poll(() => clock.sleeping).toBeLessThanOrEqual(before + 1);
});
