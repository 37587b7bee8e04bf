// Mastra's agent with an equal scripted model and tool: one model turn that calls the tool, the tool, one that answers.
// Prints one line of JSON: { p50Ms, p99Ms, runsPerSecond }.
import { Agent } from "@mastra/core/agent";
import { createTool } from "@mastra/core/tools";
import { z } from "zod";

const [, , sequential = "1000", total = "3000", concurrency = "64"] = process.argv;
const usage = {
  inputTokens: { total: 10, noCache: 10, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 5, text: 5, reasoning: 0 },
};

const model = {
  specificationVersion: "v3",
  provider: "scripted",
  modelId: "scripted",
  supportedUrls: {},
  async doGenerate() {
    throw new Error("the benchmark streams");
  },
  async doStream({ prompt }) {
    const answered = prompt.some(({ role }) => role === "tool");
    const parts = answered
      ? [
          { type: "text-start", id: "1" },
          { type: "text-delta", id: "1", delta: "The sum is 3." },
          { type: "text-end", id: "1" },
          { type: "finish", finishReason: { unified: "stop", raw: "stop" }, usage },
        ]
      : [
          { type: "tool-call", toolCallId: "call_1", toolName: "add", input: '{"a":1,"b":2}' },
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
};

let calls = 0;
const add = createTool({
  id: "add",
  description: "Adds two numbers.",
  inputSchema: z.object({ a: z.number(), b: z.number() }),
  outputSchema: z.object({ sum: z.number() }),
  execute: async ({ a, b }) => {
    calls += 1;
    return { sum: a + b };
  },
});
const agent = new Agent({ id: "bench", name: "bench", instructions: "Add.", model, tools: { add } });

async function once() {
  const stream = await agent.stream("add 1 and 2");
  const text = await stream.text;
  if (text !== "The sum is 3.") throw new Error(`wrong answer: ${JSON.stringify(text)}`);
}

for (let count = 0; count < 100; count += 1) await once();
const times = [];
for (let count = 0; count < Number(sequential); count += 1) {
  const begun = performance.now();
  await once();
  times.push(performance.now() - begun);
}
times.sort((left, right) => left - right);
const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
const before = calls;
let left = Number(total);
const begun = performance.now();
await Promise.all(
  Array.from({ length: Number(concurrency) }, async () => {
    while (left-- > 0) await once();
  }),
);
const seconds = (performance.now() - begun) / 1000;
if (calls - before < Number(total)) throw new Error("the tool was not called in each run");
process.stdout.write(
  `${JSON.stringify({ p50Ms: at(0.5), p99Ms: at(0.99), runsPerSecond: Number(total) / seconds })}\n`,
);
process.exit(0);
