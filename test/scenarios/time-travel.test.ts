import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { scripted } from "../../src/models/vendors/index.ts";
import { Database, SqliteArtifactStore, SqliteRunJournal, SqliteUploadStore } from "../../src/storage/index.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { mint, RunId } from "../../src/kernel/ids.ts";
import { inlineContent } from "../../src/kernel/content-deduplicator.ts";
import { DEFAULT_QUEUE_OPTIONS, Runs, TimeTravel } from "../../src/runs/lifecycle/index.ts";
import { diffRuns } from "../../src/runs/record/index.ts";
import { isTerminal, RunEvent } from "../../src/runs/index.ts";
import { type LanguageModel } from "../../src/models/port/language-model.ts";
import { NO_USAGE, ToolCatalogues } from "../../src/tools/catalogue/index.ts";
import { done, FakeTools, models, testPlan } from "../helpers/engine.ts";
import { startServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("run.fork", "run.retry");

const call = (name: string, text = name) => ({ name: `fake__${name}`, arguments: { text } });
const SCRIPT = [
  { text: "first ", toolCalls: [call("a"), call("b"), call("c")] },
  { toolCalls: [call("chart")] },
  { text: "the end" },
];
const LATER = [...SCRIPT.slice(0, 2), { text: "another end" }];

const plan = (revision: number) =>
  testPlan({
    revision,
    concurrentToolsMax: 2,
    render: ({ input }) => ({ system: `revision ${revision}`, prompt: `asked: ${input}` }),
  });

/** An engine with two revisions of its agent, whose model can be exchanged and whose tools count their calls. */
function stage() {
  const directory = tempDirectory();
  const database = Database.open({ directory: directory.path, synchronous: "normal" });
  const journal = new SqliteRunJournal(database);
  const artifacts = new SqliteArtifactStore(database, systemClock);
  const uploads = new SqliteUploadStore(database, systemClock, { bytesMax: 1_000, waitingBytesMax: 100_000 });
  const chart = { type: "file", name: "chart.svg", mediaType: "image/svg+xml", text: "<svg/>" } as const;
  const tools = new FakeTools([
    ...["a", "b", "c"].map((name) => ({ name, idempotent: false, run: () => done(`${name} is done`) })),
    { name: "chart", run: () => ({ type: "done", content: [chart], structured: undefined, usage: NO_USAGE }) },
  ]);
  let model: LanguageModel = scripted(SCRIPT);
  const runs = new Runs(
    {
      journal,
      plans: { admit: async () => {}, plan: async (_workspace, _agent, revision) => plan(revision ?? 2) },
      models: { ...models(model), resolve: async () => model },
      tools: new ToolCatalogues(() => tools),
      artifacts,
      clock: systemClock,
    },
    DEFAULT_QUEUE_OPTIONS,
  );
  const travel = new TimeTravel({ runs, journal, artifacts, uploads });
  const begin = async (revision = 1) => {
    const id = mint(RunId);
    const upload = await uploads.save(
      { workspace: "default", name: "data.csv", mediaType: "text/csv" },
      once("a,b"),
      new AbortController().signal,
    );
    const files = await uploads.take([upload.id], { workspace: "default", runId: id });
    const request = { id, workspace: "default", agent: "tester", input: "go", model: undefined, files, revision };
    await (
      await runs.start(request)
    ).ended;
    return id;
  };
  return {
    runs,
    journal,
    tools,
    artifacts,
    travel,
    begin,
    answerBy: (script: Parameters<typeof scripted>[0]) => (model = scripted(script)),
    called: () => tools.calls.splice(0).map(({ tool }) => tool),
    [Symbol.asyncDispose]: async () => {
      await runs[Symbol.asyncDispose]();
      database[Symbol.dispose]();
      directory[Symbol.dispose]();
    },
  };
}

async function* once(text: string) {
  yield Buffer.from(text);
}

const same = { input: undefined, model: undefined, revision: undefined, caller: undefined };

test("forked at a turn of the model, a run copies the earlier steps without repeating them, and runs this turn again", async () => {
  await using made = stage();
  const id = await made.begin();
  made.called();
  made.answerBy(LATER);
  const fork = await made.travel.fork(id, { at: 7, ...same });
  await fork.ended;
  const view = made.runs.view(fork.id);
  expect(view).toMatchObject({ state: "completed", output: "another end", revision: 1, system: "revision 1" });
  expect(view.origin).toEqual({ run: id, kind: "fork", step: 7 });
  expect(view.steps).toHaveLength(7);
  expect(made.called()).toEqual([]);
  expect(made.journal.madeFrom(id).map((each) => each.id)).toEqual([fork.id]);
  expect(diffRuns(made.runs.view(id), view)).toMatchObject({
    same: false,
    differences: [{ what: "answer", a: "the end", b: "another end" }],
  });
});

test("forked at a call, this call and those after it in the turn are made, those before it are not", async () => {
  await using made = stage();
  const id = await made.begin();
  made.called();
  const fork = await made.travel.fork(id, { at: 3, ...same });
  await fork.ended;
  expect(made.called().toSorted()).toEqual(["b", "c", "chart"]);
  expect(made.runs.view(fork.id).output).toBe("the end");
  expect(diffRuns(made.runs.view(id), made.runs.view(fork.id)).same).toBe(true);
});

test("a fork has files of its own: they are there when the run it came from is not", async () => {
  await using made = stage();
  const id = await made.begin();
  // What a crash left of a fork that was to have this id.
  const own = mint(RunId);
  for (const artifact of made.artifacts.ofRun(id)) await made.artifacts.copy(artifact, own);
  const fork = await made.travel.fork(id, { at: 7, ...same }, own);
  await fork.ended;
  const [file] = made.runs.view(fork.id).files;
  expect(file).toMatchObject({ name: "data.csv" });
  expect(file?.location).not.toBe(made.runs.view(id).files[0]?.location);
  expect(readFileSync(file?.location ?? "", "utf8")).toBe("a,b");
  await made.artifacts.discard(id);
  const [artifact] = made.artifacts.ofRun(fork.id);
  if (!artifact) throw new Error("the fork has the chart");
  expect(Buffer.from(await made.artifacts.read(artifact)).toString()).toBe("<svg/>");
  const ends = made.runs
    .view(fork.id)
    .steps.flatMap((step) => (step.kind === "tool" && step.end.state === "done" ? step.end.artifacts : []));
  expect(ends.map((each) => each.id)).toEqual([artifact.id]);
});

test("an artifact is copied to a run once, under a name that the run does not have yet", async () => {
  await using made = stage();
  const [original] = made.artifacts.ofRun(await made.begin());
  if (!original) throw new Error("the run has the chart");
  const other = mint(RunId);
  const own = await made.artifacts.save(other, { name: original.name, mediaType: "text/plain", text: "mine" });
  const copy = await made.artifacts.copy(original, other);
  expect(await made.artifacts.copy(original, other)).toEqual(copy);
  expect(made.artifacts.ofRun(other)).toEqual([own, copy].toSorted((one, two) => (one.id < two.id ? -1 : 1)));
  expect(copy.name).not.toBe(own.name);
  expect(Buffer.from(await made.artifacts.read(own)).toString()).toBe("mine");
});

test("another request or revision renders the prompts again; without them they stay as they were", async () => {
  await using made = stage();
  const id = await made.begin();
  const asked = await made.travel.fork(id, {
    at: 1,
    input: "and now?",
    model: undefined,
    revision: undefined,
    caller: undefined,
  });
  await asked.ended;
  expect(made.runs.view(asked.id)).toMatchObject({
    input: "and now?",
    prompt: "asked: and now?",
    system: "revision 1",
  });
  const revised = await made.travel.fork(id, { at: 1, ...same, revision: 2 });
  await revised.ended;
  expect(made.runs.view(revised.id)).toMatchObject({ input: "go", system: "revision 2", revision: 2 });
});

test("a retry is the same request with the same files, on the same revision or the newest", async () => {
  await using made = stage();
  const id = await made.begin();
  for (const latest of [false, true]) {
    const retry = await made.travel.retry(id, { latest, caller: undefined });
    await retry.ended;
    const view = made.runs.view(retry.id);
    expect(view).toMatchObject({ input: "go", revision: latest ? 2 : 1, output: "the end" });
    expect(view.origin).toEqual({ run: id, kind: "retry", step: null });
    expect(view.files.map(({ name }) => name)).toEqual(["data.csv"]);
  }
});

test("a step that is not there is refused, and nothing of the fork stays", async () => {
  await using made = stage();
  const id = await made.begin();
  await expect(made.travel.fork(id, { at: 99, ...same })).rejects.toMatchObject({ code: "RUN_STEP_NOT_FOUND" });
  expect(
    made.journal.list({ workspace: "default", agent: undefined, state: undefined, before: undefined, limit: 9 }),
  ).toHaveLength(1);
});

test("an interrupted fork resumes from its copied steps", async () => {
  await using made = stage();
  const id = await made.begin();
  const view = made.runs.view(id);
  await using other = stage();
  const forked = mint(RunId);
  const { copyPrefix } = await import("../../src/runs/lifecycle/fork-prefix.ts");
  const [, , step] = view.steps;
  if (!step) throw new Error("there is a third step");
  const [queue] = made.journal.read(id, 0);
  if (queue?.event.type !== "run-queue") throw new Error("a run begins with run-queue");
  const events = [queue.event, ...copyPrefix(made.journal.read(id, 0), view.steps, step)];
  await other.journal.append(events.map((event) => ({ runId: forked, atMs: 1, event })));
  other.runs.resumeUnfinished();
  while (!isTerminal(other.runs.view(forked).state)) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(other.called().toSorted()).toEqual(["b", "c", "chart"]);
});

test("over the interface a run is forked, retried, compared and exported, and the export holds its whole journal", async () => {
  const script = [
    { toolCalls: [{ name: "calculator__evaluate", arguments: { expression: "1+2" } }] },
    { text: "x".repeat(400) },
  ];
  await using server = await startServer({ script });
  const started = await server.ask("POST", "/api/v1/runs", { agent: "data-analyzer", input: "go", wait: true });
  const run = contract.runs.RunDetail.parse(started.body);
  const fork = await server.ask("POST", `/api/v1/runs/${run.id}/fork`, { at: 3 });
  expect(fork.status).toBe(202);
  const forked = contract.runs.RunDetail.parse(fork.body);
  expect(forked.origin).toEqual({ run: run.id, kind: "fork", step: 3 });
  const retry = await server.ask("POST", `/api/v1/runs/${run.id}/retry`, {});
  const retried = contract.runs.RunDetail.parse(retry.body);
  for (;;) {
    const { body } = await server.ask("GET", `/api/v1/runs/${run.id}`);
    const { made_from_it: made } = contract.runs.RunDetail.parse(body);
    expect(made.map(({ id, kind }) => [id, kind])).toEqual([
      [forked.id, "fork"],
      [retried.id, "retry"],
    ]);
    if (made.every(({ state }) => state === "completed")) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const diff = await server.ask("GET", `/api/v1/runs/${run.id}/diff/${forked.id}`);
  expect(contract.runHistory.RunDiff.parse(diff.body)).toMatchObject({ same: true, differences: [] });
  const { body } = await server.ask("GET", `/api/v1/runs/${run.id}/export`);
  const document = contract.runHistory.RunExport.parse(body);
  const textOf = (hash: string) => document.contents[hash] ?? "";
  const events = document.journal.map(({ event }) => {
    const { content } = contract.runHistory.ExportedEvent.parse(event);
    return RunEvent.parse(content === undefined ? event : { ...event, content: inlineContent(content, textOf) });
  });
  expect(events.map(({ type }) => type)).toContain("tool-end");
  expect(events.at(-1)).toMatchObject({ type: "run-complete", content: { output: "x".repeat(400) } });
  expect(await server.ask("POST", `/api/v1/runs/${run.id}/fork`, { at: 50 })).toMatchObject({
    status: 404,
    body: { code: "RUN_STEP_NOT_FOUND" },
  });
});
