// LangGraph.js with its durable SQLite checkpointer and an equal scripted model and tool: a turn that calls the tool, the
// tool, a turn that answers. `durability: "sync"` has each step on disk before the next begins, as in Caxton.
//   node langgraph.mjs overhead <sequential> <total> <concurrency>   { p50Ms, p99Ms, runsPerSecond }
//   node langgraph.mjs growth <turns> <same> <new characters>        { bytesPerStep, runMs }
//   node langgraph.mjs fill <file> <runs>, then resume <file>        { runs, tookMs }
//   node langgraph.mjs waiting <runs>                                { bytesPerRun }; start with --expose-gc
//   node langgraph.mjs memory <runs>                                 resident bytes after each tenth of them
// Prints one line of JSON.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";
import { ToolNode } from "@langchain/langgraph/prebuilt";
import { z } from "zod";

const [, , what = "overhead", ...words] = process.argv;

const next = ({ messages }) => (messages.at(-1)?.tool_calls?.length > 0 ? "tools" : END);

/** `turns` calls of the tool, then the answer. */
function graphOf(checkpointer, turns, answer) {
  const look = tool(answer, { name: "look", description: "Looks.", schema: z.object({ text: z.string() }) });
  const model = ({ messages }) => {
    const turn = messages.filter((message) => ToolMessage.isInstance(message)).length;
    const usage_metadata = { input_tokens: 10, output_tokens: 5, total_tokens: 15 };
    const call = { id: `call_${turn}`, name: "look", args: { text: `turn ${turn}` }, type: "tool_call" };
    return {
      messages: [
        turn < turns
          ? new AIMessage({ content: `Turn ${turn} has started.`, tool_calls: [call], usage_metadata })
          : new AIMessage({ content: "The sum is 3.", usage_metadata }),
      ],
    };
  };
  return new StateGraph(MessagesAnnotation)
    .addNode("model", model)
    .addNode("tools", new ToolNode([look]))
    .addEdge(START, "model")
    .addConditionalEdges("model", next, ["tools", END])
    .addEdge("tools", "model")
    .compile({ checkpointer });
}

const options = (thread, turns, more = {}) => ({
  configurable: { thread_id: thread },
  durability: "sync",
  recursionLimit: 2 * turns + 10,
  ...more,
});
const begin = () => ({ messages: [new HumanMessage("add 1 and 2")] });

function mustAnswer({ messages }) {
  if (messages.at(-1)?.content !== "The sum is 3.") throw new Error(`wrong answer: ${JSON.stringify(messages.at(-1))}`);
}

async function together(count, once, parallel = 64) {
  let at = 0;
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      while (at < count) await once(at++);
    }),
  );
}

async function overhead(file, [sequential, total, concurrency]) {
  let calls = 0;
  const graph = graphOf(SqliteSaver.fromConnString(file), 1, ({ text }) => `${(calls += 1)} ${text}`);
  let thread = 0;
  const once = async () => mustAnswer(await graph.invoke(begin(), options(`run-${(thread += 1)}`, 1)));
  for (let count = 0; count < 100; count += 1) await once();
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
  await together(total, once, concurrency);
  const seconds = (performance.now() - begun) / 1000;
  if (calls - before !== total) throw new Error("the tool was not called in each run");
  return { p50Ms: at(0.5), p99Ms: at(0.99), runsPerSecond: total / seconds };
}

async function growth(file, [turns, sameChars, newChars]) {
  const same = "the same page of a manual that a tool returns whenever it is asked. ".repeat(60).slice(0, sameChars);
  const fresh = (text) => `${text} `.repeat(newChars / 8);
  const saver = SqliteSaver.fromConnString(file);
  const graph = graphOf(saver, turns, ({ text }) => JSON.stringify({ page: same, new: fresh(text) }));
  const begun = performance.now();
  mustAnswer(await graph.invoke(begin(), options("run", turns)));
  const runMs = performance.now() - begun;
  saver.db.pragma("wal_checkpoint(TRUNCATE)");
  return { bytesPerStep: statSync(file).size / (2 * turns), runMs };
}

/** Runs that stop after the tool's result and before the model's answer. */
async function fill(file, [runs]) {
  const graph = graphOf(SqliteSaver.fromConnString(file), 1, ({ text }) => text);
  await together(runs, (at) => graph.invoke(begin(), options(`run-${at}`, 1, { interruptAfter: ["tools"] })));
  return { runs };
}

/** Resumes all unfinished threads. Only reading each thread shows whether it has finished. */
async function resume(file) {
  const saver = SqliteSaver.fromConnString(file);
  const graph = graphOf(saver, 1, ({ text }) => text);
  const begun = performance.now();
  const threads = saver.db.prepare("SELECT DISTINCT thread_id FROM checkpoints").pluck().all();
  await together(threads.length, async (at) => mustAnswer(await graph.invoke(null, options(threads[at], 1))));
  return { runs: threads.length, tookMs: performance.now() - begun };
}

const held = () => {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/** Runs that rest before their tool is called. */
async function waiting(file, [runs]) {
  const graph = graphOf(SqliteSaver.fromConnString(file), 1, ({ text }) => text);
  const rest = (name) => graph.invoke(begin(), options(name, 1, { interruptBefore: ["tools"] }));
  for (let count = 0; count < runs / 4; count += 1) await rest(`first-${count}`);
  const before = held();
  for (let count = 0; count < runs; count += 1) await rest(`run-${count}`);
  return { bytesPerRun: Math.max(0, (held() - before) / runs) };
}

/** Resident bytes after each tenth of many runs. */
async function memory(file, [runs]) {
  const graph = graphOf(SqliteSaver.fromConnString(file), 1, ({ text }) => text);
  const resident = [];
  for (let part = 0; part < 10; part += 1) {
    await together(Math.round(runs / 10), async (at) =>
      mustAnswer(await graph.invoke(begin(), options(`${part}-${at}`, 1))),
    );
    globalThis.gc();
    resident.push(process.memoryUsage().rss);
  }
  return resident;
}

const directory = mkdtempSync(join(tmpdir(), "langgraph-bench-"));
const own = join(directory, "checkpoints.db");
const MEASURES = {
  overhead: () => overhead(own, words.map(Number)),
  growth: () => growth(own, words.map(Number)),
  fill: () => fill(words[0], words.slice(1).map(Number)),
  resume: () => resume(words[0]),
  waiting: () => waiting(own, words.map(Number)),
  memory: () => memory(own, words.map(Number)),
};
try {
  process.stdout.write(`${JSON.stringify(await MEASURES[what]())}\n`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
process.exit(0);
