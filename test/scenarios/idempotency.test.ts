import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import * as contract from "../../src/api/contract/index.ts";
import { hashOf, documentIdempotency } from "../../src/api/http/requests/idempotency.ts";
import { Database, SqliteIdempotencyStore } from "../../src/storage/index.ts";
import { mint, RunId } from "../../src/kernel/ids.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("api.idempotency");

const directory = tempDirectory();
const script = [{ text: "hello" }];
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ script, directory: directory.path });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

/** A POST with a key. */
async function post(path: string, key: string, body: object, headers: { readonly [name: string]: string } = {}) {
  const response = await fetch(server.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": key, ...headers },
    body: JSON.stringify(body),
  });
  const answer: unknown = await response.json();
  return { status: response.status, answer, replayed: response.headers.get("idempotent-replayed"), response };
}
const count = async () => {
  const { body } = await server.ask("GET", "/api/v1/runs?limit=100");
  return contract.runs.RunPage.parse(body).items.length;
};
const run = { agent: "greeter", input: "hello" };

// storage.sqlite-idempotency-store.I1
test("the same request with the same key starts one run and gets the same answer, also at the same moment and after a restart", async () => {
  const before = await count();
  const first = await post("/api/v1/runs", "one", run);
  expect([first.status, first.replayed]).toEqual([202, null]);
  // The order of members is no difference.
  const again = await post("/api/v1/runs", "one", { input: "hello", agent: "greeter" });
  expect([again.status, again.replayed, again.answer]).toEqual([202, "true", first.answer]);
  expect(again.response.headers.get("location")).toBe(first.response.headers.get("location"));
  const both = await Promise.all([post("/api/v1/runs", "two", run), post("/api/v1/runs", "two", run)]);
  const refused = both.filter(({ status }) => status !== 202).map(({ answer }) => answer);
  expect(refused).toEqual(refused.map(() => expect.objectContaining({ status: 409, code: "IDEMPOTENCY_KEY_IN_USE" })));
  expect(refused.length).toBeLessThan(2);
  expect(await count()).toBe(before + 2);
  await server[Symbol.asyncDispose]();
  server = await startServer({ script, directory: directory.path });
  expect((await post("/api/v1/runs", "one", run)).answer).toEqual(first.answer);
  expect(await count()).toBe(before + 2);
});

test("another request with the key is refused by name, and a key is not mixed up with a stream", async () => {
  await post("/api/v1/runs", "three", run);
  expect((await post("/api/v1/runs", "three", { ...run, input: "other" })).answer).toMatchObject({
    status: 422,
    code: "IDEMPOTENCY_KEY_REUSED",
  });
  expect((await post("/api/v1/messages/validate", "three", {})).answer).toMatchObject({
    code: "IDEMPOTENCY_KEY_REUSED",
  });
  for (const [key, headers] of [
    ["four", { accept: "text/event-stream" }],
    ["two words", {}],
  ] as const)
    expect((await post("/api/v1/runs", key, run, headers)).answer).toMatchObject({ code: "REQUEST_INVALID" });
});

test("a run that was not begun when the server crashed is begun under the id that its key has, and once", async () => {
  using place = tempDirectory();
  const id = mint(RunId);
  {
    using database = Database.open({ directory: join(place.path, ".caxton"), synchronous: "normal" });
    const keys = new SqliteIdempotencyStore(database);
    const request = { method: "POST", url: "/api/v1/runs", body: run };
    const letters = { method: "POST", url: "/api/v1/dead-letters/retry", body: { ids: ["1"] } };
    await keys.claim({ workspace: "default", key: "local lost" }, { hash: hashOf(request), subject: id }, Date.now());
    await keys.claim(
      { workspace: "default", key: "local letters" },
      { hash: hashOf(letters), subject: undefined },
      Date.now(),
    );
    const gone = { method: "POST", url: "/api/v1/runs", body: { ...run, agent: "nonexistent" } };
    await keys.claim(
      { workspace: "default", key: "local gone" },
      { hash: hashOf(gone), subject: mint(RunId) },
      Date.now(),
    );
    const named = { method: "POST", url: "/api/v1/participants", body: { name: "bob" } };
    await keys.claim(
      { workspace: "default", key: "local named" },
      { hash: hashOf(named), subject: mint(RunId) },
      Date.now(),
    );
    const failed = [
      { workspace: "default", key: "local failed" },
      { hash: "", subject: undefined },
      Date.now(),
    ] as const;
    await keys.claim(...failed);
    await keys.leave(failed[0]);
    expect(await keys.claim(...failed)).toEqual({ type: "unfinished" });
  }
  await using other = await startServer({ script, directory: place.path });
  const ask = async (key: string, path = "/api/v1/runs", body: object = run) => {
    const headers = { "content-type": "application/json", "idempotency-key": key };
    const response = await fetch(other.url + path, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: response.status, body: z.looseObject({ id: z.string().optional() }).parse(await response.json()) };
  };
  const both = await Promise.all([ask("lost"), ask("lost")]);
  expect(both.filter(({ status }) => status === 202).map(({ body }) => body.id)[0]).toBe(id);
  expect(await ask("lost")).toMatchObject({ status: 202, body: { id } });
  const { body } = await other.ask("GET", "/api/v1/runs");
  expect(contract.runs.RunPage.parse(body).items.map((each) => each.id)).toEqual([id]);
  // A repeated request that is refused may have been executed before: its key is not free.
  expect((await ask("gone", "/api/v1/runs", { ...run, agent: "nonexistent" })).status).toBe(404);
  expect((await ask("gone")).status).toBe(422);
  // Meanwhile the name is another's, whose token it stays.
  const { body: bob } = await other.ask("POST", "/api/v1/participants", { name: "bob" });
  const { token } = contract.participants.RegisteredParticipant.parse(bob);
  expect(await ask("named", "/api/v1/participants", { name: "bob" })).toMatchObject({
    status: 200,
    body: { token: null },
  });
  const headers = { authorization: `Bearer ${token}` };
  expect((await fetch(`${other.url}/api/v1/mailboxes/bob/fetch`, { method: "POST", headers })).status).toBe(200);
  // What a second time could harm is refused, and left to who asked.
  expect((await ask("letters", "/api/v1/dead-letters/retry", { ids: ["1"] })).status).toBe(409);
});

