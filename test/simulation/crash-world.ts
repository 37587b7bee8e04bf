import { strict as assert } from "node:assert";
import { scripted } from "../../src/models/vendors/index.ts";
import { Database, SqliteArtifactStore, SqliteRunJournal } from "../../src/storage/index.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { mint, RunId, type ToolCallId } from "../../src/kernel/ids.ts";
import { replayRun } from "../../src/runs/replay/index.ts";
import { type JournalAppend, foldRun } from "../../src/runs/record/index.ts";
import { type JournalEntry, type RunJournal, type RunView, isTerminal } from "../../src/runs/index.ts";
import { DEFAULT_QUEUE_OPTIONS, Runs } from "../../src/runs/lifecycle/index.ts";
import { type LanguageModel } from "../../src/models/port/language-model.ts";
import { NO_USAGE, ToolCatalogues } from "../../src/tools/catalogue/index.ts";
import { Chance } from "../fuzz/chance.ts";
import { done, type FakeTool, FakeTools, models, testPlan } from "../helpers/engine.ts";
import { tempDirectory } from "../helpers/temp.ts";

/** A database that all schedules share; each has a run of its own in it. */
export type World = Disposable & { readonly journal: SqliteRunJournal; readonly artifacts: SqliteArtifactStore };

export function openWorld(): World {
  const directory = tempDirectory();
  const database = Database.open({ directory: directory.path, synchronous: "normal" });
  return {
    journal: new SqliteRunJournal(database),
    artifacts: new SqliteArtifactStore(database, systemClock),
    [Symbol.dispose]: () => {
      database[Symbol.dispose]();
      directory[Symbol.dispose]();
    },
  };
}

const TOOLS = [
  { name: "look", idempotent: true },
  { name: "pay", idempotent: false },
  { name: "ask", idempotent: true },
] as const;

/** What a seed stands for: what the model says, how often the process dies, what people do. */
type Schedule = {
  readonly seed: number;
  readonly turns: readonly (readonly (typeof TOOLS)[number]["name"][])[];
  readonly concurrency: number;
  /** Writes that each life of the process makes before it dies; the life after the last lives on. */
  readonly lives: readonly number[];
  readonly decisions: readonly ("retry" | "skip" | "fail")[];
  readonly decidesAll: boolean;
  /** The run is cancelled in this life after that many writes. */
  readonly cancel: { readonly life: number; readonly writes: number } | undefined;
};

function scheduleOf(seed: number): Schedule {
  const chance = new Chance(seed);
  const turns = chance.many(1, 3, () => chance.many(1, 4, () => chance.pick(TOOLS).name));
  const lives = chance.many(0, 3, () => 1 + chance.below(14));
  return {
    seed,
    turns,
    concurrency: 1 + chance.below(3),
    lives,
    decisions: chance.many(4, 4, () => (chance.is(0.05) ? "fail" : chance.pick(["retry", "skip"] as const))),
    decidesAll: chance.is(0.5),
    cancel: chance.is(0.12) ? { life: chance.below(lives.length + 1), writes: chance.below(10) } : undefined,
  };
}

/** One life of the process: it dies before or after one of its writes, and from then on nothing of it has any effect. */
class Life implements RunJournal {
  readonly died = Promise.withResolvers<void>();
  isDead = false;
  writes = 0;
  readonly #writes: Promise<unknown>[] = [];
  readonly #journal: SqliteRunJournal;
  readonly #runId: RunId;
  readonly #dies: { readonly at: number; readonly isWritten: boolean };

  constructor(journal: SqliteRunJournal, runId: RunId, dies: { readonly at: number; readonly isWritten: boolean }) {
    this.#journal = journal;
    this.#runId = runId;
    this.#dies = dies;
  }

