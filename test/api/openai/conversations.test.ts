import { Agent, OpenAIConversationsSession, OpenAIResponsesModel, Runner, tool } from "@openai/agents";
import OpenAI from "openai";
import type { ResponseInputContent, ResponseInputItem } from "openai/resources/responses/responses";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { DeployOutcome } from "../../../src/api/contract/agents/agents.ts";
import { Thread } from "../../../src/api/contract/threads/threads.ts";
import type { LanguageModel, ModelRequest } from "../../../src/models/port/language-model.ts";
import { scripted, type ScriptedTurnInput } from "../../../src/models/vendors/index.ts";
import { models } from "../../helpers/engine.ts";
import { verifies } from "../../helpers/verifies.ts";
import { WorkspaceServer } from "../../helpers/workspaces.ts";

verifies("api.openai");

let server: WorkspaceServer;
let key: string;
let requests: ModelRequest[] = [];
let turns: readonly ScriptedTurnInput[] = [];
const model: LanguageModel = {
  id: "scripted/inline",
  limits: undefined,
  stream: (request, signal) => {
    requests.push(request);
    const isDoorman = request.tools.some(({ name }) => name === "handoff_greeter");
    const handOff = [{ toolCalls: [{ name: "handoff_greeter", arguments: { reason: "a greeting" } }] }];
    return scripted(isDoorman ? handOff : turns).stream(request, signal);
  },
};

beforeAll(async () => {
  server = await WorkspaceServer.start({ overrides: { models: models(model) } });
  key = await server.createKey("operator");
});
afterAll(() => server?.[Symbol.asyncDispose]());
beforeEach(() => {
  requests = [];
});

const openai = (apiKey = key) => new OpenAI({ apiKey, baseURL: `${server.url}/v1`, maxRetries: 0 });
const asked = () => JSON.stringify(requests.at(-1)?.messages);

test("responses of a conversation see the previous ones, and the conversation is a thread", async () => {
  const { conversations, responses } = openai();
  const conversation = await conversations.create({ metadata: { topic: "names" } });
  expect(conversation).toMatchObject({ object: "conversation", metadata: { topic: "names" } });
  turns = [{ text: "Hello, Ada." }];
  const first = await responses.create({
    model: "data-analyzer",
    input: "I am Ada.",
    conversation: conversation.id,
  });
  expect(first.conversation).toEqual({ id: conversation.id });
  turns = [{ text: "You are Ada." }];
  const stream = await responses.create({
    model: "data-analyzer",
    input: "Who am I?",
    conversation: { id: conversation.id },
    stream: true,
  });
  const events = await Array.fromAsync(stream);
  expect(events.at(-1)).toMatchObject({
    type: "response.completed",
    response: { conversation: { id: conversation.id } },
  });
  expect(asked()).toContain("I am Ada.");
  expect(await responses.retrieve(first.id)).toMatchObject({ conversation: { id: conversation.id } });
  const thread = conversation.id.replace("conv_", "");
  const { body } = await server.ask("default", "GET", `/api/v1/threads/${thread}`);
  expect(Thread.parse(body)).toMatchObject({ agent: "data-analyzer", title: "I am Ada.", tags: ["topic=names"] });
});

test("the messages of a conversation are listed in both orders, page by page, and read by their ids", async () => {
  const { conversations, responses } = openai();
  const { id } = await conversations.create();
  for (const word of ["one", "two", "three"]) {
    turns = [{ text: `${word}!` }];
    await responses.create({ model: "greeter", input: word, conversation: id });
  }
  const said = ["one", "one!", "two", "two!", "three", "three!"];
  const texts = async (order: "asc" | "desc", limit: number) => {
    const all: string[] = [];
    for await (const item of conversations.items.list(id, { order, limit }))
      if (item.type === "message") all.push(item.content.map((part) => ("text" in part ? part.text : "")).join(""));
    return all;
  };
  for (const limit of [1, 4, 100]) {
    expect(await texts("asc", limit)).toEqual(said);
    expect(await texts("desc", limit)).toEqual(said.toReversed());
  }
  const { data } = await conversations.items.list(id, { limit: 1 });
  expect(data).toMatchObject([{ role: "assistant", content: [{ type: "output_text", text: "three!" }] }]);
  const [last] = data;
  expect(await conversations.items.retrieve(last?.id ?? "", { conversation_id: id })).toEqual(last);
  for (const after of ["msg_none", "x"])
    for (const order of ["asc", "desc"] as const)
      await expect(conversations.items.list(id, { after, order })).rejects.toMatchObject({
        status: 404,
        code: "CONVERSATION_ITEM_NOT_FOUND",
      });
});

