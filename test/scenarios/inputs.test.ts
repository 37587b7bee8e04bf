import { expect, test, vi } from "vitest";
import { WaitingInputPage } from "../../src/api/contract/runs/inputs.ts";
import { RunDetail } from "../../src/api/contract/runs/runs.ts";
import { Sent, Thread } from "../../src/api/contract/threads/threads.ts";
import type { ScriptedTurnInput } from "../../src/models/vendors/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

const PACKER = `name = "packer"
version = "1.0.0"
capabilities = ["packing"]
tools = ["user", "calculator"]
system_prompt = "Ask."
`;

verifies("run.questions");

const asks = (given: object) => ({ name: "user__ask_user", arguments: JSON.stringify(given) });
const COLOUR = asks({ question: "Which colour?" });
const thenSays = (...calls: readonly ReturnType<typeof asks>[]): ScriptedTurnInput[] => [
  { toolCalls: [...calls] },
  { text: "finished" },
];

/** A server with an agent that asks. */
async function packing(script: readonly ScriptedTurnInput[], more: Parameters<typeof startServer>[0] = {}) {
  const server = await startServer({ script, ...more });
  await server.ask("POST", "/api/v1/agents", { source: PACKER });
  return server;
}

const run = async (server: TestServer, more: object = {}) =>
  RunDetail.parse(
    (await server.ask("POST", "/api/v1/runs", { agent: "packer", input: "go", wait: true, ...more })).body,
  );
const detail = async (server: TestServer, id: string) =>
  RunDetail.parse((await server.ask("GET", `/api/v1/runs/${id}`)).body);
const WITHIN = { timeout: 20_000 };
const answer = (server: TestServer, { id, questions }: RunDetail, content: unknown, at = 0) =>
  server.ask("POST", `/api/v1/runs/${id}/inputs/${questions[at]?.id}`, { action: "accept", content });
const ended = (server: TestServer, id: string) =>
  vi.waitFor(async () => {
    const found = await detail(server, id);
    expect(found.ended_at).not.toBeNull();
    return found;
  }, WITHIN);
const results = ({ step_list: steps }: RunDetail): readonly string[] =>
  steps.flatMap((step) => (step.kind === "tool" ? [`${step.outcome}: ${step.text}`] : []));

test("a question of the model waits outside of the queue for its answer, which is the result of the call", async () => {
  await using server = await packing(thenSays(COLOUR));
  const asked = await run(server);
  expect(asked).toMatchObject({ state: "awaiting-input", resting: true, replies: [] });
  expect(asked.questions).toMatchObject([
    { server: "user", message: "Which colour?", options: [], state: "open", by: "" },
  ]);
  const { items } = WaitingInputPage.parse((await server.ask("GET", "/api/v1/inputs")).body);
  expect(items).toEqual([{ run: asked.id, agent: "packer", question: asked.questions[0], client_call: null }]);
  expect((await answer(server, asked, "blue")).status).toBe(200);
  const over = await ended(server, asked.id);
  expect(over).toMatchObject({ state: "completed", output: "finished", questions: [{ state: "accepted" }] });
  expect(over.questions[0]?.by).not.toBe("");
  expect(results(over)).toEqual(["done: blue"]);
  expect(WaitingInputPage.parse((await server.ask("GET", "/api/v1/inputs")).body).items).toEqual([]);
});

test("questions of one turn wait together, and an answer has to fit its question", async () => {
  const schema = {
    type: "object",
    properties: { size: { type: "integer" }, name: { type: "string", default: "box" } },
    required: ["size"],
  };
  const options = ["red", "blue"];
  await using server = await packing(
    thenSays(asks({ question: "Which?", options }), asks({ question: "How big?", schema }), {
      name: "calculator__evaluate",
      arguments: '{"expression":"6*7"}',
    }),
  );
  const asked = await run(server);
  expect(asked.questions).toMatchObject([{ options }, { schema }]);
  for (const [content, at] of [
    ["green", 0],
    [{ answer: "green" }, 0],
    ["", 0],
    [{ size: "large" }, 1],
    ["12", 1],
  ] as const)
    expect(await answer(server, asked, content, at)).toMatchObject({ status: 422, body: { code: "ANSWER_INVALID" } });
  await answer(server, asked, { answer: "red" });
  await vi.waitFor(
    async () => expect(await detail(server, asked.id)).toMatchObject({ state: "awaiting-input" }),
    WITHIN,
  );
  await answer(server, asked, { size: 3 }, 1);
  const over = await ended(server, asked.id);
  expect(results(over)).toEqual(["done: red", 'done: {"name":"box","size":3}', expect.stringContaining("42")]);
});

