import { TaskState } from "@a2a-js/sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { threads as threadSchemas } from "../../../src/api/contract/index.ts";
import { verifies } from "../../helpers/verifies.ts";
import { WorkspaceServer } from "../../helpers/workspaces.ts";
import { answerOf, asTask, type Binding, collect, connect, part, request } from "./clients.ts";

verifies("api.a2a");

const ASKING = `name = "asking"\nversion = "1.0.0"\ndescription = "Asks before it orders"\ncapabilities = ["order"]
system_prompt = "Ask."\ntools = ["user"]\n`;
const ask = (given: object) => ({ toolCalls: [{ name: "user__ask_user", arguments: JSON.stringify(given) }] });

const definition = (name: string, more = "") =>
  `name = "${name}"\nversion = "1.0.0"\ncapabilities = ["x"]\nsystem_prompt = "Answer."\n${more}`;

let server: WorkspaceServer;
let user: string;
beforeAll(async () => {
  server = await WorkspaceServer.start({ script: [{ text: "hello from the agent" }] });
  user = await server.createKey("user");
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

describe.each(["JSONRPC", "HTTP+JSON", "GRPC"] as const)("over %s", (binding: Binding) => {
  const client = () => connect(server.url, "greeter", { binding, key: user });

  test("a message becomes a task that completes with an answer, and the next one continues its context", async () => {
    const a2a = await client();
    const first = asTask(await a2a.sendMessage(request("hi")));
    expect(first.status?.state).toBe(TaskState.TASK_STATE_COMPLETED);
    expect(answerOf(first)).toEqual(["hello from the agent"]);
    expect(await a2a.getTask({ tenant: "", id: first.id, historyLength: 1 })).toMatchObject({
      id: first.id,
      contextId: first.contextId,
      history: [{ parts: [{ content: { value: "hi" } }] }],
    });
    const second = asTask(await a2a.sendMessage(request("again", { contextId: first.contextId })));
    expect(second.contextId).toBe(first.contextId);
    const { body } = await server.ask("default", "GET", `/api/v1/threads/${first.contextId}/turns`);
    expect(body).toMatchObject({ items: [{ run: second.id, parent: first.id }, { run: first.id }] });
    const listed = await a2a.listTasks({
      tenant: "",
      contextId: first.contextId,
      status: TaskState.TASK_STATE_COMPLETED,
      pageSize: 1,
      pageToken: "",
      statusTimestampAfter: undefined,
    });
    expect(listed).toMatchObject({ tasks: [{ id: second.id }], nextPageToken: first.id, totalSize: 2 });
  });

  test("a context has the name that its client chose, also for two messages at once", async () => {
    const a2a = await client();
    const contextId = `order ${binding} 42`;
    const sent = await Promise.all(["one", "two"].map((text) => a2a.sendMessage(request(text, { contextId }))));
    expect(sent.map((each) => asTask(each).contextId)).toEqual([contextId, contextId]);
    const threads = await server.ask("default", "GET", "/api/v1/threads?agent=greeter&limit=100");
    const keys = threadSchemas.ThreadPage.parse(threads.body).items.map(({ key }) => key);
    expect(keys.filter((key) => key?.endsWith(contextId))).toHaveLength(1);
  });

  test("a client that lost a response finds the task by the id of its message", async () => {
    const a2a = await client();
    const lost = request("lost");
    const { id, contextId, history } = asTask(await a2a.sendMessage(lost));
    const messageId = lost.message?.messageId;
    expect(history).toMatchObject([{ messageId }]);
    const { tasks } = await a2a.listTasks({
      tenant: "",
      contextId,
      status: TaskState.TASK_STATE_UNSPECIFIED,
      pageToken: "",
      historyLength: 10,
      statusTimestampAfter: undefined,
    });
    expect(tasks.map((task) => [task.id, task.history[0]?.messageId])).toEqual([[id, messageId]]);
    const long = request("hi", { messageId: "m".repeat(201) });
    await expect(a2a.sendMessage(long)).rejects.toMatchObject({ name: "RequestMalformedError" });
  });

  test("a message that is sent again, with its id, is handled once", async () => {
    const a2a = await client();
    const same = request("once", { messageId: `once-${binding}` });
    const [first, second] = [asTask(await a2a.sendMessage(same)), asTask(await a2a.sendMessage(same))];
    expect(second.id).toBe(first.id);
  });

  test("a stream begins with the task and ends with its last status", async () => {
    const events = await collect((await client()).sendMessageStream(request("hi")));
    expect(events[0]?.$case).toBe("task");
    expect(events.at(-1)).toMatchObject({
      $case: "statusUpdate",
      value: { status: { state: TaskState.TASK_STATE_COMPLETED } },
    });
    const answers = events.filter(({ $case }) => $case === "artifactUpdate");
    expect(answers.at(-1)).toMatchObject({
      value: { lastChunk: true, artifact: { parts: [{ content: { value: "hello from the agent" } }] } },
    });
  });

  test("what is not there, has ended or is malformed is refused in the form of the protocol", async () => {
    const a2a = await client();
    await expect(a2a.getTask({ tenant: "", id: crypto.randomUUID() })).rejects.toMatchObject({
      name: "TaskNotFoundError",
    });
    const { id } = asTask(await a2a.sendMessage(request("hi")));
    await expect(a2a.cancelTask({ tenant: "", id, metadata: undefined })).rejects.toMatchObject({
      name: "TaskNotCancelableError",
    });
    await expect(a2a.sendMessage(request("more", { taskId: id }))).rejects.toMatchObject({
      name: "UnsupportedOperationError",
    });
    await expect(collect(a2a.resubscribeTask({ tenant: "", id }))).rejects.toMatchObject({
      name: "UnsupportedOperationError",
    });
    await expect(a2a.sendMessage(request([]))).rejects.toMatchObject({ name: "RequestMalformedError" });
  });
});

test("a question makes the task input-required, and a message to the task answers it", async () => {
  await using asking = await WorkspaceServer.start({
    script: [ask({ question: "Which colour?" }), { text: "ordered blue" }],
  });
  const deployed = await asking.ask("default", "POST", "/api/v1/agents", { source: ASKING });
  expect(deployed.status).toBeLessThan(300);
  const a2a = await connect(asking.url, "asking", { key: asking.admin });
  const waiting = asTask(await a2a.sendMessage(request("order one")));
  expect(waiting.status).toMatchObject({
    state: TaskState.TASK_STATE_INPUT_REQUIRED,
    message: { parts: [{ content: { value: "Which colour?" } }, { content: { $case: "data" } }] },
  });
  const done = asTask(await a2a.sendMessage(request("blue", { taskId: waiting.id, contextId: waiting.contextId })));
  expect([done.id, done.status?.state]).toEqual([waiting.id, TaskState.TASK_STATE_COMPLETED]);
  expect(answerOf(done)).toEqual(["ordered blue"]);
});

test("a task keeps its id when its agent hands it off", async () => {
  const [turn] = [{ toolCalls: [{ name: "handoff_second", arguments: JSON.stringify({ reason: "knows more" }) }] }];
  await using pair = await WorkspaceServer.start({ script: [turn, { text: "said by the second" }] });
  for (const source of [definition("second"), definition("first", 'handoffs = ["second"]\n')])
    await pair.ask("default", "POST", "/api/v1/agents", { source });
  const a2a = await connect(pair.url, "first", { key: pair.admin });
  const go = request("go");
  const events = await collect(a2a.sendMessageStream(go));
  const [begun, ended] = [events[0], events.at(-1)];
  if (begun?.$case !== "task" || ended?.$case !== "statusUpdate") throw new Error("the stream has other events");
  expect([ended.value.taskId, ended.value.status?.state]).toEqual([begun.value.id, TaskState.TASK_STATE_COMPLETED]);
  const task = await a2a.getTask({ tenant: "", id: begun.value.id });
  expect([task.id, answerOf(task)]).toEqual([begun.value.id, ["said by the second"]]);
  expect(task.history.map(({ messageId }) => messageId)).toEqual([go.message?.messageId]);
});

test("files and data reach the agent", async () => {
  const a2a = await connect(server.url, "greeter", { key: user });
  const task = asTask(
    await a2a.sendMessage(
      request([
        part({ $case: "data", value: { order: 7 } }),
        part({ $case: "raw", value: Buffer.from("a,b\n1,2\n") }, "table.csv", "text/csv"),
      ]),
    ),
  );
  const { body } = await server.ask("default", "GET", `/api/v1/runs/${task.id}`);
  expect(body).toMatchObject({
    input: expect.stringContaining('"order": 7'),
    files: [{ name: "table.csv", bytes: 8 }],
  });
});

test("a card lists what the caller may see; requests need permission", async () => {
  const card = async (path: string, key?: string) => {
    const response = await fetch(server.url + path, { headers: key === undefined ? {} : { "x-api-key": key } });
    return { status: response.status, body: await response.json() };
  };
  const open = await card("/.well-known/agent-card.json");
  expect(open).toMatchObject({ status: 200, body: { name: "Caxton", securitySchemes: { bearer: {} } } });
  expect(JSON.stringify(open.body)).not.toContain("greeter");
  const own = await card("/.well-known/agent-card.json", user);
  expect(own.body).toMatchObject({ skills: expect.arrayContaining([expect.objectContaining({ id: "greeter" })]) });
  expect((await card("/a2a/greeter/.well-known/agent-card.json")).status).toBe(401);
  expect(await card("/a2a/greeter/.well-known/agent-card.json", user)).toMatchObject({
    status: 200,
    body: {
      supportedInterfaces: [
        { url: `${server.url}/a2a/greeter`, protocolBinding: "JSONRPC", protocolVersion: "1.0" },
        { protocolBinding: "HTTP+JSON" },
        { url: new URL(server.url).host, protocolBinding: "GRPC", tenant: "greeter", protocolVersion: "1.0" },
      ],
    },
  });
  const readonly = await connect(server.url, "greeter", { key: await server.createKey("readonly") });
  await expect(readonly.sendMessage(request("hi"))).rejects.toThrow(/403|permission/iu);
});

test("version 0.3 is spoken on request", async () => {
  const response = await fetch(`${server.url}/a2a/greeter`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": user },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "message/send",
      params: { message: { kind: "message", messageId: "m1", role: "user", parts: [{ kind: "text", text: "hi" }] } },
    }),
  });
  expect(await response.json()).toMatchObject({ id: 1, result: { kind: "task", status: { state: "completed" } } });
});

test.each([
  ["not JSON", "{", -32_700],
  ["no method", '{"jsonrpc":"2.0","id":1}', -32_602],
  ["an unknown method", '{"jsonrpc":"2.0","id":1,"method":"Fly","params":{}}', -32_601],
  ["a list", "[]", -32_602],
  ["an unknown version", '{"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":"x"}}', -32_009],
])("JSON-RPC: %s is refused with its code", async (name, body, code) => {
  const response = await fetch(`${server.url}/a2a/greeter`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-api-key": user,
      ...(name === "an unknown version" && { "a2a-version": "9.9" }),
    },
    body,
  });
  expect([response.status, await response.json()]).toMatchObject([200, { error: { code } }]);
});
