import { LLMock } from "@copilotkit/aimock";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("run.loop", "run.max-steps", "model.openai-compatible", "model.environment", "model.retry-once");

const llm = new LLMock({ port: 0 });
let server: TestServer;

const AGENT = `name = "probe"
version = "1.0.0"
capabilities = ["data-analysis"]
tools = ["csv_parser"]
system_prompt = "Answer."
[execution]
max_steps = 4
[limits]
repeated_calls = 0
`;

beforeAll(async () => {
  llm.loadFixtureFile(new URL("../fixtures/llm-cases.json", import.meta.url).pathname);
  llm.prependFixture({
    match: { userMessage: "describe the penguins", hasToolResult: false },
    response: {
      toolCalls: [
        {
          id: "call_d",
          name: "csv_parser__describe",
          arguments: JSON.stringify({ path: "examples/data/penguins.csv" }),
        },
      ],
    },
  });
  llm.prependFixture({
    match: { userMessage: "describe the penguins", hasToolResult: true },
    response: { content: "344 penguins." },
  });
  await llm.start();
  server = await startServer({
    environment: { OPENAI_BASE_URL: `${llm.url}/v1`, OPENAI_API_KEY: "test-key" },
    // One model stands for many that fail here; a circuit that opens is another test's.
    settings: { "models.circuit": { failures: 0 } },
  });
  await server.started.services.agents.agents.deploy("default", { source: AGENT, fileName: "probe.toml" });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await llm.stop();
});

const run = async (input: string): Promise<contract.RunDetail> => {
  const { body } = await server.ask("POST", "/api/v1/runs", { agent: "probe", input, wait: true });
  return contract.runs.RunDetail.parse(body);
};
const outcomes = ({ step_list }: contract.RunDetail) =>
  step_list.flatMap((step) => (step.kind === "tool" ? [step.outcome] : []));

test("OPENAI_BASE_URL alone makes an endpoint the model of every agent", async () => {
  const done = await run("say hello");
  expect(done).toMatchObject({ state: "completed", output: "Hello! How can I help you today?" });
  expect(done.model).toMatch(/^openai\//);
  expect(done).toMatchObject({ input_tokens: 11, output_tokens: 8 });
});

test("the model's tool call runs in the sandbox, and its result goes back to the model", async () => {
  const done = await run("describe the penguins");
  expect(done).toMatchObject({ state: "completed", output: "344 penguins.", tool_calls: 1 });
  const sent = llm.getLastRequest();
  expect(JSON.stringify(sent?.body)).toContain("flipper_length_mm");
});

test("a call of an unknown tool and one with broken arguments go back to the model as failures", async () => {
  expect(outcomes(await run("unknown tool"))).toEqual(["unknown-tool"]);
  expect(outcomes(await run("bad tool args"))).toEqual(["unknown-tool"]);
});

test("a model that never stops calling tools is stopped at the definition's max_steps", async () => {
  const done = await run("endless loop");
  expect(done).toMatchObject({ state: "failed", failure: { code: "STEPS_MAX_REACHED" }, steps: 4 });
  expect(done.hint).toContain("max_steps");
});

test("a rate limit is waited for once, and the run then completes", async () => {
  const done = await run("rate limit once");
  expect(done).toMatchObject({ state: "completed", output: "Recovered after 429." });
  expect(done.step_list[0]).toMatchObject({ attempts: [{ class: "rate_limited" }] });
});

test.each([
  ["always 429", "MODEL_RATE_LIMITED"],
  ["always 500", "MODEL_OVERLOADED"],
  ["context too long", "MODEL_CONTEXT_TOO_LONG"],
  ["malformed json", "MODEL_BAD_RESPONSE"],
  ["drop connection", "MODEL_UNREACHABLE"],
  ["truncated stream", "MODEL_UNREACHABLE"],
  ["length stop", "OUTPUT_CUT"],
])("the fault %s fails the run with %s, what happened and what to do", async (input, code) => {
  const done = await run(input);
  expect(done).toMatchObject({ state: "failed", failure: { code } });
  expect(done.hint).not.toBe("");
  expect(JSON.stringify(done)).not.toContain("test-key");
});

test("a slow stream is cancelled promptly", async () => {
  const { body } = await server.ask("POST", "/api/v1/runs", { agent: "probe", input: "slow stream" });
  const { id } = contract.runs.RunDetail.parse(body);
  const begun = performance.now();
  const cancelled = await server.ask("POST", `/api/v1/runs/${id}/cancel`);
  expect(cancelled.body).toMatchObject({ state: "cancelled" });
  expect(performance.now() - begun).toBeLessThan(1_000);
});
