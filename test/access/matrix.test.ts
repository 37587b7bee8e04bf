import { afterAll, beforeAll, expect, test } from "vitest";
import { type RawData, WebSocket } from "ws";
import * as contract from "../../src/api/contract/index.ts";
import { describeMethods } from "../../src/api/grpc/methods.ts";
import { handles } from "../../src/api/operations/handles.ts";
import { answering, manifest } from "../tools/servers/modules.ts";
import { verifies } from "../helpers/verifies.ts";
import { CANARY, MatrixWorld, OPERATIONS, SECRET, type Sent, type Subject } from "./matrix-world.ts";

verifies("security.rbac");

let world: MatrixWorld;

/** Inputs without which a request is invalid. */
const bodies = (): Readonly<Record<string, object>> => ({
  "addedMessage.create": { messages: [{ role: "user", text: "x" }] },
  "agent.activate": { revision: 1 },
  "conversation.merge": { into: id("conversation", "into") },
  "memory.revert": { version: 1 },
  "messageKey.add": { public_key: "A".repeat(43) },
  "notification.set": { url: "https://hooks.invalid/y" },
  "run.decide": { decision: "retry" },
  "run.choose": { choice: "retry" },
  "run.input": { action: "decline" },
  "run.fork": { at: 1 },
  "remoteAgent.add": { url: world.ids["remoteAgent.add"]?.["url"] },
  "secret.rotate": { value: "another-value" },
  "secret.set": { value: "another-value" },
  "toolServer.activate": { revision: 1 },
  "toolServer.completeLogin": { state: "x" },
  "toolServer.login": { redirect_uri: "http://127.0.0.1:1/" },
});
/** Bodies that are unions have another form over gRPC. */
const GRPC_BODIES: Readonly<Record<string, object>> = {
  "addedMessage.create": { messages: [{ user: { text: "x" } }] },
  "run.choose": { body: { retry: {} } },
  "run.input": { body: { decline: {} } },
};
/** Operations that look for the name in their query. */
const SEARCHES: ReadonlySet<string> = new Set(["memory.find"]);
/** Operations that answer for any name or id; they show nothing of another workspace, and change nothing there. */
const NAMES_ONLY: ReadonlySet<string> = new Set([
  "capability.get",
  "conversation.messages",
  "remoteAgent.add",
  "secret.set",
]);

beforeAll(async () => {
  world = await MatrixWorld.start();
  await world.make("POST", "/agents", { source: definition("blue-agent") }, world.headers.blue);
});
afterAll(() => world?.[Symbol.asyncDispose]());

const id = (noun: string, parameter = "id"): string => world.ids[noun]?.[parameter] ?? "";

const targetOf = ({ name, http: { path } }: contract.Operation): string =>
  path.replaceAll(/:(\w+)/g, (_all, parameter: string) => {
    const own = world.ids[name] ?? world.ids[name.split(".")[0] ?? ""];
    const value = own?.[parameter];
    // An operation that is added needs a resource of `red` in `createResources`.
    if (value === undefined) throw new Error(`${name} has no resource for :${parameter}`);
    return encodeURIComponent(value);
  }) + world.queryOf(name);

/** Sends an operation for the resource of `red`. */
const sendAs = (headers: Sent["headers"], operation: contract.Operation) => {
  const { method } = operation.http;
  const body = method === "GET" || method === "DELETE" ? undefined : (bodies()[operation.name] ?? {});
  return world.request(method, targetOf(operation), { headers, body });
};
const withTarget = OPERATIONS.filter(({ http: { path } }) => path.includes(":"));

/** Whether a client may perform an operation on something of its own workspace. */
const mayPerform = ({ permissions, only }: Subject, { permission, narrowedBy, scope }: contract.Operation): boolean =>
  permissions.has(permission) &&
  scope !== "server" &&
  (only === undefined || permission === "access:self" || narrowedBy.includes(only));
/** The clients that try an operation. Those of which a permission alone is missing have a test of their own. */
const triesOf = (operation: contract.Operation) =>
  world.subjects.filter(
    ({ name, permissions, only }) =>
      permissions.has(operation.permission) || only !== undefined || ["reader", "participant"].includes(name),
  );

