// How soon runs that a kill cut off are over: ten thousand of them, each stopped after its tool's result and before the model's
// answer. Run it alone with `node bench/resume.ts [runs]`.
import { scripted } from "../src/models/vendors/index.ts";
import { Database, SqliteRunJournal } from "../src/storage/index.ts";
import { mint, RunId, ToolCallId } from "../src/kernel/ids.ts";
import type { RunEvent } from "../src/runs/index.ts";
import { compose } from "../src/server/compose.ts";
import { loadConfig } from "../src/server/config/config.ts";
import { models } from "../test/helpers/engine.ts";
import { tempDirectory } from "../test/helpers/temp.ts";
import { BENCH_AGENT, BENCH_SCRIPT, BENCH_TOOL_SERVERS } from "./bench-agent.ts";
import { row } from "./stage.ts";
import { ms, perSecond, type Row, table } from "./table.ts";

const RUNS = 10_000;
const BATCH = 500;
const TARGET_MS = 5_000;
const POLL_MS = 5;

/** What a run's journal holds when the server dies between a tool's result and the model's next turn. */
function cutOff(): readonly RunEvent[] {
  const callId = mint(ToolCallId);
  const call = { id: "call-1", name: "hostile__echo", arguments: '{"text":"1 + 2"}' };
  return [
    {
      type: "run-queue",
      workspace: "default",
      agent: "bench",
      revision: 1,
      model: null,
      files: [],
      content: { input: "add 1 and 2", system: "Add.", prompt: "add 1 and 2" },
    },
    { type: "run-start", attempt: 1 },
    { type: "model-start", step: 1, model: "scripted", attempt: 1 },
    {
      type: "model-end",
      step: 1,
      model: "scripted",
      finish: "tool-calls",
      durationMs: 1,
      firstPartMs: 1,
      usage: {},
      content: { text: "", toolCalls: [call] },
    },
    {
      type: "tool-start",
      step: 1,
      callId,
      modelCallId: call.id,
      name: call.name,
      server: "hostile",
      tool: "echo",
      repeatable: true,
      content: { arguments: { text: "1 + 2" } },
    },
    {
      type: "tool-end",
      step: 1,
      callId,
      outcome: "done",
      fuel: 1,
      memoryBytes: 1,
      durationMs: 1,
      artifacts: [],
      content: { text: "1 + 2", structured: null },
    },
    { type: "model-start", step: 2, model: "scripted", attempt: 1 },
  ];
}

async function fill(directory: string, runs: number): Promise<void> {
  using database = Database.open({ directory, synchronous: "normal" });
  const journal = new SqliteRunJournal(database);
  for (let done = 0; done < runs; done += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, runs - done) }, () => mint(RunId));
    await journal.append(batch.flatMap((runId) => cutOff().map((event) => ({ runId, atMs: Date.now(), event }))));
  }
}

type Resumed = { readonly readyMs: number; readonly tookMs: number };

/** So many runs that were cut off, from the start of a server until the last of them is over. */
export async function resumed(count: number): Promise<Resumed> {
  using directory = tempDirectory();
  await deployed(directory.path);
  await fill(directory.path, count);
  const startMs = performance.now();
  await using caxton = await compose(settings(directory.path), overrides);
  await caxton.tools.start();
  const readyMs = performance.now();
  const { runs } = caxton.runs;
  const { journal } = caxton.storage;
  const found = runs.resumeUnfinished();
  if (found !== count) throw new Error(`${found} of ${count} runs are unfinished`);
  const isOver = () => runs.load().executing + runs.load().waiting === 0;
  while (!isOver()) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  const { completed } = journal.counts("default");
  if (completed !== count) throw new Error(`${completed} of ${count} runs were completed`);
  return { readyMs: readyMs - startMs, tookMs: performance.now() - readyMs };
}

export async function run(count = RUNS): Promise<readonly Row[]> {
  const { readyMs, tookMs } = await resumed(count);
  const what = `${count.toLocaleString("en")} unfinished runs after a kill`;
  return [
    row(`${what}: server and tools ready again`, ms(readyMs)),
    row(`${what}: all of them over`, ms(tookMs), `≤ ${ms(TARGET_MS)}`, tookMs <= TARGET_MS),
    row(`${what}: a second`, perSecond(count / (tookMs / 1_000))),
  ];
}

const settings = (directory: string) => loadConfig({ settings: { "data.directory": directory } }, {}, directory);
const overrides = { models: models(scripted(BENCH_SCRIPT)), toolServers: BENCH_TOOL_SERVERS };

async function deployed(directory: string): Promise<void> {
  await using caxton = await compose(settings(directory), overrides);
  await caxton.tools.start();
  await caxton.agents.agents.deploy("default", { source: BENCH_AGENT, fileName: "bench.toml" });
}

if (import.meta.main) process.stdout.write(`${table(await run(Number(process.argv[2] ?? RUNS)))}\n`);
