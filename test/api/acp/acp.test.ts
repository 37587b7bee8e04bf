import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { approvals, runs, threads } from "../../../src/api/contract/index.ts";
import type { ScriptedTurnInput } from "../../../src/models/vendors/index.ts";
import { Pty } from "../../helpers/pty.ts";
import { startServer, type TestServer, type TestServerOptions } from "../../helpers/server.ts";
import { verifies } from "../../helpers/verifies.ts";
import { caxton } from "../../cli/caxton.ts";
import { callsOf, type EditorOptions, refusal, startAcp, startEditor, textOf, within } from "./editor.ts";

verifies("api.acp");

const agent = (name: string, more = "") => `name = "${name}"
version = "1.0.0"
capabilities = ["${name}"]
tools = ["user", "calculator"]
system_prompt = "You help."
${more}`;
const AGENTS = {
  "examples/agents/payer.toml": agent("payer", `[permissions]\nask = ["calculator.*"]\n`),
  "examples/agents/packer.toml": agent("packer"),
};
const EVALUATE = { name: "calculator__evaluate", arguments: { expression: "40+2" } };
const ask = (given: object) => ({ name: "user__ask_user", arguments: JSON.stringify(given) });

const serving = (script: readonly ScriptedTurnInput[], more: TestServerOptions = {}) =>
  startServer({ script, files: AGENTS, ...more });
const editing = (server: TestServer, more: Partial<EditorOptions> = {}) =>
  startEditor({ server: server.url, directory: server.directory, args: ["--agent", "packer"], ...more });
const runsOf = async (server: TestServer) =>
  runs.RunPage.parse((await server.ask("GET", "/api/v1/runs?limit=10")).body).items;

test("a prompt streams text, reasoning and calls, and ends; the thread is the session", async () => {
  await using server = await serving([
    { reasoning: "It is a sum.", text: "Let me see. ", toolCalls: [EVALUATE] },
    { text: "It is forty-two.", chunkChars: 4 },
  ]);
  await using editor = await editing(server);
  expect(editor.initialized).toMatchObject({
    protocolVersion: 1,
    agentInfo: { name: "caxton" },
    agentCapabilities: { loadSession: true, sessionCapabilities: { list: {}, resume: {}, close: {}, delete: {} } },
  });
  const session = await editor.open();
  expect(await editor.prompt(session, "How much is 40+2?")).toEqual({ stopReason: "end_turn" });
  expect(editor.said()).toBe("Let me see. It is forty-two.");
  expect(textOf(editor.updates, "agent_thought_chunk")).toBe("It is a sum.");
  const calls = callsOf(editor.updates);
  expect(new Set(calls.map(({ toolCallId }) => toolCallId)).size).toBe(1);
  expect(calls[0]).toMatchObject({
    sessionUpdate: "tool_call",
    title: "calculator.evaluate",
    kind: "execute",
    status: "pending",
    rawInput: { expression: "40+2" },
  });
  expect(calls.at(-1)).toMatchObject({
    status: "completed",
    content: [{ type: "content", content: { type: "text", text: expect.stringContaining("42") } }],
  });
  const thread = threads.Thread.parse((await server.ask("GET", `/api/v1/threads/${session}`)).body);
  expect(thread).toMatchObject({ agent: "packer", title: "How much is 40+2?", expires_at: null });
  expect(editor.updates.map(({ update }) => update)).toContainEqual(
    expect.objectContaining({ sessionUpdate: "session_info_update", title: "How much is 40+2?" }),
  );
});

test("files of a prompt: an image, an embedded file and a link", async () => {
  await using server = await serving([{ text: "Seen." }]);
  await using editor = await editing(server);
  const session = await editor.open();
  const path = join(server.directory, "notes.txt");
  writeFileSync(path, "Remember the milk.");
  const { stopReason } = await editor.agent.request("session/prompt", {
    sessionId: session,
    prompt: [
      { type: "text", text: "Compare " },
      { type: "resource_link", name: "notes.txt", uri: pathToFileURL(path).href },
      { type: "resource_link", name: "away", uri: "https://example.com/away" },
      { type: "resource", resource: { uri: "file:///project/main.rs", text: "fn main() {}" } },
      { type: "image", mimeType: "image/png", data: Buffer.from("image").toString("base64") },
    ],
  });
  expect(stopReason).toBe("end_turn");
  const [run] = await runsOf(server);
  const detail = runs.RunDetail.parse((await server.ask("GET", `/api/v1/runs/${run?.id}`)).body);
  expect(detail.files.map(({ name, media_type: type }) => [name, type])).toEqual([
    ["notes.txt", "text/plain"],
    ["image-5.png", "image/png"],
  ]);
  expect(detail.input).toContain("Compare [@notes.txt](file://");
  expect(detail.input).toContain("[@away](https://example.com/away)");
  expect(detail.input).toContain(`<context uri="file:///project/main.rs">\nfn main() {}\n</context>`);
});

