import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Clock } from "../../kernel/clock.ts";
import { type Amounts, type Limit, type Limits, NOTHING, plus } from "./amounts.ts";
import { Budgets, type BudgetsOptions, type RunBudget } from "./budgets.ts";
import { Calendar } from "./day.ts";
import { amountsOf, type Spend } from "./spend.ts";

// verifies("budget.reserve", "budget.per-day")

/** Time that passes only when the test says so. */
class HandClock implements Clock {
  #nowMs: number;
  readonly #sleepers = new Set<{ readonly untilMs: number; readonly wake: () => void }>();

  constructor(at: string) {
    this.#nowMs = Date.parse(at);
  }

  nowMs = (): number => this.#nowMs;
  monotonicMs = (): number => this.#nowMs;

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sleeper = { untilMs: this.#nowMs + ms, wake: resolve };
    this.#sleepers.add(sleeper);
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    if (signal?.aborted) reject(signal.reason);
    await promise.finally(() => this.#sleepers.delete(sleeper));
  }

  set(at: string): void {
    this.#nowMs = Date.parse(at);
    for (const { untilMs, wake } of this.#sleepers) if (untilMs <= this.#nowMs) wake();
  }
}

/** The spend table, in memory: what was written survives the server. */
class Table {
  readonly spends: Spend[] = [];
  readonly store = {
    total: ({ day, workspace, agent }: { day: string; workspace?: string | undefined; agent?: string | undefined }) =>
      this.spends
        .filter((spend) => spend.day === day)
        .filter((spend) => workspace === undefined || spend.workspace === workspace)
        .filter((spend) => agent === undefined || spend.agent === agent)
        .reduce((sum: Amounts, spend) => plus(sum, amountsOf(spend)), NOTHING),
    usage: () => [],
  };
}

const NEVER_ABORTED = new AbortController().signal;
const limit = (max: number, per: Limit["per"] = "day"): Limit => ({ max, key: "k", file: "f", per });
const tokens = (count: number): Amounts => ({ ...NOTHING, tokens: count });
const spendOf = (day: string, agent: string, count: number): Spend => ({
  workspace: "w",
  agent,
  day,
  model: "m",
  modelCalls: 1,
  inputTokens: count,
  outputTokens: 0,
  cachedInputTokens: 0,
  usdMicros: 0,
  unpricedCalls: 0,
  estimatedCalls: 0,
  toolCalls: 0,
  fuel: 0,
  ms: 0,
});

type World = { readonly table: Table; readonly clock: HandClock };
const begin = ({ table, clock }: World, options: Partial<BudgetsOptions>, timeZone = "UTC"): Budgets =>
  new Budgets(
    { store: table.store, clock, calendar: new Calendar(timeZone) },
    { workspace: {}, day: {}, waitMs: 1_000, ...options },
  );
const world = (): World => ({ table: new Table(), clock: new HandClock("2026-11-21T23:00:00Z") });

function openRun(budgets: Budgets, id: string, limits: { run?: Limits; agent?: Limits } = {}): RunBudget {
  return budgets.open({
    id,
    workspace: "w",
    agent: "a",
    limits: { run: limits.run ?? {}, agent: limits.agent ?? {} },
    used: NOTHING,
  });
}

/** What a run does when a call has ended: first to disk, then counted, then given back. */
function settle(
  { table }: World,
  run: RunBudget,
  held: { readonly id: number; readonly day: string },
  used: number,
): void {
  const spend = spendOf(held.day, "a", used);
  table.spends.push(spend);
  run.spent(spend);
  run.release(held.id);
}

test("of two runs that want the last room at the same time one gets it, and the other what the first leaves", async () => {
  const here = world();
  const budgets = begin(here, { day: { tokens: limit(10) } });
  const [one, two] = [openRun(budgets, "1"), openRun(budgets, "2")];
  const first = await one.reserve(tokens(8), NEVER_ABORTED);
  expect(first.type).toBe("reserved");
  const second = two.reserve(tokens(8), NEVER_ABORTED);
  if (first.type === "reserved") settle(here, one, first, 2);
  expect(await second).toMatchObject({ type: "reserved" });
  expect(budgets.level({ type: "day" })).toMatchObject({ used: tokens(2), reserved: tokens(8) });
});

test("who waits for room is refused when it was waited for long enough, and stops when its run does", async () => {
  const here = world();
  const budgets = begin(here, { day: { tokens: limit(10) } });
  const [one, two, three] = [openRun(budgets, "1"), openRun(budgets, "2"), openRun(budgets, "3")];
  await one.reserve(tokens(8), NEVER_ABORTED);
  const late = two.reserve(tokens(8), NEVER_ABORTED);
  const cancel = new AbortController();
  const cancelled = three.reserve(tokens(8), cancel.signal);
  cancel.abort("cancelled");
  expect(await cancelled).toEqual({ type: "stopped" });
  here.clock.set("2026-11-21T23:00:01Z");
  expect(await late).toMatchObject({ type: "short", shortage: { reserved: 8, needed: 8, scope: "this server" } });
});

test("tool calls of a turn that have ended are used and no longer reserved, while others of the turn are running", async () => {
  const here = world();
  const budgets = begin(here, { day: { tool_calls: limit(4) }, waitMs: 0 });
  const [one, two] = [openRun(budgets, "1"), openRun(budgets, "2")];
  const held = await one.reserve({ ...NOTHING, tool_calls: 3 }, NEVER_ABORTED);
  if (held.type !== "reserved") throw new Error("there is room for three");
  const level = () => budgets.level({ type: "day" });
  for (const calls of [1, 2]) {
    one.spent({ ...spendOf(held.day, "a", 0), toolCalls: 1 });
    expect(level()).toMatchObject({ used: { tool_calls: calls }, reserved: { tool_calls: 3 - calls } });
  }
  expect(await two.reserve({ ...NOTHING, tool_calls: 1 }, NEVER_ABORTED)).toMatchObject({ type: "reserved" });
  one.release(held.id);
  expect(level()).toMatchObject({ used: { tool_calls: 2 }, reserved: { tool_calls: 1 } });
});

test("what can never fit is refused at once", async () => {
  const budgets = begin(world(), { workspace: { tokens: limit(10) } });
  expect(await openRun(budgets, "1").reserve(tokens(11), NEVER_ABORTED)).toMatchObject({
    type: "short",
    shortage: { scope: "workspace w", mayFitLater: false },
  });
});

test("a run that ends without settling gives back all it had reserved, and wakes who waits", async () => {
  const budgets = begin(world(), { day: { tokens: limit(10) } });
  const one = openRun(budgets, "1");
  await one.reserve(tokens(5), NEVER_ABORTED);
  await one.reserve(tokens(5), NEVER_ABORTED);
  const waiting = openRun(budgets, "2").reserve(tokens(10), NEVER_ABORTED);
  one[Symbol.dispose]();
  expect(await waiting).toMatchObject({ type: "reserved" });
});

test("at midnight a day's budget is whole again, and a running call is charged to the day it was reserved on", async () => {
  const here = world();
  const budgets = begin(here, { day: { tokens: limit(10) } });
  const run = openRun(budgets, "1");
  const night = await run.reserve(tokens(10), NEVER_ABORTED);
  expect(run.tryReserve(tokens(1))).toMatchObject({ type: "short" });
  here.clock.set("2026-11-22T00:00:00Z");
  expect(run.tryReserve(tokens(10))).toMatchObject({ type: "reserved", day: "2026-11-22" });
  if (night.type === "reserved") settle(here, run, night, 9);
  expect(budgets.level({ type: "day" }).used).toEqual(NOTHING);
  expect(here.table.store.total({ day: "2026-11-21" })).toEqual(tokens(9));
});

test("a caller that waits when the day begins continues in the new day", async () => {
  const here = world();
  const budgets = begin(here, { day: { tokens: limit(10) }, waitMs: 7_200_000 });
  await openRun(budgets, "1").reserve(tokens(10), NEVER_ABORTED);
  const waiting = openRun(budgets, "2").reserve(tokens(10), NEVER_ABORTED);
  here.clock.set("2026-11-22T00:00:00Z");
  // The first caller after midnight starts the new day.
  budgets.level({ type: "day" });
  expect(await waiting).toMatchObject({ type: "reserved", day: "2026-11-22" });
});

test("a day is that of the configured time zone", () => {
  const here = world();
  here.table.spends.push(spendOf("2026-11-22", "a", 7));
  expect(begin(here, {}, "Europe/Berlin").level({ type: "day" }).used).toEqual(tokens(7));
  expect(begin(here, {}).level({ type: "day" }).used).toEqual(NOTHING);
});

test("a server that starts again knows what was used and has nothing reserved", async () => {
  const here = world();
  const before = begin(here, { day: { tokens: limit(10) } });
  const run = openRun(before, "1");
  const held = await run.reserve(tokens(4), NEVER_ABORTED);
  if (held.type === "reserved") settle(here, run, held, 3);
  await run.reserve(tokens(5), NEVER_ABORTED);
  const after = begin(here, { day: { tokens: limit(10) } });
  expect(after.level({ type: "day" })).toEqual({ used: tokens(3), reserved: NOTHING });
  expect(after.level({ type: "agent", workspace: "w", agent: "a" }).used).toEqual(tokens(3));
  expect(openRun(after, "2").tryReserve(tokens(8))).toMatchObject({ type: "short", shortage: { used: 3 } });
});

const call = fc.record({
  needed: fc.integer({ min: 1, max: 6 }),
  how: fc.constantFrom("settled", "failed", "cancelled"),
});

test("however calls of many runs interleave, fail and are cancelled, no limit is passed and nothing stays reserved", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.array(call, { maxLength: 5 }), { minLength: 2, maxLength: 5 }),
      fc.integer({ min: 4, max: 20 }),
      async (scheduler, runs, max) => {
        const here = world();
        const budgets = begin(here, { day: { tokens: limit(max) }, waitMs: 0 });
        const check = () => {
          const { used, reserved } = budgets.level({ type: "day" });
          expect(used.tokens + reserved.tokens).toBeLessThanOrEqual(max);
        };
        const work = runs.map(async (calls, index) => {
          using run = openRun(budgets, String(index), { agent: { tokens: limit(max - 1) } });
          for (const { needed, how } of calls) {
            await scheduler.schedule(Promise.resolve());
            const held = await run.reserve(tokens(needed), NEVER_ABORTED);
            check();
            if (held.type !== "reserved") continue;
            await scheduler.schedule(Promise.resolve());
            if (how === "cancelled") return;
            if (how === "failed") run.release(held.id);
            else settle(here, run, held, Math.ceil(needed / 2));
            check();
          }
        });
        await scheduler.waitFor(Promise.all(work));
        const day = budgets.today();
        expect(budgets.level({ type: "day" })).toEqual({ used: here.table.store.total({ day }), reserved: NOTHING });
      },
    ),
  );
});
