import { type BaseEvent, EventType, HttpAgent, type Interrupt, type Message, type Tool } from "@ag-ui/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runs, threads } from "../../../src/api/contract/index.ts";
import type { LanguageModel, ModelRequest } from "../../../src/models/port/language-model.ts";
import { scripted, type ScriptedTurnInput } from "../../../src/models/vendors/index.ts";
import { models } from "../../helpers/engine.ts";
import { startServer, type TestServer } from "../../helpers/server.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("api.ag-ui");

const agent = (name: string, more = "") => `name = "${name}"
version = "1.0.0"
capabilities = ["${name}"]
tools = ["user", "calculator"]
system_prompt = "You help."
${more}`;
const FILES = {
  "examples/agents/payer.toml": agent("payer", `[permissions]\nask = ["calculator.*"]\n`),
  "examples/agents/packer.toml": agent("packer"),
};
const EVALUATE = { name: "calculator__evaluate", arguments: { expression: "40+2" } };
const ask = (given: object) => ({ name: "user__ask_user", arguments: JSON.stringify(given) });
const LOCATE: Tool = {
  name: "get_location",
  description: "Where the user is",
  parameters: { type: "object", properties: {} },
};

let server: TestServer;
let turns: readonly ScriptedTurnInput[] = [];
let requests: ModelRequest[] = [];
const model: LanguageModel = {
  id: "scripted/inline",
  limits: undefined,
  stream: (request, signal) => (requests.push(request), scripted(turns).stream(request, signal)),
};

beforeEach(async () => {
  requests = [];
  server = await startServer({ overrides: { models: models(model) }, files: FILES });
});
afterEach(() => server?.[Symbol.asyncDispose]());

type Ended =
  | { readonly outcome: "success"; readonly pending: readonly string[] }
  | { readonly outcome: "interrupt"; readonly interrupts: readonly Interrupt[] }
  | { readonly outcome: "cancelled" }
  | { readonly outcome: "error"; readonly message: string; readonly code: string | undefined };

/** An application with one dialogue. */
class Application {
  readonly agent: HttpAgent;
  events: BaseEvent[] = [];

  constructor(name: string, more: { readonly threadId?: string; readonly headers?: Record<string, string> } = {}) {
    this.agent = new HttpAgent({ url: `${server.url}/ag-ui/${name}`, ...more });
  }

  async send(content: string, more: Parameters<HttpAgent["runAgent"]>[0] = {}): Promise<Ended> {
    this.agent.addMessage({ id: crypto.randomUUID(), role: "user", content });
    return this.run(more);
  }

  async run(more: Parameters<HttpAgent["runAgent"]>[0] = {}): Promise<Ended> {
    let ended: Ended | undefined;
    this.events = [];
    await this.agent.runAgent(more, {
      onEvent: ({ event }) => void this.events.push(event),
      onRunFinishedEvent: (finished) => {
        if (finished.outcome === "success") ended = { outcome: "success", pending: finished.pendingToolCallIds };
        else if (finished.outcome === "interrupt") ended = { outcome: "interrupt", interrupts: finished.interrupts };
        else ended = { outcome: "cancelled" };
      },
      onRunErrorEvent: ({ event: { message, code } }) => void (ended = { outcome: "error", message, code }),
    });
    if (ended === undefined) throw new Error("the run has no end");
    return ended;
  }

  get types(): readonly string[] {
    return this.events.map(({ type }) => type);
  }

  /** The last message of the agent. */
  get said(): string {
    const message = this.agent.messages.findLast(({ role }) => role === "assistant");
    return message?.role === "assistant" ? (message.content ?? "") : "";
  }
}

const runsOf = async () => runs.RunPage.parse((await server.ask("GET", "/api/v1/runs?limit=20")).body).items;
const refused = (status: number, code: string) => ({ status, body: { error: { code } } });
const texts = (messages: readonly Message[]) =>
  messages.flatMap((message) => (message.role === "user" || message.role === "assistant" ? [message.content] : []));
