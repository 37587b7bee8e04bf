import { expect, test } from "vitest";
import { Database, SqliteRunJournal, SqliteSpendStore } from "../../src/storage/index.ts";
import type { Spend } from "../../src/agents/budgets/index.ts";
import { mint, RunId } from "../../src/kernel/ids.ts";
import type { JournalAppend } from "../../src/runs/record/index.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("budget.usage-listed");

const spend = (change: Partial<Spend>): Spend => ({
  workspace: "default",
  agent: "a",
  day: "2026-11-21",
  model: "paid/one",
  modelCalls: 1,
  inputTokens: 100,
  outputTokens: 10,
  cachedInputTokens: 40,
  usdMicros: 200,
  unpricedCalls: 0,
  estimatedCalls: 0,
  toolCalls: 0,
  fuel: 0,
  ms: 5,
  ...change,
});
const ofTool = (change: Partial<Spend> = {}): Spend =>
  spend({
    model: "",
    modelCalls: 0,
    inputTokens: 0,
    outputTokens: 0,
    cachedInputTokens: 0,
    usdMicros: 0,
    toolCalls: 1,
    fuel: 7,
    ...change,
  });

const queue = (runId: RunId): JournalAppend => ({
  runId,
  atMs: 1,
  event: {
    type: "run-queue",
    workspace: "default",
    agent: "a",
    revision: 1,
    model: null,
    files: [],
    content: { input: "", system: "", prompt: "" },
  },
});

function opened(directory: string) {
  const database = Database.open({ directory, synchronous: "normal" });
  const journal = new SqliteRunJournal(database);
  const write = (runId: RunId, ...spends: readonly Spend[]) =>
    journal.append(spends.map((each) => ({ runId, atMs: 2, event: { type: "run-start", attempt: 1 }, spend: each })));
  return {
    journal,
    write,
    store: new SqliteSpendStore(database),
    [Symbol.dispose]: () => database[Symbol.dispose](),
  };
}

test("spends are summed by day, workspace and agent, and for their run, and are there after the next start", async () => {
  using directory = tempDirectory();
  const runId = mint(RunId);
  {
    using at = opened(directory.path);
    await at.journal.append([queue(runId)]);
    await at.write(runId, spend({}), spend({}), ofTool(), spend({ day: "2026-11-22", unpricedCalls: 1, usdMicros: 0 }));
    await at.write(runId, spend({ agent: "b", model: "paid/two", usdMicros: 900 }), spend({ workspace: "other" }));
  }
  using at = opened(directory.path);
  const day = "2026-11-21";
  const twice = { tokens: 220, usd: 400, tool_calls: 1, seconds: 15, fuel: 7 };
  expect(at.store.total({ day, workspace: "default", agent: "a" })).toEqual(twice);
  expect(at.store.total({ day, workspace: "default" })).toMatchObject({ tokens: 330, usd: 1_300 });
  expect(at.store.total({ day })).toMatchObject({ tokens: 440, usd: 1_500 });
  expect(at.store.total({ day: "2026-11-20" })).toMatchObject({ tokens: 0, usd: 0 });
  expect(at.journal.summary(runId)).toMatchObject({ spent: { usd: 1_500, tokens: 550, fuel: 7 }, unpricedCalls: 1 });
});

test("usage is reported by agent, model or day: the costliest first, days in order, of one workspace", async () => {
  using directory = tempDirectory();
  using at = opened(directory.path);
  const runId = mint(RunId);
  await at.journal.append([queue(runId)]);
  await at.write(
    runId,
    spend({ day: "2026-11-20" }),
    spend({}),
    ofTool(),
    spend({ agent: "b", model: "x/two", usdMicros: 900 }),
  );
  await at.write(runId, spend({ workspace: "other", usdMicros: 5_000 }), spend({ day: "2026-10-01" }));
  const query = { workspace: "default", from: "2026-11-01", to: "2026-11-30", limit: 10 } as const;
  const names = (by: "agent" | "model" | "day", more: object = {}) =>
    at.store.usage({ ...query, by, ...more }).map(({ name, usdMicros }) => [name, usdMicros]);
  expect(names("agent")).toEqual([
    ["b", 900],
    ["a", 400],
  ]);
  expect(names("model")).toEqual([
    ["x/two", 900],
    ["paid/one", 400],
  ]);
  expect(names("day")).toEqual([
    ["2026-11-20", 200],
    ["2026-11-21", 1_100],
  ]);
  expect(names("day", { agent: "a" })).toEqual([
    ["2026-11-20", 200],
    ["2026-11-21", 200],
  ]);
  expect(names("agent", { limit: 1 })).toEqual([["b", 900]]);
});

test("a write that fails counts nothing: event and spend are one", async () => {
  using directory = tempDirectory();
  using at = opened(directory.path);
  const runId = mint(RunId);
  await at.journal.append([queue(runId)]);
  // The second event of the batch cannot be written, since a run begins once.
  const batch = [{ runId, atMs: 2, event: { type: "run-start", attempt: 1 }, spend: spend({}) } as const, queue(runId)];
  await expect(at.journal.append(batch)).rejects.toMatchObject({ code: expect.stringMatching(/^STORAGE/) });
  expect(at.store.total({ day: "2026-11-21" }).usd).toBe(0);
  expect(at.journal.summary(runId)?.spent.usd).toBe(0);
  expect(at.journal.read(runId, 0)).toHaveLength(1);
});
