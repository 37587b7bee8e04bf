import { TaskState } from "@a2a-js/sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runs as runSchemas, threads as threadSchemas } from "../../../src/api/contract/index.ts";
import { verifies } from "../../helpers/verifies.ts";
import { WorkspaceServer } from "../../helpers/workspaces.ts";
import { answerOf, asTask, connect, part, request } from "./clients.ts";

verifies("api.a2a");

const DAY_MS = 86_400_000;
const ASKING = `name = "asking"\nversion = "1.0.0"\ndescription = "Asks"\ncapabilities = ["order"]\nsystem_prompt = "Ask."\ntools = ["user"]\n`;
const question = { toolCalls: [{ name: "user__ask_user", arguments: JSON.stringify({ question: "Which color?" }) }] };

let server: WorkspaceServer;
let user: string;
beforeAll(async () => {
  server = await WorkspaceServer.start({ script: [{ text: "hello from the agent" }] });
  user = await server.createKey("operator");
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

async function send(method: string, path: string, { key = user, body }: { key?: string; body?: object } = {}) {
  const response = await fetch(server.url + path, {
    method,
    headers: { "x-api-key": key, ...(body && { "content-type": "application/json" }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const received = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: received.startsWith("{") ? JSON.parse(received) : received,
  };
}

async function threadsOf(agent: string) {
  const { body } = await server.ask("default", "GET", `/api/v1/threads?agent=${agent}&limit=100`);
  return threadSchemas.ThreadPage.parse(body).items;
}
async function runCount(): Promise<number> {
  const { body } = await server.ask("default", "GET", "/api/v1/runs?limit=100");
  return runSchemas.RunPage.parse(body).items.length;
}

const message = (more: object) => ({ message: { messageId: crypto.randomUUID(), role: "ROLE_USER", ...more } });
const text = [{ text: "hi" }];
test.each([
  ["an unknown role", message({ role: "BANANA", parts: text })],
  ["the role of the agent", message({ role: "ROLE_AGENT", parts: text })],
  ["a number as text", message({ parts: [{ text: 5 }] })],
  ["bytes that are not base64", message({ parts: [{ raw: "%%%not base64" }] })],
  ["a part with two contents", message({ parts: [{ text: "a", url: "https://a.example" }] })],
  ["no parts", message({ parts: [] })],
  [
    "an invalid receiver of push notifications",
    { ...message({ parts: text }), configuration: { taskPushNotificationConfig: { url: "x" } } },
  ],
])("a message with %s starts no run and creates no thread", async (_, body) => {
  const before = [await runCount(), (await threadsOf("greeter")).length];
  expect((await send("POST", "/a2a/greeter/message:send", { body })).status).toBe(400);
  const rpc = { jsonrpc: "2.0", id: 1, method: "SendMessage", params: body };
  expect(await send("POST", "/a2a/greeter", { body: rpc })).toMatchObject({
    status: 200,
    body: { error: { code: -32_602 } },
  });
  expect([await runCount(), (await threadsOf("greeter")).length]).toEqual(before);
});

test.each([
  ["role", { role: "BANANA", parts: [{ kind: "text", text: "hi" }] }],
  ["text", { role: "user", parts: [{ kind: "text", text: 5 }] }],
  ["base64", { role: "user", parts: [{ kind: "file", file: { bytes: "%%%" } }] }],
])("a message of version 0.3 with an invalid %s is refused", async (_, more) => {
  const params = { message: { kind: "message", messageId: crypto.randomUUID(), ...more } };
  const body = { jsonrpc: "2.0", id: 1, method: "message/send", params };
  expect((await send("POST", "/a2a/greeter", { body })).body).toMatchObject({ error: { code: -32_602 } });
});

test("a list of tasks with an unknown state is refused", async () => {
  expect((await send("GET", "/a2a/greeter/tasks?status=BANANA")).status).toBe(400);
});

test("the card of an unknown agent is not found", async () => {
  const { status, body } = await send("GET", "/a2a/unknown/.well-known/agent-card.json");
  expect([status, body]).toMatchObject([404, { error: { details: [{ reason: "AGENT_NOT_FOUND" }] } }]);
});

test("files without names are announced by those that they get", async () => {
  const a2a = await connect(server.url, "greeter", { key: user });
  const { id } = asTask(
    await a2a.sendMessage(request(["a", "b"].map((each) => part({ $case: "raw", value: Buffer.from(each) })))),
  );
  const { body } = await server.ask("default", "GET", `/api/v1/runs/${id}`);
  expect(body).toMatchObject({ input: "Files: file-1, file-2", files: [{ name: "file-1" }, { name: "file-2" }] });
});

test("a context expires 30 days after its last message", async () => {
  const a2a = await connect(server.url, "greeter", { key: user });
  const { contextId } = asTask(await a2a.sendMessage(request("hi")));
  const left = async () => {
    const { body } = await server.ask("default", "GET", `/api/v1/threads/${contextId}`);
    return (Date.parse(threadSchemas.Thread.parse(body).expires_at ?? "") - Date.now()) / DAY_MS;
  };
  expect(await left()).toBeCloseTo(30, 1);
  await server.ask("default", "PATCH", `/api/v1/threads/${contextId}`, { expires_after: 86_400 });
  await a2a.sendMessage(request("again", { contextId }));
  expect(await left()).toBeCloseTo(30, 1);
});

test("a context and its tasks belong to one principal", async () => {
  const [alice, bob] = [await server.createKey("operator"), await server.createKey("operator")];
  const [of, by] = await Promise.all([alice, bob].map((key) => connect(server.url, "greeter", { key })));
  if (of === undefined || by === undefined) throw new Error("two clients");
  const missing = { name: "TaskNotFoundError" };
  const contextId = `order ${crypto.randomUUID()}`;
  const named = asTask(await of.sendMessage(request("hi", { contextId })));
  const unnamed = asTask(await of.sendMessage(request("hi")));
  // Bob has a context of the same name, and no access to hers by the id of her thread.
  const own = asTask(await by.sendMessage(request("hi", { contextId })));
  expect((await threadsOf("greeter")).filter(({ key }) => key?.endsWith(contextId))).toHaveLength(2);
  await expect(by.sendMessage(request("hi", { contextId: unnamed.contextId }))).rejects.toMatchObject(missing);
  for (const { id } of [named, unnamed]) {
    await expect(by.getTask({ tenant: "", id })).rejects.toMatchObject(missing);
    await expect(by.sendMessage(request("hi", { taskId: id }))).rejects.toMatchObject(missing);
    await expect(by.cancelTask({ tenant: "", id, metadata: undefined })).rejects.toMatchObject(missing);
  }
  const list = (client: typeof by) =>
    client.listTasks({
      tenant: "",
      contextId: "",
      status: TaskState.TASK_STATE_UNSPECIFIED,
      pageToken: "",
      statusTimestampAfter: undefined,
    });
  expect((await list(by)).tasks.map(({ id }) => id)).toEqual([own.id]);
  expect((await list(of)).tasks.map(({ id }) => id)).toEqual([unnamed.id, named.id]);
});

test("a key of a thread that belongs to a context of another principal is refused", async () => {
  const key = "a2a key_00000000 greeter stolen";
  const created = await send("POST", "/api/v1/threads", { body: { agent: "greeter", key } });
  expect(created).toMatchObject({ status: 400, body: { code: "REQUEST_INVALID" } });
});

async function asking(answers: readonly object[]): Promise<WorkspaceServer> {
  const started = await WorkspaceServer.start({ script: [question, ...answers] });
  await started.ask("default", "POST", "/api/v1/agents", { source: ASKING });
  return started;
}

test("the first of two answers to a question wins, the other one is refused", async () => {
  await using waiting = await asking([{ text: "ordered" }]);
  const a2a = await connect(waiting.url, "asking", { key: waiting.admin });
  const { id: taskId } = asTask(await a2a.sendMessage(request("order")));
  const answers = ["blue", "red"].map((color) => a2a.sendMessage(request(color, { taskId })));
  const settled = await Promise.allSettled(answers);
  expect(settled.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  expect(settled.find(({ status }) => status === "rejected")).toMatchObject({
    reason: { name: "UnsupportedOperationError" },
  });
  expect((await a2a.getTask({ tenant: "", id: taskId })).history).toHaveLength(1);
});

test("a message that names a question answers that one only, and counts once when it is sent again", async () => {
  await using waiting = await asking([question, { text: "ordered" }]);
  const a2a = await connect(waiting.url, "asking", { key: waiting.admin });
  const task = asTask(await a2a.sendMessage(request("order")));
  const [, data] = task.status?.message?.parts ?? [];
  const named = Object(data?.content?.value).question;
  const answer = request("blue", { taskId: task.id, metadata: { question: named } });
  const second = asTask(await a2a.sendMessage(answer));
  expect(second.status?.state).toBe(TaskState.TASK_STATE_INPUT_REQUIRED);
  expect(asTask(await a2a.sendMessage(answer)).status?.state).toBe(TaskState.TASK_STATE_INPUT_REQUIRED);
  const late = request("red", { taskId: task.id, metadata: { question: named } });
  await expect(a2a.sendMessage(late)).rejects.toMatchObject({ name: "UnsupportedOperationError" });
  const unknown = request("red", { taskId: task.id, metadata: { question: "none" } });
  await expect(a2a.sendMessage(unknown)).rejects.toMatchObject({ name: "RequestMalformedError" });
  expect(answerOf(asTask(await a2a.sendMessage(request("two", { taskId: task.id }))))).toEqual(["ordered"]);
});

test("a list shows a task that was handed off with the state of the agent that has it, once", async () => {
  const handoff = { toolCalls: [{ name: "handoff_asking", arguments: JSON.stringify({ reason: "asks" }) }] };
  await using pair = await WorkspaceServer.start({ script: [handoff, question] });
  const first = `name = "first"\nversion = "1.0.0"\ncapabilities = ["x"]\nsystem_prompt = "Hand off."\nhandoffs = ["asking"]\n`;
  for (const source of [ASKING, first]) await pair.ask("default", "POST", "/api/v1/agents", { source });
  const a2a = await connect(pair.url, "first", { key: pair.admin });
  const { id } = asTask(await a2a.sendMessage(request("go")));
  const list = async (status: TaskState) =>
    (await a2a.listTasks({ tenant: "", contextId: "", status, pageToken: "", statusTimestampAfter: undefined })).tasks;
  expect(await list(TaskState.TASK_STATE_INPUT_REQUIRED)).toMatchObject([
    { id, status: { state: TaskState.TASK_STATE_INPUT_REQUIRED } },
  ]);
  expect(await list(TaskState.TASK_STATE_COMPLETED)).toEqual([]);
});

test("a stream beyond the limit is refused before its message starts a run", async () => {
  await using limited = await WorkspaceServer.start({
    script: [{ text: "hi" }],
    settings: { "server.limits.streams.principal": 1 },
  });
  const key = limited.admin;
  const leaving = new AbortController();
  const held = await fetch(`${limited.url}/api/v1/events`, {
    headers: { "x-api-key": key, accept: "text/event-stream" },
    signal: leaving.signal,
  });
  expect(held.status).toBe(200);
  const post = (path: string, body: object) =>
    fetch(limited.url + path, {
      method: "POST",
      headers: { "x-api-key": key, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const rest = await post("/a2a/greeter/message:stream", message({ parts: text }));
  const params = message({ parts: text });
  const rpc = await post("/a2a/greeter", { jsonrpc: "2.0", id: 1, method: "SendStreamingMessage", params });
  expect([rest.status, rpc.status]).toEqual([429, 429]);
  expect([rest, rpc].map(({ headers }) => Number(headers.get("retry-after")) > 0)).toEqual([true, true]);
  expect((await limited.ask("default", "GET", "/api/v1/runs")).body).toMatchObject({ items: [] });
  leaving.abort();
});
