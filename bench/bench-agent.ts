import { join } from "node:path";

/** The agent that benchmarks of runs ask, and what its scripted model says. */
export const BENCH_AGENT = `name = "bench"
version = "1.0.0"
capabilities = ["benchmark"]
tools = ["hostile.echo"]
system_prompt = "Add."
`;
/** A server whose `echo` does as little as the peer's tool; the others of its tools misbehave, and are not called. */
export const BENCH_TOOL_SERVERS = join(import.meta.dirname, "../test/fixtures/tools");
export const BENCH_SCRIPT = [
  { toolCalls: [{ name: "hostile__echo", arguments: { text: "1 + 2" } }] },
  { text: "The sum is 3." },
];