test.each([
  ["allow", "allow", "completed"],
  ["reject", "reject", "failed"],
])("an approval is a permission request: %s", async (_name, option, status) => {
  await using server = await serving([{ toolCalls: [EVALUATE] }, { text: "Finished." }]);
  await using editor = await editing(server, { args: ["--agent", "payer"], permit: async () => option });
  const session = await editor.open();
  expect(await editor.prompt(session, "Pay.")).toEqual({ stopReason: "end_turn" });
  expect(editor.asked).toMatchObject([
    {
      sessionId: session,
      toolCall: { title: "calculator.evaluate", rawInput: { expression: "40+2" } },
      options: [{ kind: "allow_once" }, { kind: "reject_once" }],
    },
  ]);
  expect(callsOf(editor.updates).at(-1)).toMatchObject({ toolCallId: editor.asked[0]?.toolCall.toolCallId, status });
  expect(editor.said()).toBe("Finished.");
});

test("of two editors that are asked for one approval the first answer counts, and the other request is withdrawn", async () => {
  await using server = await serving([{ toolCalls: [EVALUATE] }, { text: "Finished." }]);
  const answer = Promise.withResolvers<string>();
  await using first = await editing(server, { args: ["--agent", "payer"] });
  await using second = await editing(server, { permit: () => answer.promise });
  const session = await first.open();
  const turn = first.prompt(session, "Pay.");
  await within(() => expect(first.asked).toHaveLength(1));
  await second.agent.request("session/load", { sessionId: session, cwd: server.directory, mcpServers: [] });
  await within(() => expect(second.asked).toHaveLength(1));
  answer.resolve("allow");
  expect(await turn).toEqual({ stopReason: "end_turn" });
  expect(first.withdrawn).toEqual([first.asked[0]?.toolCall.toolCallId]);
  expect(first.said()).toBe("Finished.");
  await within(() => expect(second.said()).toBe("Finished."));
  const [run] = await runsOf(server);
  const detail = runs.RunDetail.parse((await server.ask("GET", `/api/v1/runs/${run?.id}`)).body);
  expect(detail.approvals).toMatchObject([{ state: "approved" }]);
});

test("an approval that is given in another program withdraws the request", async () => {
  await using server = await serving([{ toolCalls: [EVALUATE] }, { text: "Finished." }]);
  await using editor = await editing(server, { args: ["--agent", "payer"] });
  const session = await editor.open();
  const turn = editor.prompt(session, "Pay.");
  await within(() => expect(editor.asked).toHaveLength(1));
  const { items } = approvals.ApprovalPage.parse((await server.ask("GET", "/api/v1/approvals?state=open")).body);
  expect((await server.ask("POST", `/api/v1/approvals/${items[0]?.id}/approve`, {})).status).toBe(200);
  expect(await turn).toEqual({ stopReason: "end_turn" });
  expect(editor.withdrawn).toHaveLength(1);
});

test("a question is a form, where the editor has forms", async () => {
  await using server = await serving([{ toolCalls: [ask({ question: "Which colour?" })] }, { text: "Finished." }]);
  const messages: string[] = [];
  await using editor = await editing(server, {
    capabilities: { elicitation: { form: {} } },
    fill: async ({ message }) => (messages.push(message), { action: "accept", content: { answer: "blue" } }),
  });
  const session = await editor.open();
  expect(await editor.prompt(session, "Pack.")).toEqual({ stopReason: "end_turn" });
  expect(messages).toEqual(["Which colour?"]);
  expect(callsOf(editor.updates).at(-1)).toMatchObject({
    status: "completed",
    content: [{ content: { text: "blue" } }],
  });
  expect(editor.said()).toBe("Finished.");
});