test("lists of another workspace contain nothing of this one, for every client", async () => {
  const wrong: string[] = [];
  const lists = OPERATIONS.filter(({ http: { method, path } }) => method === "GET" && !path.includes(":"));
  for (const operation of lists)
    for (const subject of triesOf(operation)) {
      const path = operation.http.path + world.queryOf(operation.name);
      const { status, text } = await world.request("GET", path, { headers: subject.headers });
      const expected = !mayPerform(subject, operation) ? 403 : SEARCHES.has(operation.name) ? 404 : 200;
      if (status !== expected || (status === 200 && text.includes(CANARY)) || text.includes(SECRET))
        wrong.push(`${operation.name} as ${subject.name}: ${status} ${text.slice(0, 300)}`);
    }
  expect(wrong).toEqual([]);
});

test("an operation on a resource of another workspace finds and changes nothing, for every client", async () => {
  const wrong: string[] = [];
  let verdicts = 0;
  const before = await world.lists();
  expect(before["memory.graph"]).toContain(SECRET);
  for (const operation of withTarget) {
    const found = NAMES_ONLY.has(operation.name) ? 200 : 404;
    const answers = triesOf(operation).map(async (subject) => {
      const { status, text } = await sendAs(subject.headers, operation);
      // A program reaches only what has its own name.
      const isOther = subject.name === "participant" && status === 403;
      const isExpected = isOther || status === (mayPerform(subject, operation) ? found : 403);
      if (!isExpected || text.includes(SECRET)) wrong.push(`${operation.name} as ${subject.name}: ${status} ${text}`);
    });
    verdicts += (await Promise.all(answers)).length;
  }
  expect(wrong).toEqual([]);
  expect(verdicts).toBeGreaterThan(withTarget.length * 8);
  expect(await world.lists()).toEqual(before);
  for (const operation of withTarget.filter(({ name, effect }) => NAMES_ONLY.has(name) && effect === "read")) {
    const { json } = await sendAs(world.headers.blue, operation);
    expect(json.items ?? json.providers).toEqual([]);
  }
});

test("a method of gRPC on a resource of another workspace finds and changes nothing", async () => {
  const wrong: string[] = [];
  const before = await world.lists();
  const methods = describeMethods(withTarget).methods.filter(({ kind }) => kind === "unary");
  const subjects = world.subjects.filter(({ name }) => ["admin", "readonly", "admin of agents"].includes(name));
  for (const { service, name, operation } of methods)
    for (const subject of subjects) {
      const { pathname, searchParams } = new URL(targetOf(operation), world.server.url);
      const values = pathname.split("/");
      const named = operation.http.path.split("/").flatMap((part, index) => {
        const value = decodeURIComponent(values[index] ?? "");
        return part.startsWith(":") ? [[part.slice(1), value] as const] : [];
      });
      const fields = {
        ...Object.fromEntries([...searchParams, ...named]),
        ...(GRPC_BODIES[operation.name] ?? bodies()[operation.name]),
      };
      const sent = { headers: subject.headers, body: fields };
      const { status, text } = await world.request("POST", `/caxton.v1.${service}/${name}`, sent);
      const found = NAMES_ONLY.has(operation.name) ? 200 : 404;
      if (status !== (mayPerform(subject, operation) ? found : 403) || text.includes(SECRET))
        wrong.push(`${name} as ${subject.name}: ${status} ${text}`);
    }
  expect(wrong).toEqual([]);
  expect(subjects.length).toBe(3);
  expect(await world.lists()).toEqual(before);
});

const textOf = (data: RawData): string => (Buffer.isBuffer(data) ? data.toString("utf8") : "");