test("metadata is replaced, and a conversation is deleted with its responses", async () => {
  const { conversations, responses } = openai();
  const { id } = await conversations.create({ metadata: { a: "1", b: "2" } });
  const thread = `/api/v1/threads/${id.replace("conv_", "")}`;
  await server.ask("default", "PATCH", thread, { tags: ["kept", "a=1"] });
  expect(await conversations.update(id, { metadata: { c: "x=y" } })).toMatchObject({ metadata: { c: "x=y" } });
  expect(Thread.parse((await server.ask("default", "GET", thread)).body).tags).toEqual(["kept", "c=x=y"]);
  for (const metadata of [{ "a=b": "1" }, { key: "v".repeat(61) }])
    await expect(conversations.update(id, { metadata })).rejects.toMatchObject({ status: 400 });
  turns = [{ text: "Yes." }];
  const { id: response } = await responses.create({ model: "greeter", input: "Is it?", conversation: id });
  expect(await conversations.delete(id)).toEqual({ id, object: "conversation.deleted", deleted: true });
  await expect(conversations.retrieve(id)).rejects.toMatchObject({ status: 404 });
  await expect(responses.retrieve(response)).rejects.toMatchObject({ status: 404 });
});

test("a conversation stays with the agent that took it, and moves to another that a request names", async () => {
  const text = `name = "doorman"\nversion = "1.0.0"\ncapabilities = ["greeting"]\nhandoffs = ["greeter"]\nsystem_prompt = "You open."\n`;
  DeployOutcome.parse((await server.ask("default", "POST", "/api/v1/agents", { source: text })).body);
  const { conversations, responses } = openai();
  const { id } = await conversations.create();
  const thread = `/api/v1/threads/${id.replace("conv_", "")}`;
  const agent = async () => Thread.parse((await server.ask("default", "GET", thread)).body).agent;
  turns = [{ text: "I greet." }];
  for (const input of ["First", "Second", "Third"]) {
    const { output_text: said } = await responses.create({ model: "doorman", input, conversation: id });
    expect([said, await agent()]).toEqual(["I greet.", "greeter"]);
  }
  await responses.create({ model: "data-analyzer", input: "Fourth", conversation: id });
  expect(await agent()).toBe("data-analyzer");
  let previous: string | undefined;
  for (const input of ["First", "Second", "Third"]) {
    const { id: response } = await responses.create({
      model: "doorman",
      input,
      previous_response_id: previous ?? null,
    });
    previous = response;
  }
  expect(requests.filter(({ tools }) => tools.some(({ name }) => name === "handoff_greeter"))).toHaveLength(2);
});

test("the agents package continues a conversation by its id", async () => {
  const { id } = await openai().conversations.create();
  const agent = new Agent({ name: "front", model: new OpenAIResponsesModel(openai(), "greeter") });
  const runner = new Runner({ tracingDisabled: true });
  turns = [{ text: "Hello, Ada." }];
  expect((await runner.run(agent, "I am Ada.", { conversationId: id })).finalOutput).toBe("Hello, Ada.");
  await runner.run(agent, "Who am I?", { conversationId: id });
  expect(asked()).toContain("I am Ada.");
});

