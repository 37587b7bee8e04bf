import OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { DeployOutcome } from "../../../src/api/contract/agents/agents.ts";
import { RunPage } from "../../../src/api/contract/runs/runs.ts";
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
    const delegate = request.tools.find(({ name }) => name.startsWith("agent_"))?.name;
    const delegated = [{ toolCalls: [{ name: delegate ?? "", arguments: { request: "go" } }] }, { text: "Passed on." }];
    if (delegate !== undefined) return scripted(delegated).stream(request, signal);
    const to = request.tools.find(({ name }) => name.startsWith("handoff_"))?.name;
    const handOff = [{ text: "One moment.", toolCalls: [{ name: to ?? "", arguments: { reason: "a greeting" } }] }];
    return scripted(to === undefined ? turns : handOff).stream(request, signal);
  },
};
const definition = (name: string, more = "") =>
  `name = "${name}"\nversion = "1.0.0"\ncapabilities = ["${name}"]\nsystem_prompt = "You are ${name}."\n${more}`;

beforeAll(async () => {
  server = await WorkspaceServer.start({ overrides: { models: models(model) } });
  key = await server.createKey("operator");
  for (const source of [
    definition("payer", `tools = ["calculator"]\n[permissions]\nask = ["calculator.*"]\n`),
    definition("packer", `tools = ["user", "calculator"]\n`),
    definition("buyer", `agents = ["payer"]\n`),
    definition("shipper", `agents = ["packer"]\n`),
    definition("askdoor", `handoffs = ["packer"]\n`),
    definition("one"),
    definition("other"),
  ])
    DeployOutcome.parse((await server.ask("default", "POST", "/api/v1/agents", { source })).body);
});
afterAll(() => server?.[Symbol.asyncDispose]());
beforeEach(() => {
  requests = [];
});

const openai = () => new OpenAI({ apiKey: key, baseURL: `${server.url}/v1`, maxRetries: 2, timeout: 20_000 });
const LOOKUP = {
  type: "function" as const,
  name: "lookup",
  parameters: { type: "object", properties: { word: { type: "string" } } },
  strict: false,
};
const EVALUATE = { name: "calculator__evaluate", arguments: { expression: "40+2" } };
const ASK = { name: "user__ask_user", arguments: { question: "Which drawer?" } };
const runsOf = async (thread: string) => {
  const { body } = await server.ask("default", "GET", `/api/v1/runs?thread=${thread.replace("conv_", "")}`);
  return RunPage.parse(body).items;
};
const userTexts = () => JSON.stringify(requests.at(-1)?.messages.filter(({ role }) => role === "user"));

