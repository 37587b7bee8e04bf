import { expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { scripted, type ScriptedTurnInput } from "../../src/models/vendors/index.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import type { RunId } from "../../src/kernel/ids.ts";
import { type Recording, replayRun } from "../../src/runs/replay/index.ts";
import { isTerminal } from "../../src/runs/index.ts";
import type { RunPlan } from "../../src/runs/record/index.ts";
import { NO_USAGE, ToolCatalogues, type ToolResult } from "../../src/tools/catalogue/index.ts";
import {
  done,
  engine,
  type Engine,
  FakeTools,
  type FakeTool,
  freshEngine,
  models,
  testPlan,
} from "../helpers/engine.ts";
import { startServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("run.replay");

const call = (name: string, given: { [key: string]: string | number } = { text: name }) => ({
  name: `fake__${name}`,
  arguments: given,
});
const chart = (): ToolResult => ({
  type: "done",
  content: [
    { type: "text", text: "here it is" },
    { type: "file", name: "chart.svg", mediaType: "image/svg+xml", text: "<svg/>" },
    { type: "text", text: "and that was it" },
  ],
  structured: { points: 3 },
  usage: NO_USAGE,
});
const TOOLS: readonly FakeTool[] = [
  { name: "a", run: () => done("a is done", { n: 1 }) },
  {
    name: "slow",
    idempotent: false,
    run: async () => (await new Promise((resolve) => setTimeout(resolve, 20)), done("slow")),
  },
  { name: "chart", run: chart },
  { name: "long", run: () => done("word ".repeat(20_000)) },
  { name: "broken", run: () => ({ type: "failed", reason: "trap", message: "it trapped", usage: NO_USAGE }) },
];
const SCRIPT: readonly ScriptedTurnInput[] = [
  { text: "first", toolCalls: [call("slow"), call("a"), call("chart"), call("nothing"), call("a", { wrong: 1 })] },
  { toolCalls: [call("long"), call("broken")] },
  {
    toolCalls: [{ name: "caxton__read_result", arguments: { name: "fake__long-result.txt", offset: 10, length: 20 } }],
  },
  { text: "the end" },
];

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
};

/** How a run is played on a server with these tools and this plan. */
const replayed = (made: Engine, id: RunId, tools = TOOLS, plan: Partial<RunPlan> = {}) => {
  const recording: Recording = {
    entries: made.journal.read(id, 0),
    artifacts: made.artifacts.ofRun(id),
    read: (artifact) => made.artifacts.read(artifact),
  };
  const runner = new FakeTools(tools);
  const report = replayRun(recording, {
    plans: { admit: async () => {}, plan: async () => testPlan(plan) },
    models: models(scripted([])),
    tools: new ToolCatalogues(() => runner),
    clock: systemClock,
  });
  return { report, runner };
};

test("a replay reproduces a run without calls: parallel calls, files, separate results and failures", async () => {
  await using made = freshEngine({ model: scripted(SCRIPT), tools: TOOLS });
  const { id, view } = await made.run("go");
  expect(view.state).toBe("completed");
  const { report, runner } = replayed(made, id);
  expect(await report).toEqual({ same: true, compared: expect.any(Number), divergences: [], stopped: null });
  expect((await report).compared).toBeGreaterThan(15);
  expect(runner.calls).toEqual([]);
});

test("what a changed server makes otherwise is named with its turn, its field and the reason", async () => {
  await using made = freshEngine({ model: scripted(SCRIPT), tools: TOOLS });
  const { id } = await made.run("go");
  const fewer = TOOLS.filter(({ name }) => name !== "chart").map((tool) => ({ ...tool, idempotent: true }));
  const { divergences } = await replayed(made, id, fewer).report;
  const found = divergences.map(({ turn, event, tool, field }) => [turn, event, tool, field].join(" "));
  expect(found).toContain("1 tool-start fake__slow repeatable");
  expect(found).toContain("1 tool-start fake__chart tool");
  expect(found).toContain("1 model-end  offered");
  expect(divergences.find(({ field }) => field === "offered")).toMatchObject({
    reason: "the model would be offered other tools",
  });
  const prompts = { render: () => ({ system: "Be another.", prompt: "go" }) };
  const asked = await replayed(made, id, TOOLS, prompts).report;
  expect(asked.divergences).toEqual([
    expect.objectContaining({ turn: null, field: "content.system", recorded: "Be a test.", replayed: "Be another." }),
  ]);
  const short = await replayed(made, id, TOOLS, { stepsMax: 2 }).report;
  expect(short.divergences.filter(({ event }) => event === "run-complete")[0]).toMatchObject({
    field: "type",
    recorded: "run-complete",
    replayed: "run-fail",
  });
});

test("models that failed and were tried again fail again in the replay, without waiting", async () => {
  const model = scripted([{ error: { class: "overloaded", message: "busy", times: 1 }, text: "the end" }]);
  await using made = freshEngine({ model, tools: TOOLS });
  const { id, view } = await made.run("go");
  const { report } = replayed(made, id);
  expect({ state: view.state, ...(await report) }).toMatchObject({ same: true, divergences: [], stopped: null });
});

test("a run that was cancelled is played up to where it was stopped", async () => {
  const stuck = Promise.withResolvers<void>();
  const hanging: FakeTool = {
    name: "a",
    run: async (_call, signal) => {
      stuck.resolve();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return { type: "failed", reason: "cancelled", message: "", usage: NO_USAGE };
    },
  };
  await using made = freshEngine({ model: scripted([{ toolCalls: [call("a")] }]), tools: [hanging] });
  const { id } = await made.begin("go");
  await stuck.promise;
  await made.runs.cancel(id, "enough");
  const report = await replayed(made, id, [hanging]).report;
  expect(report).toMatchObject({ same: true, stopped: expect.stringContaining("is not in the recording") });
});

test("a run that was resumed after a stop, and asked about a call, is replayed equally without either", async () => {
  using directory = tempDirectory();
  const model = scripted([{ toolCalls: [call("slow"), call("a")] }, { text: "finished" }]);
  const stuck = Promise.withResolvers<void>();
  const hanging: FakeTool = {
    name: "slow",
    idempotent: false,
    run: async (_call, signal) => {
      stuck.resolve();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return { type: "failed", reason: "cancelled", message: "", usage: NO_USAGE };
    },
  };
  const others = TOOLS.filter(({ name }) => name !== "slow");
  {
    await using before = engine({ model, directory: directory.path, tools: [hanging, ...others] });
    await before.begin("go");
    await stuck.promise;
  }
  await using after = engine({ model, directory: directory.path, tools: [TOOLS[1] ?? hanging, ...others] });
  const [id] = after.journal.unfinished();
  if (!id) throw new Error("the run is unfinished");
  after.runs.resumeUnfinished();
  await until(() => after.runs.view(id).state === "needs-decision");
  await after.runs.decide(id, undefined, "retry");
  await until(() => isTerminal(after.runs.view(id).state));
  const report = await replayed(after, id, [TOOLS[1] ?? hanging, ...others]).report;
  expect(report).toMatchObject({ same: true, divergences: [], stopped: null });
});

test("over the interface a run, and its export, are played again on the same server", async () => {
  const script = [
    { toolCalls: [{ name: "calculator__evaluate", arguments: { expression: "1+2" } }] },
    { text: "x".repeat(400) },
  ];
  await using server = await startServer({ script });
  const started = await server.ask("POST", "/api/v1/runs", { agent: "data-analyzer", input: "go", wait: true });
  const { id } = contract.runs.RunDetail.parse(started.body);
  const same = { same: true, divergences: [], stopped: null };
  expect((await server.ask("POST", `/api/v1/runs/${id}/replay`, {})).body).toMatchObject(same);
  const exported = await server.ask("GET", `/api/v1/runs/${id}/export?artifacts=true`);
  const document = contract.runHistory.RunExport.parse(exported.body);
  const unknown = { seq: 0, at: document.exported_at, event: { type: "from-a-later-version", step: 1, content: {} } };
  const later = { ...document, journal: [...document.journal, unknown] };
  expect((await server.ask("POST", "/api/v1/runs/replay", later)).body).toMatchObject(same);
  const cut = await server.ask("POST", "/api/v1/runs/replay", { ...document, contents: {} });
  expect(cut).toMatchObject({ status: 422, body: { code: "RUN_EXPORT_INVALID" } });
});

const source = (prompt: string) =>
  `name = "writer"\nversion = "1.0.0"\ncapabilities = ["writing"]\nsystem_prompt = "${prompt}"\n`;

test("a changed definition is checked against a run: with the revision that is named, or the latest", async () => {
  const deployed = { file_name: "writer.toml" };
  await using server = await startServer({ script: [{ text: "Done." }] });
  await server.ask("POST", "/api/v1/agents", { ...deployed, source: source("Write verse.") });
  const started = await server.ask("POST", "/api/v1/runs", { agent: "writer", input: "go", wait: true });
  const { id } = contract.runs.RunDetail.parse(started.body);
  await server.ask("POST", "/api/v1/agents", { ...deployed, source: source("Write prose.") });
  const path = `/api/v1/runs/${id}/replay`;
  for (const same of ["", "?revision=1"])
    expect((await server.ask("POST", `${path}${same}`)).body).toMatchObject({ same: true });
  const { body: exported } = await server.ask("GET", `/api/v1/runs/${id}/export`);
  const changed = [
    await server.ask("POST", `${path}?revision=2`),
    await server.ask("POST", `${path}?revision=latest`),
    await server.ask("POST", "/api/v1/runs/replay?revision=latest", exported),
  ];
  for (const { body } of changed)
    expect(body).toMatchObject({
      same: false,
      divergences: [{ field: "content.system", recorded: "Write verse.", replayed: "Write prose." }],
    });
  expect(await server.ask("POST", `${path}?revision=3`)).toMatchObject({
    status: 404,
    body: { code: "REVISION_NOT_FOUND" },
  });
  expect((await server.ask("POST", `${path}?revision=0`)).status).toBe(400);
});