test("a session of the agents package keeps its dialogue with calls of tools here", async () => {
  const client = openai();
  const session = new OpenAIConversationsSession({ client });
  const weather = tool({
    name: "weather",
    description: "The weather of a city.",
    parameters: { type: "object", properties: {}, required: [], additionalProperties: true },
    strict: false,
    execute: () => "It rains.",
  });
  const agent = new Agent({ name: "front", model: new OpenAIResponsesModel(client, "greeter"), tools: [weather] });
  const runner = new Runner({ tracingDisabled: true });
  turns = [{ toolCalls: [{ name: "weather", arguments: { city: "Oslo" } }] }, { text: "Rain, Ada." }];
  expect((await runner.run(agent, "I am Ada. The weather?", { session })).finalOutput).toBe("Rain, Ada.");
  turns = [{ text: "You are Ada." }];
  expect((await runner.run(agent, "Who am I?", { session })).finalOutput).toBe("You are Ada.");
  for (const text of ["I am Ada. The weather?", "It rains.", "Rain, Ada."]) expect(asked()).toContain(text);
  const types = async () => (await session.getItems()).map(({ type }) => type);
  const all = ["message", "function_call", "function_call_result", "message", "message", "message"];
  expect(await types()).toEqual(all);
  expect(await session.popItem()).toMatchObject({ role: "assistant", content: [{ text: "You are Ada." }] });
  expect(await types()).toEqual(all.slice(0, -1));
  expect(await session.getItems(1)).toMatchObject([{ role: "user", content: [{ text: "Who am I?" }] }]);
  const id = await session.getSessionId();
  await session.clearSession();
  await expect(client.conversations.retrieve(id)).rejects.toMatchObject({ status: 404 });
});

test("added items are seen by the next response, and stay with it", async () => {
  const { conversations, responses } = openai();
  const { id } = await conversations.create({ items: [{ role: "user", content: "My cat is Tom." }] });
  const call = { call_id: "call_1", name: "age", arguments: "{}" };
  const { data: made } = await conversations.items.create(id, {
    items: [
      { role: "assistant", content: "Noted." },
      { type: "reasoning", id: "rs_1", summary: [] },
      { type: "function_call", ...call },
      { type: "function_call_output", call_id: "call_1", output: "seven" },
    ],
  });
  expect(made).toMatchObject([{ role: "assistant" }, { type: "function_call", ...call }, { output: "seven" }]);
  const thread = `/api/v1/threads/${id.replace("conv_", "")}`;
  expect(Thread.parse((await server.ask("default", "GET", thread)).body).title).toBe("My cat is Tom.");
  const { data: extra } = await conversations.items.create(id, { items: [{ role: "user", content: "Forget this." }] });
  expect(await conversations.items.delete(extra[0]?.id ?? "", { conversation_id: id })).toMatchObject({ id });
  turns = [{ text: "Tom is seven." }];
  await responses.create({ model: "greeter", input: "How old is my cat?", conversation: id });
  expect(requests.at(-1)?.messages).toMatchObject([
    { role: "user", text: "My cat is Tom." },
    { role: "assistant", text: "Noted.", toolCalls: [{ name: "age" }] },
    { role: "tool", results: [{ text: "seven" }] },
    { role: "user", text: expect.stringContaining("How old is my cat?") },
  ]);
  await conversations.items.create(id, { items: [{ role: "user", content: "Bye." }] });
  turns = [{ text: "Bye." }];
  await responses.create({ model: "greeter", input: "Tom says bye.", conversation: id });
  for (const text of ["My cat is Tom.", "Tom is seven.", "Bye."]) expect(asked()).toContain(text);
  expect(asked()).not.toContain("Forget this.");
  const { data } = await conversations.items.list(id, { order: "asc" });
  const calls = ["function_call", "function_call_output"];
  const types = ["message", "message", ...calls, "message", "message", "message", "message", "message"];
  expect(data.map(({ type }) => type)).toEqual(types);
  for (const item of [data[0], data[5]])
    await expect(conversations.items.delete(item?.id ?? "", { conversation_id: id })).rejects.toMatchObject({
      status: 409,
      code: "CONVERSATION_ITEM_IN_TURN",
    });
  await expect(conversations.items.delete("msg_none", { conversation_id: id })).rejects.toMatchObject({ status: 404 });
});

