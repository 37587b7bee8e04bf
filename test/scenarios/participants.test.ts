import { readdirSync, readFileSync } from "node:fs";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { handles } from "../../src/api/operations/handles.ts";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { Socket } from "../helpers/socket.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("message.tokens", "conversation.branch");

const { MessageCheck, MessageReceipt, MessageRecord } = contract.messages;

const Answer = z.record(z.string(), z.unknown());

const settings = {
  "agents.directory": "none",
  "messages.semantic_fallback": true,
  "messages.participant_tokens": true,
};
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ settings });
}, 60_000);
afterAll(async () => server[Symbol.asyncDispose]());

describe("where capabilities are also found by meaning", () => {
  test("receipt, record, check and the delivered message say what was taken", async () => {
    await server.ask("POST", "/api/v1/participants", { name: "analyst" });
    await server.ask("POST", "/api/v1/capabilities", { agent: "analyst", capability: "data-analysis" });
    const message = { performative: "request", capability: "analyze-data", content: "what sold best?" };
    const nearest = { capability: "data-analysis", similarity: expect.closeTo(0.92, 1) };
    const check = MessageCheck.parse((await server.ask("POST", "/api/v1/messages/validate", message)).body);
    expect(check).toMatchObject({ valid: true, recipients: ["analyst"], nearest });
    const receipt = MessageReceipt.parse((await server.ask("POST", "/api/v1/messages", message)).body);
    expect(receipt).toMatchObject({ status: "accepted", recipients: ["analyst"], nearest });
    const record = MessageRecord.parse((await server.ask("GET", `/api/v1/messages/${receipt.id}`)).body);
    expect(record).toMatchObject({ capability: "analyze-data", nearest });
    expect(record.message["nearest_capability"]).toEqual(record.nearest);
  });

  test("a failure names what was nearest", async () => {
    const message = { performative: "request", capability: "write-reports", content: "?" };
    const receipt = MessageReceipt.parse((await server.ask("POST", "/api/v1/messages", message)).body);
    expect(receipt).toMatchObject({ status: "answered", nearest: null, error: { code: "NO_CAPABILITY_PROVIDERS" } });
    expect(receipt.error?.details["similar"]).toMatchObject([{ capability: "data-analysis" }]);
  });
});

// operations.server-events.S4
test("a watcher of conversations and tasks is notified of changes, and other watchers are not", async () => {
  const stop = new AbortController();
  const lines = async (types: string) => {
    const response = await fetch(`${server.url}/api/v1/events${types}`, { signal: stop.signal });
    return new Lines(response);
  };
  const [watching, usual] = await Promise.all([lines("?types=conversation,task"), lines("")]);
  await Promise.all([watching.until("ready"), usual.until("ready")]);
  await server.ask("POST", "/api/v1/participants", { name: "listener" });
  const message = { performative: "inform", receiver: "listener", content: "!" };
  const heard = MessageReceipt.parse((await server.ask("POST", "/api/v1/messages", message)).body);
  expect(await watching.until(heard.conversation_id)).toContain('"type":"conversation"');
  const made = await server.ask("POST", "/api/v1/tasks", { name: "count", participants: ["listener"] });
  const { id } = contract.tasks.Task.parse(made.body);
  expect(await watching.until(id)).toContain('"type":"task"');
  expect(usual.text).not.toMatch(/"type":"(?:conversation|task)"/);
  stop.abort();
});

/** What a stream of events says, as text. */
class Lines {
  text = "";
  readonly #reader: ReadableStreamDefaultReader<string>;

  constructor({ body }: Response) {
    this.#reader = (body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader();
  }

  async until(word: string): Promise<string> {
    while (!this.text.includes(word)) {
      const { value, done } = await this.#reader.read();
      if (done) throw new Error(`it ended without ${word}: ${this.text}`);
      this.text += value;
    }
    return this.text;
  }
}

