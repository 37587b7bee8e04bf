import OpenAI, { APIError } from "openai";
import type { ChatCompletionMessageParam, ChatCompletionTool } from "openai/resources/chat/completions";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { DeployOutcome } from "../../../src/api/contract/agents/agents.ts";
import { RunDetail, RunPage } from "../../../src/api/contract/runs/runs.ts";
import type { LanguageModel, ModelRequest } from "../../../src/models/port/language-model.ts";
import { scripted, type ScriptedTurnInput } from "../../../src/models/vendors/index.ts";
import { models } from "../../helpers/engine.ts";
import { verifies } from "../../helpers/verifies.ts";
import { WorkspaceServer } from "../../helpers/workspaces.ts";

verifies("api.openai");

const CLERK = `name = "clerk"
version = "1.0.0"
capabilities = ["office-work"]
tools = ["file_system", "user"]
system_prompt = "You file."
`;
const DOORMAN = `name = "doorman"
version = "1.0.0"
capabilities = ["greeting"]
handoffs = ["clerk"]
system_prompt = "You greet."
`;
const HAND_OFF: readonly ScriptedTurnInput[] = [
  { text: "One moment.", toolCalls: [{ name: "handoff_clerk", arguments: { reason: "a file" } }] },
];
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

let server: WorkspaceServer;
let key: string;
let requests: ModelRequest[] = [];
let turns: readonly ScriptedTurnInput[] = [];
const model: LanguageModel = {
  id: "scripted/inline",
  limits: undefined,
  stream: (request, signal) => {
    requests.push(request);
    const isDoorman = request.tools.some(({ name }) => name === "handoff_clerk");
    return scripted(isDoorman ? HAND_OFF : turns).stream(request, signal);
  },
};

beforeAll(async () => {
  server = await WorkspaceServer.start({ overrides: { models: models(model) } });
  key = await server.createKey("operator");
  for (const source of [CLERK, DOORMAN])
    DeployOutcome.parse((await server.ask("default", "POST", "/api/v1/agents", { source })).body);
});
afterAll(() => server?.[Symbol.asyncDispose]());
beforeEach(() => {
  requests = [];
});

const openai = () => new OpenAI({ apiKey: key, baseURL: `${server.url}/v1`, maxRetries: 2 });
const ask = (messages: readonly ChatCompletionMessageParam[], more: object = {}) =>
  openai().chat.completions.create({ model: "clerk", messages: [...messages], ...more, stream: false });
const user = (content: string): ChatCompletionMessageParam => ({ role: "user", content });
const runOf = async ({ id }: { readonly id: string }) =>
  RunDetail.parse((await server.ask("default", "GET", `/api/v1/runs/${id.replace("chatcmpl-", "")}`)).body);
const runs = async () =>
  RunPage.parse((await server.ask("default", "GET", "/api/v1/runs?limit=200")).body).items.length;
const newest = async () => RunPage.parse((await server.ask("default", "GET", "/api/v1/runs?limit=1")).body).items[0];
const LOOKUP: ChatCompletionTool = {
  type: "function",
  function: {
    name: "lookup",
    description: "Looks a word up",
    parameters: { type: "object", properties: { word: { type: "string" } }, required: ["word"] },
  },
};

test("an agent answers a dialogue that the client keeps", async () => {
  turns = [{ text: "It is blue." }];
  const answer = await ask([
    { role: "system", content: "Answer in one sentence." },
    user("What color is grass?"),
    { role: "assistant", content: "Green." },
    user("And the sky?"),
  ]);
  expect(answer).toMatchObject({
    object: "chat.completion",
    model: "clerk",
    choices: [{ index: 0, message: { role: "assistant", content: "It is blue." }, finish_reason: "stop" }],
  });
  expect(answer.usage?.total_tokens).toBe((answer.usage?.prompt_tokens ?? 0) + (answer.usage?.completion_tokens ?? 0));
  const asked = JSON.stringify(requests[0]);
  for (const text of ["You file.", "Answer in one sentence.", "What color is grass?", "Green.", "And the sky?"])
    expect(asked).toContain(text);
  expect(await runOf(answer)).toMatchObject({ agent: "clerk", input: "And the sky?", tags: ["openai"], thread: null });
});

test("a stream has the text of all turns in pieces, and usage on request", async () => {
  const list = { name: "file_system__list_directory", arguments: { path: "." } };
  turns = [{ text: "I look.", toolCalls: [list] }, { text: "There is one file." }];
  const stream = await openai().chat.completions.create({
    model: "clerk",
    messages: [user("What is there?")],
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks = await Array.fromAsync(stream);
  expect(chunks[0]?.choices[0]?.delta).toMatchObject({ role: "assistant" });
  expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toBe("I look.\n\nThere is one file.");
  expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe("stop");
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } });
  expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  // What is not streamed has the same text.
  expect((await ask([user("What is there?")])).choices[0]?.message.content).toBe("I look.\n\nThere is one file.");
});

