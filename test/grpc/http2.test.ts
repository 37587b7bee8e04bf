import { once } from "node:events";
import { connect, type ClientHttp2Session } from "node:http2";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { credentials, type ServiceError, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { LIMITS } from "../../src/kernel/quantities.ts";
import { makeCertificate, pem } from "../helpers/certificates.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { grpcClient } from "./client.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => server[Symbol.asyncDispose]());

const usedOf = ({ started }: TestServer, name: "streams" | "body_bytes" | "connections") =>
  started.services.access.limits.usage().find(({ resource }) => resource === name)?.used;

async function ask(session: ClientHttp2Session, headers: Record<string, string>, body = "") {
  const stream = session.request({ ":method": body === "" ? "GET" : "POST", ...headers });
  if (body !== "") stream.end(body);
  const [[answer], text] = await Promise.all([once(stream, "response"), Array.fromAsync(stream)]);
  return { headers: answer, text: Buffer.concat(text).toString() };
}

// http.http2.H1.
test("REST over HTTP/2 and HTTP/1.1, and WebSockets, share the port", async () => {
  const session = connect(server.url);
  const { headers, text } = await ask(session, { ":path": "/api/v1/agents?limit=2" });
  expect(headers[":status"]).toBe(200);
  expect(JSON.parse(text)).toMatchObject({ items: [{}, {}] });
  const json = { "content-type": "application/json" };
  const posted = await ask(
    session,
    { ":path": "/api/v1/runs", ...json },
    '{"agent":"greeter","input":"hi","wait":true}',
  );
  expect(posted.headers[":status"]).toBe(200);
  const events = await ask(session, { ":path": `/api/v1/runs/${JSON.parse(posted.text).id}/events` });
  expect(events.text).toContain("event: end");
  session.close();
  expect(await server.ask("GET", "/api/v1/agents/greeter")).toMatchObject({ status: 200 });
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/api/v1/messages/socket`);
  await once(socket, "open");
  socket.close();
});

// http.http2.H1.
test("a request whose first bytes arrive one by one is answered", async () => {
  const socket = connectTcp(Number(new URL(server.url).port), "127.0.0.1");
  for (const letter of "POST") {
    socket.write(letter);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  socket.write(" /api/v1/nothing HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  expect(Buffer.concat(await Array.fromAsync(socket)).toString()).toContain("HTTP/1.1 404");
});

// http.http2.H2.
test.each(["/api/v1/agents", "/caxton.v1.AgentService/ListAgents?connect=v1&encoding=json&message=%7B%7D"])(
  "a foreign authority is refused at %s, whatever the Host header says",
  async (path) => {
    const session = connect(server.url);
    const { host } = new URL(server.url);
    for (const headers of [{ ":authority": "evil.example" }, { ":authority": "evil.example", host }])
      expect((await ask(session, { ":path": path, ...headers })).headers[":status"]).toBe(403);
    expect((await ask(session, { ":path": path })).headers[":status"]).toBe(200);
    session.close();
  },
);

test("a foreign authority is refused to gRPC clients", async () => {
  const client = await grpcClient(server.url, { options: { "grpc.default_authority": "evil.example" } });
  const error = await client.call("AgentService", "ListAgents", {}).catch((thrown: ServiceError) => thrown);
  expect(error).toMatchObject({ code: status.PERMISSION_DENIED });
  client.close();
});

/** Frames of gRPC that are no message of the method, with the status of their call. */
const MALFORMED: readonly (readonly [string, readonly number[], number])[] = [
  ["data that is no protobuf", [0, 0, 0, 0, 2, 255, 255], status.INTERNAL],
  ["a frame that ends early", [0, 0, 0, 0, 9, 255, 255], status.INVALID_ARGUMENT],
  ["a compressed frame without an encoding", [1, 0, 0, 0, 2, 255, 255], status.INTERNAL],
  ["a frame of 4 GiB", [0, 255, 255, 255, 255, 1], status.RESOURCE_EXHAUSTED],
  ["no frame", [], status.UNIMPLEMENTED],
  ["two frames", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0], status.UNIMPLEMENTED],
];

test.each(MALFORMED)("%s fails its call alone", async (_name, bytes, code) => {
  const session = connect(server.url);
  const headers = { ":path": "/caxton.v1.AgentService/GetAgent", "content-type": "application/grpc", te: "trailers" };
  const stream = session.request({ ":method": "POST", ...headers });
  const found: unknown[] = [];
  for (const event of ["response", "trailers"])
    stream.on(event, (fields: Record<string, unknown>) => void found.push(fields["grpc-status"]));
  stream.end(Buffer.from(bytes));
  stream.resume();
  await once(stream, "close");
  expect(found).toContain(String(code));
  expect((await ask(session, { ":path": "/api/v1/agents/greeter" })).headers[":status"]).toBe(200);
  session.close();
});

// http.http2.H1.
test("data that is no HTTP/2 after its first bytes ends its connection alone", async () => {
  const socket = connectTcp(Number(new URL(server.url).port), "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write("PRI this is something else\r\n\r\n");
  socket.resume();
  await once(socket, "close");
  expect(await server.ask("GET", "/api/v1/agents/greeter")).toMatchObject({ status: 200 });
});

// http.http2.H3.
test("a server stops while a client holds a stream and a session open", async () => {
  const other = await startServer();
  const client = await grpcClient(other.url);
  const watch = client.open("ServerService", "WatchServer", {});
  watch.on("error", () => undefined);
  const session = connect(other.url);
  session.on("error", () => undefined);
  // A request whose body never ends.
  const unfinished = session.request({
    ":method": "POST",
    ":path": "/caxton.v1.AgentService/GetAgent",
    "content-type": "application/grpc",
  });
  unfinished.on("error", () => undefined);
  unfinished.write(Buffer.from([0, 0, 0]));
  const silent = connectTcp(Number(new URL(other.url).port), "127.0.0.1");
  silent.on("error", () => undefined);
  await once(silent, "connect");
  await client.call("AgentService", "GetAgent", { name: "greeter" });
  await other[Symbol.asyncDispose]();
  await expect(fetch(`${other.url}/health`)).rejects.toThrow("fetch failed");
  client.close();
  session.destroy();
  silent.destroy();
}, 30_000);

test("streams of clients are limited", async () => {
  await using other = await startServer({ settings: { "server.limits.streams": { server: 2, address: 2 } } });
  const client = await grpcClient(other.url);
  const used = () => usedOf(other, "streams");
  const opened = Array.from({ length: 2 }, () => client.open("ServerService", "WatchServer", {}));
  for (const stream of opened) stream.on("error", () => undefined);
  await expect.poll(used, { timeout: 30_000 }).toBe(2);
  const refused = await client.stream("ServerService", "WatchServer", {}).catch((thrown: ServiceError) => thrown);
  expect(refused).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  for (const stream of opened) stream.cancel();
  await expect.poll(used, { timeout: 30_000 }).toBe(0);
  client.close();
});

test("a client has a thousand streams on one connection", async () => {
  await using other = await startServer({ settings: { "server.limits.streams": { server: 1_000, address: 1_000 } } });
  const client = await grpcClient(other.url);
  const used = () => usedOf(other, "streams");
  const opened = Array.from({ length: 1_000 }, () => client.open("ServerService", "WatchServer", {}));
  for (const stream of opened) stream.on("error", () => undefined);
  await expect.poll(used, { timeout: 60_000 }).toBe(1_000);
  expect(await client.call("AgentService", "GetAgent", { name: "greeter" })).toMatchObject({ name: "greeter" });
  for (const stream of opened) stream.cancel();
  await expect.poll(used, { timeout: 60_000 }).toBe(0);
  client.close();
});

test("memory for a body without a length is taken when it is no longer small, and only for what arrived", async () => {
  const session = connect(server.url);
  const headers = {
    ":path": "/caxton.v1.ServerService/WatchServer",
    "content-type": "application/grpc",
    te: "trailers",
  };
  const stream = session.request({ ":method": "POST", ...headers });
  const used = () => usedOf(server, "body_bytes");
  // A message whose one field, of 50,000 bytes, the server does not know.
  const field = Buffer.concat([Buffer.from([0xc2, 0x3e, 0xd0, 0x86, 0x03]), Buffer.alloc(50_000)]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(field.length, 1);
  const body = Buffer.concat([prefix, field]);
  stream.write(body.subarray(0, 1_000));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(used()).toBe(0);
  stream.write(body.subarray(1_000, 30_000));
  await expect.poll(used, { timeout: 10_000 }).toBe(LIMITS.bodyBytesMax);
  stream.end(body.subarray(30_000));
  await expect.poll(used, { timeout: 10_000 }).toBe(body.length);
  stream.close();
  await expect.poll(used, { timeout: 10_000 }).toBe(0);
  session.close();
});

test("server.grpc_port serves the same, with the same limits, and is closed when the server stops", async () => {
  const other = await startServer({ settings: { "server.grpc_port": 0 } });
  const url = other.started.grpcUrl ?? "";
  expect(new URL(url).port).not.toBe(new URL(other.url).port);
  const connections = () => usedOf(other, "connections") ?? 0;
  const before = connections();
  const client = await grpcClient(url);
  expect(await client.call("AgentService", "GetAgent", { name: "greeter" })).toMatchObject({ name: "greeter" });
  expect(connections()).toBeGreaterThan(before);
  const watch = client.open("ServerService", "WatchServer", {});
  watch.on("error", () => undefined);
  await expect.poll(() => usedOf(other, "streams"), { timeout: 10_000 }).toBe(1);
  await other[Symbol.asyncDispose]();
  await expect(fetch(url)).rejects.toThrow("fetch failed");
  client.close();
  const taken = startServer({ settings: { "server.grpc_port": Number(new URL(server.url).port) } });
  await expect(taken).rejects.toMatchObject({ code: "PORT_IN_USE" });
});

// http.http2.H1.
test("over TLS, ALPN selects HTTP/2, and HTTP/1.1 remains", async () => {
  using directory = tempDirectory();
  const authority = makeCertificate(directory.path, "authority");
  const files = makeCertificate(directory.path, "server", { issuer: authority });
  const settings = { "server.tls": { certificate: files.certificate, private_key: files.privateKey } };
  const ports = { "server.grpc_port": 0, "data.directory": join(directory.path, "data") };
  await using secure = await startServer({ settings: { ...settings, ...ports } });
  const ca = pem(authority.certificate);
  const session = connect(secure.url, { ca, servername: "localhost" });
  expect((await ask(session, { ":path": "/api/v1/agents/greeter" })).headers[":status"]).toBe(200);
  session.close();
  const client = await grpcClient(secure.started.grpcUrl ?? "", {
    from: server.url,
    credentials: credentials.createSsl(Buffer.from(ca)),
    options: { "grpc.ssl_target_name_override": "localhost" },
  });
  expect(await client.call("AgentService", "GetAgent", { name: "greeter" })).toMatchObject({ name: "greeter" });
  client.close();
});

test("credentials are metadata: a key, or a token as bearer", async () => {
  await using secure = await startServer({ settings: { "access.mode": "required" } });
  const client = await grpcClient(secure.url);
  const anonymous = await client.call("AgentService", "ListAgents", {}).catch((thrown: ServiceError) => thrown);
  expect(anonymous).toMatchObject({ code: status.UNAUTHENTICATED });
  const bearer = { authorization: `Bearer ${secure.started.setupToken}` };
  const created = await client.call("KeyService", "CreateKey", { name: "a", role: "admin" }, { metadata: bearer });
  expect(created).toMatchObject({ role: "admin" });
  const key = String(Reflect.get(Object(created), "key"));
  expect(await client.call("AgentService", "ListAgents", {}, { metadata: { "x-api-key": key } })).toHaveProperty(
    "items",
  );
  const reader = await client.call(
    "KeyService",
    "CreateKey",
    { name: "b", role: "readonly" },
    { metadata: { "x-api-key": key } },
  );
  const metadata = { authorization: `Bearer ${String(Reflect.get(Object(reader), "key"))}` };
  const denied = await client
    .call("AgentService", "DeleteAgent", { name: "greeter" }, { metadata })
    .catch((thrown: ServiceError) => thrown);
  expect(denied).toMatchObject({ code: status.PERMISSION_DENIED });
  const elsewhere = { metadata: { "x-api-key": key, "x-caxton-workspace": "nowhere" } };
  const hidden = await client.call("AgentService", "ListAgents", {}, elsewhere).catch((thrown: ServiceError) => thrown);
  expect(hidden).toMatchObject({ code: status.NOT_FOUND });
  client.close();
});
