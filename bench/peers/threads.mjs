// A thread of many turns in Mastra's memory or in LangGraph's checkpointer, both in SQLite: an equal scripted model that answers
// each message with a text of the same length and is given the whole thread.
//   node threads.mjs mastra|langgraph <turns> <question characters> <answer characters>   { turnMs, bytes }
// turnMs is the mean of the last ten turns. Prints one line of JSON.
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

const [, , peer = "", ...words] = process.argv;
const [turns, questionChars, answerChars] = words.map(Number);
const LAST = 10;

const textOf = (at, length) => `${at}: a text that differs in each turn of the thread. `.repeat(20).slice(0, length);

async function mastra(file) {
  const { Agent } = await import("@mastra/core/agent");
  const { Mastra } = await import("@mastra/core/mastra");
  const { LibSQLStore } = await import("@mastra/libsql");
  const { Memory } = await import("@mastra/memory");
  const usage = { inputTokens: { total: 10 }, outputTokens: { total: 5 } };
  let asked = 0;
  const model = {
    specificationVersion: "v3",
    provider: "scripted",
    modelId: "scripted",
    supportedUrls: {},
    async doGenerate() {
      throw new Error("the benchmark streams");
    },
    async doStream({ prompt }) {
      const given = prompt.filter(({ role }) => role === "user").length;
      if (given !== asked + 1) throw new Error(`turn ${asked} was given ${given} messages`);
      const parts = [
        { type: "stream-start", warnings: [] },
        { type: "text-start", id: "1" },
        { type: "text-delta", id: "1", delta: textOf(asked, answerChars) },
        { type: "text-end", id: "1" },
        { type: "finish", finishReason: { unified: "stop", raw: "stop" }, usage },
      ];
      return { stream: ReadableStream.from(parts) };
    },
  };
  const storage = new LibSQLStore({ id: "bench", url: `file:${file}` });
  const memory = new Memory({ storage, options: { lastMessages: 10_000 } });
  const bench = new Agent({ id: "bench", name: "bench", instructions: "Answer.", model, memory });
  const agent = new Mastra({ agents: { bench }, storage, logger: false }).getAgent("bench");
  await storage.init();
  return async (at) => {
    asked = at;
    const output = await agent.stream(textOf(at, questionChars), { memory: { thread: "thread", resource: "user" } });
    return output.text;
  };
}

async function langgraph(file) {
  const { AIMessage, HumanMessage } = await import("@langchain/core/messages");
  const { END, MessagesAnnotation, START, StateGraph } = await import("@langchain/langgraph");
  const { SqliteSaver } = await import("@langchain/langgraph-checkpoint-sqlite");
  let asked = 0;
  const model = ({ messages }) => {
    const given = messages.filter((message) => HumanMessage.isInstance(message)).length;
    if (given !== asked + 1) throw new Error(`turn ${asked} was given ${given} messages`);
    const usage_metadata = { input_tokens: 10, output_tokens: 5, total_tokens: 15 };
    return { messages: [new AIMessage({ content: textOf(asked, answerChars), usage_metadata })] };
  };
  const graph = new StateGraph(MessagesAnnotation)
    .addNode("model", model)
    .addEdge(START, "model")
    .addEdge("model", END)
    .compile({ checkpointer: SqliteSaver.fromConnString(file) });
  return async (at) => {
    asked = at;
    const input = { messages: [new HumanMessage(textOf(at, questionChars))] };
    const { messages } = await graph.invoke(input, { configurable: { thread_id: "thread" }, durability: "sync" });
    return messages.at(-1)?.content;
  };
}

/** Bytes of the database after all is in its main file. The peer must not write after it: two SQLite libraries of a process do not see each other. */
function bytes(directory, file) {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  return readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}

const directory = mkdtempSync(join(tmpdir(), "threads-bench-"));
const file = join(directory, "threads.db");
try {
  const turn = await (peer === "mastra" ? mastra(file) : langgraph(file));
  const times = [];
  for (let at = 0; at < turns; at += 1) {
    const begun = performance.now();
    const answer = await turn(at);
    times.push(performance.now() - begun);
    if (answer !== textOf(at, answerChars)) throw new Error(`wrong answer of turn ${at}: ${JSON.stringify(answer)}`);
  }
  const last = times.slice(-LAST);
  const turnMs = last.reduce((sum, time) => sum + time, 0) / last.length;
  process.stdout.write(`${JSON.stringify({ turnMs, bytes: bytes(directory, file) })}\n`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
process.exit(0);
