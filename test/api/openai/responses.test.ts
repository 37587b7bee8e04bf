import { createOpenAI } from "@ai-sdk/openai";
import { ChatOpenAI } from "@langchain/openai";
import { Agent, OpenAIResponsesModel, Runner, tool as agentTool } from "@openai/agents";
import { generateText, stepCountIs, streamText, tool } from "ai";
import OpenAI from "openai";
import type { FunctionTool, ResponseStreamEvent } from "openai/resources/responses/responses";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import * as z from "zod";
import { DeployOutcome } from "../../../src/api/contract/agents/agents.ts";
import type { LanguageModel, ModelRequest } from "../../../src/models/port/language-model.ts";
import { scripted, type ScriptedTurnInput } from "../../../src/models/vendors/index.ts";
import { models } from "../../helpers/engine.ts";
import { verifies } from "../../helpers/verifies.ts";
import { WorkspaceServer } from "../../helpers/workspaces.ts";

verifies("api.openai");

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const HAND_OFF: readonly ScriptedTurnInput[] = [
  { text: "One moment.", toolCalls: [{ name: "handoff_greeter", arguments: { reason: "a greeting" } }] },
];

let server: WorkspaceServer;
let key: string;
let other: string;
let requests: ModelRequest[] = [];
let turns: readonly ScriptedTurnInput[] = [];
const model: LanguageModel = {
  id: "scripted/inline",
  limits: undefined,
  stream: (request, signal) => {
    requests.push(request);
    const isDoorman = request.tools.some(({ name }) => name === "handoff_greeter");
    return scripted(isDoorman ? HAND_OFF : turns).stream(request, signal);
  },
};

beforeAll(async () => {
  server = await WorkspaceServer.start({ overrides: { models: models(model) } });
  key = await server.createKey("operator");
  await server.createWorkspace("red");
  other = await server.createKey("operator", "red");
});
afterAll(() => server?.[Symbol.asyncDispose]());
beforeEach(() => {
  requests = [];
});

const openai = (apiKey = key) => new OpenAI({ apiKey, baseURL: `${server.url}/v1`, maxRetries: 0 });
const Word = z.object({ word: z.string() });
const CALL = { name: "lookup", arguments: { word: "ink" } };
const LOOKUP: FunctionTool = {
  type: "function",
  name: "lookup",
  description: "Looks a word up",
  parameters: { type: "object", properties: { word: { type: "string" } }, required: ["word"] },
  strict: false,
};
const textIn = (events: readonly ResponseStreamEvent[]) =>
  events.map((event) => (event.type === "response.output_text.delta" ? event.delta : "")).join("");
const lookUp = ({ word }: z.infer<typeof Word>) => `${word} is black`;

test("a response is read again, continued, and deleted", async () => {
  turns = [{ text: "Hello, Ada." }];
  const first = await openai().responses.create({ model: "greeter", input: "I am Ada.", instructions: "Be short." });
  expect(first).toMatchObject({
    object: "response",
    status: "completed",
    output_text: "Hello, Ada.",
    model: "greeter",
  });
  expect(first.id).toMatch(/^resp_[0-9a-f-]{36}_0$/);
  expect(first.usage?.total_tokens).toBeGreaterThan(0);
  expect(JSON.stringify(requests[0])).toContain("Be short.");
  expect((await openai().responses.retrieve(first.id)).output).toEqual(first.output);
  for (const input of ["Who am I?", "And once more?"]) {
    const next = await openai().responses.create({ model: "greeter", input, previous_response_id: first.id });
    expect(next.output_text).toBe("Hello, Ada.");
    const asked = JSON.stringify(requests.at(-1)?.messages);
    expect(asked).toContain("I am Ada.");
    // Both continue the first: neither sees the other.
    expect(asked.match(/Who am I\?|And once more\?/g)).toHaveLength(1);
    // Instructions of earlier responses are not inherited.
    expect(JSON.stringify(requests.at(-1))).not.toContain("Be short.");
    await openai().responses.delete(next.id);
    await expect(openai().responses.retrieve(next.id)).rejects.toMatchObject({ status: 404 });
  }
});