test("an answer that does not fit is asked for again", async () => {
  const schema = { type: "object", properties: { size: { type: "integer" } }, required: ["size"] };
  await using server = await serving([{ toolCalls: [ask({ question: "How big?", schema })] }, { text: "Finished." }]);
  const messages: string[] = [];
  await using editor = await editing(server, {
    capabilities: { elicitation: { form: {} } },
    fill: async ({ message }) => {
      messages.push(message);
      return { action: "accept", content: { size: messages.length === 1 ? "huge" : 3 } };
    },
  });
  const session = await editor.open();
  expect(await editor.prompt(session, "Pack.")).toEqual({ stopReason: "end_turn" });
  expect(messages).toHaveLength(2);
  expect(messages[1]).toMatch(/size[\s\S]*How big\?/);
});

test("without forms, options are a choice, and a text is the next prompt", async () => {
  await using server = await serving([
    { toolCalls: [ask({ question: "Which?", options: ["red", "blue"] })] },
    { toolCalls: [ask({ question: "What name?" })] },
    { text: "Finished." },
  ]);
  await using editor = await editing(server, { permit: async ({ options }) => options[1]?.optionId });
  const session = await editor.open();
  expect(await editor.prompt(session, "Pack.")).toEqual({ stopReason: "end_turn" });
  expect(editor.asked).toMatchObject([{ toolCall: { title: "Which?" }, options: [{ name: "red" }, { name: "blue" }] }]);
  expect(editor.said()).toBe("What name?");
  expect(await editor.prompt(session, "Anna")).toEqual({ stopReason: "end_turn" });
  expect(editor.said()).toBe("What name?Finished.");
  expect(await runsOf(server)).toMatchObject([{ state: "completed" }]);
  const results = callsOf(editor.updates).filter(({ status }) => status === "completed");
  expect(results).toMatchObject([
    { content: [{ content: { text: "blue" } }] },
    { content: [{ content: { text: "Anna" } }] },
  ]);
});

test("session/cancel ends the turn, also one that waits for an approval", async () => {
  await using server = await serving([{ text: "Never said.", delayMs: 600_000 }]);
  await using editor = await editing(server);
  const session = await editor.open();
  const turn = editor.prompt(session, "Wait.");
  await within(async () => expect(await runsOf(server)).toMatchObject([{ state: "running" }]));
  await editor.agent.notify("session/cancel", { sessionId: session });
  expect(await turn).toEqual({ stopReason: "cancelled" });
  await within(async () => expect(await runsOf(server)).toMatchObject([{ state: "cancelled" }]));
  await using payer = await serving([{ toolCalls: [EVALUATE] }, { text: "Finished." }]);
  await using other = await editing(payer, { args: ["--agent", "payer"] });
  const paying = await other.open();
  const waiting = other.prompt(paying, "Pay.");
  await within(() => expect(other.asked).toHaveLength(1));
  await other.agent.notify("session/cancel", { sessionId: paying });
  expect(await waiting).toEqual({ stopReason: "cancelled" });
  await within(async () => expect(await runsOf(payer)).toMatchObject([{ state: "cancelled" }]));
});

test("a prompt that is cancelled at once is not continued on the server", async () => {
  await using server = await serving([{ text: "Never said.", delayMs: 600_000 }]);
  await using editor = await editing(server);
  const session = await editor.open();
  const turn = editor.prompt(session, "Wait.");
  await editor.agent.notify("session/cancel", { sessionId: session });
  expect(await turn).toEqual({ stopReason: "cancelled" });
  await within(async () => expect((await runsOf(server)).filter(({ state }) => state !== "cancelled")).toEqual([]));
});

test("an editor that ends in a turn loses nothing: the session is loaded with all that came since", async () => {
  await using server = await serving([
    { when: { userIncludes: "One" }, text: "First answer." },
    { when: { userIncludes: "Two" }, toolCalls: [EVALUATE] },
    { when: { userIncludes: "Two" }, text: "Second answer." },
  ]);
  const first = await editing(server, { args: ["--agent", "payer"] });
  const session = await first.open();
  await first.prompt(session, "One.");
  const lost = first.prompt(session, "Two.").catch(() => undefined);
  await within(() => expect(first.asked).toHaveLength(1));
  first.child.kill("SIGKILL");
  await once(first.child, "exit");
  await lost;
  const answer = Promise.withResolvers<string>();
  await using second = await editing(server, { permit: () => answer.promise });
  const { sessions } = await second.agent.request("session/list", { cwd: server.directory });
  expect(sessions).toMatchObject([{ sessionId: session, cwd: server.directory, title: "One." }]);
  expect((await second.agent.request("session/list", { cwd: "/elsewhere" })).sessions).toEqual([]);
  const loaded = await second.agent.request("session/load", {
    sessionId: session,
    cwd: server.directory,
    mcpServers: [],
  });
  expect(loaded.modes).toMatchObject({ currentModeId: "payer" });
  expect(textOf(second.updates, "user_message_chunk")).toBe("One.Two.");
  await within(() => expect(second.asked).toHaveLength(1));
  answer.resolve("allow");
  await within(() => expect(second.said()).toBe("First answer.Second answer."));
  expect(await runsOf(server)).toHaveLength(2);
});