const ask = async (method: string, path: string, { token, body }: { token?: string; body?: object } = {}) => {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: Answer.parse(await response.json()) };
};
const register = async (name: string) => {
  const { body } = await ask("POST", "/participants", { body: { name } });
  return contract.participants.RegisteredParticipant.parse(body);
};
const said = (sender: string) => ({ performative: "inform", sender, receiver: "user", content: "!" });

describe("a program's token", () => {
  // operations.presented-tokens.P1
  test("is returned once, and needed to send, fetch and settle as it", async () => {
    const { token } = await register("cashier");
    expect(token).toMatch(/^cxp_[\w-]{43}$/u);
    const again = await register("cashier");
    expect(again).toMatchObject({ token: null, has_token: true });
    const other = await register("other");
    const attempts = [
      () => ["POST", "/messages", said("CASHIER")] as const,
      () => ["POST", "/mailboxes/cashier/fetch", undefined] as const,
      () => ["POST", "/mailboxes/cashier/settle", { done: [handles.delivery.encode(1)] }] as const,
      () => ["POST", "/tasks", { name: "t", participants: ["other"], owner: "cashier" }] as const,
    ];
    for (const attempt of attempts) {
      const [method, path, body] = attempt();
      const sent = body === undefined ? {} : { body };
      expect(await ask(method, path, sent), path).toMatchObject({
        status: 401,
        body: { code: "PARTICIPANT_TOKEN_REQUIRED" },
      });
      expect(await ask(method, path, { ...sent, token: other.token ?? "" }), path).toMatchObject({
        status: 401,
        body: { code: "PARTICIPANT_TOKEN_INVALID" },
      });
      expect((await ask(method, path, { ...sent, token: token ?? "" })).status, path).toBeLessThan(300);
    }
  });

  // operations.presented-tokens.P2
  test("is not needed for the user and for unregistered names, and never authenticates an agent or the server", async () => {
    expect((await ask("POST", "/messages", { body: { ...said("user"), receiver: "cashier" } })).status).toBe(202);
    expect((await ask("POST", "/messages", { body: said("passer-by") })).status).toBe(202);
    const AGENT = 'name = "Clerk"\nversion = "1.0.0"\ncapabilities = ["filing"]\nsystem_prompt = "File."\n';
    const deployed = await server.ask("POST", "/api/v1/agents", { source: AGENT, format: "toml" });
    expect(deployed.status, JSON.stringify(deployed.body)).toBeLessThan(300);
    for (const sender of ["clerk", "Clerk", "caxton", "caxton.tasks"]) {
      expect(await ask("POST", "/messages", { body: said(sender) }), sender).toMatchObject({
        status: 403,
        body: { code: "SENDER_FORBIDDEN" },
      });
    }
    const batch = {
      messages: [said("cashier"), said("user"), said("clerk")].map((one) => ({ ...one, receiver: "other" })),
    };
    expect(await ask("POST", "/messages/batch", { body: batch })).toMatchObject({
      body: {
        accepted: 1,
        refused: 2,
        items: [{ error: { code: "PARTICIPANT_TOKEN_REQUIRED" } }, {}, { error: { code: "SENDER_FORBIDDEN" } }],
      },
    });
  });

  test("is one of at most 100 of a connection, which receives the reason", async () => {
    await using socket = await Socket.open(`${server.url.replace("http", "ws")}/api/v1/messages/socket`);
    const identify = (ref: number, token: number) =>
      socket.say({ op: "identify", ref, token: `cxp_${String(token).padStart(43, "0")}` });
    for (let ref = 1; ref <= 100; ref += 1) identify(ref, ref);
    for (let ref = 1; ref <= 100; ref += 1) await socket.heard("identified");
    identify(101, 101);
    expect(await socket.heard("problem")).toMatchObject({
      ref: 101,
      problem: { code: "REQUEST_INVALID", detail: expect.stringContaining("at most 100 tokens") },
    });
    identify(102, 100);
    expect(await socket.heard("identified")).toMatchObject({ ref: 102 });
  });

  test("ends when it is replaced or revoked, also for a client that receives with it", async () => {
    const { token: first } = await register("turner");
    const { token: other } = await register("bystander");
    await using socket = await Socket.open(`${server.url.replace("http", "ws")}/api/v1/messages/socket`);
    socket.say({ op: "receive", ref: 1, mailbox: "turner" });
    expect(await socket.heard("problem")).toMatchObject({ problem: { code: "PARTICIPANT_TOKEN_REQUIRED" } });
    socket.say({ op: "identify", ref: 2, token: first });
    expect(await socket.heard("identified")).toMatchObject({ ref: 2 });
    socket.say({ op: "receive", ref: 3, mailbox: "turner" });
    expect(await socket.heard("receiving")).toMatchObject({ ref: 3 });
    socket.say({ op: "send", ref: 4, message: said("turner") });
    expect(await socket.heard("receipt")).toMatchObject({ receipt: { status: "accepted" } });
    for (const method of ["POST", "DELETE"])
      for (const [shown, code] of [
        [{}, "PARTICIPANT_TOKEN_REQUIRED"],
        [{ token: other ?? "" }, "PARTICIPANT_TOKEN_INVALID"],
      ] as const)
        expect(await ask(method, "/participants/turner/token", shown)).toMatchObject({ status: 401, body: { code } });
    const rotated = contract.participants.RegisteredParticipant.parse(
      (await ask("POST", "/participants/turner/token", { token: first ?? "" })).body,
    );
    expect(rotated.token).not.toBe(first);
    await ask("POST", "/messages", { body: { performative: "inform", receiver: "turner", content: "?" } });
    expect(await socket.heard("problem")).toMatchObject({ problem: { code: "PARTICIPANT_TOKEN_INVALID" } });
    socket.say({ op: "send", ref: 5, message: said("turner") });
    expect(await socket.heard("receipt")).toMatchObject({ receipt: { error: { code: "PARTICIPANT_TOKEN_INVALID" } } });
    const { token } = rotated;
    const got = await ask("POST", "/mailboxes/turner/fetch?wait=5", { token: token ?? "" });
    expect(contract.participants.LeasedMessages.parse(got.body).items).toHaveLength(1);
    const revoked = await ask("DELETE", "/participants/turner/token", { token: token ?? "" });
    expect(revoked).toMatchObject({ body: { has_token: false } });
    expect((await ask("POST", "/mailboxes/turner/fetch", { token: token ?? "" })).status).toBe(401);
    // Without a token there is none to show.
    expect(await ask("POST", "/participants/turner/token")).toMatchObject({ status: 200, body: { has_token: true } });
  });

  test("is on no disk: not with the program, and not with the answer that an Idempotency-Key keeps", async () => {
    const post = () =>
      fetch(`${server.url}/api/v1/participants`, {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": "once" },
        body: JSON.stringify({ name: "archivist" }),
      });
    const { token } = contract.participants.RegisteredParticipant.parse(await (await post()).json());
    expect(contract.participants.RegisteredParticipant.parse(await (await post()).json())).toMatchObject({
      token: null,
    });
    const files = readdirSync(join(server.directory, ".caxton"), { recursive: true, withFileTypes: true });
    const whole = files.filter((file) => file.isFile()).map((file) => readFileSync(join(file.parentPath, file.name)));
    expect(whole.some((bytes) => bytes.includes("archivist"))).toBe(true);
    expect(whole.some((bytes) => bytes.includes(token ?? "none"))).toBe(false);
  });
});

