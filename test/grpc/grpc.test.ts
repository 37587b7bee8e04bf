import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { type ServiceError, status } from "@grpc/grpc-js";
import { type DescMethod, type DescMethodUnary, fromJson, toJson } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import numbers from "../../src/api/grpc/numbers.json" with { type: "json" };
import { Numbers } from "../../src/api/grpc/numbers.ts";
import { GrpcSchema } from "../../src/api/grpc/schema.ts";
import { OPERATIONS } from "../../src/api/operations/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";
import { type GrpcClient, grpcClient } from "./client.ts";

verifies("api.grpc");

const Run = z.object({ id: z.string(), state: z.string() });
const Watched = z.object({ event_id: z.string().optional(), event: z.object({ type: z.string() }) });
const operations = OPERATIONS.map(({ operation }) => operation);

let server: TestServer;
let client: GrpcClient;
beforeAll(async () => {
  server = await startServer();
  client = await grpcClient(server.url);
});
afterAll(async () => {
  client.close();
  await server[Symbol.asyncDispose]();
});

const failureOf = async (call: Promise<unknown>): Promise<ServiceError> =>
  call.then(
    () => Promise.reject(new Error("the call did not fail")),
    (error: ServiceError) => error,
  );
const infoOf = ({ metadata }: ServiceError): string => String(metadata.get("grpc-status-details-bin")[0]);
const started = async () =>
  Run.parse(await client.call("RunService", "StartRun", { agent: "greeter", input: "hello", wait: true }));

const start = async (input: string) =>
  client.call("RunService", "StartRun", { agent: "greeter", input }, { metadata: { "idempotency-key": "one" } });
const streams = () =>
  server.started.services.access.limits.usage().find(({ resource }) => resource === "streams")?.used;
const isUnary = (desc: DescMethod | undefined): desc is DescMethodUnary => desc?.methodKind === "unary";
const ask = async (headers: Record<string, string>) => {
  const url = `${server.url}/caxton.v1.AgentService/GetAgent`;
  const sent = { "content-type": "application/json", ...headers };
  const response = await fetch(url, { method: "POST", headers: sent, body: '{"name":"greeter"}' });
  return {
    status: response.status,
    text: await response.text(),
    cors: response.headers.get("access-control-allow-origin"),
  };
};

// api.grpc.G1.
test("every field of the operations has a locked number", () => {
  const schema = new GrpcSchema(operations, Numbers.parse(numbers));
  expect(schema.numbers, "numbers.json lacks fields: run `npx node scripts/build-proto.ts`").toEqual(numbers);
});

// api.grpc.G1.
test("a field that is gone keeps its number, and one whose type changed is refused", () => {
  const { messages, methods } = Numbers.parse(numbers);
  const gone = { ...messages, Agent: { ...messages["Agent"], colour: [99, "string"] as [number, string] } };
  expect(new GrpcSchema(operations, { messages: gone, methods }).text()).toContain(
    'reserved 99;\n  reserved "colour";',
  );
  const changed = { ...messages, Agent: { ...messages["Agent"], name: [1, "int64"] as [number, string] } };
  expect(() => new GrpcSchema(operations, { messages: changed, methods })).toThrow(
    "Agent.name was int64 and is string",
  );
});

test("an agent is got with the same fields as over REST", async () => {
  const agent = await client.call("AgentService", "GetAgent", { name: "greeter" });
  const { body } = await server.ask("GET", "/api/v1/agents/greeter");
  const { source, revision } = z.object({ source: z.string(), revision: z.number() }).parse(body);
  expect(agent).toMatchObject({ name: "greeter", source, revision });
  expect(await client.call("AgentService", "ListAgents", { limit: 2 })).toMatchObject({ items: [{}, {}] });
});

test("a failure has its code and its hint in ErrorInfo", async () => {
  const error = await failureOf(client.call("AgentService", "GetAgent", { name: "missing" }));
  expect(error.code).toBe(status.NOT_FOUND);
  expect(error.details).toContain("missing");
  expect(infoOf(error)).toContain("AGENT_NOT_FOUND");
  const invalid = await failureOf(client.call("AgentService", "ListAgents", { limit: 0 }));
  expect(invalid.code).toBe(status.INVALID_ARGUMENT);
  expect(infoOf(invalid)).toContain("limit");
});

test("a run is started, watched to its end, and resumed after an event", async () => {
  const run = await started();
  expect(run.state).toBe("completed");
  const seen = z.array(Watched).parse(await client.stream("RunService", "WatchRun", { id: run.id }));
  expect(seen.at(-1)?.event.type).toBe("end");
  const [first] = seen;
  const metadata = { "last-event-id": first?.event_id ?? "" };
  const rest = await client.stream("RunService", "WatchRun", { id: run.id }, { metadata });
  expect(rest.length).toBe(seen.length - 1);
});