test("a session survives a restart of the server, in and between its turns", async () => {
  const script: ScriptedTurnInput[] = [
    { when: { userIncludes: "One" }, text: "First." },
    { when: { userIncludes: "Two" }, text: "Second.", delayMs: 1_500 },
    { when: { userIncludes: "Three" }, text: "Third." },
  ];
  const first = await serving(script);
  const port = Number(new URL(first.url).port);
  await using editor = await editing(first);
  const session = await editor.open();
  await editor.prompt(session, "One.");
  const turn = editor.prompt(session, "Two.");
  await within(async () => expect((await runsOf(first))[0]).toMatchObject({ state: "running" }));
  const keeps = { directory: first.directory, settings: { "server.port": port } };
  await first.started[Symbol.asyncDispose]();
  await using second = await serving(script, keeps);
  expect(await turn).toEqual({ stopReason: "end_turn" });
  expect(await editor.prompt(session, "Three.")).toEqual({ stopReason: "end_turn" });
  expect(editor.said()).toBe("First.Second.Third.");
  expect(await runsOf(second)).toHaveLength(3);
  await first[Symbol.asyncDispose]();
});

test("the agents are modes and an option; the next turn is of the one chosen", async () => {
  await using server = await serving([{ text: "Hello." }]);
  await using editor = await editing(server);
  const created = await editor.agent.request("session/new", { cwd: server.directory, mcpServers: [] });
  expect(created.modes?.currentModeId).toBe("packer");
  expect(created.modes?.availableModes.map(({ id }) => id)).toContain("payer");
  const { sessionId } = created;
  const { configOptions } = await editor.agent.request("session/set_config_option", {
    sessionId,
    configId: "agent",
    value: "greeter",
  });
  expect(configOptions).toMatchObject([{ id: "agent", currentValue: "greeter" }]);
  await editor.prompt(sessionId, "Hi.");
  await editor.agent.request("session/set_mode", { sessionId, modeId: "payer" });
  await editor.prompt(sessionId, "Hi again.");
  expect((await runsOf(server)).map(({ agent: name }) => name)).toEqual(["payer", "greeter"]);
});

test("a resumed session is not replayed; a closed one is forgotten, a deleted one is gone", async () => {
  await using server = await serving([{ text: "Hello." }]);
  await using editor = await editing(server);
  const session = await editor.open();
  await editor.prompt(session, "Hi.");
  await editor.agent.request("session/close", { sessionId: session });
  expect(await refusal(editor.prompt(session, "Hi."))).toMatchObject({ code: -32_002, data: { sessionId: session } });
  const before = editor.updates.length;
  await editor.agent.request("session/resume", { sessionId: session, cwd: server.directory });
  expect(editor.updates).toHaveLength(before);
  expect(await editor.prompt(session, "Hi.")).toEqual({ stopReason: "end_turn" });
  await editor.agent.request("session/delete", { sessionId: session });
  const gone = editor.agent.request("session/load", { sessionId: session, cwd: server.directory, mcpServers: [] });
  expect(await refusal(gone)).toMatchObject({ code: -32_002, data: { code: "THREAD_NOT_FOUND" } });
});

test("a model that fails is a choice: to try again, or to end the turn", async () => {
  await using server = await serving([
    {
      when: { userIncludes: "One" },
      error: { class: "invalid_request", message: "too busy", times: 1 },
      text: "Said.",
    },
    { when: { userIncludes: "Two" }, error: { class: "invalid_request", message: "no such model" } },
  ]);
  let chosen = "retry";
  await using editor = await editing(server, { permit: async () => chosen });
  const session = await editor.open();
  expect(await editor.prompt(session, "One.")).toEqual({ stopReason: "end_turn" });
  expect(editor.said()).toBe("Said.");
  expect(editor.asked).toMatchObject([
    { toolCall: { title: "The model failed", content: [{ content: { text: expect.stringContaining("too busy") } }] } },
  ]);
  chosen = "cancel";
  expect(await editor.prompt(session, "Two.")).toEqual({ stopReason: "cancelled" });
});