/** Its call of a tool waits for a person. */
const ASKING = `name = "asking"
version = "1.0.0"
capabilities = ["sums"]
tools = ["calculator"]
system_prompt = "Calculate."
`;
const sum = { toolCalls: [{ name: "calculator__evaluate", arguments: { expression: "1+1" } }] };

const eventually = <Value>(get: () => Value | Promise<Value>) => expect.poll(get, { timeout: 60_000 });

/** As a crash leaves it between the effect of each request and its answer. */
function forgetAnswers(path: string): void {
  using database = Database.open({ directory: join(path, ".caxton"), synchronous: "normal" });
  database.sql("UPDATE kept_answers SET answer = NULL, process = 'gone'").run();
}

// storage.sqlite-idempotency-store.I2
test("every request that was executed before a crash but not answered is answered when repeated, without duplicates", async () => {
  using place = tempDirectory();
  const turns = [sum, { text: "two" }];
  const options = { script: turns, directory: place.path, settings: { "permissions.ask": ["calculator.*"] } };
  const known = new Map<string, string>();
  let other = await startServer(options);
  const sent: (readonly [path: string, body: object])[] = [];
  const Named = z.looseObject({ id: z.string().optional() });
  const send = async (path: string, body: object, key = `key-${sent.length}`) => {
    const headers = { "content-type": "application/json", "idempotency-key": key };
    const response = await fetch(other.url + path, { method: "POST", headers, body: JSON.stringify(body) });
    return { status: response.status, body: Named.parse(await response.json()) };
  };
  const once = async (path: string, body: object) => {
    const first = await send(path, body);
    expect([path, first.status < 300, first.body]).toEqual([path, true, first.body]);
    if (first.body.id !== undefined) known.set(`key-${sent.length}`, first.body.id);
    sent.push([path, body]);
    return first.body.id ?? "";
  };
  const lengthOf = async (path: string) =>
    z.object({ items: z.array(z.unknown()) }).parse((await other.ask("GET", path)).body).items.length;
  const state = async () => {
    const lists = [
      "runs",
      "messages",
      "tasks",
      "subscriptions",
      "participants",
      "approvals",
      "memory/entities",
      "agents",
    ];
    return Promise.all(lists.map(async (list) => [list, await lengthOf(`/api/v1/${list}?limit=100`)] as const));
  };
  try {
    await once("/api/v1/agents", { source: ASKING });
    const asking = await once("/api/v1/runs", { agent: "asking", input: "1+1" });
    const approvalOf = async (id: string) => {
      const { body } = await other.ask("GET", `/api/v1/approvals?run=${id}`);
      return contract.approvals.ApprovalPage.parse(body).items[0]?.id;
    };
    await eventually(() => approvalOf(asking)).toBeDefined();
    await once(`/api/v1/approvals/${await approvalOf(asking)}/approve`, {});
    await eventually(async () => (await other.ask("GET", `/api/v1/runs/${asking}`)).body).toMatchObject({
      state: "completed",
    });
    const fork = await once(`/api/v1/runs/${asking}/fork`, { at: 1 });
    await eventually(() => approvalOf(fork)).toBeDefined();
    await once(`/api/v1/approvals/${await approvalOf(fork)}/deny`, { reason: "no" });
    const retried = await once(`/api/v1/runs/${asking}/retry`, {});
    await eventually(() => approvalOf(retried)).toBeDefined();
    await once(`/api/v1/runs/${retried}/cancel`, {});
    await once("/api/v1/participants", { name: "bot" });
    await once("/api/v1/capabilities", { agent: "bot", capability: "counting" });
    await once("/api/v1/subscriptions", { subscriber: "bot", topic: "news" });
    const inform = { performative: "inform", receiver: "bot", content: "hello" };
    const message = await once("/api/v1/messages", inform);
    await once("/api/v1/messages/batch", { messages: [inform, { ...inform, id: null, content: "again" }] });
    await once(`/api/v1/messages/${message}/replay`, {});
    await once("/api/v1/tasks", { name: "count", requirements: { capabilities: ["counting"] }, distribute: true });
    const entity = { name: "ada", type: "person", observations: ["likes tea"] };
    await once("/api/v1/memory/entities", { entities: [entity, { ...entity, name: "bob" }] });
    await once("/api/v1/memory/relations", { relations: [{ from: "ada", to: "bob", type: "knows" }] });
    await eventually(async () => (await other.ask("GET", `/api/v1/runs/${fork}`)).body).toMatchObject({
      state: "completed",
    });
    const before = await state();
    await other[Symbol.asyncDispose]();
    forgetAnswers(place.path);
    // It comes again so late that the router has forgotten the ids of what it sent.
    other = await startServer({ ...options, settings: { ...options.settings, "messages.dedup_window": "1ms" } });
    const tokens: string[] = [];
    for (const [index, [path, body]] of sent.entries()) {
      const again = await send(path, body, `key-${index}`);
      tokens.push(...(typeof again.body["token"] === "string" ? [path] : []));
      expect([path, again.status, again.body.id]).toEqual([
        path,
        again.status < 300 ? again.status : 200,
        known.get(`key-${index}`),
      ]);
    }
    expect(await state()).toEqual(before);
    expect(tokens, "no client received the first").toEqual(["/api/v1/participants"]);
  } finally {
    await other[Symbol.asyncDispose]();
  }
});

