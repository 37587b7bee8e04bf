import { LLMock } from "@copilotkit/aimock";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { commandLine } from "../cli/caxton.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("model.choice", "model.fallback");

const first = new LLMock({ port: 0 });
const second = new LLMock({ port: 0 });
let server: TestServer;

const agent = (name: string, more = "") => `name = "${name}"
version = "1.0.0"
capabilities = ["testing"]
system_prompt = "Answer."
[llm]
model = "openai/first"
${more}`;

const SCORE = `[output]
schema = '{"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}'
`;

const down = { error: { message: "upstream exploded", type: "server_error" }, status: 503 };

beforeAll(async () => {
  first.addFixtures([
    { match: { userMessage: "down" }, response: down },
    { match: { userMessage: "no key" }, response: { error: { message: "bad key", type: "auth" }, status: 401 } },
    {
      match: { userMessage: "cut off", sequenceIndex: 0 },
      response: { content: "The first try was cut" },
      truncateAfterChunks: 2,
      chunkSize: 4,
    },
    {
      match: { userMessage: "cut off", sequenceIndex: 1 },
      response: { content: "The second try is whole." },
      chunkSize: 4,
    },
    { match: { userMessage: "does not fit" }, response: { content: '{"score": 8}' } },
    { match: { userMessage: "score" }, response: { content: '{"score": "eight"}' } },
  ]);
  second.addFixtures([{ match: { userMessage: /./ }, response: { content: "The second provider answers." } }]);
  await Promise.all([first.start(), second.start()]);
  server = await startServer({
    environment: {
      OPENAI_BASE_URL: `${first.url}/v1`,
      OPENAI_API_KEY: "test-key",
      VLLM_BASE_URL: `${second.url}/v1`,
    },
    settings: { "models.circuit": { failures: 0 } },
  });
  const { agents } = server.started.services.agents;
  await agents.deploy("default", { source: agent("plain"), fileName: "plain.toml" });
  await agents.deploy("default", { source: agent("backed", 'fallback = ["vllm/second"]\n'), fileName: "backed.toml" });
  await agents.deploy("default", { source: agent("scorer", SCORE), fileName: "scorer.toml" });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await Promise.all([first.stop(), second.stop()]);
});

const run = async (name: string, input: string, more: object = {}): Promise<contract.RunDetail> => {
  const { body } = await server.ask("POST", "/api/v1/runs", { agent: name, input, wait: true, ...more });
  return contract.runs.RunDetail.parse(body);
};

test.each(["down", "no key"])("%s: the definition's backup answers, and the run says so", async (input) => {
  const done = await run("backed", input);
  expect(done).toMatchObject({ state: "completed", output: "The second provider answers.", model: "vllm/second" });
  const [step] = done.step_list;
  expect(step?.kind === "model" && step.attempts.at(-1)).toMatchObject({ model: "openai/first", next: "vllm/second" });
});

test("without a backup and a person to ask the run fails; `on_model_failure` changes that", async () => {
  expect(await run("plain", "down")).toMatchObject({ state: "failed", failure: { code: "MODEL_OVERLOADED" } });
  expect(await run("backed", "down", { on_model_failure: "fail" })).toMatchObject({ state: "failed" });
});

test("a run with a follower waits for a choice; another model is chosen over REST", async () => {
  const waiting = await run("plain", "down", { attended: true });
  expect(waiting).toMatchObject({
    state: "awaiting-choice",
    choice: { turn: 1, model: "openai/first", failure: { code: "MODEL_OVERLOADED" }, backups: [] },
  });
  const path = `/api/v1/runs/${waiting.id}/choose`;
  expect(await server.ask("POST", path, { choice: "use", model: "nonexistent/knows" })).toMatchObject({
    status: 400,
    body: { code: "UNKNOWN_MODEL" },
  });
  expect((await server.ask("POST", path, { choice: "use", model: "vllm/second" })).status).toBe(200);
  const events = await (await fetch(`${server.url}/api/v1/runs/${waiting.id}/events`)).text();
  expect(events).toContain("event: end");
  const { body } = await server.ask("GET", `/api/v1/runs/${waiting.id}`);
  expect(body).toMatchObject({ state: "completed", model: "vllm/second", choice: null });
  expect(await server.ask("POST", path, { choice: "retry" })).toMatchObject({
    status: 409,
    body: { code: "NO_CHOICE_OPEN" },
  });
});

test("the command line shows what there is to choose, and chooses", async () => {
  const asked = await commandLine(["run", "plain", "down", "--on-model-failure", "ask"], { server: server.url });
  expect(asked.code).toBe(9);
  expect(asked.stderr).toMatch(/upstream exploded\n {2}choose with: caxton run choose .* retry .*\[AWAITING_CHOICE\]/);
  const listed = await commandLine(["run", "list", "--state", "awaiting-choice", "-o", "name"], { server: server.url });
  const id = listed.stdout.trim();
  const shown = await commandLine(["run", "choose", id], { server: server.url });
  expect(shown.stdout).toContain(`caxton run choose ${id} use <provider/model>`);
  expect((await commandLine(["run", "choose", id, "use"], { server: server.url })).code).toBe(2);
  const chosen = await commandLine(["run", "choose", id, "use", "vllm/second"], { server: server.url });
  expect(chosen.code).toBe(0);
  const watched = await commandLine(["run", "watch", id], { server: server.url });
  expect([watched.code, watched.stdout]).toEqual([0, "The second provider answers.\n"]);
  const printed = await commandLine(["run", "get", id], { server: server.url });
  expect(printed.stdout).toContain("! openai/first: ");
});

test("a stream that is cut off is tried again, and its readers see the text once, from its beginning", async () => {
  const { body } = await server.ask("POST", "/api/v1/runs", { agent: "plain", input: "cut off" });
  const { id } = contract.runs.RunDetail.parse(body);
  const text = await (await fetch(`${server.url}/api/v1/runs/${id}/events`)).text();
  const events = text
    .split("\n")
    .filter((line) => line.startsWith("data: "))
    .map((line) => contract.runs.RunStreamEvent.parse(JSON.parse(line.slice("data: ".length))));
  let known = "";
  for (const event of events) if (event.type === "text-delta") known = known.slice(0, event.offset) + event.text;
  expect(known).toBe("The second try is whole.");
  expect(events.at(-1)).toMatchObject({ run: { output: known, step_list: [{ attempts: [{ next: null }] }] } });
});

test("an answer that does not fit the definition's schema is repaired, and printed as JSON", async () => {
  const done = await run("scorer", "score");
  expect(done).toMatchObject({ state: "completed", output_json: { score: 8 }, steps: 2 });
  expect(done.step_list[0]).toMatchObject({ output_problems: [expect.stringContaining("score")] });
  expect(JSON.stringify(first.getLastRequest()?.body)).toContain('"response_format":{"type":"json_');
  const printed = await commandLine(["run", "scorer", "score"], { server: server.url });
  expect(printed.stdout).toBe('{\n  "score": 8\n}\n');
});
