import { AgentCard, Message, type SendMessageRequest, Task, TaskState } from "@a2a-js/sdk";
import { A2AService } from "@a2a-js/sdk/server/grpc";
import { fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import { Client, credentials, Metadata, type MethodDefinition, type ServiceError, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { A2A_FILE } from "../../../src/api/a2a/grpc-schema.ts";
import { runs as runSchemas } from "../../../src/api/contract/index.ts";
import { describeFile } from "../../../src/api/grpc/describe-file.ts";
import { verifies } from "../../helpers/verifies.ts";
import { WorkspaceServer } from "../../helpers/workspaces.ts";
import { asTask, connect, part, request } from "./clients.ts";

verifies("api.a2a");

let server: WorkspaceServer;
let user: string;
let channel: Client;
beforeAll(async () => {
  server = await WorkspaceServer.start({ script: [{ text: "hello from the agent" }] });
  user = await server.createKey("user");
  channel = new Client(new URL(server.url).host, credentials.createInsecure());
});
afterAll(async () => {
  channel.close();
  await server[Symbol.asyncDispose]();
});

type Sent = { readonly key?: string | undefined; readonly version?: string };

/** Calls a method with the official messages. */
function call<Request, Response>(
  { path, requestSerialize, responseDeserialize }: MethodDefinition<Request, Response>,
  input: Request,
  { key = user, version = "1.0" }: Sent = {},
): Promise<Response | undefined> {
  const metadata = new Metadata();
  metadata.set("a2a-version", version);
  if (key !== "") metadata.set("x-api-key", key);
  return new Promise((resolve, reject) =>
    channel.makeUnaryRequest(path, requestSerialize, responseDeserialize, input, metadata, {}, (error, answer) =>
      error === null ? resolve(answer) : reject(error),
    ),
  );
}

const send = (sending: SendMessageRequest, sent?: Sent) => call(A2AService.sendMessage, sending, sent);
const toGreeter = (given: Partial<Message> = {}): SendMessageRequest => ({
  ...request("hi", given),
  tenant: "greeter",
});

async function failureOf(calling: Promise<unknown>): Promise<readonly [code: string | undefined, details: string]> {
  const error: ServiceError = await calling.then(
    () => Promise.reject(new Error("the call did not fail")),
    (failed: ServiceError) => failed,
  );
  return [status[error.code], String(error.metadata.get("grpc-status-details-bin")[0])];
}
async function runCount(): Promise<number> {
  const { body } = await server.ask("default", "GET", "/api/v1/runs?limit=100");
  return runSchemas.RunPage.parse(body).items.length;
}

test("the messages are those of the official library", () => {
  const file = describeFile(A2A_FILE);
  const descOf = (name: string) => file.messages.find((each) => each.name === name) ?? file.messages[0];
  const sending = toGreeter({
    parts: [
      part({ $case: "data", value: { deep: [1, null, { of: "it" }] } }),
      part({ $case: "raw", value: Buffer.from("bytes") }, "a.bin", "application/octet-stream"),
      part({ $case: "url", value: "https://files.example/a" }),
    ],
    contextId: "context",
    taskId: "task",
    metadata: { question: "q" },
    extensions: ["urn:one"],
    referenceTaskIds: ["another"],
  });
  const names = [A2AService.sendMessage, A2AService.getTask, A2AService.listTasks].map(({ path }) => path);
  expect(names).toEqual(
    ["SendMessage", "GetTask", "ListTasks"].map((name) => `/${A2A_FILE.package}.A2AService/${name}`),
  );
  const bytes = A2AService.sendMessage.requestSerialize(sending);
  const desc = descOf("SendMessageRequest");
  if (desc === undefined) throw new Error("there is no message");
  const read = fromBinary(desc, bytes);
  expect(toJson(desc, read)).toEqual({
    tenant: "greeter",
    message: Message.toJSON(sending.message ?? Message.fromJSON({})),
  });
  expect(Buffer.from(toBinary(desc, read)).equals(Buffer.from(bytes))).toBe(true);
});

test("a message and its task are read by the official codec", async () => {
  const sent = await send(toGreeter());
  if (sent?.payload?.$case !== "task") throw new Error("the answer is no task");
  const { id } = sent.payload.value;
  const task = await call(A2AService.getTask, { tenant: "", id, historyLength: undefined });
  expect(Task.toJSON(Task.fromJSON(sent.payload.value))).toMatchObject({ id });
  expect(task).toMatchObject({ id, history: [{ parts: [{ content: { $case: "text", value: "hi" } }] }] });
  const card = await call(A2AService.getExtendedAgentCard, { tenant: "greeter" });
  expect(card).toMatchObject({
    name: "greeter",
    signatures: [{}],
    supportedInterfaces: [{}, {}, { protocolBinding: "GRPC", url: new URL(server.url).host }],
    securitySchemes: { bearer: { scheme: { $case: "httpAuthSecurityScheme" } } },
  });
  expect(AgentCard.toJSON(card ?? AgentCard.fromJSON({}))).toMatchObject({ capabilities: { extendedAgentCard: true } });
});

test("calls need credentials and permissions, and tasks belong to their principal", async () => {
  const before = await runCount();
  expect((await failureOf(send(toGreeter(), { key: "" })))[0]).toBe("UNAUTHENTICATED");
  expect((await failureOf(send(toGreeter(), { key: await server.createKey("readonly") })))[0]).toBe(
    "PERMISSION_DENIED",
  );
  expect(await runCount()).toBe(before);
  const alice = await connect(server.url, "greeter", { binding: "GRPC", key: user });
  const { id } = asTask(await alice.sendMessage(request("hi")));
  const bob = { key: await server.createKey("user") };
  const [code, details] = await failureOf(call(A2AService.getTask, { tenant: "", id, historyLength: 1 }, bob));
  expect(code).toBe("NOT_FOUND");
  expect(details).toContain("TASK_NOT_FOUND");
  expect(details).toContain("a2a-protocol.org");
});

let deep: unknown = 1;
for (let depth = 0; depth < 200; depth += 1) deep = [deep];
test.each([
  ["no parts", { parts: [] }],
  ["a part without a content", { parts: [{ ...part({ $case: "text", value: "" }), content: undefined }] }],
  ["no id", { messageId: "" }],
  ["the role of the agent", { role: 2 }],
  ["an unknown role", { role: 99 }],
  ["data that no JSON has", { parts: [part({ $case: "data", value: { size: Number.NaN } })] }],
  // The library of gRPC answers for what it cannot decode.
  ["data that is nested too deeply", { parts: [part({ $case: "data", value: deep })] }, "INTERNAL"],
])("a message with %s is refused and starts no run", async (_, given, expected = "INVALID_ARGUMENT") => {
  const before = await runCount();
  const [code] = await failureOf(send(toGreeter(Object(given))));
  expect(code).toBe(expected);
  expect(await runCount()).toBe(before);
});

test("wrong numbers, states and times are refused", async () => {
  const list = {
    tenant: "",
    contextId: "",
    status: TaskState.TASK_STATE_UNSPECIFIED,
    pageSize: undefined,
    pageToken: "",
    historyLength: undefined,
    statusTimestampAfter: undefined,
    includeArtifacts: undefined,
  };
  expect(await call(A2AService.listTasks, list)).toMatchObject({ pageSize: expect.any(Number) });
  for (const wrong of [{ pageSize: -1 }, { historyLength: -1 }, { status: 77 }, { pageToken: "unknown" }])
    expect((await failureOf(call(A2AService.listTasks, { ...list, ...Object(wrong) })))[0]).toBe("INVALID_ARGUMENT");
});

test("a message beyond the limit of requests is refused", async () => {
  const raw = part({ $case: "raw", value: Buffer.alloc(40 * 1024 * 1024) });
  expect((await failureOf(send(toGreeter({ parts: [raw] }))))[0]).toBe("RESOURCE_EXHAUSTED");
});

test("version 0.3 and an unknown task are refused with their reason", async () => {
  const [code, details] = await failureOf(send(toGreeter(), { version: "0.3" }));
  expect([code, details]).toEqual(["FAILED_PRECONDITION", expect.stringContaining("VERSION_NOT_SUPPORTED")]);
  const push = call(A2AService.listTaskPushNotificationConfigs, {
    tenant: "",
    taskId: "x",
    pageSize: 0,
    pageToken: "",
  });
  expect(await failureOf(push)).toEqual(["NOT_FOUND", expect.stringContaining("TASK_NOT_FOUND")]);
});

test("Connect's protocol answers in JSON at the same path", async () => {
  const response = await fetch(`${server.url}/lf.a2a.v1.A2AService/SendMessage`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": user },
    body: JSON.stringify({ tenant: "greeter", message: Message.toJSON(toGreeter().message ?? Message.fromJSON({})) }),
  });
  const Answer = z.object({ task: z.object({ status: z.object({ state: z.string() }) }) });
  expect(Answer.parse(await response.json()).task.status.state).toBe("TASK_STATE_COMPLETED");
});