test("frames of a socket reach no mailbox of another workspace, and streams show nothing of it", async () => {
  const handle = world.ids["mailbox"]?.["handle"];
  const stop = new AbortController();
  const streamed: string[] = [];
  const paths = ["/api/v1/events", "/api/v1/messages/events"];
  const streams = paths.map(async (path) => {
    const accept = "text/event-stream";
    const { body } = await fetch(world.server.url + path, {
      headers: { ...world.headers.blue, accept },
      signal: stop.signal,
    });
    for await (const part of body ?? []) streamed.push(Buffer.from(part).toString("utf8"));
  });
  const socket = new WebSocket(`${world.server.url.replace("http", "ws")}${contract.MESSAGE_SOCKET}`, {
    headers: world.headers.blue,
  });
  const frames: string[] = [];
  socket.on("message", (data) => void frames.push(textOf(data)));
  await new Promise((resolve) => void socket.once("open", resolve));
  const message = { performative: "inform", receiver: `${CANARY}-bot`, content: "from blue" };
  const reply = { ...message, receiver: `${CANARY}-agent`, in_reply_to: world.ids["message"]?.["id"] };
  socket.send(JSON.stringify({ op: "send", ref: 1, message }));
  socket.send(JSON.stringify({ op: "send-batch", ref: 2, messages: [message, reply] }));
  socket.send(JSON.stringify({ op: "receive", ref: 3, mailbox: `${CANARY}-bot` }));
  socket.send(JSON.stringify({ op: "settle", ref: 4, mailbox: `${CANARY}-bot`, done: [handle] }));
  // The same id is another message in another workspace.
  socket.send(JSON.stringify({ op: "send", ref: 5, message: { ...message, id: world.ids["message"]?.["id"] } }));
  for (let made = 0; made < 3; made += 1)
    await world.make("POST", "/messages", { performative: "inform", receiver: `${CANARY}-bot`, content: SECRET });
  await world.make("POST", "/runs", { agent: `${CANARY}-agent`, input: SECRET, wait: true });
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

const makeInBlue = (path: string, body: object) => world.make("POST", path, body, world.headers.blue);

/** Returns what the workspace `blue` has of its own. */
async function createOwn() {
  const { id: run } = await makeInBlue("/runs", { agent: "blue-agent", input: "x", wait: true });
  const { items } = await makeInBlue("/memory/entities", { entities: [{ name: "blue one", type: "thing" }] });
  const inform = { performative: "inform", receiver: "blue-bot", content: "from blue" };
  const { conversation_id: conversation } = await makeInBlue("/messages", inform);
  return { run, conversation, entity: items[0].entity.id };
}
type Request = readonly [method: string, path: string, body?: object];

/** Requests that name something of `blue` and, by `named`, something of another workspace. */
function mixing(own: Awaited<ReturnType<typeof createOwn>>, named: typeof id): readonly Request[] {
  const [handle, question] = [named("mailbox", "leased"), named("run.input", "input")];
  const secret = `/secrets/${named("secret", "name")}`;
  const send = { performative: "inform", content: "from blue", receiver: ["blue-bot", named("participant", "name")] };
  return [
    ["GET", `/runs/${own.run}/diff/${named("run")}`],
    ["GET", `/runs/${named("run")}/diff/${own.run}`],
    ["POST", `/runs/${own.run}/inputs/${question}`, { action: "decline" }],
    ["POST", `/runs/${named("run.input")}/inputs/${question}`, { action: "decline" }],
    ["POST", `/conversations/${own.conversation}/merge`, { into: named("conversation") }],
    ["POST", `/conversations/${named("conversation")}/merge`, { into: own.conversation }],
    ["POST", "/mailboxes/blue-bot/settle", { done: [handle] }],
    ["POST", "/mailboxes/blue-bot/settle", { rejected: [{ handle, reason: "x" }] }],
    ["DELETE", `/participants/blue-bot/keys/${named("messageKey", "key_id")}`],
    ["POST", "/dead-letters/retry", { ids: [named("deadLetter")] }],
    ["POST", "/messages", send],
    ["POST", "/tasks", { name: "x", participants: ["blue-bot"], parent_task: named("task") }],
    ["POST", "/memory/relations", { relations: [{ from: "blue one", to: named("memory", "name"), type: "knows" }] }],
    ["GET", `/memory/graph?start=${own.entity},${named("memory")}`],
    ["PUT", `${secret}?all_workspaces=true`, { value: "from-blue" }],
    ["PUT", `${secret}/value?all_workspaces=true`, { value: "from-blue" }],
    ["DELETE", `${secret}?all_workspaces=true`],
  ];
}

/** Returns an id or name that no workspace has, in the form of the one of `red`. */
function unknownLike(noun: string, parameter = "id"): string {
  if (parameter === "leased") return handles.delivery.encode(999_999);
  if (noun === "deadLetter") return handles.deadLetter.encode(999_999, 0);
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id(noun, parameter))
    ? `00000000-0000-7000-8000-${Buffer.from(noun).toString("hex").padEnd(12, "0").slice(0, 12)}`
    : `unknown_${parameter}`;
}

test("a request that mixes an own id and one of another workspace is answered as if that one were unknown", async () => {
  const own = await createOwn();
  const before = await world.lists();
  const unknown = new Map<string, string>();
  const expected = mixing(own, (noun, parameter) => {
    const made = unknownLike(noun, parameter);
    unknown.set(id(noun, parameter), made);
    return made;
  });
  const participant = world.subjects.find(({ name }) => name === "participant");
  const answerTo = async ([method, path, body]: Request) => {
    const headers = path.startsWith("/mailboxes") ? (participant?.headers ?? {}) : world.headers.blue;
    const { status, text } = await world.request(method, `/api/v1${path}`, { headers, body });
    return `${status} ${text.replaceAll(/"(?:request_id|id|conversation_id)":"[^"]*"/g, "")}`;
  };
  for (const [index, request] of mixing(own, id).entries()) {
    let answer = await answerTo(request);
    // A whole name only: a delivery handle has few characters, which an id can contain by chance.
    for (const [foreign, made] of unknown)
      answer = answer.replaceAll(new RegExp(`(?<![\\w-])${RegExp.escape(foreign)}(?![\\w-])`, "gu"), made);
    const other = expected[index] ?? request;
    expect(answer, `${other[0]} ${other[1]}`).toBe(await answerTo(other));
  }
  expect(await world.lists()).toEqual(before);
});

type Case = readonly [operation: string, body: object, expected: number | string];

/** Requests of the administrator of `blue` whose bodies name what `red` has, with the status or the code of the answer. */
function namingBodies(module: string): readonly Case[] {
  const [agent, bot] = [id("agent", "name"), id("participant", "name")];
  const message = { performative: "inform", receiver: "blue-bot", content: "from blue" };
  const bid = { performative: "request", capability: `${CANARY}-capability`, content: "from blue" };
  const task = { name: "from blue", distribute: true, max_wait_seconds: 0.1 };
  const [one, two] = [`${CANARY} one`, `${CANARY} two`];
  return [
    ["run.start", { agent, input: "x" }, "AGENT_NOT_FOUND"],
    ["run.start", { agent: "blue-agent", input: "x", uploads: [id("run", "upload")] }, "UPLOAD_NOT_FOUND"],
    ["thread.create", { agent }, "AGENT_NOT_FOUND"],
    ["thread.create", { agent: "blue-agent", from_run: id("run", "id") }, "RUN_NOT_FOUND"],
    ["run.prune", { older_than: "1s" }, 200],
    ["message.send", { ...message, receiver: bot }, "AGENT_NOT_FOUND"],
    ["message.send", { ...message, receiver: agent, performative: "request" }, "AGENT_NOT_FOUND"],
    ["message.send", bid, "NO_CAPABILITY_PROVIDERS"],
    ["message.send", { ...message, reply_to: bot }, 202],
    ["message.send", { ...message, sender: bot }, 202],
    ["message.send", { ...message, in_reply_to: id("message") }, 202],
    ["message.send", { ...message, conversation_id: id("conversation") }, 202],
    [
      "message.sendBatch",
      {
        messages: [
          { ...message, receiver: bot },
          { ...message, id: id("message") },
        ],
      },
      202,
    ],
    ["message.validate", { ...message, receiver: bot, in_reply_to: id("message") }, 200],
    ["task.create", { ...task, participants: [bot, agent] }, 201],
    ["task.create", { ...task, requirements: { capabilities: [`${CANARY}-capability`] } }, 201],
    ["task.create", { ...task, participants: ["blue-bot"], judge: agent }, 201],
    ["task.create", { ...task, participants: ["blue-bot"], parent_task: id("task") }, "TASK_NOT_FOUND"],
    ["subscription.create", { subscriber: bot, topic: "#" }, 404],
    ["capability.register", { agent: bot, capability: "x" }, 404],
    ["capability.register", { agent, capability: "x" }, 404],
    ["conversation.archiveInactive", { older_than: "1s" }, 200],
    ["deadLetter.retry", { ids: [id("deadLetter")] }, 404],
    ["participant.register", { name: bot }, 200],
    ["memory.search", { query: SECRET }, 200],
    ["memory.relate", { relations: [{ from: one, to: two, type: "knows" }] }, 404],
    ["memory.remember", { entities: [{ name: one, type: "thing" }] }, 200],
    ["memory.forgetScope", { scope: "workspace", confirm: true }, 200],
    ["trigger.create", { agent, name: "x", kind: "every", every: "1d", input: "x" }, 404],
    ["webhook.create", { url: "https://hooks.invalid/x", events: ["webhook.stopped"], agents: [agent] }, 200],
    ["agent.deploy", { source: definition(agent) }, 201],
    ["agent.validate", { source: definition(agent) }, 200],
    ["toolServer.deploy", { module, manifest: manifest(id("toolServer", "name")) }, 201],
    ["key.create", { name: "x", role: "readonly", workspace: "red" }, "WORKSPACE_NOT_FOUND"],
    ["user.link", { name: "x", role: "readonly", workspace: "red" }, "WORKSPACE_NOT_FOUND"],
    ["key.create", { name: "x", role: "readonly", workspace: "*" }, 403],
    ["user.link", { name: "x", role: "readonly", workspace: "*" }, 403],
  ];
}
const definition = (name: string) =>
  `name = "${name}"\nversion = "1.0.0"\ncapabilities = ["x"]\nsystem_prompt = "Answer."\n`;
/** Operations without a path parameter whose body names nothing, or is a file that its sender has. */
const NAMELESS: ReadonlySet<string> = new Set([
  "embedding.create",
  "memoryTransfer.import",
  "model.test",
  "run.replayExport",
  "run.upload",
  "session.create",
  "trigger.preview",
]);

test("a body that names what another workspace has finds and changes nothing there", async () => {
  const headers = world.headers.blue;
  const before = await world.lists();
  const wrong: string[] = [];
  const cases = namingBodies(Buffer.from(await answering("ok")).toString("base64"));
  const byName = new Map(OPERATIONS.map((operation) => [operation.name, operation]));
  for (const [name, body, expected] of cases) {
    const { method = "", path = "" } = byName.get(name)?.http ?? {};
    const { status, text } = await world.request(method, path, { headers, body });
    const isExpected = typeof expected === "number" ? status === expected : text.includes(`"${expected}"`);
    if (!isExpected || text.includes(SECRET))
      wrong.push(`${name} ${JSON.stringify(body).slice(0, 200)}: ${status} ${text}`);
  }
  expect(wrong).toEqual([]);
  const file = await world.make("GET", `/runs/${world.ids["run"]?.["id"]}/export`);
  const replayed = await world.request("POST", "/api/v1/runs/replay", { headers, body: file });
  expect(replayed.status, replayed.text).toBe(200);
  expect(await world.lists()).toEqual(before);
  const tried = new Set(cases.map(([name]) => name));
  const missing = OPERATIONS.filter(
    ({ name, scope, http: { method, path } }) =>
      method === "POST" && !path.includes(":") && scope !== "server" && !tried.has(name) && !NAMELESS.has(name),
  );
  expect(missing.map(({ name }) => name)).toEqual([]);
});

test("the workspace's own administrator reaches every resource", async () => {
  const wrong: string[] = [];
  const order = ["read", "write"];
  const own = withTarget.filter(({ effect, scope }) => effect !== "destroy" && scope !== "server");
  for (const operation of own.toSorted((one, other) => order.indexOf(one.effect) - order.indexOf(other.effect))) {
    const { status, text } = await sendAs(world.headers.red, operation);
    const isRefused = status === 403 || status === 404 || status >= 500;
    if (isRefused || (operation.effect === "read" && status !== 200 && status !== 401))
      wrong.push(`${operation.name}: ${status} ${text.slice(0, 300)}`);
  }
  expect(wrong).toEqual([]);
});
