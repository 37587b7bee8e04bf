import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { RunDetail, RunPage, RunTree, Upload } from "../../src/api/contract/runs/runs.ts";
import { DeployOutcome } from "../../src/api/contract/agents/agents.ts";
import { Thread } from "../../src/api/contract/threads/threads.ts";
import type { LanguageModel, ModelRequest } from "../../src/models/port/language-model.ts";
import { scripted, type ScriptedTurnInput } from "../../src/models/vendors/index.ts";
import { models } from "../helpers/engine.ts";
import { startServer, type TestServer } from "../helpers/server.ts";

const WRITE = { name: "file_system__write_file", arguments: { path: "output/a.txt", content: "x" } };
const CLERK = `name = "clerk"
version = "1.0.0"
capabilities = ["office-work"]
tools = ["file_system"]
agents = ["helper"]
handoffs = ["helper"]
system_prompt = "You file."
`;
const HELPER = `name = "helper"
version = "1.0.0"
capabilities = ["help"]
tools = ["file_system"]
system_prompt = "You help."
`;

let server: TestServer;
let requests: ModelRequest[] = [];
let turns: readonly ScriptedTurnInput[] = [];

/** Plays the turns of the test, and keeps what it is asked. */
const model: LanguageModel = {
  id: "scripted/inline",
  limits: undefined,
  stream: (request, signal) => {
    requests.push(request);
    return scripted(turns).stream(request, signal);
  },
};

beforeAll(async () => {
  server = await startServer({ overrides: { models: models(model) } });
  for (const source of [HELPER, CLERK])
    DeployOutcome.parse((await server.ask("POST", "/api/v1/agents", { source })).body);
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  requests = [];
});

const start = (body: object) =>
  server.ask("POST", "/api/v1/runs", { agent: "clerk", input: "go", wait: true, ...body });
const run = async (body: object) => RunDetail.parse((await start(body)).body);
const detail = async (id: string) => RunDetail.parse((await server.ask("GET", `/api/v1/runs/${id}`)).body);
const offered = (): readonly string[] => requests.at(-1)?.tools.map(({ name }) => name) ?? [];

test("a run that asks before side effects makes calls that only read, and each other one after an approval", async () => {
  const read = { name: "file_system__list_directory", arguments: { path: "." } };
  turns = [{ toolCalls: [read] }, { toolCalls: [WRITE] }, { text: "done" }];
  const asking = await run({ side_effects: "ask" });
  expect(asking).toMatchObject({ state: "awaiting-approval", side_effects: "ask" });
  expect(asking.approvals).toMatchObject([{ tool: "file_system.write_file", level: "request", rule: "" }]);
  expect(asking.step_list).toMatchObject([{}, { outcome: "done" }, {}, { state: "waiting" }]);
  await server.ask("POST", `/api/v1/approvals/${asking.approvals[0]?.id}/approve`, {});
  await vi.waitFor(async () => expect(await detail(asking.id)).toMatchObject({ state: "completed" }), {
    timeout: 20_000,
  });
  expect(await run({})).toMatchObject({ state: "completed", side_effects: "allow", approvals: [] });
  const again = await server.ask("POST", `/api/v1/runs/${asking.id}/retry`, {});
  const { id, side_effects } = RunDetail.parse(again.body);
  expect(side_effects).toBe("ask");
  await server.ask("POST", `/api/v1/runs/${id}/cancel`);
});

test("a run without side effects is offered only tools that read, and so are the runs that work for it or continue it", async () => {
  turns = [
    { when: { userIncludes: "go" }, toolCalls: [{ name: "agent_helper", arguments: { request: "write" } }] },
    { when: { userIncludes: "go" }, toolCalls: [{ name: "handoff_helper", arguments: { reason: "yours" } }] },
    { when: { userIncludes: "write" }, toolCalls: [WRITE] },
    { when: { userIncludes: "write" }, text: "I may not" },
    { text: "over" },
  ];
  const ended = await run({ side_effects: "deny" });
  expect(ended.agent).toBe("helper");
  const { items } = RunTree.parse((await server.ask("GET", `/api/v1/runs/${ended.handoffs.from?.run}/tree`)).body);
  expect(items.map(({ agent }) => agent)).toEqual(["clerk", "helper", "helper"]);
  for (const { id } of items) expect(await detail(id)).toMatchObject({ side_effects: "deny", approvals: [] });
  const names = requests.flatMap(({ tools }) => tools.map(({ name }) => name));
  expect(names).toContain("file_system__read_file");
  expect(names).not.toContain("file_system__write_file");
});