test("an agent that hands a request off is answered for by the other, streamed or not", async () => {
  turns = [{ text: "I am the clerk." }];
  const request = { model: "doorman", messages: [user("A file, please")] };
  const { data, response } = await openai().chat.completions.create(request).withResponse();
  expect(data.choices[0]?.message.content).toBe("One moment.\n\nI am the clerk.");
  expect(response.headers.get("x-caxton-run")).toBe(data.id.replace("chatcmpl-", ""));
  const chunks = await Array.fromAsync(await openai().chat.completions.create({ ...request, stream: true }));
  expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toBe(data.choices[0]?.message.content);
});

test("tools of the client are called, streamed or not, and their results continue the run", async () => {
  const call = { name: "lookup", arguments: { word: "caxton" } };
  turns = [{ toolCalls: [call, { name: "lookup", arguments: { word: "press" } }] }, { text: "A printer." }];
  const before = await runs();
  const first = await ask([user("Who was Caxton?")], { tools: [LOOKUP] });
  const asked = first.choices[0]?.message;
  expect(first.choices[0]?.finish_reason).toBe("tool_calls");
  expect(asked?.content).toBeNull();
  const calls = asked?.tool_calls ?? [];
  expect(calls).toMatchObject([
    { type: "function", function: { name: "lookup", arguments: '{"word":"caxton"}' } },
    { type: "function", function: { name: "lookup", arguments: '{"word":"press"}' } },
  ]);
  if (asked === undefined) throw new Error("there is no message");
  const results = calls.map(({ id }): ChatCompletionMessageParam => ({
    role: "tool",
    tool_call_id: id,
    content: "a fact",
  }));
  const dialogue = [user("Who was Caxton?"), asked, ...results];
  const second = await ask(dialogue, { tools: [LOOKUP] });
  expect(second.choices[0]).toMatchObject({ finish_reason: "stop", message: { content: "A printer." } });
  expect(second.id).toBe(first.id);
  expect(await runs()).toBe(before + 1);
  expect(JSON.stringify(requests.at(-1))).toContain("a fact");

  // The run has ended: the same request is a dialogue of the client, and a run of its own.
  turns = [{ text: "A printer again." }];
  const third = await ask(dialogue, { tools: [LOOKUP] });
  expect(third.choices[0]?.message.content).toBe("A printer again.");
  expect(third.id).not.toBe(first.id);

  turns = [{ text: "Wait.", toolCalls: [call] }, { text: "Done." }];
  const stream = openai().chat.completions.stream({ model: "clerk", messages: [user("Look it up")], tools: [LOOKUP] });
  const { message, finish_reason: reason } = (await stream.finalChatCompletion()).choices[0] ?? {};
  expect([message?.content, reason]).toEqual(["Wait.", "tool_calls"]);
  expect(message?.tool_calls?.[0]).toMatchObject({ function: { name: "lookup", arguments: '{"word":"caxton"}' } });
});

test("a client whose package runs its tools gets the answer after them", async () => {
  turns = [{ toolCalls: [{ name: "lookup", arguments: { word: "ink" } }] }, { text: "Ink is black." }];
  const runner = openai().chat.completions.runTools({
    model: "clerk",
    messages: [user("What is ink?")],
    tools: [
      {
        type: "function",
        function: {
          name: "lookup",
          description: "Looks a word up",
          parameters: { type: "object", properties: { word: { type: "string" } } },
          parse: JSON.parse,
          function: ({ word }: { readonly word: string }) => `${word}: black`,
        },
      },
    ],
  });
  expect(await runner.finalContent()).toBe("Ink is black.");
  expect(JSON.stringify(requests.at(-1))).toContain("ink: black");
});

test("a call with side effects needs an approval unless the setting says otherwise", async () => {
  turns = [{ toolCalls: [{ name: "file_system__write_file", arguments: { path: "output/a.txt", content: "x" } }] }];
  const answer = await ask([user("Write a file")]);
  const { content } = answer.choices[0]?.message ?? {};
  expect(content).toContain("file_system.write_file needs an approval");
  expect(content).toContain(`${server.url}/ui/runs/${answer.id.replace("chatcmpl-", "")}`);
  expect(await runOf(answer)).toMatchObject({ state: "awaiting-approval", side_effects: "ask" });
});

test("requests for titles and the like run without tools and memory", async () => {
  turns = [{ text: "Colors" }];
  const title = "### Task:\nGenerate a concise title";
  const auxiliary: readonly [object, string][] = [
    [{}, title],
    [{ model: "clerk:text" }, "A title"],
  ];
  for (const [more, input] of auxiliary) {
    await ask([user(input)], { tools: [LOOKUP], ...more });
    expect(requests.at(-1)?.tools).toEqual([]);
  }
  const named = openai().chat.completions.create(
    { model: "clerk", messages: [user("A title")] },
    { headers: { "x-caxton-purpose": "auxiliary" } },
  );
  expect((await named).choices[0]?.message.content).toBe("Colors");
  expect(requests.at(-1)?.tools).toEqual([]);
  await ask([user("Not a title")]);
  expect(requests.at(-1)?.tools.length).toBeGreaterThan(0);
});