test("what the server refuses is an error with its code", async () => {
  await using server = await serving([{ text: "Never." }], {
    files: { "examples/agents/packer.toml": agent("packer", "[budget]\ntokens = 1\n") },
  });
  await using editor = await editing(server);
  const session = await editor.open();
  expect(await refusal(editor.prompt(session, "Hi."))).toMatchObject({
    code: -32_603,
    data: { code: expect.stringMatching(/^BUDGET/) },
  });
  const empty = editor.agent.request("session/prompt", { sessionId: session, prompt: [] });
  expect(await refusal(empty)).toMatchObject({ code: -32_602 });
  const unknown = editor.agent.request("session/set_mode", { sessionId: session, modeId: "missing" });
  expect(await refusal(unknown)).toMatchObject({ code: -32_002, data: { code: "AGENT_NOT_FOUND" } });
});

const request = (id: number, method: string, params: object = {}) =>
  JSON.stringify({ jsonrpc: "2.0", id, method, params });

test("malformed messages are refused, and the connection continues", async () => {
  await using server = await serving([{ text: "Hello." }]);
  await using acp = startAcp({ server: server.url, directory: server.directory });
  const lines = createInterface({ input: acp.child.stdout });
  const answer = async (line: string): Promise<unknown> => {
    acp.child.stdin.write(`${line}\n`);
    const [text] = await once(lines, "line");
    return JSON.parse(String(text));
  };
  expect(await answer("{nothing")).toMatchObject({ id: null, error: { code: -32_700 } });
  expect(await answer("[]")).toMatchObject({ id: null, error: { code: -32_600 } });
  expect(await answer(request(1, "session/new", { cwd: "/", mcpServers: [] }))).toMatchObject({
    id: 1,
    error: { code: -32_600 },
  });
  expect(await answer(request(2, "initialize", { protocolVersion: 1 }))).toMatchObject({
    id: 2,
    result: { protocolVersion: 1 },
  });
  expect(await answer(request(3, "session/prompt", { sessionId: 1 }))).toMatchObject({
    id: 3,
    error: { code: -32_602 },
  });
  expect(await answer(request(4, "no/such/method"))).toMatchObject({ id: 4, error: { code: -32_601 } });
  expect(await answer(request(5, "session/new", { cwd: "/", mcpServers: [] }))).toMatchObject({
    id: 5,
    result: { sessionId: expect.any(String) },
  });
});

test("without a login the editor shows how to log in, and continues after it", async () => {
  await using server = await serving([{ text: "Hello." }], { settings: { "access.mode": "required" } });
  const environment = { XDG_CONFIG_HOME: server.directory };
  await using editor = await editing(server, { environment });
  expect(editor.initialized.authMethods).toMatchObject([
    { id: "caxton-login", description: expect.stringContaining(`caxton login ${server.url}`) },
  ]);
  expect(await refusal(editor.open())).toMatchObject({ code: -32_000 });
  expect(await refusal(editor.agent.request("authenticate", { methodId: "caxton-login" }))).toMatchObject({
    code: -32_000,
  });
  const login = await caxton(["login", server.url, "--key-stdin"], {
    environment: { ...environment, CAXTON_SERVER: "" },
    input: `${server.started.setupToken ?? ""}\n`,
  });
  expect(login).toMatchObject({ code: 0 });
  await editor.agent.request("authenticate", { methodId: "caxton-login" });
  const session = await editor.open();
  expect(await editor.prompt(session, "Hi.")).toEqual({ stopReason: "end_turn" });
});

test("an editor with a terminal logs in there", async () => {
  await using server = await serving([{ text: "Hello." }], { settings: { "access.mode": "required" } });
  await using editor = await editing(server, { capabilities: { auth: { terminal: true } } });
  const method = editor.initialized.authMethods?.find((each) => "type" in each && each.type === "terminal");
  const args = method !== undefined && "args" in method ? (method.args ?? []) : [];
  expect(args).toEqual(["--login"]);
  await using terminal = new Pty(["acp", "--server", server.url, ...args], { server: "", cwd: server.directory });
  await terminal.shows(/key/i);
  terminal.type(`${server.started.setupToken ?? ""}\r`);
  await terminal.shows(/stored as context/);
  expect(await editor.open()).not.toBe("");
});