test("oversized headers are refused, a malformed token is no key, and the next request is answered as usual", async () => {
  const { hostname, port } = new URL(server.url);
  /** What the server answers before it ends the connection. */
  const answerTo = async (bytes: string) => {
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    socket.write(bytes);
    let heard = "";
    socket.on("data", (more) => (heard += more.toString()));
    // The rest of what it sent may be cut off before it has read why.
    socket.on("error", () => {});
    await new Promise((resolve) => socket.once("close", resolve));
    return heard;
  };
  const heard = await answerTo(
    `GET /api/v1/mailboxes HTTP/1.1\r\nhost: ${hostname}:${port}\r\nx-giant: ${"a".repeat(200_000)}\r\n\r\n`,
  );
  expect(heard === "" || heard.startsWith("HTTP/1.1 431")).toBe(true);
  const [, problem = ""] = (await answerTo("no request at all\r\n\r\n")).split("\r\n\r\n");
  expect(contract.problems.ProblemDetails.parse(JSON.parse(problem))).toMatchObject({
    status: 400,
    code: "REQUEST_INVALID",
  });
  const many = Array.from({ length: 400 }, (_, index) => `x-${index}: ${"a".repeat(40)}\r\n`).join("");
  const [head = "", overflow = ""] = (
    await answerTo(`GET /api/v1/mailboxes HTTP/1.1\r\nhost: ${hostname}:${port}\r\n${many}\r\n`)
  ).split("\r\n\r\n");
  expect(head).toMatch(/^HTTP\/1.1 431 .*\r\ncontent-type: application\/problem\+json/s);
  expect(JSON.parse(overflow)).toMatchObject({ status: 431, detail: expect.stringContaining("16 KiB") });
  await ask("POST", "/participants", { body: { name: "guarded" } });
  for (const token of ["cxp_", "x".repeat(4_000), `cxp_${"A".repeat(43)}`]) {
    expect((await ask("POST", "/mailboxes/guarded/fetch", { token })).status).toBe(401);
  }
  expect((await ask("GET", "/mailboxes")).status).toBe(200);
});

