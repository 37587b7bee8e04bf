import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect } from "vitest";
import {
  ALL_PERMISSIONS,
  PARTICIPANT_PERMISSIONS,
  type NarrowingKind,
  type Permission,
  permissionsOf,
  type Role,
  ROLES,
} from "../../src/access/permissions/index.ts";
import * as contract from "../../src/api/contract/index.ts";
import { startOfficialServer } from "../remotes/official-server.ts";
import { repository, startServer, type TestServer } from "../helpers/server.ts";
import { Endpoint, modernHandler } from "../tools/remote/room.ts";
import { newState, testServer } from "../tools/remote/test-server.ts";
import { answering, manifest } from "../tools/servers/modules.ts";

/** In names, contents and arguments of everything that the workspace `red` has. */
export const CANARY = "canaryred";
/** In every content, and in no name, so that no answer that repeats a name of its request contains it. */
export const SECRET = "kumquat";
export const OPERATIONS = Object.values(contract.operations).flatMap(
  (noun) => Object.values(noun) as readonly contract.Operation[],
);

const single = (permission: Permission): string => `only-${permission.replace(":", "-")}`;
/** One for each permission, and one with every right to read. */
const CUSTOM: Readonly<Record<string, Role>> = {
  ...Object.fromEntries(ALL_PERMISSIONS.map((each) => [single(each), { description: "", permissions: [each] }])),
  reader: { description: "", permissions: ["*:read"] },
};

/** A client of the workspace `blue`. */
export type Subject = {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly permissions: ReadonlySet<Permission>;
  /** By what its permissions are limited. */
  readonly only?: NarrowingKind;
};
export type Sent = { readonly headers: Readonly<Record<string, string>>; readonly body?: unknown };
type Ids = Readonly<Record<string, Readonly<Record<string, string>>>>;

const agent = `name = "${CANARY}-agent"
version = "1.0.0"
capabilities = ["${CANARY}-capability"]
description = "${SECRET}"
system_prompt = "Say ${SECRET}."
tools = ["csv_parser", "chart_generator"]
`;
const PENGUINS = "examples/data/penguins.csv";
const keyed = (key: string) => ({ "x-api-key": key });

/** A server with the workspaces `red`, which has one of everything, and `blue`, whose clients look for it. */
export class MatrixWorld implements AsyncDisposable {
  readonly server: TestServer;
  /** Of the administrators of everything, and of each workspace. */
  readonly headers = { admin: {}, red: {}, blue: {} };
  readonly subjects: Subject[] = [];
  /** The parameters of paths for resources of `red`, by the noun of the operation. */
  ids: Ids = {};
  readonly #owned: AsyncDisposableStack;

  private constructor(server: TestServer, owned: AsyncDisposableStack) {
    this.server = server;
    this.#owned = owned;
  }

  static async start(): Promise<MatrixWorld> {
    const penguins = readFileSync(join(repository, PENGUINS));
    const owned = new AsyncDisposableStack();
    const endpoint = owned.use(await Endpoint.start(modernHandler(testServer(newState())).listener));
    const official = owned.use(await startOfficialServer());
    const permitted = { "a2a.private_origins": [official.origin] };
    const server = owned.use(
      await startServer({
        settings: { "access.mode": "required", "access.roles": CUSTOM, ...permitted },
        files: {
          [`workspaces/red/${PENGUINS}`]: penguins,
          "caxton.toml": `[mcp_servers.remote]\nurl = "${endpoint.url}"\n`,
        },
      }),
    );
    const world = new MatrixWorld(server, owned);
    world.headers.admin = keyed(await world.createKey(keyed(server.started.setupToken ?? ""), { role: "admin" }));
    for (const name of ["red", "blue"] as const) {
      await world.make("POST", "/workspaces", { name }, world.headers.admin);
      const key = await world.createKey(world.headers.admin, { role: "admin", workspace: name });
      world.headers[name] = keyed(key);
    }
    await world.#createSubjects();
    const { card, url } = official;
    const remoteAgent = { name: `${CANARY}-remote` };
    official.card = { ...card, description: SECRET, skills: [] };
    await world.make("PUT", `/remote-agents/${remoteAgent.name}`, { url });
    // A client that adds an agent of this name adds its own one.
    official.card = { ...card, skills: [] };
    world.ids = { ...(await createResources(world)), remoteAgent, "remoteAgent.add": { name: "own-remote", url } };
    return world;
  }