test("a response of an agent that handed off is continued by the other, and another model by its name", async () => {
  const text = `name = "doorman"\nversion = "1.0.0"\ncapabilities = ["greeting"]\nhandoffs = ["greeter"]\nsystem_prompt = "You open."\n`;
  DeployOutcome.parse((await server.ask("default", "POST", "/api/v1/agents", { source: text })).body);
  turns = [{ text: "I greet." }];
  const first = await openai().responses.create({ model: "doorman", input: "A greeting, please" });
  expect(first.output_text).toBe("One moment.\n\nI greet.");
  expect((await openai().responses.retrieve(first.id)).output_text).toBe(first.output_text);
  // The tokens of both runs count.
  const usageOf = async (name: string) =>
    (await openai().responses.create({ model: name, input: "A greeting, please" })).usage?.total_tokens ?? 0;
  const alone = await usageOf("greeter");
  expect(first.usage?.total_tokens).toBeGreaterThan(alone * 1.2);
  expect((await openai().responses.retrieve(first.id)).usage).toEqual(first.usage);
  const chat = { model: "doorman", messages: [{ role: "user" as const, content: "A greeting, please" }] };
  const { usage } = await openai().chat.completions.create(chat);
  expect(usage?.total_tokens).toBe(first.usage?.total_tokens);
  const chunks = await openai().chat.completions.create({
    ...chat,
    stream: true,
    stream_options: { include_usage: true },
  });
  expect((await Array.fromAsync(chunks)).at(-1)?.usage).toEqual(usage);
  const second = await openai().responses.create({
    model: "doorman",
    input: "Once more",
    previous_response_id: first.id,
  });
  expect(second.output_text).toBe("I greet.");
  for (const said of ["A greeting, please", "I greet."])
    expect(JSON.stringify(requests.at(-1)?.messages)).toContain(said);
  turns = [{ text: "Data." }];
  const third = await openai().responses.create({
    model: "data-analyzer",
    input: "And data",
    previous_response_id: second.id,
  });
  expect(third.output_text).toBe("Data.");
  expect(requests.at(-1)?.system).not.toBe(requests.at(-2)?.system);
});

test("a question is the output, and the next input answers it", async () => {
  const source = `name = "clerk"\nversion = "1.0.0"\ncapabilities = ["office-work"]\ntools = ["user"]\nsystem_prompt = "You file."\n`;
  DeployOutcome.parse((await server.ask("default", "POST", "/api/v1/agents", { source })).body);
  turns = [{ toolCalls: [{ name: "user__ask_user", arguments: { question: "Which drawer?" } }] }, { text: "Filed." }];
  const first = await openai().responses.create({ model: "clerk", input: "File it." });
  expect(first.output_text).toBe("Which drawer?");
  const second = await openai().responses.create({
    model: "clerk",
    input: "The upper one",
    previous_response_id: first.id,
  });
  expect(second.output_text).toBe("Filed.");
  expect(JSON.stringify(requests.at(-1)?.messages)).toContain("The upper one");
});

test("a dialogue, images and files are sent as items, and the answer is JSON that fits a schema", async () => {
  turns = [{ text: '{"word":"ink"}' }];
  const schema = { type: "object", properties: { word: { type: "string" } }, required: ["word"] };
  const answer = await openai().responses.create({
    model: "greeter",
    input: [
      { role: "user", content: "Hello" },
      { role: "assistant", content: "Good day." },
      {
        role: "user",
        content: [
          { type: "input_text", text: "Read it." },
          { type: "input_image", image_url: `data:image/png;base64,${PNG}`, detail: "auto" },
        ],
      },
    ],
    text: { format: { type: "json_schema", name: "word", schema } },
  });
  expect(answer.output_text).toBe('{"word":"ink"}');
  expect(JSON.stringify(requests[0]?.messages)).toContain("Good day.");
});

test("a stream has numbered events whose texts and calls are those of the response", async () => {
  turns = [{ text: "I look.", toolCalls: [CALL] }, { text: "It is black." }];
  const stream = openai().responses.stream({ model: "greeter", input: "What color is ink?", tools: [LOOKUP] });
  const events = await Array.fromAsync(stream);
  const numbers = events.map(({ sequence_number: number }) => number);
  expect(numbers).toEqual([...new Set(numbers)].toSorted((one, next) => one - next));
  expect(events.at(0)?.type).toBe("response.created");
  expect(events.at(-1)?.type).toBe("response.completed");
  const first = await stream.finalResponse();
  const call = first.output.find((item) => item.type === "function_call");
  expect(first.output_text).toBe("I look.");
  expect(call).toMatchObject({ name: "lookup", arguments: '{"word":"ink"}' });
  const second = await openai().responses.create({
    model: "greeter",
    previous_response_id: first.id,
    input: [{ type: "function_call_output", call_id: call?.call_id ?? "", output: "ink is black" }],
    tools: [LOOKUP],
  });
  expect(second.output_text).toBe("It is black.");
  expect(second.id).not.toBe(first.id);
  // Each is a part of the same run, and is read as it was.
  const read = await openai().responses.retrieve(first.id);
  expect(read.output.map(({ type }) => type)).toEqual(["message", "function_call"]);
  expect(read.output_text).toBe("I look.");
  expect((await openai().responses.retrieve(second.id)).output_text).toBe("It is black.");
});