test("a delegated run asks as the one that it works for does", async () => {
  turns = [
    { when: { userIncludes: "go" }, toolCalls: [{ name: "agent_helper", arguments: { request: "write" } }] },
    { when: { userIncludes: "write" }, toolCalls: [WRITE] },
  ];
  const { id } = RunDetail.parse((await start({ side_effects: "ask", wait: false })).body);
  const below = await vi.waitFor(
    async () => {
      const { items } = RunPage.parse((await server.ask("GET", "/api/v1/runs?agent=helper&limit=1")).body);
      expect(items[0]).toMatchObject({ parent: id, state: "awaiting-approval" });
      return detail(items[0]?.id ?? "");
    },
    { timeout: 20_000 },
  );
  expect(below.approvals).toMatchObject([{ level: "request" }]);
  await server.ask("POST", `/api/v1/runs/${id}/cancel`);
});

const MESSAGES = [
  { role: "user", text: "first question" },
  {
    role: "assistant",
    text: "",
    calls: [
      { id: "c1", name: "lookup", arguments: "{}" },
      { id: "c2", name: "lookup", arguments: "{}" },
    ],
  },
  { role: "tool", call: "c1", text: "a fact" },
  { role: "assistant", text: "first answer" },
  { role: "user", text: "second question" },
];

test("a run continues the dialogue that comes with its request, and adds instructions to the system prompt", async () => {
  turns = [{ text: "second answer" }];
  const ended = await run({ messages: MESSAGES, instructions: "Be brief.", input: "now" });
  expect(ended).toMatchObject({ state: "completed", thread: null, remembered: null });
  expect(ended.messages).toHaveLength(MESSAGES.length);
  const [request] = requests;
  expect(request?.system).toMatch(
    /^You file\.[^]*may have been changed[^]*## Instructions of the caller\n\nBe brief\.$/,
  );
  expect(request?.messages).toMatchObject([
    { role: "user", text: "first question" },
    // The other call has no result.
    { role: "assistant", toolCalls: [{ id: "c1" }] },
    { role: "tool", results: [{ id: "c1", text: "a fact" }] },
    { role: "assistant", text: "first answer" },
    { role: "user", text: "second question\n\nnow" },
  ]);
  const replayed = await server.ask("POST", `/api/v1/runs/${ended.id}/replay`, {});
  expect(replayed.body).toMatchObject({ same: true });
  const made = await server.ask("POST", "/api/v1/threads", { agent: "clerk", from_run: ended.id });
  const { id } = Thread.parse(made.body);
  await server.ask("POST", `/api/v1/threads/${id}/messages`, { input: "and then?", wait: true });
  expect(
    requests
      .at(-1)
      ?.messages.map(({ role }) => role)
      .join(),
  ).toBe("user,assistant,tool,assistant,user,assistant,user");
});

test("a dialogue may end with the result of a tool, and only then is the request empty", async () => {
  turns = [{ text: "so it is" }];
  expect(await run({ messages: MESSAGES.slice(0, 3), input: "" })).toMatchObject({ output: "so it is", prompt: "" });
  expect(requests[0]?.messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool"]);
  expect(await start({ input: "" })).toMatchObject({ status: 400, body: { code: "REQUEST_INVALID" } });
  expect(await start({ input: "", messages: MESSAGES })).toMatchObject({ status: 400 });
  const unpaired = await start({ messages: [{ role: "tool", call: "c1", text: "a fact" }] });
  expect(JSON.stringify(unpaired.body)).toContain("does not follow the answer that has its call");
});

test("files of earlier messages are sent with them", async () => {
  turns = [{ text: "an image" }];
  const upload = await fetch(`${server.url}/api/v1/uploads?name=a.png`, {
    method: "POST",
    headers: { "content-type": "image/png" },
    body: Buffer.from(
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
      "base64",
    ),
  });
  const { id } = Upload.parse(await upload.json());
  const messages = [
    { role: "user", text: "see", uploads: [id] },
    { role: "assistant", text: "I see" },
  ];
  const first = await run({ messages, input: "what?" });
  expect(requests[0]?.messages[0]).toMatchObject({ images: [{ name: "a.png", mediaType: "image/png" }] });
  const retry = await server.ask("POST", `/api/v1/runs/${first.id}/retry`, {});
  const copy = RunDetail.parse(retry.body);
  expect(copy.messages[0]).toMatchObject({ files: ["a.png"] });
  await vi.waitFor(async () => expect(await detail(copy.id)).toMatchObject({ state: "completed" }), {
    timeout: 20_000,
  });
});

test("a run for text alone has no tools", async () => {
  turns = [{ text: "A title" }];
  expect(await run({ text_only: true })).toMatchObject({ state: "completed", output: "A title" });
  expect(offered()).toEqual([]);
});