  async request(method: string, path: string, { headers, body }: Sent) {
    const response = await fetch(this.server.url + path, {
      method,
      headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
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

  /** Sends as the administrator of `red` unless other headers are given, and expects success. */
  async make(method: string, path: string, body?: unknown, headers: Sent["headers"] = this.headers.red) {
    const { status, text, json } = await this.request(method, `/api/v1${path}`, { headers, body });
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
    return json;
  }

  /** Returns the id of the first item of a list, once there is one. */
  async first(path: string): Promise<string> {
    for (const untilMs = Date.now() + 10_000; Date.now() < untilMs; await setTimeout(50)) {
      const [item] = (await this.make("GET", path)).items;
      if (item !== undefined) return item.id;
    }
    throw new Error(`${path} remains empty`);
  }

  async createKey(by: Sent["headers"], more: object): Promise<string> {
    const { json } = await this.request("POST", "/api/v1/keys", { headers: by, body: { name: "matrix", ...more } });
    return contract.keys.CreatedApiKey.parse(json).key ?? "";
  }

  /** Everything that the lists of `red` show and that only a write changes, without counts of calls of shared tools, as text by operation. */
  async lists(): Promise<Readonly<Record<string, string>>> {
    const lists = OPERATIONS.filter(
      ({ name, scope, http, output }) =>
        http.method === "GET" &&
        !http.path.includes(":") &&
        scope !== "server" &&
        output !== contract.Events &&
        !CHANGING.has(name),
    );
    const shown = lists.map(async ({ name, http: { path } }) => {
      const { status, text } = await this.request("GET", path + this.queryOf(name), {
        headers: this.headers.red,
      });
      if (status !== 200) throw new Error(`${name}: ${status} ${text}`);
      return [name, text.replaceAll(VARYING, "")] as const;
    });
    return Object.fromEntries(await Promise.all(shown));
  }

  async #createSubjects(): Promise<void> {
    const create = async (name: string, role: string, permissions: ReadonlySet<Permission>, only?: NarrowingKind) => {
      const limits = only === undefined ? {} : { only: { [only]: ["*"] } };
      const key = await this.createKey(this.headers.admin, { role, workspace: "blue", ...limits });
      this.subjects.push({ name, headers: keyed(key), permissions, ...(only !== undefined && { only }) });
    };
    for (const [name, role] of Object.entries({ ...ROLES, ...CUSTOM })) await create(name, name, permissionsOf(role));
    for (const only of ["agents", "tools", "capabilities"] as const)
      await create(`admin of ${only}`, "admin", permissionsOf(ROLES.admin), only);
    const { token } = await this.make("POST", "/participants", { name: "blue-bot" }, this.headers.blue);
    const headers = { authorization: `Bearer ${token}` };
    this.subjects.push({ name: "participant", headers, permissions: PARTICIPANT_PERMISSIONS });
  }

  /** The query without which a request of an operation is invalid, or finds nothing. */
  queryOf(operation: string): string {
    if (operation === "memory.diff") return "?from=1&to=1";
    if (operation === "memory.find") return `?name=${CANARY}+one`;
    return operation === "memory.graph" ? `?start=${this.ids["memory"]?.["id"]}` : "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned[Symbol.asyncDispose]();
  }
}

/** Fields that change without a write. The end of a lease is computed from a clock that another one may differ from by 1 ms. */
const VARYING = /"(?:exported_at|calls)":(?:"[^"]*"|\d+|\{[^}]*\})|(?<="leased","attempts":1,)"at":"[^"]*"/g;
/** Lists that change without a write: times, load, and the records of these requests themselves. */
const CHANGING: ReadonlySet<string> = new Set([
  "access.whoami",
  "audit.list",
  "key.list",
  "memory.stats",
  "server.status",
]);

async function createResources(world: MatrixWorld): Promise<Ids> {
  return { ...(await createRuns(world)), ...(await createMessages(world)), ...(await createOthers(world)) };
}

async function createRuns(world: MatrixWorld): Promise<Ids> {
  const name = `${CANARY}-agent`;
  const careful = `${agent.replace(name, `${CANARY}-careful`)}[permissions]\nask = ["csv_parser.*"]\n`;
  for (const source of [agent, careful]) await world.make("POST", "/agents", { source });
  await world.make("POST", "/runs", { agent: `${CANARY}-careful`, input: `${CANARY}: describe ${PENGUINS}` });
  const approval = await world.first("/approvals");
  const upload = async (): Promise<string> => {
    const response = await fetch(`${world.server.url}/api/v1/uploads?name=${CANARY}.txt`, {
      method: "POST",
      headers: { ...world.headers.red, "content-type": "text/plain" },
      body: SECRET,
    });
    const { id }: { id: string } = JSON.parse(await response.text());
    return id;
  };
  const uploaded = await upload();
  const input = `Chart the mean body mass per species and island in ${PENGUINS}`;
  const run = await world.make("POST", "/runs", { agent: name, input, wait: true });
  const question = await openQuestion(world);
  await world.make("PUT", `/runs/${run.id}/notifications/${CANARY}`, { url: "https://hooks.invalid/x", token: SECRET });
  const received = { kind: "webhook", input: SECRET };
  const trigger = await world.make("POST", "/triggers", { agent: name, name: `${CANARY}-trigger`, ...received });
  const hook = { url: "https://hooks.invalid/x", events: ["webhook.stopped"], description: SECRET };
  const webhook = await world.make("POST", "/webhooks", hook);
  const sent = { uploads: [await upload()] };
  const other = await world.make("POST", "/runs", { agent: name, input: SECRET, ...sent, wait: true });
  const thread = await world.make("POST", "/threads", { agent: name, title: CANARY });
  await world.make("POST", `/threads/${thread.id}/messages`, { input: SECRET, wait: true });
  const added = await world.make("POST", `/threads/${thread.id}/added-messages`, {
    messages: [{ role: "user", text: SECRET }],
  });
  return {
    thread: { id: thread.id },
    addedMessage: { id: thread.id, message: added.items[0].id },
    agent: { name, revision: "1" },
    budget: { agent: name },
    trigger: { id: trigger.id },
    webhook: { id: webhook.id },
    run: { id: run.id, other: other.id, question: "1", upload: uploaded },
    notification: { id: run.id, name: CANARY },
    "run.artifact": { id: run.artifacts[0].id },
    "run.file": { id: other.id, name: `${CANARY}.txt` },
    "run.input": question,
    approval: { id: approval },
  };
}

/** Returns an open question of a tool to the user of a run. */
async function openQuestion(world: MatrixWorld) {
  const source = agent.replace(`${CANARY}-agent`, `${CANARY}-asking`).replace(/^tools = .*$/m, 'tools = ["remote"]');
  await world.make("POST", "/agents", { source });
  const { id } = await world.make("POST", "/runs", { agent: `${CANARY}-asking`, input: "Call remote ask" });
  for (const untilMs = Date.now() + 10_000; Date.now() < untilMs; await setTimeout(50)) {
    const { questions } = await world.make("GET", `/runs/${id}`);
    if (questions.length > 0) return { id, input: questions[0].id };
  }
  throw new Error(`the run ${id} asks nothing`);
}

async function createMessages(world: MatrixWorld): Promise<Ids> {
  const make = world.make.bind(world);
  const bot = `${CANARY}-bot`;
  const { token } = await make("POST", "/participants", { name: bot, description: SECRET });
  const own = { ...world.headers.red, authorization: `Bearer ${token}` };
  const registration = await make("POST", "/capabilities", { agent: bot, capability: `${CANARY}-skill` });
  const signing = await make("POST", `/participants/${bot}/keys`, { public_key: `${"B".repeat(42)}A` });
  const inform = { performative: "inform", receiver: bot, content: SECRET };
  for (let sent = 0; sent < 2; sent += 1) await make("POST", "/messages", inform);
  const taken: { handle: string }[] = (await make("POST", `/mailboxes/${bot}/fetch?max=2`, undefined, own)).items;
  const rejected = taken.map(({ handle }) => ({ handle, reason: SECRET }));
  await make("POST", `/mailboxes/${bot}/settle`, { rejected }, own);
  const content = `${SECRET} `.repeat(10_000);
  const message = await make("POST", "/messages", { ...inform, content });
  const into = await make("POST", "/messages", inform);
  const [leased] = (await make("POST", `/mailboxes/${bot}/fetch?max=1&lease=600`, undefined, own)).items;
  const subscription = await make("POST", "/subscriptions", { subscriber: bot, topic: `${CANARY}.#` });
  const task = await make("POST", "/tasks", { name: CANARY, requirements: { capabilities: [`${CANARY}-capability`] } });
  const letter = await world.first("/dead-letters");
  const [, older] = (await make("GET", "/dead-letters")).items;
  const hash: string =
    JSON.stringify(await make("GET", `/messages/${message.id}`)).match(/sha256-[0-9a-f]{64}/)?.[0] ?? "";
  const stored = await world.request("GET", `/api/v1/messages/content/${hash}`, { headers: world.headers.red });
  expect(stored.text).toContain(SECRET);
  return {
    message: { id: message.id },
    "message.content": { id: hash },
    messageKey: { name: bot, key_id: signing.key_id },
    conversation: { id: message.conversation_id, into: into.conversation_id },
    deadLetter: { id: letter, older: older.id },
    mailbox: { name: bot, handle: taken[0]?.handle ?? "", leased: leased.handle },
    participant: { name: bot },
    capability: { name: `${CANARY}-skill`, id: registration.registration_id ?? registration.id },
    subscription: { id: subscription.id },
    task: { id: task.id },
  };
}

async function createOthers(world: MatrixWorld): Promise<Ids> {
  const make = world.make.bind(world);
  const [one, two] = [`${CANARY} one`, `${CANARY} two`];
  const remembered = await make("POST", "/memory/entities", {
    entities: [one, two].map((name) => ({ name, type: "thing", observations: [SECRET] })),
  });
  const related = await make("POST", "/memory/relations", { relations: [{ from: one, to: two, type: "knows" }] });
  const module = Buffer.from(await answering("ok")).toString("base64");
  await make("POST", "/tool-servers", { module, manifest: manifest(`${CANARY}_tool`) });
  const key = await make("POST", "/keys", { name: CANARY, role: "readonly" });
  const origins = ["https://red.test"];
  for (const name of ["one", "two"])
    await make("PUT", `/secrets/${CANARY}_${name}`, { value: `${SECRET}${name}`, origins });
  const snapshot = await make("POST", "/memory/snapshots", undefined, world.headers.admin);
  const user = { id: `user_${CANARY}`, issuer: "local", subject: CANARY, name: CANARY };
  world.server.started.caxton.access.users.seen({ ...user, grants: [{ workspace: "red", role: "user" }] });
  return {
    memory: { id: remembered.items[0].entity.id, name: one, other: two },
    "memory.unrelate": { id: related.items[0].id },
    memoryMaintenance: { name: snapshot.name },
    user: { id: user.id },
    tool: { server: `${CANARY}_tool`, tool: "answer" },
    toolServer: { name: `${CANARY}_tool` },
    key: { id: key.id },
    // A client that sets a secret of this name creates its own one, so the other operations use another name.
    "secret.set": { name: `${CANARY}_two` },
    secret: { name: `${CANARY}_one` },
    workspace: { name: "red" },
  };
}