test("a stream is resumed after any of its events, while it is in progress and later", async () => {
  turns = [
    { text: "Ink is made of soot, 🖋 and water.", chunkChars: 5, delayMs: 300, toolCalls: [CALL] },
    { text: "Done." },
  ];
  const stream = openai().responses.stream({ model: "greeter", input: "What is ink?", tools: [LOOKUP] });
  const sent: ResponseStreamEvent[] = [];
  for await (const event of stream) {
    sent.push(event);
    // The connection breaks within the text.
    if (event.type === "response.output_text.delta" && sent.length > 5) break;
  }
  const id = sent.flatMap((event) => (event.type === "response.created" ? [event.response.id] : [])).join("");
  const again = async (after?: number) => {
    const query = { stream: true as const, ...(after !== undefined && { starting_after: after }) };
    return Array.fromAsync(await openai().responses.retrieve(id, query));
  };
  const rest = await again(sent.at(-1)?.sequence_number);
  expect(textIn([...sent, ...rest])).toBe("Ink is made of soot, 🖋 and water.");
  expect(rest.at(-1)?.type).toBe("response.completed");
  const all = await again();
  expect(all.at(-1)).toEqual(rest.at(-1));
  for (const { sequence_number: after } of [...sent, ...all]) {
    const later = await again(after);
    expect(later.every(({ sequence_number: number }) => number > after)).toBe(true);
    expect(later.at(-1)).toEqual(after === all.at(-1)?.sequence_number ? undefined : all.at(-1));
  }
  const call = all.flatMap((event) => (event.type === "response.output_item.done" ? [event.item] : [])).at(-1);
  const output = { type: "function_call_output", output: "black" } as const;
  const next = await openai().responses.create({
    model: "greeter",
    previous_response_id: id,
    input: [{ ...output, call_id: call?.type === "function_call" ? call.call_id : "" }],
    tools: [LOOKUP],
  });
  expect(next.output_text).toBe("Done.");
  expect((await again()).slice(0, -1)).toEqual(all.slice(0, -1));
  const bare = fetch(`${server.url}/v1/responses/${id}?starting_after=3`, {
    headers: { authorization: `Bearer ${key}` },
  });
  expect((await bare).status).toBe(400);
});

test("a stream that fails ends with numbered events, and one that is refused has its status", async () => {
  turns = [{ text: "I look.", toolCalls: [CALL] }, { error: { class: "invalid_request", message: "no more" } }];
  const first = await openai().responses.create({ model: "greeter", input: "What color is ink?", tools: [LOOKUP] });
  const call = first.output.find((item) => item.type === "function_call");
  const response = await fetch(`${server.url}/v1/responses`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({
      model: "greeter",
      stream: true,
      previous_response_id: first.id,
      input: [{ type: "function_call_output", call_id: call?.call_id, output: "black" }],
    }),
  });
  const events = [...(await response.text()).matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? ""));
  expect(events.map(({ type }) => type)).toEqual([
    "response.created",
    "response.in_progress",
    "error",
    "response.failed",
  ]);
  expect(events.map(({ sequence_number: number }) => number)).toEqual([0, 1, 2, 3]);
  expect(events.at(-1).response).toMatchObject({ status: "failed", error: { message: expect.stringContaining("no") } });
  const refused = { model: "unknown", input: "Hi", stream: true } as const;
  await expect(openai().responses.create(refused)).rejects.toMatchObject({ status: 404, code: "AGENT_NOT_FOUND" });
});

test("a response in the background is polled, and can be cancelled", async () => {
  turns = [{ text: "Hello, Ada." }];
  const begun = await openai().responses.create({ model: "greeter", input: "I am Ada.", background: true });
  expect(begun.status).toBe("in_progress");
  const ended = await vi.waitFor(
    async () => {
      const found = await openai().responses.retrieve(begun.id);
      expect(found.status).toBe("completed");
      return found;
    },
    { timeout: 10_000 },
  );
  expect(ended.output_text).toBe("Hello, Ada.");
  turns = [{ toolCalls: [CALL] }];
  const waiting = await openai().responses.create({ model: "greeter", input: "Ink?", tools: [LOOKUP] });
  expect(await openai().responses.cancel(waiting.id)).toMatchObject({ id: waiting.id, status: "cancelled" });
});

