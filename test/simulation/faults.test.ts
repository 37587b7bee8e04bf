import { expect, test } from "vitest";
import { scripted } from "../../src/models/vendors/index.ts";
import { Database, SqliteArtifactStore, SqliteRunJournal } from "../../src/storage/index.ts";
import { type Clock, systemClock } from "../../src/kernel/clock.ts";
import { CaxtonError } from "../../src/kernel/errors.ts";
import { mint, RunId, ToolCallId } from "../../src/kernel/ids.ts";
import { PERMIT_ALL } from "../../src/agents/permissions/index.ts";
import type { JournalAppend, RunPlan } from "../../src/runs/record/index.ts";
import { type RunJournal, isTerminal } from "../../src/runs/index.ts";
import type { QueueOptions } from "../../src/runs/lifecycle/index.ts";
import { DEFAULT_QUEUE_OPTIONS, Runs } from "../../src/runs/lifecycle/index.ts";
import { ToolCatalogues } from "../../src/tools/catalogue/index.ts";
import { done, type FakeTool, FakeTools, models } from "../helpers/engine.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("run.queue-full", "run.full-disk");

class DiskFull extends CaxtonError {
  readonly code = "STORAGE_FULL";
  readonly kind = "storage-full";
}

/** A journal whose chosen writes fail as on a full disk; every other works. */
class FaultyJournal implements RunJournal {
  /** Says of the n-th write, from 1, whether it fails. */
  fails: (write: number) => boolean = () => false;
  #writes = 0;
  readonly #journal: RunJournal;

  constructor(journal: RunJournal) {
    this.#journal = journal;
  }

  async append(entries: readonly JournalAppend[]) {
    this.#writes += 1;
    if (this.fails(this.#writes)) throw new DiskFull("the disk is full", "", {});
    return this.#journal.append(entries);
  }

  read: RunJournal["read"] = (runId, afterSeq) => this.#journal.read(runId, afterSeq);
  summary: RunJournal["summary"] = (runId) => this.#journal.summary(runId);
  predecessor: RunJournal["predecessor"] = (runId) => this.#journal.predecessor(runId);
  past: RunJournal["past"] = (runId) => this.#journal.past(runId);
  keepPast: RunJournal["keepPast"] = (runId, past) => this.#journal.keepPast(runId, past);
  tag: RunJournal["tag"] = (runId, tags) => this.#journal.tag(runId, tags);
  spent: RunJournal["spent"] = (runId) => this.#journal.spent(runId);
  list: RunJournal["list"] = (query) => this.#journal.list(query);
  madeFrom: RunJournal["madeFrom"] = (runId) => this.#journal.madeFrom(runId);
  below: RunJournal["below"] = (runId) => this.#journal.below(runId);
  unfinished: RunJournal["unfinished"] = () => this.#journal.unfinished();
  inState: RunJournal["inState"] = (state) => this.#journal.inState(state);
  counts: RunJournal["counts"] = (workspace) => this.#journal.counts(workspace);
}

/** Waits of seconds take a moment; short ones what they take. */
const hurried: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms >= 1_000 && ms < 20_000 ? 5 : ms, signal),
};

const PLAN: RunPlan = {
  agent: "tester",
  revision: 1,
  model: { model: undefined, baseUrl: undefined, apiKey: undefined },
  settings: { temperature: undefined, outputTokensMax: undefined, headers: {}, timeoutMs: 5_000 },
  tools: "all",
  permissions: PERMIT_ALL,
  deferredTools: [],
  stepsMax: 20,
  concurrentToolsMax: 4,
  timeoutMs: 60_000,
  render: ({ input }) => ({ system: "s", prompt: input }),
};

const call = (name: string) => ({ name: `fake__${name}`, arguments: {} });

function bench(tools: readonly FakeTool[], turns: Parameters<typeof scripted>[0], options: Partial<QueueOptions> = {}) {
  const directory = tempDirectory();
  const database = Database.open({ directory: directory.path, synchronous: "normal" });
  const journal = new FaultyJournal(new SqliteRunJournal(database));
  const runner = new FakeTools(tools);
  const runs = new Runs(
    {
      journal,
      plans: { admit: async () => {}, plan: async () => PLAN },
      models: models(scripted(turns)),
      tools: new ToolCatalogues(() => runner),
      artifacts: new SqliteArtifactStore(database, systemClock),
      clock: hurried,
    },
    { ...DEFAULT_QUEUE_OPTIONS, ...options },
  );
  const begin = async (input = "go") => {
    const id = mint(RunId);
    return {
      id,
      ...(await runs.start({ id, workspace: "default", agent: "tester", input, model: undefined, files: [] })),
    };
  };
  return {
    runs,
    journal,
    runner,
    begin,
    until: async (condition: () => boolean) => {
      while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
    },
    [Symbol.asyncDispose]: async () => {
      await runs[Symbol.asyncDispose]();
      database[Symbol.dispose]();
      directory[Symbol.dispose]();
    },
  };
}

test("whichever write fails on a full disk, the process lives, and the run ends once there is room", async () => {
  const tools = [
    { name: "a", run: () => done("1") },
    { name: "b", run: () => done("2") },
  ];
  const turns = [{ toolCalls: [call("a"), call("b")] }, { text: "the end" }];
  for (let failing = 2; failing <= 9; failing += 1) {
    await using made = bench(tools, turns);
    made.journal.fails = (write) => write === failing;
    const { id } = await made.begin();
    await made.until(() => isTerminal(made.journal.summary(id)?.state ?? "queued"));
    expect(made.runs.view(id), `write ${failing} fails`).toMatchObject({ state: "completed", output: "the end" });
    expect(made.runs.view(id).steps.map(({ kind }) => kind)).toEqual(["model", "tool", "tool", "model"]);
  }
});