test("answers with facts of memory are not stored, so that no forgotten fact is on disk", async () => {
  const body = { entities: [{ name: "Zebulon", observations: ["keeps a xylophone"] }] };
  const first = await post("/api/v1/memory/entities", "mem-1", body);
  expect(first.answer).toMatchObject({ items: [{ outcome: "created" }] });
  const found = await post("/api/v1/memory/search", "mem-2", { query: "xylophone" });
  expect(found.answer).toMatchObject({ items: [{ entity: { name: "Zebulon" } }] });
  const again = await post("/api/v1/memory/entities", "mem-1", body);
  expect([again.replayed, again.answer]).toMatchObject([null, { items: [{ outcome: "unchanged" }] }]);
  const named = contract.memory.Entity.parse((await server.ask("GET", "/api/v1/memory/entity?name=Zebulon")).body);
  await server.ask("DELETE", `/api/v1/memory/entities/${named.id}`);
  const files = readdirSync(directory.path, { recursive: true, encoding: "utf8" })
    .map((name) => join(directory.path, name))
    .filter((file) => statSync(file).isFile());
  expect(files.filter((file) => /xylophone|Zebulon/u.test(readFileSync(file, "latin1")))).toEqual([]);
});

test("a refusal is not stored: the key works once the request is valid", async () => {
  const wrong = await post("/api/v1/runs", "five", { agent: "nonexistent", input: "hello" });
  expect(wrong.status).toBe(404);
  expect((await post("/api/v1/runs", "five", run)).status).toBe(202);
});

test("messages and tasks take a key too, and the interface's description says so", async () => {
  const message = { performative: "inform", receiver: "greeter", content: "hello" };
  const sent = await post("/api/v1/messages", "six", message);
  expect((await post("/api/v1/messages", "six", message)).answer).toEqual(sent.answer);
  const task = { name: "count", requirements: { capabilities: ["x"] } };
  const made = await post("/api/v1/tasks", "seven", task);
  expect(await post("/api/v1/tasks", "seven", task)).toMatchObject({ answer: made.answer, status: made.status });
  const described = documentIdempotency({ paths: { "/api/v1/runs": { post: {}, get: {} }, "/health": { post: {} } } });
  expect(described).toEqual({
    paths: {
      "/api/v1/runs": {
        post: { parameters: [expect.objectContaining({ in: "header", name: "Idempotency-Key" })] },
        get: {},
      },
      "/health": { post: {} },
    },
  });
});