test("what is not there, not stored or malformed is refused in the form of the API", async () => {
  turns = [{ text: "Hello." }];
  const create = (more: object, client = openai()) =>
    client.responses.create({ model: "greeter", input: "Hi", ...more });
  const { id } = await openai().responses.create({ model: "greeter", input: "Hi" });
  const missing = { status: 404, code: "RESPONSE_NOT_FOUND", type: "invalid_request_error" };
  for (const name of ["resp_68a1", id.replace(/[0-9a-f]{12}_/, "000000000000_")]) {
    await expect(openai().responses.retrieve(name)).rejects.toMatchObject(missing);
    await expect(openai().responses.cancel(name)).rejects.toMatchObject(missing);
    await expect(openai().responses.delete(name)).rejects.toMatchObject(missing);
    await expect(create({ previous_response_id: name })).rejects.toMatchObject(missing);
  }
  await expect(openai(other).responses.retrieve(id)).rejects.toMatchObject(missing);
  await expect(create({ previous_response_id: id }, openai(other))).rejects.toMatchObject(missing);
  const passing = await openai().responses.create({ model: "greeter", input: "Hi", store: false });
  await expect(openai().responses.retrieve(passing.id)).rejects.toMatchObject(missing);
  await expect(create({ model: "unknown" })).rejects.toMatchObject({ status: 404, code: "AGENT_NOT_FOUND" });
  for (const more of [{ input: 7 }, { input: [] }, { tools: [{ type: "web_search" }] }])
    await expect(create(more)).rejects.toMatchObject({ status: 400, code: "REQUEST_INVALID" });
});

test("the AI SDK gets text, streams, and results of its tools", async () => {
  const agent = createOpenAI({ apiKey: key, baseURL: `${server.url}/v1` }).responses("greeter");
  turns = [{ text: "Hello, Ada." }];
  expect((await generateText({ model: agent, prompt: "I am Ada." })).text).toBe("Hello, Ada.");
  const stream = streamText({ model: agent, prompt: "I am Ada." });
  expect((await Array.fromAsync(stream.textStream)).join("")).toBe("Hello, Ada.");
  turns = [{ toolCalls: [CALL] }, { text: "It is black." }];
  const tools = { lookup: tool({ inputSchema: Word, execute: lookUp }) };
  for (const store of [false, true]) {
    const providerOptions = { openai: { store } };
    const used = await generateText({
      model: agent,
      prompt: "What color?",
      tools,
      stopWhen: stepCountIs(3),
      providerOptions,
    });
    expect(used.text).toBe("It is black.");
  }
});

test("the AI SDK refers to items of earlier responses, and unknown items are refused", async () => {
  const agent = createOpenAI({ apiKey: key, baseURL: `${server.url}/v1` }).responses("greeter");
  turns = [{ toolCalls: [CALL] }, { text: "It is black." }];
  const question = { role: "user", content: "What color is ink?" } as const;
  const tools = { lookup: tool({ inputSchema: Word, execute: lookUp }) };
  const first = await generateText({ model: agent, messages: [question], tools, stopWhen: stepCountIs(3) });
  turns = [{ text: "Yes." }];
  const next = { role: "user", content: "Sure?" } as const;
  const second = await generateText({ model: agent, messages: [question, ...first.responseMessages, next], tools });
  expect(second.text).toBe("Yes.");
  const asked = JSON.stringify(requests.at(-1)?.messages);
  for (const said of ["What color is ink?", "lookup", "ink is black", "It is black.", "Sure?"])
    expect(asked).toContain(said);
  for (const id of ["msg_68a1", "fc_68a1", `msg_${crypto.randomUUID()}_0`])
    await expect(
      openai().responses.create({ model: "greeter", input: [{ type: "item_reference", id }, next] }),
    ).rejects.toMatchObject({ status: 400, message: expect.stringContaining(`there is no stored item ${id}`) });
});

test("LangChain and the OpenAI Agents SDK use responses", async () => {
  const chat = new ChatOpenAI({
    model: "greeter",
    apiKey: key,
    useResponsesApi: true,
    configuration: { baseURL: `${server.url}/v1` },
  });
  turns = [{ text: "Hello, Ada." }];
  expect((await chat.invoke("I am Ada.")).text).toBe("Hello, Ada.");
  const pieces = await Array.fromAsync(await chat.stream("I am Ada."));
  expect(pieces.map(({ text }) => text).join("")).toBe("Hello, Ada.");

  turns = [{ toolCalls: [CALL] }, { text: "It is black." }];
  const lookup = agentTool({ name: "lookup", description: "Looks a word up", parameters: Word, execute: lookUp });
  const printer = new Agent({
    name: "printer",
    instructions: "You know colors.",
    model: new OpenAIResponsesModel(openai(), "greeter"),
    tools: [lookup],
  });
  const runner = new Runner({ tracingDisabled: true });
  expect((await runner.run(printer, "What color is ink?")).finalOutput).toBe("It is black.");
  const streamed = await runner.run(printer, "What color is ink?", { stream: true });
  await streamed.completed;
  expect(streamed.finalOutput).toBe("It is black.");
});
