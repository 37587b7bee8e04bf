import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { mint, TriggerId } from "../../src/kernel/ids.ts";
import { LIMITS } from "../../src/kernel/quantities.ts";
import { Database } from "../../src/storage/database.ts";
import { SqliteTriggerStore } from "../../src/storage/triggers/sqlite-trigger-store.ts";
import { newFire } from "../../src/triggers/slots.ts";
import type { Fire, Trigger } from "../../src/triggers/index.ts";
import { tempDirectory } from "../helpers/temp.ts";

let directory: ReturnType<typeof tempDirectory>;
let db: Database;
let store: SqliteTriggerStore;
beforeEach(() => {
  directory = tempDirectory();
  db = Database.open({ directory: directory.path, synchronous: "normal" });
  store = new SqliteTriggerStore(db);
});
afterEach(() => {
  db[Symbol.dispose]();
  directory[Symbol.dispose]();
});

const trigger = (more: Partial<Trigger> = {}): Trigger => ({
  workspace: "default",
  id: mint(TriggerId),
  agent: "clerk",
  spec: {
    kind: "every",
    every: "1m",
    name: "tick",
    input: "x",
    thread: "new",
    catch_up: "latest",
    concurrency: "queue",
    parallel: 1,
    enabled: true,
  },
  owner: { id: "local", kind: "local", name: "local" },
  isDeclared: false,
  createdAtMs: 0,
  updatedAtMs: 0,
  nextAtMs: 60_000,
  dueAtMs: 60_000,
  lastAtMs: 0,
  stopped: undefined,
  ...more,
});
const slot = (of: Trigger, atMs: number): Fire => ({
  ...newFire(of, { key: new Date(atMs).toISOString(), atMs, firedAtMs: atMs, event: {} }),
  outcome: "failed",
});
const manual = (of: Trigger, key: string, atMs: number): Fire => ({ ...slot(of, atMs), key });
const planOf = (lastAtMs: number) => ({ nextAtMs: lastAtMs + 60_000, dueAtMs: lastAtMs + 60_000, lastAtMs });
const MORE = LIMITS.triggerEventsKeptMax + 1;

test("a slot that is delayed fires, however many events come in between", async () => {
  const delayed = trigger();
  await store.put(delayed);
  // triggers.timer.T1
  for (let n = 0; n < MORE; n += 1) await store.fire(delayed, [manual(delayed, `manual ${n}`, 61_000 + n)], undefined);
  expect(store.fires(delayed, { before: undefined, limit: 9_999 })).toHaveLength(LIMITS.triggerEventsKeptMax);
  expect(await store.fire(delayed, [slot(delayed, 60_000)], planOf(60_000))).toHaveLength(1);
});

test("a slot whose event is deleted does not fire again after the clock was set back", async () => {
  const ticking = trigger();
  await store.put(ticking);
  // triggers.timer.T2
  for (let n = 1; n <= MORE + 1; n += 1) {
    const plan = planOf(n * 60_000);
    await store.fire(ticking, [slot(ticking, n * 60_000)], plan);
  }
  await store.fire(ticking, [manual(ticking, "manual", 90_000)], undefined);
  expect(await store.fire(ticking, [slot(ticking, 120_000)], planOf(MORE * 60_000))).toEqual([]);
});

test("the queries of the timer and of each event use an index", async () => {
  const texts = vi.spyOn(db, "sql");
  const stored = trigger();
  await store.put(stored);
  await store.fire(stored, [slot(stored, 60_000)], planOf(60_000));
  store.due(0, 1);
  store.nextDueMs();
  store.ahead(0);
  store.firstWaiting(stored, "all");
  store.firstWaiting(stored, "by-hand");
  store.waitingCount(stored, "all");
  store.waitingCount(stored, "by-hand");
  store.withWaiting();
  store.openRuns(stored);
  const plans = [...new Set(texts.mock.calls.map(([text]) => text))]
    .filter((text) => /^(SELECT|UPDATE|DELETE)/.test(text))
    .flatMap((text) => db.sql(`EXPLAIN QUERY PLAN ${text}`).all())
    .map(({ detail }) => String(detail));
  expect(plans.length).toBeGreaterThan(8);
  expect(plans.filter((plan) => plan.includes("trigger_fires_open")).length).toBeGreaterThanOrEqual(5);
  expect(plans.filter((plan) => plan.startsWith("SCAN ") && !plan.includes("INDEX"))).toEqual([]);
});