test("a question is answered in the conversation", async () => {
  const source = `name = "registrar"\nversion = "1.0.0"\ncapabilities = ["office-work"]\ntools = ["user"]\nsystem_prompt = "You file."\n`;
  DeployOutcome.parse((await server.ask("default", "POST", "/api/v1/agents", { source })).body);
  const { id } = await openai().conversations.create();
  turns = [{ toolCalls: [{ name: "user__ask_user", arguments: { question: "Which drawer?" } }] }, { text: "Filed." }];
  const said: string[] = [];
  for (const input of ["File it.", "The upper one."])
    said.push((await openai().responses.create({ model: "registrar", input, conversation: id })).output_text);
  expect(said).toEqual(["Which drawer?", "Filed."]);
});

test("items have questions and answers, and the ids of the output of responses, after a hand-off too", async () => {
  for (const source of [
    `name = "archivist"\nversion = "1.0.0"\ncapabilities = ["archiving"]\ntools = ["user"]\nsystem_prompt = "You archive."\n`,
    `name = "porter"\nversion = "1.0.0"\ncapabilities = ["opening"]\nhandoffs = ["greeter"]\nsystem_prompt = "You open."\n`,
  ])
    DeployOutcome.parse((await server.ask("default", "POST", "/api/v1/agents", { source })).body);
  const { conversations, responses } = openai();
  const { id } = await conversations.create();
  const question = { name: "user__ask_user", arguments: { question: "Which drawer?", options: ["upper", "lower"] } };
  turns = [{ text: "One moment.", toolCalls: [question] }, { text: "Filed." }];
  const outputs = [];
  for (const input of ["go", "upper"]) {
    const { output } = await responses.create({ model: "archivist", input, conversation: id });
    outputs.push(...output);
  }
  turns = [{ text: "I greet." }];
  outputs.push(...(await responses.create({ model: "porter", input: "hello", conversation: id })).output);
  const { data } = await conversations.items.list(id, { order: "asc" });
  const texts = data.map((item) =>
    item.type === "message" ? item.content.map((part) => ("text" in part ? part.text : "")).join("") : "",
  );
  const asks = "One moment.\n\nWhich drawer?\n- upper\n- lower";
  expect(texts).toEqual(["go", asks, "upper", "Filed.", "hello", "I greet."]);
  expect(new Set(data.map(({ id: item }) => item)).size).toBe(data.length);
  for (const output of outputs)
    expect(await conversations.items.retrieve(output.id ?? "", { conversation_id: id })).toEqual(output);
});

test("requests that do not fit, and conversations of others, are refused", async () => {
  const { conversations, responses } = openai();
  const { id } = await conversations.create();
  const both = { model: "greeter", input: "x", conversation: id, previous_response_id: "resp_x" };
  await expect(responses.create(both)).rejects.toMatchObject({ status: 400 });
  const image: ResponseInputContent = { type: "input_image", image_url: "data:image/png;base64,AA==", detail: "auto" };
  const unfit: readonly (readonly [ResponseInputItem, string])[] = [
    [{ role: "system", content: "x" }, "a message of the role system cannot be added"],
    [{ role: "user", content: [image] }, "a message that is added has only text"],
    [{ type: "item_reference", id: "msg_x" }, "a reference is no item"],
  ];
  for (const [item, problem] of unfit) {
    const refused = { status: 400, message: expect.stringContaining(problem) };
    await expect(conversations.create({ items: [item] })).rejects.toMatchObject(refused);
    await expect(conversations.items.create(id, { items: [item] })).rejects.toMatchObject(refused);
  }
  await server.createWorkspace("red");
  const other = openai(await server.createKey("operator", "red"));
  const reader = openai(await server.createKey("readonly"));
  const missing = { status: 404, code: "CONVERSATION_NOT_FOUND", message: expect.stringContaining(id) };
  await expect(other.conversations.retrieve(id)).rejects.toMatchObject(missing);
  await expect(other.conversations.items.list(id)).rejects.toMatchObject(missing);
  await expect(other.responses.create({ model: "greeter", input: "x", conversation: id })).rejects.toMatchObject(
    missing,
  );
  for (const denied of [reader.conversations.create(), reader.conversations.delete(id)])
    await expect(denied).rejects.toMatchObject({ status: 403 });
});