type Program = Awaited<ReturnType<typeof register>>;
const parties = async () => {
  const suffix = crypto.randomUUID().slice(0, 8);
  const [alice, bob, carol] = await Promise.all(
    ["alice", "bob", "carol"].map(async (word) => register(`${word}-${suffix}`)),
  );
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error("three were registered");
  return { alice, bob, carol };
};
const stateOf = async (id: string) =>
  contract.conversations.Conversation.parse((await ask("GET", `/conversations/${id}`)).body);
const archiveAll = (by: Program) =>
  ask("POST", "/conversations/archive", { body: { older_than: "0s" }, token: by.token ?? "" });

const say = async (from: Program, to: Program, rest: object = {}) => {
  const message = { performative: "inform", sender: from.name, receiver: to.name, content: "!", ...rest };
  const { body } = await ask("POST", "/messages", { body: message, token: from.token ?? "" });
  return MessageReceipt.parse(body);
};
const change = async (id: string, how: string, by?: Program, body: object = {}) =>
  ask("POST", `/conversations/${id}/${how}`, { body, ...(by !== undefined && { token: by.token ?? "" }) });

const taskNow = async (id: string) => contract.tasks.Task.parse((await ask("GET", `/tasks/${id}`)).body);
const states = (one: contract.conversations.Conversation) => one.participants.map(({ state }) => state);

