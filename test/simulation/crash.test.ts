import { expect, test } from "vitest";
import { scripted } from "../../src/backends/models/index.ts";
import { Database, SqliteArtifactStore, SqliteRunJournal } from "../../src/backends/sqlite/index.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { mint, RunId } from "../../src/kernel/ids.ts";
import { PERMIT_ALL } from "../../src/permissions/index.ts";
import {
  type JournalAppend,
  type LanguageModel,
  type RunJournal,
  type RunPlan,
  DEFAULT_RUNS_OPTIONS,
  isTerminal,
  Runs,
} from "../../src/runs/index.ts";
import { ToolCatalogue } from "../../src/tools/index.ts";
import { done, FakeTools, models } from "../helpers/engine.ts";
import { tempDirectory } from "../helpers/temp.ts";

/** A journal whose process dies before its n-th write: from then on nothing is written and nothing answers. */
class DyingJournal implements RunJournal {
  readonly died = Promise.withResolvers<void>();
  readonly #journal: RunJournal;
  #writesLeft: number;

  constructor(journal: RunJournal, writesMax: number) {
    this.#journal = journal;
    this.#writesLeft = writesMax;
  }

  append(entries: readonly JournalAppend[]) {
    if (this.#writesLeft > 0) {
      this.#writesLeft -= 1;
      return this.#journal.append(entries);
    }
    this.died.resolve();
    return new Promise<never>(() => undefined);
  }

  read: RunJournal["read"] = (runId, afterSeq) => this.#journal.read(runId, afterSeq);
  summary: RunJournal["summary"] = (runId) => this.#journal.summary(runId);
  list: RunJournal["list"] = (query) => this.#journal.list(query);
  madeFrom: RunJournal["madeFrom"] = (runId) => this.#journal.madeFrom(runId);
  unfinished: RunJournal["unfinished"] = () => this.#journal.unfinished();
  inState: RunJournal["inState"] = (state) => this.#journal.inState(state);
  counts: RunJournal["counts"] = (workspace) => this.#journal.counts(workspace);
}

const call = (name: string) => ({ name: `fake__${name}`, arguments: { text: name } });
const SCRIPT = [
  { text: "first ", toolCalls: [call("a"), call("b")] },
  { toolCalls: [call("c")] },
  { toolCalls: [call("d"), { name: "fake__nothing", arguments: {} }] },
  { text: "the end" },
];

const PLAN: RunPlan = {
  agent: "tester",
  revision: 1,
  model: { model: undefined, baseUrl: undefined, apiKey: undefined },
  settings: { temperature: undefined, outputTokensMax: undefined, headers: {}, timeoutMs: 5_000 },
  tools: "all",
  permissions: PERMIT_ALL,
  deferredTools: [],
  stepsMax: 20,
  concurrentToolsMax: 2,
  timeoutMs: 30_000,
  render: ({ input }) => ({ system: "s", prompt: input }),
};

/** Counts the turns a model takes, by how many turns the dialogue already has. */
function counting(model: LanguageModel): { readonly model: LanguageModel; readonly turns: number[] } {
  const turns: number[] = [];
  return {
    turns,
    model: {
      id: model.id,
      limits: model.limits,
      stream: (request, signal) => {
        turns.push(request.messages.filter(({ role }) => role === "assistant").length + 1);
        return model.stream(request, signal);
      },
    },
  };
}

function open(journal: RunJournal, artifacts: SqliteArtifactStore, model: LanguageModel) {
  const tools = new FakeTools(["a", "b", "c", "d"].map((name) => ({ name, run: () => done(`${name} is done`) })));
  const deps = {
    journal,
    plans: { plan: async () => PLAN },
    models: models(model),
    tools: new ToolCatalogue(tools),
    artifacts,
  };
  return { tools, runs: new Runs({ ...deps, clock: systemClock }, DEFAULT_RUNS_OPTIONS) };
}

const WRITES_MAX = 14;

test("killed before any of its writes, a run ends as if it had not been, and nothing finished is done twice", async () => {
  let crashes = 0;
  for (let writes = 1; writes <= WRITES_MAX; writes += 1) {
    using directory = tempDirectory();
    using database = Database.open({ directory: directory.path, synchronous: "normal" });
    const journal = new SqliteRunJournal(database);
    const artifacts = new SqliteArtifactStore(database, systemClock);
    const runId = mint(RunId);
    const dying = new DyingJournal(journal, writes);
    const before = counting(scripted(SCRIPT));
    const first = open(dying, artifacts, before.model);
    const { ended } = await first.runs.start({
      id: runId,
      workspace: "default",
      agent: "tester",
      input: "go",
      model: undefined,
      files: [],
    });
    const crashed = await Promise.race([dying.died.promise.then(() => true), ended.then(() => false)]);
    if (crashed) crashes += 1;
    const finished = journal.read(runId, 0).map(({ event }) => event);
    const callsDone = finished.filter((event) => event.type === "tool-end").map(({ callId }) => callId);
    const turnsDone = finished.filter((event) => event.type === "model-end").map(({ step }) => step);

    const after = counting(scripted(SCRIPT));
    const second = open(journal, artifacts, after.model);
    second.runs.resumeUnfinished();
    while (!isTerminal(journal.summary(runId)?.state ?? "queued"))
      await new Promise((resolve) => setImmediate(resolve));

    const view = second.runs.view(runId);
    expect(view.output, `after ${writes} writes`).toBe("the end");
    expect(view.steps.filter(({ kind }) => kind === "tool")).toHaveLength(5);
    expect(second.tools.calls.map(({ id }) => id).filter((id) => callsDone.includes(id))).toEqual([]);
    expect(after.turns.filter((turn) => turnsDone.includes(turn))).toEqual([]);
    await second.runs[Symbol.asyncDispose]();
  }
  expect(crashes).toBeGreaterThan(5);
});