test("a run that waits for the disk can be cancelled, and stays cancelled", async () => {
  await using made = bench([], [{ text: "too late" }]);
  made.journal.fails = (write) => write >= 2 && write <= 4;
  const { id, ended } = await made.begin();
  expect((await ended).state).toBe("left");
  made.journal.fails = () => false;
  await made.runs.cancel(id, "enough").catch((error: unknown) => error);
  await new Promise((resolve) => setTimeout(resolve, 40));
  const { state } = made.runs.view(id);
  expect(["cancelled", "completed"]).toContain(state);
  const last = made.journal.read(id, 0).map(({ event }) => event.type);
  expect(last.filter((type) => type === "run-cancel" || type === "run-complete")).toHaveLength(1);
});

/** A run that waits for a decision on a call of `pay`, which counts. */
async function waiting() {
  let paid = 0;
  const made = bench(
    [{ name: "pay", idempotent: false, run: () => (paid++, done("paid")) }],
    [{ toolCalls: [call("pay")] }, { text: "finished" }],
  );
  const id = mint(RunId);
  const callId = mint(ToolCallId);
  const append = (event: JournalAppend["event"]) => ({ runId: id, atMs: 1, event });
  await made.journal.append([
    append({
      type: "run-queue",
      workspace: "default",
      agent: "tester",
      revision: 1,
      model: null,
      files: [],
      content: { input: "go", system: "s", prompt: "go" },
    }),
    append({ type: "run-start", attempt: 1 }),
    append({
      type: "model-end",
      step: 1,
      model: "m",
      finish: "tool-calls",
      durationMs: 1,
      firstPartMs: 1,
      usage: {},
      content: { text: "", toolCalls: [{ id: "c", name: "fake__pay", arguments: "{}" }] },
    }),
    append({
      type: "tool-start",
      step: 1,
      callId,
      modelCallId: "c",
      name: "fake__pay",
      server: "fake",
      tool: "pay",
      repeatable: false,
      content: { arguments: {} },
    }),
  ]);
  made.runs.resumeUnfinished();
  await made.until(() => made.journal.summary(id)?.state === "needs-decision");
  return { made, id, callId, paid: () => paid };
}

// runs.Q3
test("of two decisions at the same moment one counts, and the call is made once", async () => {
  const { made, id, callId, paid } = await waiting();
  await using disposing = made;
  const decisions = await Promise.allSettled([
    disposing.runs.decide(id, callId, "retry"),
    disposing.runs.decide(id, callId, "retry"),
  ]);
  await made.until(() => isTerminal(made.journal.summary(id)?.state ?? "queued"));
  expect(decisions.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  expect(paid()).toBe(1);
  const ends = made.journal.read(id, 0).filter(({ event }) => event.type === "run-complete");
  expect(ends).toHaveLength(1);
});

// runs.Q4
test("a decision and a cancel at the same moment never leave a run both cancelled and completed", async () => {
  for (const order of ["decide first", "cancel first"]) {
    const { made, id, callId } = await waiting();
    await using disposing = made;
    const decide = () => disposing.runs.decide(id, callId, "retry");
    const cancel = () => disposing.runs.cancel(id, "enough");
    await Promise.allSettled(order === "decide first" ? [decide(), cancel()] : [cancel(), decide()]);
    await made.until(() => isTerminal(made.journal.summary(id)?.state ?? "queued"));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const ends = made.journal
      .read(id, 0)
      .filter(({ event }) => event.type === "run-complete" || event.type === "run-cancel");
    expect(ends, order).toHaveLength(1);
  }
});

test("a run that is accepted while the server drains is left for the next start, and the drain ends", async () => {
  await using made = bench([], [{ text: "ok" }]);
  const starting = made.begin();
  const drained = made.runs.drain(1_000);
  const { id, ended } = await starting;
  expect((await ended).state).toBe("left");
  await drained;
  expect(made.journal.unfinished()).toEqual([id]);
});

test("a queued run whose cancel cannot be written keeps its position and still runs", async () => {
  const gate = Promise.withResolvers<void>();
  await using made = bench(
    [{ name: "wait", run: async () => (await gate.promise, done("on")) }],
    [{ toolCalls: [call("wait")] }, { text: "ok" }],
    { concurrentMax: 1 },
  );
  await made.begin();
  await made.until(() => made.runner.calls.length === 1);
  const second = await made.begin();
  made.journal.fails = () => true;
  await expect(made.runs.cancel(second.id, "no")).rejects.toMatchObject({ code: "STORAGE_FULL" });
  made.journal.fails = () => false;
  gate.resolve();
  expect((await second.ended).state).toBe("completed");
});

test("no run begins before the unfinished ones are resumed, when that is asked for", async () => {
  await using made = bench([], [{ text: "ok" }], { pauseUntilResumed: true });
  const { id, ended } = await made.begin();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(made.journal.summary(id)?.state).toBe("queued");
  made.runs.resumeUnfinished();
  expect((await ended).state).toBe("completed");
});

test("simultaneous starts obey the queue's limit too", async () => {
  await using made = bench([], [{ text: "ok", delayMs: 30 }], { concurrentMax: 1, queuedMax: 2 });
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => made.begin()));
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
});