test("of two answers the first counts, and an unknown question is not found", async () => {
  await using server = await packing(thenSays(COLOUR));
  const asked = await run(server);
  const both = await Promise.all([answer(server, asked, "blue"), answer(server, asked, "red")]);
  expect(both.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 409]);
  expect(both.find(({ status }) => status === 409)?.body).toMatchObject({ code: "INPUT_CLOSED" });
  const path = `/api/v1/runs/${asked.id}/inputs/nothing`;
  expect(await server.ask("POST", path, { action: "decline" })).toMatchObject({
    status: 404,
    body: { code: "INPUT_NOT_FOUND" },
  });
  expect((await ended(server, asked.id)).questions).toMatchObject([{ state: "accepted" }]);
});

test("a declined question is a failed call with the reason, and cancelling a run ends its questions", async () => {
  await using server = await packing([...thenSays(COLOUR), { toolCalls: [COLOUR] }]);
  const asked = await run(server);
  const path = `/api/v1/runs/${asked.id}/inputs/${asked.questions[0]?.id}`;
  await server.ask("POST", path, { action: "decline", reason: "too early" });
  const over = await ended(server, asked.id);
  expect(over.questions).toMatchObject([{ state: "declined" }]);
  expect(results(over)).toEqual([expect.stringContaining("too early")]);
  const second = await run(server);
  await server.ask("POST", `/api/v1/runs/${second.id}/cancel`);
  expect(await detail(server, second.id)).toMatchObject({ state: "cancelled", questions: [{ state: "cancelled" }] });
  expect(await answer(server, second, "blue")).toMatchObject({ status: 409, body: { code: "INPUT_CLOSED" } });
});

// runs.pending-replies.Y2
test("a question that is not answered in time fails its call, also while no server runs; an answer then comes late", async () => {
  using directory = tempDirectory();
  const options = { directory: directory.path };
  let asked: RunDetail;
  {
    await using first = await packing(thenSays(asks({ question: "When?", expires_minutes: 0.02 })), options);
    asked = await run(first);
  }
  await new Promise((resolve) => setTimeout(resolve, 1_300));
  await using second = await startServer({ script: thenSays(), ...options });
  const over = await ended(second, asked.id);
  expect(over).toMatchObject({ state: "completed", questions: [{ state: "expired" }] });
  expect(results(over)).toEqual([expect.stringMatching(/^deadline: .*INPUT_EXPIRED/)]);
  expect(await answer(second, asked, "now")).toMatchObject({
    status: 409,
    body: { code: "INPUT_CLOSED", details: { state: "expired" } },
  });
});

test("a question with options and a schema, or an unusable schema, is not asked", async () => {
  const schema = { type: "object" };
  const wrong = [
    { question: "a", schema, options: ["a", "b"] },
    { question: "b", schema: { type: "string" } },
    { question: "c", schema: { type: "object", properties: 7 } },
    { question: "d", expires_minutes: 1e9 },
  ];
  await using server = await packing(thenSays(...wrong.map(asks)));
  const over = await run(server);
  expect(over.state).toBe("completed");
  expect(results(over).every((result) => result.startsWith("invalid-arguments"))).toBe(true);
});

const LOCATE = {
  name: "get_location",
  description: "Where the user is",
  input_schema: { type: "object", properties: { exact: { type: "boolean" } }, additionalProperties: false },
};
const locate = (given: object = {}) => ({ name: "get_location", arguments: JSON.stringify(given) });
const WITH_TOOL = { client_tools: [LOCATE] };
const give = (server: TestServer, { id, client_calls: calls }: RunDetail, content: unknown, at = 0) =>
  server.ask("POST", `/api/v1/runs/${id}/inputs/${calls[at]?.id}`, { action: "accept", content });

test("calls of tools of the client wait for their results, beside tools of the server", async () => {
  await using server = await packing([
    {
      toolCalls: [
        locate(),
        { name: "calculator__evaluate", arguments: '{"expression":"6*7"}' },
        locate({ exact: true }),
      ],
    },
    { text: "finished" },
  ]);
  const asked = await run(server, WITH_TOOL);
  expect(asked).toMatchObject({
    state: "awaiting-input",
    questions: [],
    replies: [],
    client_calls: [
      { name: "get_location", arguments: {}, state: "open" },
      { name: "get_location", arguments: { exact: true }, state: "open" },
    ],
  });
  const listed = WaitingInputPage.parse((await server.ask("GET", "/api/v1/inputs?limit=1")).body);
  expect(listed.items).toEqual([
    { run: asked.id, agent: "packer", question: null, client_call: asked.client_calls[0] },
  ]);
  const more = await server.ask("GET", `/api/v1/inputs?cursor=${listed.next}`);
  expect(WaitingInputPage.parse(more.body).items).toMatchObject([{ client_call: { arguments: { exact: true } } }]);
  await give(server, asked, { city: "Bern" }, 1);
  expect((await give(server, asked, "late", 1)).status).toBe(409);
  const path = `/api/v1/runs/${asked.id}/inputs/${asked.client_calls[0]?.id}`;
  await server.ask("POST", path, { action: "decline", reason: "no signal" });
  const over = await ended(server, asked.id);
  expect(over).toMatchObject({ state: "completed", client_calls: [{ state: "declined" }, { state: "accepted" }] });
  expect(results(over)).toEqual([
    expect.stringMatching(/^tool-error: .*get_location.*no signal/),
    expect.stringContaining("42"),
    'done: {"city":"Bern"}',
  ]);
});