test("a message behind a call that needs an approval is refused at once, and queues nothing", async () => {
  turns = [{ toolCalls: [EVALUATE] }, { text: "42" }];
  const { id } = await openai().conversations.create();
  const first = await openai().responses.create({ model: "payer", input: "Pay", conversation: id });
  for (const place of [{ conversation: id }, { previous_response_id: first.id }])
    await expect(openai().responses.create({ model: "payer", input: "Hello?", ...place })).rejects.toMatchObject({
      status: 409,
      code: "THREAD_BUSY",
      message: expect.stringMatching(/waits for an approval of its call of calculator.evaluate.*\/ui\/runs\//),
    });
  expect(await runsOf(id)).toHaveLength(1);
});

test("a message behind an open call of a tool of the client is refused, and its result continues the run", async () => {
  turns = [{ toolCalls: [{ name: "lookup", arguments: { word: "ink" } }] }, { text: "It is black." }];
  const { id } = await openai().conversations.create();
  const common = { model: "packer", conversation: id, tools: [LOOKUP] };
  const first = await openai().responses.create({ ...common, input: "Ink?" });
  await expect(openai().responses.create({ ...common, input: "Never mind" })).rejects.toMatchObject({
    status: 409,
    message: expect.stringContaining("waits for the result of the client's tool lookup"),
  });
  const call = first.output.find((item) => item.type === "function_call");
  const output = { type: "function_call_output", call_id: call?.call_id ?? "", output: "black" } as const;
  expect((await openai().responses.create({ ...common, input: [output] })).output_text).toBe("It is black.");
});

test("a question after a hand-off is answered by the response and by the conversation, with instructions and tools too", async () => {
  for (const isConversation of [true, false]) {
    turns = [{ toolCalls: [ASK] }, { text: "Filed." }];
    const conversation = isConversation ? (await openai().conversations.create()).id : null;
    const first = await openai().responses.create({ model: "askdoor", input: "File it.", conversation });
    expect(first.output_text).toBe("One moment.\n\nWhich drawer?");
    const second = await openai().responses.create({
      model: "askdoor",
      input: "The upper one",
      instructions: "Be short.",
      tools: [LOOKUP],
      ...(isConversation ? { conversation } : { previous_response_id: first.id }),
    });
    expect(second.output_text).toBe("Filed.");
    expect(JSON.stringify(requests.at(-1)?.messages)).toContain("The upper one");
    expect((await openai().responses.retrieve(second.id)).output_text).toBe("Filed.");
  }
});

test("several questions of one turn are asked one after the other, each in a response of its own that can be read again", async () => {
  const questions = ["Which drawer?", "Which shelf?"];
  const asks = questions.map((question) => ({ name: "user__ask_user", arguments: { question } }));
  for (const isStreamed of [false, true]) {
    turns = [{ text: "Two things.", toolCalls: asks }, { toolCalls: [ASK] }, { text: "Filed." }];
    const { conversations, responses } = openai();
    const { id: conversation } = await conversations.create();
    const made: { readonly id: string; readonly output_text: string }[] = [];
    for (const input of ["File it.", "the upper one", "the left one", "the lower one"]) {
      const request = { model: "packer", conversation, input };
      if (isStreamed) made.push(await responses.stream(request).finalResponse());
      else made.push(await responses.create(request));
    }
    const said = ["Two things.\n\nWhich drawer?", "Which shelf?", "Which drawer?", "Filed."];
    expect(made.map((response) => response.output_text)).toEqual(said);
    expect(new Set(made.map(({ id }) => id)).size).toBe(4);
    for (const { id, output_text: text } of made) expect((await responses.retrieve(id)).output_text).toBe(text);
    const { data } = await conversations.items.list(conversation, { order: "asc" });
    expect(data.filter((_item, index) => index % 2 === 1).map(({ id }) => id)).toEqual(
      made.map(({ id }) => id.replace("resp_", "msg_")),
    );
  }
});

test("a response ends when an agent that works for its own waits for an approval or an answer, and names the page", async () => {
  const dashboard = `${server.url}/ui/runs/`;
  const cases: readonly (readonly [string, string, ScriptedTurnInput])[] = [
    ["buyer", `The call of calculator.evaluate needs an approval: ${dashboard}`, { toolCalls: [EVALUATE] }],
    ["shipper", "The agent packer, which works for this one, asks: Which drawer?", { toolCalls: [ASK] }],
  ];
  for (const [agent, reason, turn] of cases) {
    turns = [turn, { text: "Done." }];
    const { chat, conversations, responses } = openai();
    const { id: conversation } = await conversations.create();
    const request = { model: agent, input: "Go", conversation };
    const first = await responses.create(request);
    expect(first.output_text).toContain(reason);
    expect(first.output_text).toContain(`${dashboard}${first.id.slice("resp_".length, -"_0".length)}`);
    expect((await responses.retrieve(first.id)).status).toBe("in_progress");
    await expect(responses.create({ ...request, input: "Hello?" })).rejects.toMatchObject({
      status: 409,
      code: "THREAD_BUSY",
    });
    expect(await runsOf(conversation)).toHaveLength(1);
    expect((await responses.stream({ model: agent, input: "Go" }).finalResponse()).output_text).toContain(reason);
    const completion = await chat.completions.create({ model: agent, messages: [{ role: "user", content: "Go" }] });
    expect(completion.choices[0]?.message.content).toContain(reason);
    const chunks = await chat.completions
      .stream({ model: agent, messages: [{ role: "user", content: "Go" }] })
      .finalContent();
    expect(chunks).toContain(reason);
  }
});

test("continuations of one response that arrive together do not see each other", async () => {
  turns = [{ text: "Yes.", delayMs: 50 }];
  const { id } = await openai().conversations.create();
  const root = await openai().responses.create({ model: "one", input: "root", conversation: id });
  await openai().responses.create({ model: "one", input: "second", conversation: id });
  requests = [];
  const inputs = Array.from({ length: 6 }, (_, index) => `b${index}`);
  await Promise.all(
    inputs.map((input) => openai().responses.create({ model: "one", input, previous_response_id: root.id })),
  );
  const seen = requests.map(({ messages }) =>
    JSON.stringify(messages)
      .match(/"(root|second|b\d)"/g)
      ?.join(" "),
  );
  expect(new Set(seen)).toEqual(new Set(inputs.map((input) => `"root" "${input}"`)));
});

test("requests with different models in one conversation are each answered by theirs", async () => {
  turns = [{ text: "Yes.", delayMs: 50 }];
  const { id } = await openai().conversations.create();
  const names = ["one", "other", "packer", "one", "other", "packer"];
  await Promise.all(
    names.map((name) => openai().responses.create({ model: name, input: `for ${name}`, conversation: id })),
  );
  const answered = requests.map(({ system, messages }) => {
    const last = JSON.stringify(messages.findLast(({ role }) => role === "user"));
    return [/You are (\w+)/.exec(system)?.[1], /for (\w+)/.exec(last)?.[1]];
  });
  expect(answered).toHaveLength(names.length);
  for (const [agent, asked] of answered) expect(agent).toBe(asked);
});

test("continued responses keep what is auxiliary and what is not stored", async () => {
  turns = [{ text: "Yes." }];
  for (const start of ["conversation", "response"]) {
    const { id } = await openai().conversations.create();
    const first = await openai().responses.create({ model: "packer", input: "root", conversation: id });
    const place = start === "conversation" ? { conversation: id } : { previous_response_id: first.id };
    for (const request of [
      { model: "packer:text", input: "A title, please" },
      { model: "packer", input: "### Task:\nA title" },
    ]) {
      requests = [];
      await openai().responses.create({ ...request, ...place });
      expect(requests[0]?.tools).toEqual([]);
      expect(userTexts()).toContain("root");
    }
    const passing = await openai().responses.create({ model: "packer", input: "x", store: false, ...place });
    await expect(openai().responses.retrieve(passing.id)).rejects.toMatchObject({ code: "RESPONSE_NOT_FOUND" });
    for (const { tags } of await runsOf(id)) expect(tags).toContain("openai");
  }
});
