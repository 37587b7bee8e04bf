// Mastra's durable agent with its LibSQL storage and an equal scripted model and tool, with a checkpoint on disk after each step
// (`recovery.durableAgents: "auto"`), as it needs to resume after a crash.
//   node mastra-durable.mjs overhead <sequential> <total> <concurrency>   { p50Ms, p99Ms, runsPerSecond }
//   node mastra-durable.mjs growth <turns> <same> <new characters>        { bytesPerStep, runMs }
//   node mastra-durable.mjs waiting <runs>                                { bytesPerRun }; start with --expose-gc
//   node mastra-durable.mjs memory <runs>                                 resident bytes after each tenth of them
// Prints one line of JSON.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Agent } from "@mastra/core/agent";
import { Mastra } from "@mastra/core/mastra";
import { createTool } from "@mastra/core/tools";
import { LibSQLStore } from "@mastra/libsql";
import { z } from "zod";

const [, , what = "overhead", ...words] = process.argv;
const ANSWER = "The sum is 3.";
const usage = {
  inputTokens: { total: 10, noCache: 10, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 5, text: 5, reasoning: 0 },
};
const said = (id, delta) => [
  { type: "text-start", id },
  { type: "text-delta", id, delta },
  { type: "text-end", id },
];

/** `turns` calls of the tool, then the answer. */
const modelOf = (turns) => ({
  specificationVersion: "v3",
  provider: "scripted",
  modelId: "scripted",
  supportedUrls: {},
  async doGenerate() {
    throw new Error("the benchmark streams");
  },
  async doStream({ prompt }) {
    const turn = prompt.filter(({ role }) => role === "tool").length;
    const parts =
      turn === turns
        ? [...said("1", ANSWER), { type: "finish", finishReason: { unified: "stop", raw: "stop" }, usage }]
        : [
            ...said("1", `Turn ${turn} has started.`),
            { type: "tool-call", toolCallId: `call_${turn}`, toolName: "look", input: `{"text":"turn ${turn}"}` },
            { type: "finish", finishReason: { unified: "tool-calls", raw: "tool_calls" }, usage },
          ];
    return {
      stream: new ReadableStream({
        start(controller) {
          controller.enqueue({ type: "stream-start", warnings: [] });
          for (const part of parts) controller.enqueue(part);
          controller.close();
        },
      }),
    };
  },
});

async function open(file, model, answer, requireApproval = false) {
  const look = createTool({
    id: "look",
    description: "Looks.",
    inputSchema: z.object({ text: z.string() }),
    requireApproval,
    execute: async ({ text }) => answer(text),
  });
  const bench = new Agent({ id: "bench", name: "bench", instructions: "Add.", model, tools: { look }, durable: true });
  const storage = new LibSQLStore({ id: "bench", url: `file:${file}` });
  const mastra = new Mastra({ agents: { bench }, storage, logger: false, recovery: { durableAgents: "auto" } });
  await storage.init();
  return { mastra, agent: mastra.getAgent("bench") };
}

async function answered(agent, maxSteps = 5) {
  const { output, cleanup } = await agent.stream("add 1 and 2", { maxSteps });
  const text = await output.text;
  if (!text.endsWith(ANSWER)) throw new Error(`wrong answer: ${JSON.stringify(text)}`);
  cleanup();
}

async function together(count, many, once) {
  let at = 0;
  await Promise.all(
    Array.from({ length: many }, async () => {
      while (at < count) await once(at++);
    }),
  );
}

async function overhead(file, [sequential, total, concurrency]) {
  let calls = 0;
  const { agent } = await open(file, modelOf(1), (text) => ({ text: `${(calls += 1)} ${text}` }));
  const once = () => answered(agent);
  for (let count = 0; count < 20; count += 1) await once();
  const times = [];
  for (let count = 0; count < sequential; count += 1) {
    const begun = performance.now();
    await once();
    times.push(performance.now() - begun);
  }
  times.sort((left, right) => left - right);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  const before = calls;
  const begun = performance.now();
  await together(total, concurrency, once);
  const seconds = (performance.now() - begun) / 1000;
  if (calls - before !== total) throw new Error("the tool was not called in each run");
  return { p50Ms: at(0.5), p99Ms: at(0.99), runsPerSecond: total / seconds };
}

function bytes(file) {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  return statSync(file).size;
}

async function growth(file, [turns, sameChars, newChars]) {
  const same = "the same page of a manual that a tool returns whenever it is asked. ".repeat(60).slice(0, sameChars);
  const { agent } = await open(file, modelOf(turns), (text) => ({ page: same, new: `${text} `.repeat(newChars / 8) }));
  const before = bytes(file);
  const begun = performance.now();
  await answered(agent, turns + 5);
  return { bytesPerStep: (bytes(file) - before) / (2 * turns), runMs: performance.now() - begun };
}

const held = () => {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/** Runs that are suspended until a call is approved. */
async function waiting(file, [runs]) {
  const { agent } = await open(file, modelOf(1), (text) => ({ text }), true);
  const begin = async () => {
    const { output } = await agent.stream("add 1 and 2", { maxSteps: 5 });
    for await (const { type } of output.fullStream) if (type === "tool-call-approval") return;
    throw new Error("the run did not ask");
  };
  for (let count = 0; count < runs / 4; count += 1) await begin();
  const before = held();
  for (let count = 0; count < runs; count += 1) await begin();
  return { bytesPerRun: Math.max(0, (held() - before) / runs) };
}

/** Resident bytes after each tenth of many runs. */
async function memory(file, [runs]) {
  const { agent } = await open(file, modelOf(1), (text) => ({ text }));
  const resident = [];
  for (let part = 0; part < 10; part += 1) {
    await together(Math.round(runs / 10), 64, () => answered(agent));
    globalThis.gc();
    resident.push(process.memoryUsage().rss);
  }
  return resident;
}

const directory = mkdtempSync(join(tmpdir(), "mastra-bench-"));
const own = join(directory, "mastra.db");
const MEASURES = {
  overhead: () => overhead(own, words.map(Number)),
  growth: () => growth(own, words.map(Number)),
  waiting: () => waiting(own, words.map(Number)),
  memory: () => memory(own, words.map(Number)),
};
try {
  process.stdout.write(`${JSON.stringify(await MEASURES[what]())}\n`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
process.exit(0);