test("arguments of a client's tool are checked, and a run repeated from a step or replayed has the tools too", async () => {
  await using server = await packing([
    { when: { userIncludes: "go" }, toolCalls: [locate({ exact: "yes" }), locate()] },
    { text: "finished" },
  ]);
  const asked = await run(server, WITH_TOOL);
  expect(asked.client_calls).toHaveLength(1);
  await give(server, asked, "Bern");
  const over = await ended(server, asked.id);
  expect(results(over)).toEqual([expect.stringContaining("invalid-arguments"), "done: Bern"]);
  expect((await server.ask("POST", `/api/v1/runs/${asked.id}/replay`)).body).toMatchObject({ same: true });
  const again = RunDetail.parse((await server.ask("POST", `/api/v1/runs/${asked.id}/retry`, {})).body);
  await vi.waitFor(async () => expect((await detail(server, again.id)).client_calls).toHaveLength(1), WITHIN);
});

test("a result that does not come in time fails its call, and names of the agent's tools are refused", async () => {
  await using server = await packing([{ toolCalls: [locate()] }, { text: "finished" }]);
  const asked = await run(server, { client_tools: [{ ...LOCATE, expires_after: 1 }] });
  const over = await ended(server, asked.id);
  expect(results(over)).toEqual([expect.stringMatching(/^deadline: .*INPUT_EXPIRED/)]);
  expect(await give(server, asked, "Bern")).toMatchObject({ status: 409, body: { code: "INPUT_CLOSED" } });
  const named = (...names: readonly string[]) => ({
    agent: "packer",
    input: "go",
    client_tools: names.map((name) => ({ ...LOCATE, name })),
  });
  for (const [body, code] of [
    [named("calculator__evaluate"), "CLIENT_TOOL_TAKEN"],
    [named("caxton__find_tools"), "CLIENT_TOOL_TAKEN"],
    [named("one", "one"), "REQUEST_INVALID"],
    [named("has space"), "REQUEST_INVALID"],
    [named(...Array.from({ length: 65 }, (_, at) => `tool${at}`)), "REQUEST_INVALID"],
    [{ ...named(), client_tools: [{ ...LOCATE, input_schema: { title: "x".repeat(70_000) } }] }, "REQUEST_INVALID"],
  ] as const)
    expect(await server.ask("POST", "/api/v1/runs", body)).toMatchObject({ status: 400, body: { code } });
});

test("a plain message to a thread answers an open question that takes a text, once", async () => {
  const options = ["red", "blue"];
  await using server = await packing(thenSays(asks({ question: "Which?", options }), COLOUR));
  const { id } = Thread.parse((await server.ask("POST", "/api/v1/threads", { agent: "packer" })).body);
  const send = async (input: string, more: object = {}) =>
    Sent.parse((await server.ask("POST", `/api/v1/threads/${id}/messages`, { input, ...more })).body);
  const first = await send("go", { wait: true });
  expect(first.run.state).toBe("awaiting-input");
  const queued = await send("blue", { when_busy: "queue" });
  expect(queued).toMatchObject({ joined: false, run: { state: "queued" } });
  const second = await send("blue");
  expect(second).toMatchObject({ joined: true, run: { id: first.run.id, questions: [{ state: "accepted" }, {}] } });
  await send("a dark one");
  const over = await ended(server, first.run.id);
  expect(results(over)).toEqual(["done: blue", "done: a dark one"]);
  await vi.waitFor(async () => expect((await detail(server, queued.run.id)).state).toBe("awaiting-input"), WITHIN);
});

test("a run in a worker waits for answers and results too", async () => {
  await using server = await packing([{ toolCalls: [COLOUR, locate()] }, { text: "finished" }]);
  await server.ask("POST", "/api/v1/agents", { source: `${PACKER}[execution]\nisolation = "worker"\n` });
  const asked = await run(server, WITH_TOOL);
  expect(asked).toMatchObject({ state: "awaiting-input", isolation: "worker" });
  await give(server, asked, "Bern");
  await answer(server, asked, "blue");
  expect(results(await ended(server, asked.id))).toEqual(["done: blue", "done: Bern"]);
});
