import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { StreamResponse, type TaskPushNotificationConfig, TaskState } from "@a2a-js/sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { notifications, webhooks } from "../../../src/api/contract/index.ts";
import { verifies } from "../../helpers/verifies.ts";
import { WorkspaceServer } from "../../helpers/workspaces.ts";
import { answer, answerOk, type Received, type Receiver, startReceiver } from "../../webhooks/receiver.ts";
import { answerOf, asTask, type Binding, connect, request } from "./clients.ts";

verifies("api.a2a-push");

const ASKING = `name = "asking"\nversion = "1.0.0"\ncapabilities = ["order"]\nsystem_prompt = "Ask."\ntools = ["user"]\n`;
const question = { toolCalls: [{ name: "user__ask_user", arguments: JSON.stringify({ question: "Which color?" }) }] };
const TOKEN = "token-of-the-client";
const authentication = { scheme: "Bearer", credentials: "secret-of-the-receiver" };

let receiver: Receiver;
let server: WorkspaceServer;
let user: string;
beforeAll(async () => {
  receiver = await startReceiver();
  server = await WorkspaceServer.start({
    script: [{ text: "hello from the agent" }],
    settings: { "webhooks.private_origins": [receiver.origin] },
  });
  user = await server.createKey("user");
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

const configured = (more: Partial<TaskPushNotificationConfig> = {}): TaskPushNotificationConfig => ({
  tenant: "",
  taskId: "",
  id: "",
  url: receiver.url,
  token: TOKEN,
  authentication,
  ...more,
});
const pushing = (config: TaskPushNotificationConfig, more: Parameters<typeof request>[1] = {}) => ({
  ...request("hi", more),
  configuration: {
    acceptedOutputModes: [],
    taskPushNotificationConfig: config,
    historyLength: undefined,
    returnImmediately: false,
  },
});

const payloadOf = ({ body }: Received) => StreamResponse.fromJSON(JSON.parse(body)).payload;
/** The task that a notification is of, and the state that it reports. */
function reportOf(received: Received): readonly [string, TaskState | undefined] {
  const payload = payloadOf(received);
  if (payload?.$case === "task") return [payload.value.id, payload.value.status?.state];
  if (payload?.$case === "statusUpdate") return [payload.value.taskId, payload.value.status?.state];
  throw new Error(`${payload?.$case} is not expected`);
}
const statesOf = (task: string) =>
  receiver.received.map(reportOf).flatMap(([id, state]) => (id === task ? [state] : []));
const { TASK_STATE_WORKING: WORKING, TASK_STATE_COMPLETED: COMPLETED, TASK_STATE_INPUT_REQUIRED: ASKS } = TaskState;

async function notificationsOf(run: string, key = user) {
  const { body } = await server.request("GET", `/api/v1/runs/${run}/notifications`, { key });
  return notifications.NotificationPage.parse(body).items;
}
async function deliveriesOf(webhook: string) {
  const { body } = await server.ask("default", "GET", `/api/v1/webhooks/${webhook}/deliveries`);
  return webhooks.WebhookDeliveryPage.parse(body).items;
}

describe.each(["JSONRPC", "HTTP+JSON", "GRPC"] as const)("over %s", (binding: Binding) => {
  const client = () => connect(server.url, "greeter", { binding, key: user });

  test("a message with a configuration notifies its receiver of the task, once for each state", async () => {
    const a2a = await client();
    const { id } = asTask(await a2a.sendMessage(pushing(configured())));
    await expect.poll(() => statesOf(id).at(-1)).toBe(COMPLETED);
    // It may have begun to work before its receiver is set.
    expect([[WORKING, COMPLETED], [COMPLETED]]).toContainEqual(statesOf(id));
    const own = receiver.received.filter((each) => reportOf(each)[0] === id);
    const last = own.at(-1);
    if (last === undefined) throw new Error("a notification");
    for (const { headers } of own)
      expect(headers).toMatchObject({
        "content-type": "application/a2a+json",
        "x-a2a-notification-token": TOKEN,
        authorization: "Bearer secret-of-the-receiver",
        "webhook-id": expect.stringMatching(/^msg_/),
      });
    const payload = payloadOf(last);
    if (payload?.$case !== "task") throw new Error("the end has the task");
    expect(answerOf(payload.value)).toEqual(["hello from the agent"]);
    expect(payload.value).toMatchObject(await a2a.getTask({ tenant: "", id }).then(({ artifacts }) => ({ artifacts })));
  });

  test("configurations are created, read, listed and deleted, and credentials are not sent back", async () => {
    const a2a = await client();
    const { id: taskId } = asTask(await a2a.sendMessage(request("hi")));
    const created = await a2a.createTaskPushNotificationConfig(configured({ taskId, id: "one" }));
    const shown = { id: "one", taskId, url: receiver.url, token: TOKEN };
    expect(created).toMatchObject({ ...shown, authentication: { scheme: "Bearer", credentials: "" } });
    expect(await a2a.getTaskPushNotificationConfig({ tenant: "", taskId, id: "one" })).toMatchObject(shown);
    await a2a.createTaskPushNotificationConfig(configured({ taskId, id: "two" }));
    const ids = async () => {
      const all = { tenant: "", taskId, pageSize: 0, pageToken: "" };
      return (await a2a.listTaskPushNotificationConfig(all)).configs.map(({ id }) => id);
    };
    expect(await ids()).toEqual(["one", "two"]);
    for (let time = 0; time < 2; time += 1)
      await a2a.deleteTaskPushNotificationConfig({ tenant: "", taskId, id: "one" });
    expect(await ids()).toEqual(["two"]);
    const missing = { name: "TaskNotFoundError" };
    await expect(a2a.getTaskPushNotificationConfig({ tenant: "", taskId, id: "one" })).rejects.toMatchObject(missing);
    const unknown = configured({ taskId: crypto.randomUUID() });
    await expect(a2a.createTaskPushNotificationConfig(unknown)).rejects.toMatchObject(missing);
  });

  test("a receiver that is set after the end of the task is notified of it", async () => {
    const a2a = await client();
    const { id: taskId } = asTask(await a2a.sendMessage(request("hi")));
    await a2a.createTaskPushNotificationConfig(configured({ taskId }));
    // webhooks.notifications.N1
    await expect.poll(() => statesOf(taskId).at(-1)).toBe(COMPLETED);
  });
});

test("a list of configurations has pages", async () => {
  const a2a = await connect(server.url, "greeter", { key: user });
  const { id: taskId } = asTask(await a2a.sendMessage(request("hi")));
  for (const id of ["one", "two"]) await a2a.createTaskPushNotificationConfig(configured({ taskId, id }));
  const path = `/a2a/greeter/tasks/${taskId}/pushNotificationConfigs`;
  const list = async (query: string) => (await server.request("GET", path + query, { key: user })).body;
  expect(await list("?pageSize=1")).toMatchObject({ configs: [{ id: "one" }], nextPageToken: "two" });
  expect(await list("?pageSize=1&pageToken=two")).toMatchObject({ configs: [{ id: "two" }] });
  const { status } = await server.request("GET", `${path}?pageToken=none`, { key: user });
  expect(status).toBe(400);
});

test("the card says that push notifications are supported", async () => {
  const a2a = await connect(server.url, "greeter", { key: user });
  expect((await a2a.getAgentCard()).capabilities?.pushNotifications).toBe(true);
});

test.each([
  ["no TLS", { url: "http://hooks.example.com/x" }],
  ["a private address without TLS", { url: "http://10.0.0.1/x" }],
  ["a user name", { url: "https://ada@hooks.example.com/x" }],
  ["no URL", { url: "x" }],
  ["a token with a line break", { token: "a\r\nx-injected: 1" }],
  ["a scheme with a space", { authentication: { scheme: "Bearer x", credentials: "y" } }],
  ["an id with a slash", { id: "a/b" }],
])("a configuration with %s is refused before its message starts a run", async (_, more) => {
  const a2a = await connect(server.url, "greeter", { key: user });
  const runs = async () => (await server.ask("default", "GET", "/api/v1/runs?limit=100")).body;
  const before = await runs();
  const refused = { name: "RequestMalformedError" };
  await expect(a2a.sendMessage(pushing(configured(more)))).rejects.toMatchObject(refused);
  expect(await runs()).toEqual(before);
});

test("a task has at most 10 configurations, and one that is set again is replaced", async () => {
  const a2a = await connect(server.url, "greeter", { key: user });
  const { id: taskId } = asTask(await a2a.sendMessage(request("hi")));
  const set = (id: string, url = receiver.url) => a2a.createTaskPushNotificationConfig(configured({ taskId, id, url }));
  for (let each = 0; each < 10; each += 1) await set(`c${each}`);
  await expect(set("c10")).rejects.toThrow(/has 10 notifications/);
  await set("c0", `${receiver.origin}/other`);
  expect((await notificationsOf(taskId)).map(({ url }) => url)).toEqual([
    `${receiver.origin}/other`,
    ...Array.from({ length: 9 }, () => receiver.url),
  ]);
});

test("configurations belong to the principal of the task", async () => {
  const [of, by] = [await connect(server.url, "greeter", { key: user }), await server.createKey("user")];
  const other = await connect(server.url, "greeter", { key: by });
  const { id: taskId } = asTask(await of.sendMessage(pushing(configured())));
  const missing = { name: "TaskNotFoundError" };
  await expect(other.createTaskPushNotificationConfig(configured({ taskId }))).rejects.toMatchObject(missing);
  for (const act of ["getTaskPushNotificationConfig", "deleteTaskPushNotificationConfig"] as const)
    await expect(other[act]({ tenant: "", taskId, id: taskId })).rejects.toMatchObject(missing);
  expect(await notificationsOf(taskId)).toHaveLength(1);
});

test("a key that is limited to the agent is notified, and no more once it is revoked", async () => {
  await using waiting = await asking([{ text: "ordered" }]);
  const only = { agents: ["asking"] };
  const { body } = await waiting.ask("default", "POST", "/api/v1/keys", { name: "narrow", role: "user", only });
  const { id, key } = Object(body);
  const a2a = await connect(waiting.url, "asking", { key });
  const { id: taskId } = asTask(await a2a.sendMessage(pushing(configured())));
  await expect.poll(() => statesOf(taskId).at(-1)).toBe(ASKS);
  await waiting.ask("default", "DELETE", `/api/v1/keys/${id}`);
  const [{ webhook } = { webhook: "" }] = notifications.NotificationPage.parse(
    (await waiting.ask("default", "GET", `/api/v1/runs/${taskId}/notifications`)).body,
  ).items;
  await waiting.ask("default", "POST", `/api/v1/runs/${taskId}/cancel`);
  const state = async () => (await waiting.ask("default", "GET", `/api/v1/webhooks/${webhook}`)).body;
  await expect.poll(state).toMatchObject({ state: "stopped", stopped: { reason: expect.stringMatching(/are gone$/) } });
  expect(statesOf(taskId).at(-1)).toBe(ASKS);
});

async function asking(answers: readonly object[]): Promise<WorkspaceServer> {
  const started = await WorkspaceServer.start({
    script: [question, ...answers],
    settings: { "webhooks.private_origins": [receiver.origin] },
  });
  await started.ask("default", "POST", "/api/v1/agents", { source: ASKING });
  return started;
}

test("a receiver is notified of the question of a task, and its end after the answer", async () => {
  await using waiting = await asking([{ text: "ordered" }]);
  const a2a = await connect(waiting.url, "asking", { key: waiting.admin });
  const { id: taskId } = asTask(await a2a.sendMessage(pushing(configured())));
  await expect.poll(() => statesOf(taskId).at(-1)).toBe(ASKS);
  const [newest] = receiver.received.slice(-1).map(payloadOf);
  expect(newest).toMatchObject({
    value: { taskId, status: { message: { parts: [{ content: { value: "Which color?" } }, {}] } } },
  });
  await a2a.sendMessage(request("blue", { taskId }));
  await expect.poll(() => statesOf(taskId).at(-1)).toBe(COMPLETED);
});

test("a task that agents hand off keeps its receiver, under its id", async () => {
  const handoff = { toolCalls: [{ name: "handoff_asking", arguments: JSON.stringify({ reason: "asks" }) }] };
  await using pair = await WorkspaceServer.start({
    script: [handoff, question],
    settings: { "webhooks.private_origins": [receiver.origin] },
  });
  const first = `name = "first"\nversion = "1.0.0"\ncapabilities = ["x"]\nsystem_prompt = "Hand off."\nhandoffs = ["asking"]\n`;
  for (const source of [ASKING, first]) await pair.ask("default", "POST", "/api/v1/agents", { source });
  const a2a = await connect(pair.url, "first", { key: pair.admin });
  const { id } = asTask(await a2a.sendMessage(pushing(configured())));
  await expect.poll(() => statesOf(id).at(-1)).toBe(ASKS);
});

test("a private address and a redirect are failures, and what failed is in the deliveries of the webhook", async () => {
  const a2a = await connect(server.url, "greeter", { key: user });
  const failureOf = async (url: string) => {
    const { id } = asTask(await a2a.sendMessage(pushing(configured({ url }))));
    const [{ webhook } = { webhook: "" }] = await notificationsOf(id);
    const error = async () => (await deliveriesOf(webhook)).at(-1)?.attempts[0]?.error;
    await expect.poll(error).toBeTruthy();
    return error();
  };
  expect(await failureOf("https://10.0.0.1/x")).toMatch(/ADDRESS_REFUSED/);
  expect(await failureOf("https://[::1]/x")).toMatch(/ADDRESS_REFUSED/);
  expect(await failureOf("https://169.254.169.254/latest/meta-data")).toMatch(/ADDRESS_REFUSED/);
  await using hostile = await startReceiver(answer(302, { location: `${receiver.origin}/redirected` }), 0);
  receiver.answer(answer(302, { location: hostile.url }));
  expect(await failureOf(receiver.url)).toMatch(/redirects are not followed/);
  receiver.answer(answerOk);
  expect(hostile.received).toEqual([]);
});

test("the webhook of a task can be read and deleted, and not be changed or tested", async () => {
  const a2a = await connect(server.url, "greeter", { key: user });
  const { id } = asTask(await a2a.sendMessage(pushing(configured())));
  const [{ webhook } = { webhook: "" }] = await notificationsOf(id);
  const ask = (method: string, path = "", body?: object) =>
    server.ask("default", method, `/api/v1/webhooks/${webhook}${path}`, body);
  const invalid = { status: 400, body: { code: "WEBHOOK_INVALID" } };
  expect(await ask("PATCH", "", { url: "https://hooks.example.com" })).toMatchObject(invalid);
  expect(await ask("POST", "/test")).toMatchObject(invalid);
  expect(await ask("POST", "/rotate", {})).toMatchObject(invalid);
  expect((await server.ask("default", "GET", "/api/v1/webhooks")).body).toMatchObject({ items: [] });
  expect(await ask("GET")).toMatchObject({ status: 200, body: { description: `notifications of run ${id}` } });
  expect(await ask("DELETE")).toMatchObject({ status: 200 });
  expect(await notificationsOf(id)).toEqual([]);
});

test("the receivers of a run are deleted with it", async () => {
  const a2a = await connect(server.url, "greeter", { key: user });
  const { id } = asTask(await a2a.sendMessage(pushing(configured())));
  const [{ webhook } = { webhook: "" }] = await notificationsOf(id);
  expect(await server.ask("default", "DELETE", `/api/v1/runs/${id}`)).toMatchObject({ status: 204 });
  const status = async () => (await server.ask("default", "GET", `/api/v1/webhooks/${webhook}`)).status;
  await expect.poll(status).toBe(404);
});

test("token and credentials are in no file of the data directory", async () => {
  const a2a = await connect(server.url, "greeter", { key: user });
  const credentials = "a-credential-that-is-nowhere";
  const config = configured({ token: "a-token-that-is-nowhere", authentication: { scheme: "Bearer", credentials } });
  await a2a.sendMessage(pushing(config));
  const directory = join(server.server.directory, ".caxton");
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  const holding = (text: string) =>
    files.filter(({ parentPath, name }) => readFileSync(join(parentPath, name)).includes(text)).map(({ name }) => name);
  expect(holding(receiver.url)).not.toEqual([]);
  expect(holding("that-is-nowhere")).toEqual([]);
});
