import type { AgentCard, Message, MessageSendParams, Task } from "a2a-sdk-legacy";
import { type Client, ClientFactory, DefaultAgentCardResolver, JsonRpcTransportFactory } from "a2a-sdk-legacy/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { verifies } from "../../helpers/verifies.ts";
import { WorkspaceServer } from "../../helpers/workspaces.ts";
import { type Receiver, startReceiver } from "../../webhooks/receiver.ts";

verifies("api.a2a");

let server: WorkspaceServer;
let user: string;
let client: Client;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  server = await WorkspaceServer.start({
    script: [{ text: "hello from the agent" }],
    settings: { "webhooks.private_origins": [receiver.origin] },
  });
  user = await server.createKey("user");
  client = await connect();
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

const fetchImpl: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set("x-api-key", user);
  return fetch(input, { ...init, headers });
};

/** The official client of version 0.3, which names no version. */
const connect = () =>
  new ClientFactory({
    transports: [new JsonRpcTransportFactory({ fetchImpl })],
    cardResolver: new DefaultAgentCardResolver({ fetchImpl }),
  }).createFromUrl(`${server.url}/a2a/greeter/`);

const message = (text: string, more: Partial<Message> = {}): MessageSendParams => ({
  message: { kind: "message", messageId: crypto.randomUUID(), role: "user", parts: [{ kind: "text", text }], ...more },
});
function asTask(answer: Message | Task): Task {
  if (answer.kind === "message") throw new Error("the answer is a message");
  return answer;
}

const get = (path: string, version?: string) =>
  fetchImpl(server.url + path, { headers: version === undefined ? {} : { "a2a-version": version } });
const CARD = "/a2a/greeter/.well-known/agent-card.json";

test("the official client of version 0.3 sends messages, and reads the task and its context", async () => {
  const first = asTask(await client.sendMessage(message("hi")));
  expect(first).toMatchObject({
    status: { state: "completed" },
    artifacts: [{ parts: [{ kind: "text", text: "hello from the agent" }] }],
  });
  const second = asTask(await client.sendMessage(message("again", { contextId: first.contextId })));
  expect(second.contextId).toBe(first.contextId);
  expect(await client.getTask({ id: first.id, historyLength: 1 })).toMatchObject({
    id: first.id,
    history: [{ role: "user", parts: [{ text: "hi" }] }],
  });
  await expect(client.cancelTask({ id: first.id })).rejects.toMatchObject({ name: "TaskNotCancelableError" });
});

test("its stream begins with the task and ends with its last status", async () => {
  const events = [];
  for await (const event of client.sendMessageStream(message("hi"))) events.push(event);
  expect(events[0]).toMatchObject({ kind: "task" });
  expect(events.at(-1)).toMatchObject({ kind: "status-update", final: true, status: { state: "completed" } });
});

test("its client reads the extended card", async () => {
  const card: AgentCard = await client.getAgentCard();
  expect(card).toMatchObject({
    name: "greeter",
    protocolVersion: "0.3",
    preferredTransport: "JSONRPC",
    url: `${server.url}/a2a/greeter`,
    supportsAuthenticatedExtendedCard: true,
    capabilities: { streaming: true, extensions: [{ uri: "urn:caxton:a2a:agents" }] },
    security: expect.arrayContaining([{ bearer: [] }]),
    securitySchemes: { bearer: { type: "http", scheme: "Bearer" } },
  });
});

test.each(["0.3", "0.3.0"])("the card of version %s has no fields of version 1.0", async (version) => {
  const response = await get(CARD, version);
  const card = Object(await response.json());
  expect([response.status, card.url, response.headers.get("vary")]).toEqual([
    200,
    `${server.url}/a2a/greeter`,
    "A2A-Version",
  ]);
  expect(Object.keys(card)).not.toEqual(expect.arrayContaining(["supportedInterfaces"]));
});

test("the card of version 1.0 has no fields of version 0.3, and one without a version has both", async () => {
  const pure = Object(await (await get(CARD, "1.0")).json());
  expect([pure.url, pure.supportedInterfaces.length]).toEqual([undefined, 3]);
  const both = await (await get(CARD)).json();
  expect(both).toMatchObject({
    ...pure,
    signatures: [{}],
    url: `${server.url}/a2a/greeter`,
    securitySchemes: { bearer: { type: "http", httpAuthSecurityScheme: {} } },
  });
  const open = await (await fetch(`${server.url}/.well-known/agent-card.json`)).json();
  expect(open).toMatchObject({ url: `${server.url}/a2a`, preferredTransport: "JSONRPC", skills: [] });
});

test.each(["2.0", "0.2", "1", "x"])("version %s is refused", async (version) => {
  const response = await get(CARD, version);
  expect([response.status, await response.json()]).toMatchObject([
    400,
    { error: { details: [{ reason: "VERSION_NOT_SUPPORTED" }] } },
  ]);
});

test("version 0.3 over HTTP+JSON is refused with the address to use", async () => {
  const response = await get("/a2a/greeter/tasks", "0.3");
  expect([response.status, await response.json()]).toMatchObject([400, { error: { message: /JSON-RPC/u } }]);
});

test("the official client of version 0.3 configures push notifications, which are tasks of that version", async () => {
  const pushNotificationConfig = { id: "one", url: receiver.url, token: "token" };
  const { id } = asTask(await client.sendMessage({ ...message("hi"), configuration: { pushNotificationConfig } }));
  const ends = () =>
    receiver.received.flatMap(({ headers, body }) => {
      const task: unknown = JSON.parse(body);
      return [{ task, token: headers["x-a2a-notification-token"] }];
    });
  await expect.poll(ends).toContainEqual({
    task: expect.objectContaining({
      id,
      kind: "task",
      status: expect.objectContaining({ state: "completed" }),
      artifacts: [expect.objectContaining({ parts: [{ kind: "text", text: "hello from the agent" }] })],
    }),
    token: "token",
  });
  const other = { taskId: id, pushNotificationConfig: { ...pushNotificationConfig, id: "two" } };
  expect(await client.setTaskPushNotificationConfig(other)).toMatchObject(other);
  const named = { id, pushNotificationConfigId: "two" };
  expect(await client.getTaskPushNotificationConfig(named)).toMatchObject(other);
  const ids = async () =>
    (await client.listTaskPushNotificationConfig({ id })).map((each) => each.pushNotificationConfig.id);
  expect(await ids()).toEqual(["one", "two"]);
  await client.deleteTaskPushNotificationConfig({ id, pushNotificationConfigId: "one" });
  expect(await ids()).toEqual(["two"]);
});