const send = (body: unknown, name = "packer") =>
  fetch(`${server.url}/ag-ui/${name}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
const post = async (body: unknown, name?: string) => {
  const response = await send(body, name);
  return { status: response.status, body: await response.json() };
};
const message = (content: string) => ({ messages: [{ id: content, role: "user", content }] });
const only = <Item>([item]: readonly Item[]): Item => {
  if (item === undefined) throw new Error("there is none");
  return item;
};

test("a run streams text, reasoning and calls in order; the next one continues the dialogue", async () => {
  turns = [
    { when: { userIncludes: "sum" }, reasoning: "It is a sum.", text: "Let me see.", toolCalls: [EVALUATE] },
    { when: { userIncludes: "sum" }, text: "It is forty-two.", chunkChars: 4 },
    { when: { userIncludes: "again" }, text: "Still forty-two." },
  ];
  const application = new Application("packer");
  expect(await application.send("A sum, please.")).toEqual({ outcome: "success", pending: [] });
  expect(application.said).toBe("It is forty-two.");
  const [first, , , , last] = new Set(application.types);
  expect([first, application.types.at(-1)]).toEqual(["RUN_STARTED", "RUN_FINISHED"]);
  expect(last).toBeDefined();
  expect(application.agent.messages.map(({ role }) => role)).toEqual(
    expect.arrayContaining(["user", "reasoning", "assistant", "tool"]),
  );
  const results = application.events.filter(({ type }) => type === EventType.TOOL_CALL_RESULT);
  expect(results).toMatchObject([{ content: expect.stringContaining("42") }]);
  expect(application.events.at(-1)).toMatchObject({ usage: [{ model: "scripted/inline" }] });
  expect(await application.send("Say it again.")).toMatchObject({ outcome: "success" });
  expect(application.said).toBe("Still forty-two.");
  const [second, earlier] = await runsOf();
  expect(second?.thread).toEqual({ id: earlier?.thread?.id, parent: earlier?.id });
});

test("a tool of the application is called by it, and its result continues the run", async () => {
  turns = [{ toolCalls: [{ name: "get_location", arguments: {} }] }, { text: "You are in Rome." }];
  const application = new Application("packer");
  const ended = await application.send("Where am I?", { tools: [LOCATE] });
  expect(ended).toMatchObject({ outcome: "success", pending: [expect.any(String)] });
  expect(application.events).toContainEqual(
    expect.objectContaining({ type: "TOOL_CALL_START", toolCallName: "get_location" }),
  );
  const toolCallId = ended.outcome === "success" ? only(ended.pending) : "";
  application.agent.addMessage({ id: crypto.randomUUID(), role: "tool", toolCallId, content: "Rome" });
  expect(await application.run({ tools: [LOCATE] })).toEqual({ outcome: "success", pending: [] });
  expect(application.said).toBe("You are in Rome.");
  expect(application.types).not.toContain("TOOL_CALL_START");
  expect(application.types).not.toContain("TOOL_CALL_RESULT");
  expect(await runsOf()).toHaveLength(1);
});

test.each([
  ["approved", { status: "resolved", payload: { approved: true } }, "42"],
  ["denied", { status: "resolved", payload: { approved: false, note: "too dear" } }, "too dear"],
  ["closed", { status: "cancelled" }, "refused this call"],
] as const)("an approval is an interrupt: %s", async (_name, response, result) => {
  turns = [{ toolCalls: [EVALUATE] }, { text: "Finished." }];
  const application = new Application("payer");
  const asked = await application.send("Pay.");
  const interrupt = asked.outcome === "interrupt" ? only(asked.interrupts) : undefined;
  expect(interrupt).toMatchObject({
    reason: "tool_approval",
    message: expect.stringContaining("calculator.evaluate"),
    responseSchema: { required: ["approved"] },
  });
  const started = application.events.find(({ type }) => type === EventType.TOOL_CALL_START);
  expect(started?.["toolCallId"]).toBe(interrupt?.toolCallId);
  const resume = [{ interruptId: interrupt?.id ?? "", ...response }];
  expect(await application.run({ resume })).toEqual({ outcome: "success", pending: [] });
  expect(application.events).toContainEqual(
    expect.objectContaining({
      type: "TOOL_CALL_RESULT",
      toolCallId: interrupt?.toolCallId,
      content: expect.stringMatching(new RegExp(result, "i")),
    }),
  );
  expect(application.said).toBe("Finished.");
});

test("an approval that was given elsewhere lets the resumed run continue", async () => {
  turns = [{ toolCalls: [EVALUATE] }, { text: "Finished." }];
  const application = new Application("payer");
  const asked = await application.send("Pay.");
  const id = asked.outcome === "interrupt" ? only(asked.interrupts).id : "";
  await server.ask("POST", `/api/v1/approvals/${id}/deny`, { reason: "no" });
  const resume = [{ interruptId: id, status: "resolved" as const, payload: { approved: true } }];
  expect(await application.run({ resume })).toMatchObject({ outcome: "success" });
  expect((await runsOf()).map(({ state }) => state)).toEqual(["completed"]);
});

test("a question is an interrupt with the schema of its answer", async () => {
  turns = [{ toolCalls: [ask({ question: "Which?", options: ["red", "blue"] })] }, { text: "Finished." }];
  const application = new Application("packer");
  const asked = await application.send("Pack.");
  const interrupt = asked.outcome === "interrupt" ? only(asked.interrupts) : undefined;
  expect(interrupt).toMatchObject({
    reason: "question",
    message: "Which?",
    responseSchema: { properties: { answer: { enum: ["red", "blue"] } } },
    expiresAt: expect.any(String),
  });
  const interruptId = interrupt?.id ?? "";
  // The client logs what it throws.
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const wrong = application.run({ resume: [{ interruptId, status: "resolved", payload: { answer: "green" } }] });
  await expect(wrong).rejects.toThrow(/ANSWER_INVALID|HTTP 4/);
  const resume = [{ interruptId, status: "resolved" as const, payload: { answer: "blue" } }];
  expect(await application.run({ resume })).toMatchObject({ outcome: "success" });
  expect(application.events).toContainEqual(expect.objectContaining({ type: "TOOL_CALL_RESULT", content: "blue" }));
});

test("a failed model is an interrupt, and a run that ends without an answer is an error", async () => {
  turns = [{ error: { class: "invalid_request", message: "too busy" } }];
  const application = new Application("packer");
  const asked = await application.send("Go.");
  const interrupt = asked.outcome === "interrupt" ? only(asked.interrupts) : undefined;
  expect(interrupt).toMatchObject({ reason: "model_failure", message: expect.stringContaining("too busy") });
  const interruptId = interrupt?.id ?? "";
  const retried = await application.run({
    resume: [{ interruptId, status: "resolved", payload: { choice: "retry" } }],
  });
  expect(retried).toMatchObject({ outcome: "interrupt" });
  expect(await application.run({ resume: [{ interruptId, status: "cancelled" }] })).toEqual({ outcome: "cancelled" });
  const limited = agent("limited", "[budget]\ntokens = 1\n");
  expect((await server.ask("POST", "/api/v1/agents", { source: limited })).status).toBe(201);
  const failing = new Application("limited");
  expect(await failing.send("Go.").catch((error: unknown) => error)).toMatchObject({
    message: expect.stringMatching(/budget|tokens/),
  });
  expect(failing.events.at(-1)).toMatchObject({ type: "RUN_ERROR", code: expect.stringMatching(/^BUDGET/) });
});

test("the model sees the application's context, state and instructions; files of the message are stored", async () => {
  turns = [{ text: "Seen." }];
  const application = new Application("packer");
  application.agent.setState({ color: "blue" });
  application.agent.addMessage({ id: "1", role: "system", content: "Answer in French." });
  application.agent.addMessage({
    id: "2",
    role: "user",
    content: [
      { type: "text", text: "Look." },
      {
        type: "image",
        source: { type: "data", value: Buffer.from("image").toString("base64"), mimeType: "image/png" },
      },
    ],
  });
  await application.run({ context: [{ description: "Page", value: "orders" }] });
  const seen = JSON.stringify(requests[0]);
  for (const text of ["Answer in French.", "Page: orders", "blue"]) expect(seen).toContain(text);
  const { id } = only(await runsOf());
  const detail = runs.RunDetail.parse((await server.ask("GET", `/api/v1/runs/${id}`)).body);
  expect(detail).toMatchObject({ input: "Look.", files: [{ name: "image.png", media_type: "image/png" }] });
});

test("an application that starts again gets the dialogue, and what it waits for", async () => {
  turns = [
    { when: { userIncludes: "Hello" }, text: "Good day." },
    { when: { userIncludes: "Pay" }, toolCalls: [EVALUATE] },
    { when: { userIncludes: "Pay" }, text: "Paid." },
  ];
  const threadId = "orders of June";
  const first = new Application("payer", { threadId });
  await first.send("Hello.");
  await first.send("Pay.");
  const second = new Application("payer", { threadId });
  const asked = await second.run();
  expect(second.types).toContain("MESSAGES_SNAPSHOT");
  expect(texts(second.agent.messages).slice(0, 3)).toEqual(["Hello.", "Good day.", "Pay."]);
  const interruptId = asked.outcome === "interrupt" ? only(asked.interrupts).id : "";
  const resume = [{ interruptId, status: "resolved" as const, payload: true }];
  expect(await second.run({ resume })).toMatchObject({ outcome: "success" });
  expect(second.said).toBe("Paid.");
  const page = threads.ThreadPage.parse((await server.ask("GET", "/api/v1/threads")).body);
  expect(page.items).toHaveLength(1);
  const byId = new Application("payer", { threadId: only(page.items).id });
  expect(await byId.run()).toEqual({ outcome: "success", pending: [] });
  expect(texts(byId.agent.messages)).toEqual(expect.arrayContaining(["Hello.", "Good day.", "Pay.", "Paid."]));
  const unknown = new Application("payer", { threadId: "unknown" });
  expect(await unknown.run()).toEqual({ outcome: "success", pending: [] });
});

test("a run continues without its application, and is shown to it later", async () => {
  turns = [{ text: "It took long.", delayMs: 1_000 }];
  const first = new Application("packer", { threadId: "long" });
  const left = first.send("Go.").catch(() => undefined);
  await vi.waitFor(async () => expect(await runsOf()).toMatchObject([{ state: "running" }]), { timeout: 20_000 });
  first.agent.abortRun();
  await left;
  const second = new Application("packer", { threadId: "long" });
  expect(await second.run()).toMatchObject({ outcome: "success" });
  expect(second.said).toBe("It took long.");
});

test("requests that cannot be run are refused with a code", async () => {
  const input = { threadId: "t", runId: "r", messages: [{ id: "1", role: "user", content: "Hi." }] };
  expect(await post("{nothing")).toMatchObject(refused(400, "REQUEST_INVALID"));
  expect(await post({ ...input, messages: "Hi." })).toMatchObject(refused(400, "REQUEST_INVALID"));
  expect(await post({ ...input, messages: [{ id: "1", role: "user", content: "" }] })).toMatchObject(
    refused(400, "REQUEST_INVALID"),
  );
  expect(await post(input, "missing")).toMatchObject(refused(404, "AGENT_NOT_FOUND"));
  const taken = [{ name: "calculator__evaluate", description: "", parameters: {} }];
  expect(await post({ ...input, tools: taken })).toMatchObject({ status: 400 });
});

test("a request that is sent again with its runId gets the run of the first", async () => {
  turns = [{ text: "Once." }];
  const input = { threadId: "t", runId: "r", messages: [{ id: "1", role: "user", content: "Hi." }] };
  expect(await (await send(input)).text()).toContain("Once.");
  expect(await (await send(input)).text()).toContain("Once.");
  expect(await runsOf()).toHaveLength(1);
  await (await send({ ...input, runId: "another" })).text();
  expect(await runsOf()).toHaveLength(2);
});

test("the next message answers a question, and is refused while a call waits for an approval", async () => {
  turns = [{ toolCalls: [ask({ question: "What name?" })] }, { text: "Finished." }];
  const asking = { threadId: "asking", runId: "1", ...message("Pack.") };
  expect(await (await send(asking)).text()).toContain('"reason":"question"');
  const answered = await (await send({ ...asking, runId: "2", ...message("Anna") })).text();
  expect(answered).toContain("Finished.");
  expect(answered).toMatch(/"type":"TOOL_CALL_RESULT"[^\n]*"content":"Anna"/);
  expect(await runsOf()).toHaveLength(1);
  turns = [{ toolCalls: [EVALUATE] }, { text: "Paid." }];
  const paying = { threadId: "paying", runId: "1", ...message("Pay.") };
  expect(await (await send(paying, "payer")).text()).toContain('"reason":"tool_approval"');
  expect(await post({ ...paying, runId: "2", ...message("Hello?") }, "payer")).toMatchObject(
    refused(409, "THREAD_BUSY"),
  );
});

test("a message with tools or context answers a question, and one behind an open call of the application is refused", async () => {
  const location = { ...LOCATE };
  for (const more of [{ tools: [location] }, { context: [{ description: "page", value: "cart" }] }]) {
    turns = [{ toolCalls: [ask({ question: "What name?" })] }, { text: "Finished." }];
    const asking = { threadId: JSON.stringify(more), ...more };
    await (await send({ ...asking, runId: "1", ...message("Pack.") })).text();
    expect(await (await send({ ...asking, runId: "2", ...message("Anna") })).text()).toContain("Finished.");
  }
  expect(await runsOf()).toHaveLength(2);
  turns = [{ toolCalls: [{ name: "get_location", arguments: {} }] }, { text: "Rome." }];
  const locating = { threadId: "locating", tools: [location] };
  await (await send({ ...locating, runId: "1", ...message("Where am I?") })).text();
  expect(await post({ ...locating, runId: "2", ...message("Never mind") }, "packer")).toMatchObject(
    refused(409, "THREAD_BUSY"),
  );
  turns = [{ toolCalls: [ask({ question: "Which?", options: ["red", "blue"] })] }, { text: "Finished." }];
  await (await send({ threadId: "choosing", runId: "1", ...message("Pack.") })).text();
  expect(await post({ threadId: "choosing", runId: "2", ...message("green") }, "packer")).toMatchObject({
    body: { error: { code: "ANSWER_INVALID" } },
  });
  expect(await (await send({ threadId: "choosing", runId: "3", ...message("blue") })).text()).toContain("Finished.");
});

test("access is that of every other interface", async () => {
  await using closed = await startServer({
    settings: { "access.mode": "required" },
    overrides: { models: models(model) },
  });
  turns = [{ text: "Hello." }];
  const key = async (token: string, body: object) => {
    const response = await fetch(`${closed.url}/api/v1/keys`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    const made: unknown = await response.json();
    return typeof made === "object" && made !== null && "key" in made ? String(made.key) : "";
  };
  const admin = await key(closed.started.setupToken ?? "", { name: "root", role: "admin" });
  const reader = await key(admin, { name: "reader", role: "readonly" });
  const postTo = async (token?: string) => {
    const response = await fetch(`${closed.url}/ag-ui/greeter`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ threadId: "t", runId: "r", messages: [{ id: "1", role: "user", content: "Hi." }] }),
    });
    return { status: response.status, text: await response.text() };
  };
  expect(await postTo()).toMatchObject({ status: 401, text: expect.stringContaining("CREDENTIALS_REQUIRED") });
  expect(await postTo(reader)).toMatchObject({ status: 403, text: expect.stringContaining("PERMISSION_DENIED") });
  expect(await postTo(admin)).toMatchObject({ status: 200, text: expect.stringContaining("RUN_FINISHED") });
});