  append(entries: readonly JournalAppend[]): Promise<readonly JournalEntry[]> {
    if (this.isDead) return new Promise(() => undefined);
    this.writes += 1;
    if (this.writes < this.#dies.at) return this.#append(entries);
    // The batch is on disk or not, never a part of it; its waiters do not live to hear.
    this.isDead = true;
    if (this.#dies.isWritten) this.#writes.push(this.#journal.append(entries));
    // Earlier writes in flight are on disk before the next life begins.
    void Promise.all(this.#writes).then(() => this.died.resolve());
    return new Promise(() => undefined);
  }

  async #append(entries: readonly JournalAppend[]): Promise<readonly JournalEntry[]> {
    const writing = this.#journal.append(entries);
    this.#writes.push(writing);
    const written = await writing;
    return this.isDead ? new Promise(() => undefined) : written;
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
  unfinished = () => this.#journal.unfinished().filter((id) => id === this.#runId);
  inState = () => [];
  counts: RunJournal["counts"] = (workspace) => this.#journal.counts(workspace);
}

/** What was done outside of the journal, as an observer sees it who survives every crash. */
class Effects {
  readonly calls: ToolCallId[] = [];
  readonly turns: number[] = [];
  readonly violations: string[] = [];
}

const never = <Value>(): Promise<Value> => new Promise(() => undefined);
const turnOfEvent = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** Plays one schedule to its end. Throws what does not hold, with the seed. */
export async function runSchedule(
  world: World,
  seed: number,
): Promise<{ readonly crashes: number; readonly view: RunView }> {
  const schedule = scheduleOf(seed);
  const chance = new Chance(seed + 1);
  const runId = mint(RunId);
  const effects = new Effects();
  let crashes = 0;
  for (let life = 0; ; life += 1) {
    const isLast = life >= schedule.lives.length;
    const dies = { at: schedule.lives[life] ?? Number.MAX_SAFE_INTEGER, isWritten: chance.is(0.5) };
    const process = new Life(world.journal, runId, dies);
    const view = await live({ world, schedule, runId, effects, chance, process }, life);
    if (view) {
      await check({ world, schedule, runId, effects, chance, process }, view);
      return { crashes, view };
    }
    assert(!isLast, `seed ${seed}: the last life died`);
    crashes += 1;
  }
}

type Play = {
  readonly world: World;
  readonly schedule: Schedule;
  readonly runId: RunId;
  readonly effects: Effects;
  readonly chance: Chance;
  readonly process: Life;
};

function engineOf({ world, schedule, effects, chance, process, runId }: Play): { runs: Runs; runner: FakeTools } {
  const happened = (of: "tool-end" | "model-end") =>
    world.journal.read(runId, 0).filter(({ event }) => event.type === of);
  const tools = TOOLS.map(({ name, idempotent }): FakeTool => ({
    name,
    idempotent,
    run: async (call, signal) => {
      if (process.isDead) return never();
      if (happened("tool-end").some(({ event }) => event.type === "tool-end" && event.callId === call.id))
        effects.violations.push(`call ${call.id} was made again after its result was on disk`);
      effects.calls.push(call.id);
      for (let turns = chance.below(4); turns > 0; turns -= 1) await turnOfEvent();
      if (name === "ask") {
        const question = { server: "fake", message: "continue?", schema: undefined, url: undefined };
        await call.context.ask?.(question, signal).catch(() => undefined);
      }
      if (process.isDead) return never();
      if (signal.aborted) return { type: "failed", reason: "cancelled", message: "", usage: NO_USAGE };
      return done(`${name} is done`);
    },
  }));
  const script = [
    ...schedule.turns.map((names) => ({ toolCalls: names.map((name) => ({ name: `fake__${name}`, arguments: {} })) })),
    { text: "the end" },
  ];
  const model = scripted(script);
  const watched: LanguageModel = {
    id: model.id,
    limits: model.limits,
    stream: (request, signal) => {
      const turn = request.messages.filter(({ role }) => role === "assistant").length + 1;
      if (!process.isDead && happened("model-end").length >= turn)
        effects.violations.push(`turn ${turn} was taken twice`);
      if (!process.isDead) effects.turns.push(turn);
      return model.stream(request, signal);
    },
  };
  const runner = new FakeTools(tools);
  const runs = new Runs(
    {
      journal: process,
      plans: { admit: async () => {}, plan: async () => testPlan({ concurrentToolsMax: schedule.concurrency }) },
      models: models(watched),
      tools: new ToolCatalogues(() => runner),
      artifacts: world.artifacts,
      clock: systemClock,
    },
    DEFAULT_QUEUE_OPTIONS,
  );
  return { runs, runner };
}

/** One life: it accepts or resumes the run, and people do what they do; the ended run, or nothing when it died. */
async function live(play: Play, life: number): Promise<RunView | undefined> {
  const { schedule, runId, process, world } = play;
  const { runs } = engineOf(play);
  runs.hub.watchAll((news) => {
    if (news.type !== "entry" || news.entry.event.type !== "run-ask") return;
    void runs.answer(runId, news.entry.event.questionId, { action: "accept", content: {} }).catch(() => undefined);
  });
  if (world.journal.read(runId, 0).length > 0) runs.resumeUnfinished();
  else {
    const request = { id: runId, workspace: "default", agent: "tester", input: "go", model: undefined, files: [] };
    await Promise.race([runs.start(request), process.died.promise]);
  }
  const { cancel } = schedule;
  let isCancelled = false;
  while (!process.isDead) {
    const state = world.journal.summary(runId)?.state;
    if (state && isTerminal(state)) {
      await runs[Symbol.asyncDispose]();
      return foldRun(world.journal.read(runId, 0));
    }
    if (state === "needs-decision") await Promise.race([decide(play, runs), process.died.promise]);
    else if (state && cancel?.life === life && process.writes >= cancel.writes && !isCancelled) {
      isCancelled = true;
      void runs.cancel(runId, "a person").catch(() => undefined);
    }
    await turnOfEvent();
  }
  await process.died.promise;
  return undefined;
}

async function decide({ schedule, runId, world }: Play, runs: Runs): Promise<void> {
  const entries = world.journal.read(runId, 0);
  const made = entries.filter(({ event }) => event.type === "run-decide").length;
  const decision = schedule.decisions[made % schedule.decisions.length] ?? "skip";
  const callId = schedule.decidesAll ? undefined : foldRun(entries)?.waitingFor[0];
  // Another client may have been quicker, in an earlier life.
  await runs.decide(runId, callId, decision).catch(() => undefined);
}

/** What must hold of every run, whatever happened to it. */
async function check({ world, schedule, runId, effects }: Play, view: RunView): Promise<void> {
  const seed = `seed ${schedule.seed}`;
  const entries = world.journal.read(runId, 0);
  const events = entries.map(({ event }) => event);
  assert.deepEqual(effects.violations, [], seed);
  assert.equal(world.journal.summary(runId)?.state, view.state, `${seed}: the row and the journal disagree`);
  const failing = events.some((event) => event.type === "run-decide" && event.decision === "fail");
  const stopped = schedule.cancel !== undefined || failing;
  if (!stopped) assert.deepEqual([view.state, view.output], ["completed", "the end"], seed);
  if (view.state === "completed")
    assert.equal(view.steps.filter(({ kind }) => kind === "tool").length, schedule.turns.flat().length, seed);
  for (const step of view.steps) {
    if (step.kind !== "tool") continue;
    const made = effects.calls.filter((id) => id === step.callId).length;
    const decided = events.filter((event) => event.type === "run-decide" && event.callId === step.callId);
    const retries = decided.filter((event) => event.type === "run-decide" && event.decision === "retry").length;
    if (!step.repeatable)
      assert(made <= 1 + retries, `${seed}: ${step.name} was made ${made} times, ${retries} asked for`);
    const ends = events.filter((event) => event.type === "tool-end" && event.callId === step.callId);
    assert(ends.length <= 1, `${seed}: ${step.name} ended ${ends.length} times`);
  }
  assertAskedOnlyOfBegun(entries, seed);
  if (view.state !== "completed") return;
  const recording = { entries, artifacts: [], read: async () => new Uint8Array() };
  const plans = { admit: async () => {}, plan: async () => testPlan({ concurrentToolsMax: schedule.concurrency }) };
  const tools = new ToolCatalogues(
    () => new FakeTools(TOOLS.map((tool) => ({ ...tool, run: () => done("never called") }))),
  );
  const prompts = { plans, models: models(scripted([])), tools, clock: systemClock };
  const { divergences } = await replayRun(recording, prompts);
  assert.deepEqual(divergences, [], `${seed}: its replay differs`);
}

/** A call is asked about only when the journal says that it had begun. */
function assertAskedOnlyOfBegun(entries: readonly JournalEntry[], seed: string): void {
  const begun = new Map<string, boolean>();
  for (const { event } of entries) {
    if (event.type === "tool-start") begun.set(event.callId, event.queued !== true);
    if (event.type === "tool-begin") begun.set(event.callId, true);
    if (event.type === "run-wait") assert(begun.get(event.callId), `${seed}: asked about a call that had not begun`);
  }
}
