import { setTimeout } from "node:timers/promises";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RawData, WebSocket } from "ws";
import { permissionsOf, ROLES } from "../../src/access/permissions/index.ts";
import * as contract from "../../src/api/contract/index.ts";
import { repository, startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";
import { answering, manifest } from "../tools/servers/modules.ts";

verifies("security.rbac");

/** In names, contents and arguments of everything that the workspace `red` has. */
const CANARY = "canaryred";
/** In every content, and in no name, so that no answer that repeats a name of its request contains it. */
const SECRET = "kumquat";
const OPERATIONS = Object.values(contract.operations).flatMap(
  (noun) => Object.values(noun) as readonly contract.Operation[],
);

let server: TestServer;
let red: string;
/** A key for the workspace `blue` of each role. */
const blue = new Map<string, string>();
/** The parameters of paths for resources of `red`, by the noun of the operation. */
let ids: Readonly<Record<string, Readonly<Record<string, string>>>> = {};

type Sent = { readonly key: string; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> };

async function request(method: string, path: string, { key, body, headers }: Sent) {
  const response = await fetch(server.url + path, {
    method,
    headers: {
      "x-api-key": key,
      ...(body !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(20_000),
  });
  if (response.headers.get("content-type")?.startsWith("text/event-stream") === true) {
    await response.body?.cancel();
    return { status: response.status, text: "", json: undefined };
  }
  const text = await response.text();
  const isJson = /[/+]json/.test(response.headers.get("content-type") ?? "");
  return { status: response.status, text, json: isJson ? JSON.parse(text) : undefined };
}

/** Sends as the administrator of `red`, and expects success. */
async function make(method: string, path: string, body?: unknown, token?: string) {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const { status, text, json } = await request(method, `/api/v1${path}`, { key: red, body, headers });
  expect(status, `${method} ${path}: ${text}`).toBeLessThan(300);
  return json;
}

/** Returns the id of the first item of a list, once there is one. */
async function first(path: string): Promise<string> {
  for (const untilMs = Date.now() + 10_000; Date.now() < untilMs; await setTimeout(50)) {
    const [item] = (await make("GET", path)).items;
    if (item !== undefined) return item.id;
  }
  throw new Error(`${path} remains empty`);
}

async function createKey(by: string, role: string, workspace?: string): Promise<string> {
  const { json } = await request("POST", "/api/v1/keys", { key: by, body: { name: "matrix", role, workspace } });
  return contract.keys.CreatedApiKey.parse(json).key ?? "";
}

const agent = `name = "${CANARY}-agent"
version = "1.0.0"
capabilities = ["${CANARY}-capability"]
description = "${SECRET}"
system_prompt = "Say ${SECRET}."
tools = ["csv_parser", "chart_generator"]
`;
const PENGUINS = "examples/data/penguins.csv";

/** Inputs without which a request is invalid. */
const BODIES: Readonly<Record<string, object>> = {
  "agent.activate": { revision: 1 },
  "conversation.merge": { into: "another" },
  "memory.revert": { version: 1 },
  "messageKey.add": { public_key: "A".repeat(43) },
  "run.decide": { decision: "retry" },
  "run.choose": { choice: "retry" },
  "run.answer": { action: "decline" },
  "run.fork": { at: 1 },
  "toolServer.activate": { revision: 1 },
};
const QUERIES: Readonly<Record<string, string>> = {
  "memory.diff": "?from=1&to=1",
  "memory.find": `?name=${CANARY}+one`,
  "memory.graph": `?start=${CANARY}+one`,
};
/** Operations on resources that only a provider's login, a question of a tool or a second conversation creates. */
const NOT_CREATED: ReadonlySet<string> = new Set(["conversation.merge", "run.answer", "user.disable", "user.enable"]);
/** Operations that look for the name in their query. */
const SEARCHES: ReadonlySet<string> = new Set(["memory.find"]);
/** Operations that answer for any name or id; they show nothing of another workspace. */
const NAMES_ONLY: ReadonlySet<string> = new Set(["capability.get", "conversation.messages"]);

async function createResources(): Promise<typeof ids> {
  const name = `${CANARY}-agent`;
  const bot = `${CANARY}-bot`;
  await make("POST", "/agents", { source: agent });
  await make("POST", "/agents", {
    source: `${agent.replace(name, `${CANARY}-careful`)}[permissions]\nask = ["csv_parser.*"]\n`,
  });
  await make("POST", "/runs", { agent: `${CANARY}-careful`, input: `${CANARY}: describe ${PENGUINS}` });
  const approval = await first("/approvals");
  const chart = `Chart the mean body mass per species and island in ${PENGUINS}`;
  const run = await make("POST", "/runs", { agent: name, input: chart, wait: true });
  const other = await make("POST", "/runs", { agent: name, input: SECRET, wait: true });
  const { token } = await make("POST", "/participants", { name: bot, description: SECRET });
  const registration = await make("POST", "/capabilities", { agent: bot, capability: `${CANARY}-skill` });
  const signing = await make("POST", `/participants/${bot}/keys`, { public_key: "B".repeat(42) + "A" });
  const small = { performative: "inform", receiver: bot, content: SECRET };
  await make("POST", "/messages", small);
  const [{ handle }] = (await make("POST", `/mailboxes/${bot}/fetch`, { limit: 1 }, token)).items;
  await make("POST", `/mailboxes/${bot}/settle`, { rejected: [{ handle, reason: SECRET }] }, token);
  const content = `${SECRET} `.repeat(10_000);
  const message = await make("POST", "/messages", { performative: "inform", receiver: bot, content });
  const subscription = await make("POST", "/subscriptions", { subscriber: bot, topic: `${CANARY}.#` });
  const task = await make("POST", "/tasks", { name: CANARY, requirements: { capabilities: [`${CANARY}-capability`] } });
  const remembered = await make("POST", "/memory/entities", {
    entities: [
      { name: `${CANARY} one`, type: "thing", observations: [SECRET] },
      { name: `${CANARY} two`, type: "thing", observations: [SECRET] },
    ],
  });
  const related = await make("POST", "/memory/relations", {
    relations: [{ from: `${CANARY} one`, to: `${CANARY} two`, type: "knows" }],
  });
  const module = Buffer.from(await answering("ok")).toString("base64");
  await make("POST", "/tool-servers", { module, manifest: manifest(`${CANARY}_tool`) });
  const key = await make("POST", "/keys", { name: CANARY, role: "readonly" });
  const letter = await first("/dead-letters");
  const stored = await make("GET", `/messages/${message.id}`);
  const hash: string = JSON.stringify(stored).match(/sha256-[0-9a-f]{64}/)?.[0] ?? "";
  expect(hash).not.toBe("");
  expect((await request("GET", `/api/v1/messages/content/${hash}`, { key: red })).text).toContain(SECRET);
  return {
    agent: { name, revision: "1" },
    budget: { agent: name },
    run: { id: run.id, other: other.id, question: "1" },
    "run.artifact": { id: run.artifacts[0].id },
    approval: { id: approval },
    message: { id: message.id },
    "message.content": { id: hash },
    messageKey: { name: bot, key_id: signing.key_id },
    conversation: { id: message.conversation_id },
    deadLetter: { id: letter },
    mailbox: { name: bot, handle },
    participant: { name: bot },
    capability: { name: `${CANARY}-skill`, id: registration.registration_id ?? registration.id },
    subscription: { id: subscription.id },
    task: { id: task.id },
    memory: { id: remembered.items[0].entity.id },
    "memory.unrelate": { id: related.items[0].id },
    memoryMaintenance: { name: "nothing" },
    user: { id: "user_nothing" },
    tool: { server: `${CANARY}_tool`, tool: "answer" },
    toolServer: { name: `${CANARY}_tool` },
    key: { id: key.id },
    workspace: { name: "red" },
  };
}

beforeAll(async () => {
  const penguins = readFileSync(join(repository, PENGUINS));
  server = await startServer({
    settings: { "access.mode": "required" },
    files: { [`workspaces/red/${PENGUINS}`]: penguins },
  });
  const admin = await createKey(server.started.setupToken ?? "", "admin");
  for (const name of ["red", "blue"]) await request("POST", "/api/v1/workspaces", { key: admin, body: { name } });
  red = await createKey(admin, "admin", "red");
  for (const role of Object.keys(ROLES)) blue.set(role, await createKey(admin, role, "blue"));
  ids = await createResources();
});
afterAll(() => server?.[Symbol.asyncDispose]());

const targetOf = ({ name, http: { path } }: contract.Operation): string =>
  path.replaceAll(/:(\w+)/g, (_all, parameter: string) => {
    const own = ids[name] ?? ids[name.split(".")[0] ?? ""];
    const value = own?.[parameter];
    // An operation that is added needs a resource of `red` in `createResources`.
    if (value === undefined) throw new Error(`${name} has no resource for :${parameter}`);
    return encodeURIComponent(value);
  }) + (QUERIES[name] ?? "");

/** Sends an operation for the resource of `red`. */
const sendAs = (key: string, operation: contract.Operation) => {
  const { method } = operation.http;
  const body = method === "GET" || method === "DELETE" ? undefined : (BODIES[operation.name] ?? {});
  return request(method, targetOf(operation), { key, body });
};
const withTarget = OPERATIONS.filter(({ http: { path } }) => path.includes(":"));
const rolesWith = ({ permission }: contract.Operation): readonly string[] =>
  Object.entries(ROLES).flatMap(([name, role]) => (permissionsOf(role).has(permission) ? [name] : []));

test("lists of another workspace contain nothing of this one, for every role", async () => {
  const wrong: string[] = [];
  const lists = OPERATIONS.filter(({ http: { method, path } }) => method === "GET" && !path.includes(":"));
  for (const operation of lists)
    for (const role of rolesWith(operation)) {
      const { status, text } = await request("GET", operation.http.path + (QUERIES[operation.name] ?? ""), {
        key: blue.get(role) ?? "",
      });
      const isExpected = status === (operation.scope === "server" ? 403 : SEARCHES.has(operation.name) ? 404 : 200);
      if (!isExpected || (status === 200 && text.includes(CANARY)) || text.includes(SECRET))
        wrong.push(`${operation.name} as ${role}: ${status} ${text.slice(0, 300)}`);
    }
  expect(wrong).toEqual([]);
});

test("an operation on a resource of another workspace finds nothing, for every role", async () => {
  const wrong: string[] = [];
  let verdicts = 0;
  for (const operation of withTarget)
    for (const role of rolesWith(operation)) {
      const { status, text } = await sendAs(blue.get(role) ?? "", operation);
      const expected = operation.scope === "server" ? 403 : NAMES_ONLY.has(operation.name) ? 200 : 404;
      if (status !== expected || text.includes(SECRET)) wrong.push(`${operation.name} as ${role}: ${status} ${text}`);
      verdicts += 1;
    }
  expect(wrong).toEqual([]);
  expect(verdicts).toBeGreaterThan(withTarget.length);
  for (const operation of withTarget.filter(({ name }) => NAMES_ONLY.has(name))) {
    const { json } = await sendAs(blue.get("admin") ?? "", operation);
    expect(json.items ?? json.providers).toEqual([]);
  }
});

const textOf = (data: RawData): string => (Buffer.isBuffer(data) ? data.toString("utf8") : "");

test("frames of a socket reach no mailbox of another workspace, and streams show nothing of it", async () => {
  const key = blue.get("admin") ?? "";
  const handle = ids["mailbox"]?.["handle"];
  const stop = new AbortController();
  const streamed: string[] = [];
  const paths = ["/api/v1/events", "/api/v1/messages/events"];
  const streams = paths.map(async (path) => {
    const accept = "text/event-stream";
    const { body } = await fetch(server.url + path, { headers: { "x-api-key": key, accept }, signal: stop.signal });
    for await (const part of body ?? []) streamed.push(Buffer.from(part).toString("utf8"));
  });
  const socket = new WebSocket(`${server.url.replace("http", "ws")}${contract.MESSAGE_SOCKET}`, {
    headers: { "x-api-key": key },
  });
  const frames: string[] = [];
  socket.on("message", (data) => void frames.push(textOf(data)));
  await new Promise((resolve) => void socket.once("open", resolve));
  const message = { performative: "inform", receiver: `${CANARY}-bot`, content: "from blue" };
  const reply = { ...message, receiver: `${CANARY}-agent`, in_reply_to: ids["message"]?.["id"] };
  socket.send(JSON.stringify({ op: "send", ref: 1, message }));
  socket.send(JSON.stringify({ op: "send-batch", ref: 2, messages: [message, reply] }));
  socket.send(JSON.stringify({ op: "receive", ref: 3, mailbox: `${CANARY}-bot` }));
  socket.send(JSON.stringify({ op: "settle", ref: 4, mailbox: `${CANARY}-bot`, done: [handle] }));
  // The same id is another message in another workspace.
  socket.send(JSON.stringify({ op: "send", ref: 5, message: { ...message, id: ids["message"]?.["id"] } }));
  for (let made = 0; made < 3; made += 1)
    await make("POST", "/messages", { performative: "inform", receiver: `${CANARY}-bot`, content: SECRET });
  await make("POST", "/runs", { agent: `${CANARY}-agent`, input: SECRET, wait: true });
  await expect.poll(() => frames.length, { timeout: 10_000 }).toBe(5);
  const answers = frames.map((frame) => JSON.parse(frame)).toSorted((one, other) => one.ref - other.ref);
  const codes = answers.flatMap(({ receipt, receipts = [receipt], problem }) =>
    problem === undefined ? receipts.map(({ error }: { error: { code: string } }) => error.code) : problem.code,
  );
  const [unknown, closed] = ["AGENT_NOT_FOUND", "MAILBOX_NOT_FOUND"];
  expect(codes).toEqual([unknown, unknown, unknown, closed, closed, unknown]);
  socket.close();
  stop.abort();
  await Promise.allSettled(streams);
  expect(frames.join("") + streamed.join("")).not.toContain(SECRET);
  expect(streamed.join("")).not.toContain('"red"');
});

test("the workspace's own administrator reaches every resource", async () => {
  const wrong: string[] = [];
  const order = ["read", "write"];
  const own = withTarget.filter(({ effect, scope }) => effect !== "destroy" && scope !== "server");
  for (const operation of own.toSorted((one, other) => order.indexOf(one.effect) - order.indexOf(other.effect))) {
    const { status, text } = await sendAs(red, operation);
    const isRefused = status === 403 || (status === 404 && !NOT_CREATED.has(operation.name)) || status >= 500;
    if (isRefused || (operation.effect === "read" && status !== 200 && status !== 401))
      wrong.push(`${operation.name}: ${status} ${text.slice(0, 300)}`);
  }
  expect(wrong).toEqual([]);
});