describe("only participants change a conversation", () => {
  const forbidden = { status: 403, body: { code: "CONVERSATION_FORBIDDEN" } };

  test("with a message: an outsider merges, branches and writes in vain", async () => {
    const { alice, bob, carol } = await parties();
    const { conversation_id: theirs } = await say(alice, bob);
    const own = { status: "answered", answer: "not-understood", error: { code: "CONVERSATION_FORBIDDEN" } };
    expect(await say(carol, bob, { merge_conversations: [theirs] })).toMatchObject(own);
    expect(await say(carol, bob, { parent_conversation: theirs })).toMatchObject(own);
    // The answer to the first attempt does not make her a participant.
    for (let time = 0; time < 2; time += 1) {
      expect(await say(carol, bob, { conversation_id: theirs })).toMatchObject({
        status: "answered",
        error: { code: "PROTOCOL_BREACH", details: { rule: "participants-only" } },
      });
    }
    expect(await say(alice, bob, { conversation_id: theirs })).toMatchObject({ status: "accepted" });
    const participants = [{ name: bob.name }];
    expect(await stateOf(theirs)).toMatchObject({ state: "in-progress", branches: [], participants });
    // A participant brings others in.
    expect(await say(bob, carol, { conversation_id: theirs })).toMatchObject({ status: "accepted" });
    expect(await say(carol, alice, { conversation_id: theirs })).toMatchObject({ status: "accepted" });
    expect(await say(carol, bob, { parent_conversation: theirs })).toMatchObject({ status: "accepted" });
  });

  test("with a message: an outsider merges no conversation whose list of participants is full", async () => {
    const { alice, bob, carol } = await parties();
    const { conversation_id: full } = await say(alice, bob);
    const many = await Promise.all(Array.from({ length: 100 }, (_, index) => register(`many-${index}-${bob.name}`)));
    for (const one of many) await say(alice, one, { conversation_id: full });
    expect(await say(carol, bob, { merge_conversations: [full] })).toMatchObject({
      error: { code: "CONVERSATION_FORBIDDEN" },
    });
    expect(await say(alice, bob, { conversation_id: full })).toMatchObject({ status: "accepted" });
  });

  test("with a token: an outsider ends, merges and archives nothing; a participant and the operator do", async () => {
    const { alice, bob, carol } = await parties();
    const { conversation_id: theirs } = await say(alice, bob);
    const { conversation_id: hers } = await say(carol, bob);
    for (const how of ["end", "archive"]) expect(await change(theirs, how, carol), how).toMatchObject(forbidden);
    expect(await change(theirs, "merge", carol, { into: hers })).toMatchObject(forbidden);
    expect(await change(hers, "merge", carol, { into: theirs })).toMatchObject(forbidden);
    // A malformed token is no operator's.
    expect(await ask("POST", `/conversations/${theirs}/end`, { body: {}, token: "cxt_bad" })).toMatchObject(forbidden);
    expect(await change(theirs, "end", alice)).toMatchObject({ body: { state: "cancelled" } });
    expect(await change(hers, "end")).toMatchObject({ body: { state: "cancelled" } });
    expect(await archiveAll(carol)).toMatchObject({ body: { archived: 1 } });
    expect(await stateOf(theirs)).toMatchObject({ archived_at: null });
    expect(await archiveAll(bob)).toMatchObject({ body: { archived: 1 } });
  });

  test("in the conversation of a task a bidder ends its own part, and the task proceeds; the owner ends the task", async () => {
    const { alice, bob, carol } = await parties();
    const start = async (...bidders: Program[]) => {
      const participants = bidders.map(({ name }) => name);
      const body = { name: "count", participants, max_wait_seconds: 600, distribute: true, owner: carol.name };
      const { id } = contract.tasks.Task.parse((await ask("POST", "/tasks", { body, token: carol.token ?? "" })).body);
      await expect.poll(async () => (await ask("GET", `/conversations/${id}`)).status).toBe(200);
      return id;
    };
    const id = await start(alice, bob);
    const proposal = { performative: "propose", protocol: "fipa-contract-net", content: { cost: 1 } };
    expect(await say(bob, carol, { ...proposal, conversation_id: id })).toMatchObject({ status: "accepted" });
    const left = await change(id, "end", alice);
    expect(states(contract.conversations.Conversation.parse(left.body))).toEqual(["misunderstood", "proposed"]);
    await expect.poll(async () => (await taskNow(id)).status).toBe("working");
    const note = `${alice.name} ended its part of the conversation`;
    expect(await taskNow(id)).toMatchObject({ assigned_to: bob.name, bidders: [{ state: "refused", note }, {}] });

    const other = await start(alice, bob);
    await change(other, "end", carol);
    expect(await taskNow(other)).toMatchObject({ status: "cancelled" });
    await expect.poll(async () => states(await stateOf(other))).toEqual(["cancelling", "cancelling"]);
    // What is not answered can be ended without the answers.
    expect(await change(other, "end", carol)).toMatchObject({ body: { state: "cancelled" } });
  });

  test("a merge is made once, makes no circle, and takes its participants along", async () => {
    const { alice, bob, carol } = await parties();
    const { conversation_id: one } = await say(alice, bob);
    const { conversation_id: two } = await say(alice, carol);
    const { conversation_id: three } = await say(alice, bob);
    const cycle = { status: 409, body: { code: "CONVERSATION_MERGE_CYCLE" } };
    const over = { status: 409, body: { code: "CONVERSATION_MERGED" } };
    expect(await change(one, "merge", alice, { into: one })).toMatchObject(cycle);
    const self = await say(alice, bob, { conversation_id: one, merge_conversations: [one] });
    expect(self).toMatchObject({ status: "answered", error: { code: "CONVERSATION_MERGE_CYCLE" } });
    for (let time = 0; time < 2; time += 1)
      expect(await change(one, "merge", alice, { into: two })).toMatchObject({
        status: 200,
        body: { state: "merged" },
      });
    expect(await change(two, "merge", alice, { into: one })).toMatchObject(cycle);
    expect(await change(one, "merge", alice, { into: three })).toMatchObject(over);
    expect(await change(three, "merge", alice, { into: one })).toMatchObject(over);
    // Bob takes part in its continuation too.
    expect(await stateOf(two)).toMatchObject({ merged: [one], state: "initiated" });
    expect(await say(bob, alice, { conversation_id: two })).toMatchObject({ status: "accepted" });
    expect(await say(carol, bob, { conversation_id: two, merge_conversations: [three] })).toMatchObject({
      error: { code: "CONVERSATION_FORBIDDEN" },
    });
    const merge = { conversation_id: two, merge_conversations: [three, three] };
    expect(await say(alice, carol, merge)).toMatchObject({ status: "accepted" });
    expect(await stateOf(two)).toMatchObject({ merged: [one, three] });
    expect(await change(two, "merge", alice, { into: three })).toMatchObject(cycle);
  });

  test("a merge that would close a chain of merges names the chain", async () => {
    const { alice, bob } = await parties();
    const ids = await Promise.all([1, 2, 3].map(async () => (await say(alice, bob)).conversation_id));
    const [one = "", two = "", three = ""] = ids;
    expect(await change(one, "merge", alice, { into: two })).toMatchObject({ status: 200 });
    expect(await change(two, "merge", alice, { into: three })).toMatchObject({ status: 200 });
    const detail = `conversation ${three} cannot be merged into itself: ${one} was merged into ${two} was merged into ${three}`;
    const cycle = { status: 409, body: { code: "CONVERSATION_MERGE_CYCLE", detail } };
    expect(await change(three, "merge", alice, { into: one })).toMatchObject(cycle);
  });
});

