import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RawData, WebSocket } from "ws";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";

let server: TestServer;
let admin: string;

const textOf = (data: RawData): string => (Buffer.isBuffer(data) ? data.toString("utf8") : "");
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
async function ask(method: string, path: string, headers: Record<string, string>, body?: object) {
  const response = await fetch(server.url + path, {
    method,
    headers: { ...headers, ...(body && { "content-type": "application/json" }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}
const createKey = async (role: string, by = admin) =>
  contract.keys.CreatedApiKey.parse((await ask("POST", "/api/v1/keys", bearer(by), { name: `a ${role}`, role })).body);
const register = async (name: string) =>
  contract.participants.RegisteredParticipant.parse(
    (await ask("POST", "/api/v1/participants", bearer(admin), { name })).body,
  ).token ?? "";
const send = (token: string, message: object, query = "") =>
  ask("POST", `/api/v1/messages${query}`, bearer(token), { performative: "inform", content: "hello", ...message });

beforeAll(async () => {
  server = await startServer({
    settings: {
      "access.mode": "required",
      "access.roles": { keymaster: { description: "Manages keys", permissions: ["access:*"] } },
    },
  });
  admin = (await createKey("admin", server.started.setupToken)).key ?? "";
});
afterAll(() => server?.[Symbol.asyncDispose]());

test("a request for a WebSocket whose connection is reset does not end the server", async () => {
  const { port } = new URL(server.url);
  for (const path of ["/nope", "/health", contract.MESSAGE_SOCKET, `${contract.MESSAGE_SOCKET}?x`]) {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const socket = connect(Number(port), "127.0.0.1").on("error", () => undefined);
      const origin = attempt % 2 === 0 ? "" : "Origin: http://evil.example\r\n";
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${origin}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
      );
      await sleep(attempt);
      socket.resetAndDestroy();
    }
  }
  await sleep(100);
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
});

// operations.presented-tokens.P3
test("a program acts as itself only: as sender, in batches, on a socket and with subscriptions", async () => {
  const [alpha] = [await register("alpha-bot"), await register("beta-bot")];
  const sent = await send(alpha, { receiver: "beta-bot" });
  expect(sent.status).toBe(202);
  const stored = await ask("GET", `/api/v1/messages/${sent.body.id}`, bearer(admin));
  expect(stored.body).toMatchObject({ message: { sender: "alpha-bot" } });
  for (const sender of ["user", "boss", "gamma-bot", "data-analyzer"])
    expect(await send(alpha, { receiver: "beta-bot", sender })).toMatchObject({
      status: 403,
      body: { code: "SENDER_FORBIDDEN" },
    });
  const batch = await ask("POST", "/api/v1/messages/batch", bearer(alpha), {
    messages: ["user", "alpha-bot"].map((sender) => ({
      performative: "inform",
      receiver: "beta-bot",
      sender,
      content: "x",
    })),
  });
  expect(batch.body).toMatchObject({ accepted: 1, refused: 1 });
  const subscribe = (subscriber: string) =>
    ask("POST", "/api/v1/subscriptions", bearer(alpha), { subscriber, topic: "orders.#" });
  expect(await subscribe("beta-bot")).toMatchObject({ status: 403, body: { code: "SUBSCRIPTION_FORBIDDEN" } });
  expect((await subscribe("alpha-bot")).status).toBeLessThan(300);
  const other = await ask("POST", "/api/v1/subscriptions", bearer(admin), { subscriber: "beta-bot", topic: "x.#" });
  expect(await ask("DELETE", `/api/v1/subscriptions/${other.body.id}`, bearer(alpha))).toMatchObject({ status: 403 });
  const listed = await ask("GET", "/api/v1/subscriptions", bearer(alpha));
  expect(listed.body.items.map(({ subscriber }: contract.Subscription) => subscriber)).toEqual(["alpha-bot"]);
});

test("the socket of a program ends when its token is revoked", async () => {
  const token = await register("socket-bot");
  const socket = new WebSocket(`${server.url.replace("http", "ws")}${contract.MESSAGE_SOCKET}`, {
    headers: bearer(token),
  });
  await new Promise((resolve) => void socket.once("open", resolve));
  const heard = new Promise<RawData>((resolve) => void socket.once("message", resolve));
  socket.send(
    JSON.stringify({
      op: "send",
      message: { performative: "inform", receiver: "socket-bot", sender: "user", content: "x" },
    }),
  );
  expect(JSON.parse(textOf(await heard))).toMatchObject({
    receipt: { error: { code: "SENDER_FORBIDDEN" } },
  });
  const closed = new Promise<number>((resolve) => void socket.once("close", resolve));
  await ask("DELETE", "/api/v1/participants/socket-bot/token", bearer(admin));
  expect(await closed).toBe(1008);
});

test("a socket whose key is revoked takes no frames, also if its client ignores the end of the connection", async () => {
  const { id, key } = await createKey("operator");
  await register("late-bot");
  const { port } = new URL(server.url);
  const socket = connect(Number(port), "127.0.0.1").on("error", () => undefined);
  const heard: Buffer[] = [];
  socket.on("data", (data: Buffer) => heard.push(data));
  const says = (text: string): boolean => Buffer.concat(heard).includes(text);
  socket.write(
    `GET ${contract.MESSAGE_SOCKET} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: ${key}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  );
  const post = (content: string) => {
    const message = { performative: "inform", receiver: "late-bot", content };
    const text = JSON.stringify({ op: "send", message });
    socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]));
  };
  await expect.poll(() => says("101 Switching")).toBe(true);
  post("early");
  await expect.poll(() => says("late-bot")).toBe(true);
  await ask("DELETE", `/api/v1/keys/${id}`, bearer(admin));
  await expect.poll(() => says("no longer valid"), { timeout: 5_000 }).toBe(true);
  post("late");
  await sleep(300);
  const { body } = await ask("GET", "/api/v1/messages?recipient=late-bot", bearer(admin));
  expect(body.items.map(({ content }: { content: string }) => content)).toEqual(["early"]);
  socket.destroy();
});

test("a wait for messages ends when the credentials do, and receives nothing that comes later", async () => {
  const token = await register("waiting-bot");
  const waiting = ask("POST", "/api/v1/mailboxes/waiting-bot/fetch?wait=20", bearer(token));
  await sleep(200);
  await ask("DELETE", "/api/v1/participants/waiting-bot/token", bearer(admin));
  await sleep(1_200);
  await send(admin, { receiver: "waiting-bot", content: "too late" });
  expect(JSON.stringify((await waiting).body)).not.toContain("too late");
});

test("the reply to a message is not sent to another client that names the same id", async () => {
  const asked = await send(
    admin,
    { performative: "request", receiver: "data-analyzer", content: "How many rows are in examples/data/penguins.csv?" },
    "?wait=30",
  );
  expect(asked.body.reply).not.toBeNull();
  const token = await register("curious-bot");
  const copied = await send(token, { id: asked.body.id, receiver: "data-analyzer" }, "?wait=1");
  expect(copied.body.reply ?? null).toBeNull();
});

const raw = (header: string, value: string) =>
  new Promise<string>((resolve) => {
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    socket.once("data", (data) => resolve(data.toString("latin1").slice(9, 12)));
    socket.write(
      Buffer.from(
        `GET /api/v1/agents HTTP/1.1\r\nHost: x\r\n${header}: ${value}\r\nConnection: close\r\n\r\n`,
        "latin1",
      ),
    );
  });

test("credentials of other characters are invalid, not an error of the server", async () => {
  await using fresh = await startServer({ settings: { "access.mode": "required" } });
  const setup = `${(fresh.started.setupToken ?? "").slice(0, -1)}\u00e9`;
  const answer = await fetch(`${fresh.url}/api/v1/agents`, { headers: { "x-api-key": setup } });
  expect(answer.status).toBe(401);
  expect(await raw("X-API-Key", `cax_setup_${"\u00e9".repeat(43)}`)).toBe("401");
});

test("the setup token creates an administrator's key once, and is not valid again", async () => {
  await using fresh = await startServer({ settings: { "access.mode": "required" } });
  const setup = fresh.started.setupToken ?? "";
  const post = (key: string, path: string, body: object) =>
    fetch(fresh.url + path, {
      method: "POST",
      headers: { ...bearer(key), "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  expect((await post(setup, "/api/v1/keys", { name: "x", role: "operator" })).status).toBe(403);
  const first = contract.keys.CreatedApiKey.parse(
    await (await post(setup, "/api/v1/keys", { name: "x", role: "admin" })).json(),
  );
  const revoked = await fetch(`${fresh.url}/api/v1/keys/${first.id}`, {
    method: "DELETE",
    headers: bearer(first.key ?? ""),
  });
  expect(revoked.status).toBe(200);
  expect((await post(setup, "/api/v1/keys", { name: "y", role: "admin" })).status).toBe(401);
});

test("a role that manages keys cannot revoke a key with more permissions", async () => {
  const { key } = await createKey("keymaster");
  const target = await createKey("admin");
  const revoke = await ask("DELETE", `/api/v1/keys/${target.id}`, bearer(key ?? ""));
  expect(revoke).toMatchObject({ status: 403, body: { code: "ROLE_EXCEEDS_OWN" } });
});

test("without credentials /ready contains no details", async () => {
  const { body } = await ask("GET", "/ready", {});
  expect(JSON.stringify(body)).not.toContain(server.directory);
});