test("a question of the agent is its answer", async () => {
  const question = { question: "Which color?", options: ["red", "blue"] };
  turns = [{ toolCalls: [{ name: "user__ask_user", arguments: question }] }];
  const { message, finish_reason: reason } = (await ask([user("Paint it")])).choices[0] ?? {};
  expect([message?.content, reason]).toEqual(["Which color?\n- red\n- blue", "stop"]);
});

test("an answer in JSON follows the schema of the request", async () => {
  turns = [{ text: '{"color":"blue"}' }];
  const schema = { type: "object", properties: { color: { type: "string" } }, required: ["color"] };
  const format = { type: "json_schema", json_schema: { name: "color", schema } };
  const answer = await ask([user("The sky?")], { response_format: format });
  expect(JSON.parse(answer.choices[0]?.message.content ?? "")).toEqual({ color: "blue" });
  expect((await runOf(answer)).output_json).toEqual({ color: "blue" });
  const object = await ask([user("The sky?")], { response_format: { type: "json_object" } });
  expect(JSON.parse(object.choices[0]?.message.content ?? "")).toEqual({ color: "blue" });
});

test("images and files of a message become files of the run; addresses are not fetched", async () => {
  turns = [{ text: "A dot." }];
  const answer = await ask([
    {
      role: "user",
      content: [
        { type: "text", text: "What is this?" },
        { type: "image_url", image_url: { url: `data:image/png;base64,${PNG}` } },
        { type: "file", file: { filename: "notes.csv", file_data: `data:text/csv;base64,${btoa("a,b\n1,2\n")}` } },
      ],
    },
  ]);
  expect((await runOf(answer)).files).toMatchObject([
    { name: "image.png", media_type: "image/png" },
    { name: "notes.csv", media_type: "text/csv" },
  ]);
  const fetched = ask([
    { role: "user", content: [{ type: "image_url", image_url: { url: "https://example.com/a.png" } }] },
  ]);
  await expect(fetched).rejects.toMatchObject({ status: 400, message: expect.stringContaining("fetches none") });
});

test("what a request lacks or asks too much is refused with the place, before a run starts", async () => {
  const before = await runs();
  const wrong: readonly [object, string][] = [
    [{ n: 2 }, "n: an agent gives one answer"],
    [{ messages: [] }, "messages"],
    [{ messages: [user("x"), { role: "assistant", content: "y" }] }, "the last one is neither"],
    [{ messages: [{ role: "user", content: [{ type: "input_audio", input_audio: {} }] }] }, "messages.0.content"],
    [{ tools: [{ type: "custom", custom: { name: "x" } }] }, "tools.0.type"],
  ];
  for (const [body, problem] of wrong) {
    const error = await ask([user("x")], body).catch((thrown: unknown) => thrown);
    expect(error, problem).toMatchObject({ status: 400, type: "invalid_request_error" });
    expect(String(error)).toContain(problem);
  }
  await expect(ask([user("x")], { model: "unknown" })).rejects.toMatchObject({ status: 404, code: "AGENT_NOT_FOUND" });
  expect(await runs()).toBe(before);
});

test("a run that fails is an error that the package does not repeat, in a stream too", async () => {
  turns = [{ error: { class: "invalid_request", message: "no such thing" } }];
  const before = await runs();
  const error = await ask([user("x")]).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(APIError);
  expect(error).toMatchObject({ status: 502, type: "server_error" });
  expect(await runs()).toBe(before + 1);
  const stream = await openai().chat.completions.create({ model: "clerk", messages: [user("x")], stream: true });
  await expect(Array.fromAsync(stream)).rejects.toBeInstanceOf(APIError);
});

test("a run continues after its client left", async () => {
  turns = [{ text: "late", delayMs: 300 }];
  const controller = new AbortController();
  const options = { signal: controller.signal };
  const asked = openai().chat.completions.create(
    { model: "clerk", messages: [user("leave early")], stream: true },
    options,
  );
  await asked;
  controller.abort();
  await vi.waitFor(async () => expect(await newest()).toMatchObject({ state: "completed" }), { timeout: 20_000 });
});

test("a key without the permission to run agents is refused", async () => {
  const reader = await server.createKey("readonly");
  const client = new OpenAI({ apiKey: reader, baseURL: `${server.url}/v1`, maxRetries: 0 });
  await expect(client.chat.completions.create({ model: "clerk", messages: [user("x")] })).rejects.toMatchObject({
    status: 403,
  });
});