test("a client whose connection breaks resumes after the last event that it has", async () => {
  const { id } = await started();
  const all = z.array(Watched).parse(await client.stream("RunService", "WatchRun", { id }));
  // The connection between client and server, which breaks at the first event.
  const sockets = new Set<Socket>();
  const proxy = createServer((socket) => {
    const onward = connect(Number(new URL(server.url).port), "127.0.0.1");
    for (const each of [socket, onward]) sockets.add(each.on("error", () => undefined));
    socket.pipe(onward).pipe(socket);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const { port } = z.object({ port: z.number() }).parse(proxy.address());
  const options = { "grpc.default_authority": new URL(server.url).host, "grpc.enable_retries": 0 };
  const distant = await grpcClient(`http://127.0.0.1:${port}`, { from: server.url, options });
  const watch = distant.open("RunService", "WatchRun", { id });
  const ended = new Promise((resolve) => void watch.once("error", resolve).once("end", resolve));
  const seen: z.infer<typeof Watched>[] = [];
  watch.once("data", (event: unknown) => {
    seen.push(Watched.parse(event));
    for (const socket of sockets) socket.destroy();
  });
  await ended;
  const metadata = { "last-event-id": seen[0]?.event_id ?? "" };
  const rest = z.array(Watched).parse(await client.stream("RunService", "WatchRun", { id }, { metadata }));
  expect([...seen, ...rest]).toEqual(all);
  distant.close();
  proxy.close();
  for (const socket of sockets) socket.destroy();
});

test("a repeated call with the same key is performed once", async () => {
  const { id } = Run.parse(await start("hello"));
  expect(Run.parse(await start("hello")).id).toBe(id);
  const other = await failureOf(start("another"));
  expect(infoOf(other)).toContain("IDEMPOTENCY_KEY_REUSED");
});

test("a cancelled watch ends nothing but itself, and a deadline ends a call", async () => {
  const watch = client.open("ServerService", "WatchServer", {});
  const ended = new Promise<ServiceError>((resolve) => watch.once("error", resolve));
  await expect.poll(streams, { timeout: 10_000 }).toBe(1);
  watch.cancel();
  expect((await ended).code).toBe(status.CANCELLED);
  await expect.poll(streams, { timeout: 10_000 }).toBe(0);
  const options = { deadline: Date.now() + 300 };
  const late = await failureOf(client.stream("ServerService", "WatchServer", {}, { options }));
  expect(late.code).toBe(status.DEADLINE_EXCEEDED);
  await expect.poll(streams, { timeout: 10_000 }).toBe(0);
  // The server says so too, to a client that does not count the time itself.
  const response = await fetch(`${server.url}/caxton.v1.ServerService/WatchServer`, {
    method: "POST",
    headers: { "content-type": "application/connect+json", "connect-timeout-ms": "200" },
    body: Buffer.from("\0\0\0\0\x02{}"),
  });
  expect(await response.text()).toContain("deadline_exceeded");
});

test("a message beyond the limit is refused, and the next call works", async () => {
  const source = "x".repeat(9 * 1024 * 1024);
  const { code } = await failureOf(client.call("AgentService", "ValidateAgent", { source }));
  expect(code).toBe(status.RESOURCE_EXHAUSTED);
  await client.call("AgentService", "GetAgent", { name: "greeter" });
});

test("an unknown method is unimplemented", async () => {
  const response = await fetch(`${server.url}/caxton.v1.AgentService/Nothing`, { method: "POST" });
  expect(response.status).toBe(404);
});

const transports: readonly (readonly [string, (baseUrl: string) => Transport])[] = [
  ["gRPC", (baseUrl) => createGrpcTransport({ baseUrl })],
  ["gRPC-Web over HTTP/1.1", (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })],
  ["Connect over HTTP/1.1", (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" })],
  ["Connect over HTTP/2", (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2", useBinaryFormat: false })],
];

test.each(transports)("Connect's client calls over %s", async (_name, transportTo) => {
  const schema = new GrpcSchema(operations, Numbers.parse(numbers));
  const service = schema.file.services.find(({ name }) => name === "AgentService");
  const method = service?.methods.find(({ name }) => name === "GetAgent");
  if (!isUnary(method)) throw new Error("GetAgent is unary");
  const call = async (name: string) =>
    transportTo(server.url).unary(method, undefined, undefined, undefined, fromJson(method.input, { name }));
  const { message } = await call("greeter");
  expect(toJson(method.output, message)).toMatchObject({ name: "greeter" });
  await expect(call("missing")).rejects.toThrow("[not_found]");
});

test("a page of another site calls nothing", async () => {
  expect(await ask({})).toMatchObject({ status: 200 });
  const foreign = await ask({ origin: "https://evil.example" });
  expect(foreign).toMatchObject({ status: 403, cors: null });
  expect(foreign.text).toContain("permission_denied");
});