// directory.participants.D2
test("a name belongs to one agent or program, whatever its case", async () => {
  const named = (name: string, description: string) =>
    server.ask("POST", "/api/v1/participants", { name, description });
  const source = 'name = "namesake"\nversion = "1.0.0"\ncapabilities = ["naming"]\nsystem_prompt = "Be brief."\n';
  const deployed = await server.ask("POST", "/api/v1/agents", { source, file_name: "namesake.toml" });
  expect(deployed.status).toBeLessThan(300);
  expect(await named("NameSake", "")).toMatchObject({ status: 409, body: { code: "PARTICIPANT_NAME_TAKEN" } });
  expect((await named("two-cases", "first")).status).toBeLessThan(300);
  expect((await named("Two-Cases", "second")).status).toBeLessThan(300);
  const { body } = await server.ask("GET", "/api/v1/participants?limit=200");
  const { items } = z.object({ items: z.array(z.looseObject({ name: z.string() })) }).parse(body);
  const both = items.filter(({ name }) => name.toLowerCase() === "two-cases");
  expect(both).toMatchObject([{ description: "second" }]);
});

test("a program that is deleted ends its open part of a conversation", async () => {
  await server.ask("POST", "/api/v1/participants", { name: "leaver" });
  const asked = { performative: "request", protocol: "fipa-request", receiver: "leaver", content: "?" };
  await server.ask("POST", "/api/v1/messages", { ...asked, conversation_id: "leaving" });
  expect((await server.ask("DELETE", "/api/v1/participants/LEAVER")).status).toBe(200);
  const { body } = await server.ask("GET", "/api/v1/conversations/leaving");
  expect(body).toMatchObject({ participants: [{ name: "leaver", state: "unreached" }] });
});
