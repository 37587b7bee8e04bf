import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { once } from "node:events";
import * as z from "zod";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { Socket } from "../helpers/socket.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies(
  "message.publish",
  "message.deduplicated",
  "message.offline",
  "message.large-content",
  "message.mailbox-api",
  "message.socket",
  "protocol.checked",
  "protocol.deadline",
  "conversation.branch",
  "api.resume",
);

const { MessageReceipt, MessageRecord, MessagePage, DeadLetterPage, MessageCheck, MessageTrace } = contract.messages;
const { LeasedMessages, Capability, CapabilityPage, CapabilityProvider } = contract.participants;
const { Conversation, ConversationPage, ProtocolList } = contract.conversations;

/** Agents of the samples would start runs; here programs talk to each other. One reader must not take all of a large window. */
const settings = { "agents.directory": "none", "messages.in_flight_max": 1_000 };
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ settings });
}, 60_000);
afterAll(async () => server[Symbol.asyncDispose]());

/** A name of its own for each test, so that they do not see each other's mail. */
const program = async (prefix: string, on = server): Promise<string> => {
  const name = `${prefix}-${randomUUID().slice(0, 8)}`;
  expect(await on.ask("POST", "/api/v1/participants", { name })).toMatchObject({ status: 200 });
  return name;
};
const send = async (message: object, query = "", on = server) => {
  const { status, body } = await on.ask("POST", `/api/v1/messages${query}`, message);
  expect(status, JSON.stringify(body)).toBe(202);
  return MessageReceipt.parse(body);
};
const take = async (name: string, query = "?wait=10", on = server) => {
  const { body } = await on.ask("POST", `/api/v1/mailboxes/${name}/fetch${query}`);
  return LeasedMessages.parse(body).items;
};
const settle = (name: string, how: object, on = server) => on.ask("POST", `/api/v1/mailboxes/${name}/settle`, how);

const soon = () => new Date(Date.now() + 1_000).toISOString();

describe("programs outside", () => {
  test("a message waits in a program's mailbox until it is fetched, and is done when it says so", async () => {
    const name = await program("clerk");
    const receipt = await send({ performative: "REQUEST", receiver: name, content: "write an invoice" });
    expect(receipt).toMatchObject({ status: "accepted", recipients: [name], duplicate: false, durability: "full" });
    const [first] = await take(name);
    expect(first).toMatchObject({ attempt: 1, message: { performative: "request", content: "write an invoice" } });
    const before = MessageRecord.parse((await server.ask("GET", `/api/v1/messages/${receipt.id}`)).body);
    expect(before.deliveries).toMatchObject([{ recipient: name, state: "leased" }]);
    expect(await settle(name, { done: [first?.handle] })).toEqual({ status: 200, body: { late: [] } });
    const after = MessageRecord.parse((await server.ask("GET", `/api/v1/messages/${receipt.id}`)).body);
    expect(after.deliveries).toMatchObject([{ recipient: name, state: "done", attempts: 1 }]);
    expect(await take(name, "")).toEqual([]);
  });

  test("the same id sent twice is delivered once, and the sender is informed", async () => {
    const name = await program("twice");
    const message = { id: randomUUID(), performative: "inform", receiver: name, content: "once" };
    await send(message);
    expect(await send(message)).toMatchObject({ status: "accepted", duplicate: true });
    expect(await take(name)).toHaveLength(1);
    expect(await take(name, "")).toHaveLength(0);
  });

  test("a waiting sender gets the reply with the receipt; an agreement alone is no reply", async () => {
    const name = await program("worker");
    const asked = send(
      { performative: "request", protocol: "fipa-request", receiver: name, content: "2 + 2" },
      "?wait=20",
    );
    const [request] = await take(name);
    const { id, conversation_id } = contract.messages.MessageRecord.pick({ id: true, conversation_id: true }).parse(
      request?.message,
    );
    const reply = { sender: name, receiver: "user", conversation_id, in_reply_to: id, protocol: "fipa-request" };
    await send({ ...reply, performative: "agree", content: "on it" });
    await send({ ...reply, performative: "inform", content: { sum: 4 } });
    expect(await asked).toMatchObject({ reply: { performative: "inform", content: { sum: 4 } } });
    const found = Conversation.parse((await server.ask("GET", `/api/v1/conversations/${conversation_id}`)).body);
    expect(found).toMatchObject({ state: "completed", outcome: "done", messages: 3, expected: [] });
  });

  test("a repeated id returns the reply that arrived since, or waits for it", async () => {
    const name = await program("early");
    const id = randomUUID();
    const question = { id, performative: "query-ref", receiver: name, content: "2 + 2", conversation_id: `c-${id}` };
    const reply = { sender: name, receiver: "user", conversation_id: `c-${id}`, in_reply_to: id };
    await send(question);
    await send({ ...reply, performative: "agree", content: "soon" });
    const waiting = send(question, "?wait=20");
    await send({ ...reply, performative: "inform", content: "four" });
    expect(await waiting).toMatchObject({ duplicate: true, reply: { content: "four" } });
    expect(await send(question, "?wait=20")).toMatchObject({ duplicate: true, reply: { content: "four" } });
  });

  test.each(["fipa-request", null])(
    "who asks something that is not answered by reply_by gets a failure: with the receipt, and in its mailbox (%s)",
    async (protocol) => {
      const [client, silent] = [await program("client"), await program("silent")];
      const ask = { performative: "request", receiver: silent, content: "please", protocol };
      const failed = { performative: "failure", sender: "caxton", error: { code: "EXPIRED" } };
      const first = await send({ ...ask, sender: client, reply_by: soon() }, "?wait=20");
      expect(first.reply).toMatchObject({ ...failed, receiver: client, in_reply_to: first.id });
      expect(await take(silent, "")).toEqual([]);
      const [mine, ...others] = await take(client);
      expect(mine).toMatchObject({
        message: { ...failed, in_reply_to: first.id, conversation_id: first.conversation_id },
      });
      expect(others).toEqual([]);
      const { deliveries } = MessageRecord.parse((await server.ask("GET", `/api/v1/messages/${first.id}`)).body);
      expect(deliveries).toMatchObject([{ recipient: silent, state: "expired" }]);
      expect((await send({ ...ask, reply_by: soon() }, "?wait=20")).reply).toMatchObject(failed);
    },
  );

  test("a message that its protocol does not allow moves nothing and names what was expected", async () => {
    const name = await program("stray");
    const { conversation_id, id } = await send({
      performative: "request",
      protocol: "fipa-request",
      receiver: name,
      content: "go",
    });
    const stray = {
      performative: "propose",
      sender: name,
      receiver: "user",
      conversation_id,
      in_reply_to: id,
      content: "5",
    };
    const receipt = await send({ ...stray, protocol: "fipa-request" });
    expect(receipt).toMatchObject({
      status: "answered",
      answer: "not-understood",
      error: { code: "PROTOCOL_BREACH", details: { rule: "expected-act" } },
    });
    const found = Conversation.parse((await server.ask("GET", `/api/v1/conversations/${conversation_id}`)).body);
    expect(found.participants).toMatchObject([{ name, state: "asked" }]);
    expect(found.expected.find(({ who }) => who === name)?.acts).toContain("agree");
  });

  test("what a program rejects is a dead letter, which is sent again or dropped", async () => {
    const name = await program("picky");
    await send({ performative: "request", receiver: name, content: "no thanks" });
    const [leased] = await take(name);
    for (const [field, given] of [
      ["done", ["1"]],
      ["failed", [{ handle: "mp1", reason: "" }]],
      ["rejected", [{ handle: "", reason: "" }]],
    ] as const) {
      expect(await settle(name, { [field]: given })).toMatchObject({
        status: 400,
        body: { code: "REQUEST_INVALID", detail: expect.stringContaining(`${field}: `) },
      });
    }
    await settle(name, { rejected: [{ handle: leased?.handle, reason: "not my job" }] });
    const list = async () =>
      DeadLetterPage.parse((await server.ask("GET", `/api/v1/dead-letters?recipient=${name}`)).body).items;
    const [dead] = await list();
    expect(dead).toMatchObject({ recipient: name, code: "DELIVERY_REJECTED", reason: "not my job", attempts: 1 });
    expect(dead?.history).toEqual([{ attempt: 1, at: expect.any(String), reason: "not my job" }]);
    expect(await server.ask("POST", "/api/v1/dead-letters/retry", { ids: [dead?.id] })).toMatchObject({ status: 200 });
    expect(await list()).toEqual([]);
    const [again] = await take(name);
    expect(again?.message["id"]).toBe(dead?.message_id);
    await settle(name, { rejected: [{ handle: again?.handle, reason: "still not" }] });
    const [second] = await list();
    // Sent again, its attempts are counted from zero.
    expect(second?.history).toMatchObject([{ attempt: 1, reason: "still not" }]);
    expect(await server.ask("DELETE", `/api/v1/dead-letters/${second?.id}`)).toEqual({
      status: 200,
      body: { dropped: 1 },
    });
    for (const id of [second?.id, "42-picky", "mp1"]) {
      expect(await server.ask("GET", `/api/v1/dead-letters/${id}`)).toMatchObject({
        status: 404,
        body: { code: "DEAD_LETTER_NOT_FOUND", details: { id } },
      });
    }
  });
});

const publish = (topic: string, price: number) => send({ performative: "inform", topic, content: { price } });

describe("addresses", () => {
  test("an unknown name is answered with a failure that names the nearest, and is stored", async () => {
    const name = await program("invoices");
    const receipt = await send({ performative: "request", receiver: `${name}x`, content: "hello" });
    expect(receipt).toMatchObject({ status: "answered", answer: "failure", error: { code: "AGENT_NOT_FOUND" } });
    expect(receipt.error?.hint).toContain(name);
    expect(await server.ask("GET", `/api/v1/messages/${receipt.id}`)).toMatchObject({ status: 200 });
  });

  test("a capability finds its providers, but not those that drain", async () => {
    const name = await program("solver");
    const capability = `solving-${randomUUID().slice(0, 8)}`;
    const registered = await server.ask("POST", "/api/v1/capabilities", { agent: name, capability, priority: 70 });
    const { registration_id: id } = CapabilityProvider.parse(registered.body);
    expect(await server.ask("POST", "/api/v1/capabilities", { agent: name, capability })).toMatchObject({
      status: 409,
      body: { code: "DUPLICATE_REGISTRATION" },
    });
    expect(await send({ performative: "request", capability, content: "x" })).toMatchObject({ recipients: [name] });
    const shown = Capability.parse((await server.ask("GET", `/api/v1/capabilities/${capability}`)).body);
    expect(shown.providers).toMatchObject([{ agent: name, priority: 70, status: "active", source: "registration" }]);
    const page = CapabilityPage.parse((await server.ask("GET", `/api/v1/capabilities?agent=${name}`)).body);
    expect(page.items.map((each) => each.name)).toEqual([capability]);
    for (const [method, path, body] of [
      ["PUT", `/registrations/${id}`, { load_score: 0.5 }],
      ["POST", "/capabilities", { agent: name, capability: "billing", load: 0.5 }],
    ] as const)
      expect(await server.ask(method, `/api/v1${path}`, body), path).toMatchObject({ status: 400 });
    expect(await server.ask("PUT", `/api/v1/registrations/${id}`, { load: 0.5 })).toMatchObject({
      body: { load: 0.5 },
    });
    expect(await server.ask("PUT", `/api/v1/registrations/${id}`, { status: "draining" })).toMatchObject({
      status: 200,
    });
    expect(await send({ performative: "request", capability, content: "x" })).toMatchObject({
      status: "answered",
      error: { code: "NO_CAPABILITY_PROVIDERS" },
    });
    expect(await server.ask("DELETE", `/api/v1/registrations/${id}`)).toMatchObject({ status: 200 });
    expect(await server.ask("PUT", `/api/v1/registrations/${id}`, { priority: 1 })).toMatchObject({
      status: 404,
      body: { code: "REGISTRATION_NOT_FOUND" },
    });
  });

  test("a published message goes to the matching subscriptions only", async () => {
    const [all, dear] = [await program("all"), await program("dear")];
    const root = `orders-${randomUUID().slice(0, 8)}`;
    const subscribed = await server.ask("POST", "/api/v1/subscriptions", { subscriber: all, topic: `${root}.#` });
    const { id } = contract.participants.Subscription.parse(subscribed.body);
    const where = "message.content.price > 100";
    await server.ask("POST", "/api/v1/subscriptions", { subscriber: dear, topic: `${root}.*.created`, where });
    expect((await publish(`${root}.eu.created`, 120)).recipients.toSorted()).toEqual([all, dear].toSorted());
    expect((await publish(`${root}.eu.created`, 20)).recipients).toEqual([all]);
    expect((await publish(`${root}.eu.sent`, 120)).recipients).toEqual([all]);
    expect(await server.ask("DELETE", `/api/v1/subscriptions/${id}`)).toMatchObject({ status: 200 });
    const { body } = await server.ask("GET", `/api/v1/subscriptions?subscriber=${dear}`);
    expect(contract.participants.SubscriptionPage.parse(body).items).toMatchObject([{ subscriber: dear, where }]);
    expect(
      await server.ask("POST", "/api/v1/subscriptions", { subscriber: dear, topic: "#", where: "message.(" }),
    ).toMatchObject({ status: 400, body: { code: "EXPRESSION_INVALID" } });
  });

  test("a message is checked without being sent, and everything that is wrong is said at once", async () => {
    const name = await program("checked");
    const good = await server.ask("POST", "/api/v1/messages/validate", {
      performative: "inform",
      receiver: name,
      content: 1,
    });
    expect(MessageCheck.parse(good.body)).toMatchObject({ valid: true, recipients: [name] });
    expect(await take(name, "")).toEqual([]);
    const bad = { performative: "requst", recevier: name, content: "x", priority: 99 };
    const checked = MessageCheck.parse((await server.ask("POST", "/api/v1/messages/validate", bad)).body);
    expect(checked.problems.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["performative", "recevier", "priority"]),
    );
    expect(checked.problems.find(({ path }) => path === "performative")?.fix).toContain("request");
    expect(await server.ask("POST", "/api/v1/messages", bad)).toMatchObject({
      status: 400,
      body: { code: "MESSAGE_INVALID" },
    });
  });
});

const check = async (message: object) =>
  MessageCheck.parse((await server.ask("POST", "/api/v1/messages/validate", message)).body);

test("a check says whether the protocol allows the message now, and what it expects", async () => {
  const bob = await program("judged");
  const request = { performative: "request", protocol: "fipa-request", receiver: bob, content: "x" };
  const opening = { protocol: "fipa-request", state: null, expected: [{ who: "user", acts: ["request"] }] };
  expect(await check(request)).toMatchObject({ valid: true, conversation: { ...opening, allowed: true } });
  expect(await check({ ...request, performative: "propose" })).toMatchObject({
    valid: false,
    problems: [{ code: "PROTOCOL_BREACH" }],
    conversation: { ...opening, allowed: false },
  });
  const { conversation_id } = await send(request);
  const reply = { sender: bob, receiver: "user", conversation_id, content: "x" };
  const standing = {
    id: conversation_id,
    state: expect.any(String),
    expected: expect.arrayContaining([{ who: bob, acts: expect.arrayContaining(["agree"]) }]),
  };
  expect(await check({ ...reply, performative: "agree" })).toMatchObject({
    valid: true,
    conversation: { ...standing, allowed: true },
  });
  expect(await check({ ...reply, performative: "propose" })).toMatchObject({
    valid: false,
    conversation: { ...standing, allowed: false },
  });
  // Nothing was moved by looking.
  await send({ ...reply, performative: "agree" });
  expect(await check({ performative: "inform", receiver: bob, content: "x" })).toMatchObject({ conversation: null });
});

test("a receipt names a protocol that is not checked", async () => {
  const bob = await program("unchecked");
  const ask = (protocol: string) => send({ performative: "inform", protocol, receiver: bob, content: "x" });
  expect(await ask("order-v2")).toMatchObject({ status: "accepted", unchecked_protocol: "order-v2" });
  expect(await ask("Query")).toMatchObject({ status: "answered", unchecked_protocol: null });
  expect(await ask("Subscribbe")).toMatchObject({
    status: "answered",
    error: { details: { rule: "unknown-protocol" } },
  });
  const begun = await send({ performative: "subscribe", protocol: "Subscribe", receiver: bob, content: "x" });
  expect(begun).toMatchObject({ status: "accepted", unchecked_protocol: null });
  const listed = await server.ask("GET", `/api/v1/conversations?participant=${bob}&protocol=Subscribe`);
  expect(ConversationPage.parse(listed.body).items).toMatchObject([{ protocol: "fipa-subscribe" }]);
});

describe("records", () => {
  test("messages are listed with filters, page by page, traced and sent again", async () => {
    const name = await program("listed");
    for (const content of ["one", "two", "three"]) await send({ performative: "inform", receiver: name, content });
    const page = async (query: string) =>
      MessagePage.parse((await server.ask("GET", `/api/v1/messages?recipient=${name}${query}`)).body);
    const first = await page("&limit=2");
    expect(first.items.map(({ content }) => content)).toEqual(["three", "two"]);
    const rest = await page(`&limit=2&cursor=${first.next}`);
    expect(rest).toMatchObject({ items: [{ content: "one" }], next: null });
    const [newest] = first.items;
    const replayed = await server.ask("POST", `/api/v1/messages/${newest?.id}/replay`);
    const { id } = MessageReceipt.parse(replayed.body);
    const again = MessageRecord.parse((await server.ask("GET", `/api/v1/messages/${id}`)).body);
    expect(again).toMatchObject({ content: "three", message: { parameters: { replay_of: newest?.id } } });
    const trace = MessageTrace.parse((await server.ask("GET", `/api/v1/messages/${id}/trace`)).body);
    expect(trace.messages.map((each) => each.id)).toEqual([id]);
  });

  test("conversations are listed, ended, archived and merged", async () => {
    const name = await program("talker");
    const begin = async () =>
      (await send({ performative: "request", protocol: "fipa-request", receiver: name, content: "go" }))
        .conversation_id;
    const [one, two] = [await begin(), await begin()];
    const listed = async (query: string) =>
      ConversationPage.parse((await server.ask("GET", `/api/v1/conversations?participant=${name}${query}`)).body).items;
    expect((await listed("")).map(({ id }) => id).toSorted()).toEqual([one, two].toSorted());
    expect(await server.ask("POST", `/api/v1/conversations/${one}/archive`)).toMatchObject({
      status: 409,
      body: { code: "CONVERSATION_UNDER_WAY" },
    });
    expect(await server.ask("POST", `/api/v1/conversations/${one}/end`)).toMatchObject({
      body: { state: "cancelled" },
    });
    expect(await server.ask("POST", `/api/v1/conversations/${one}/archive`)).toMatchObject({ status: 200 });
    expect((await listed("")).map(({ id }) => id)).toEqual([two]);
    expect((await listed("&archived=true")).map(({ id }) => id)).toEqual([one]);
    expect(await server.ask("POST", `/api/v1/conversations/${two}/merge`, { into: one })).toMatchObject({
      status: 409,
    });
    expect(await server.ask("GET", "/api/v1/conversations/nowhere")).toMatchObject({
      status: 404,
      body: { code: "CONVERSATION_NOT_FOUND" },
    });
    const { items } = ProtocolList.parse((await server.ask("GET", "/api/v1/protocols")).body);
    expect(items.map((each) => each.name)).toContain("fipa-contract-net");
  });

  test("a tail streams messages and their outcomes, and resumes after the last one seen", async () => {
    const name = await program("tailed");
    const { position } = await MessageRecordOf(
      await send({ performative: "inform", receiver: name, content: "first" }),
    );
    await send({ performative: "inform", receiver: name, content: "before" });
    const stop = new AbortController();
    const response = await fetch(`${server.url}/api/v1/messages/events?recipient=${name}`, {
      headers: { "last-event-id": position },
      signal: stop.signal,
    });
    const chunks: string[] = [];
    const seen = async (text: string) => {
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      while (!chunks.join("").includes(text)) chunks.push((await reader?.read())?.value ?? "");
      reader?.releaseLock();
    };
    await send({ performative: "inform", receiver: name, content: "after" });
    await seen('"after"');
    expect(chunks.join("")).toContain('"before"');
    expect(chunks.join("")).not.toContain('"first"');
    expect(chunks.join("")).toMatch(/id: mp\w+\nevent: message/);
    stop.abort();
  });

  test("accepted messages are there after a restart, and conversations continue", async () => {
    using place = tempDirectory();
    const options = { settings, directory: place.path };
    let conversation = "";
    let name = "";
    {
      await using before = await startServer(options);
      name = await program("stays", before);
      const message = { performative: "request", protocol: "fipa-request", receiver: name, content: "keep me" };
      conversation = (await send(message, "", before)).conversation_id;
    }
    await using after = await startServer(options);
    const [kept] = await take(name, "", after);
    expect(kept).toMatchObject({ message: { content: "keep me", conversation_id: conversation } });
    const reply = {
      performative: "inform",
      sender: name,
      receiver: "user",
      content: "kept",
      conversation_id: conversation,
    };
    expect(await send({ ...reply, in_reply_to: kept?.message["id"] }, "", after)).toMatchObject({ status: "accepted" });
    expect(await after.ask("GET", `/api/v1/conversations/${conversation}`)).toMatchObject({
      body: { state: "completed" },
    });
  });
});

test("what is sent to an agent before its definition is deployed waits for it; then who is unknown is not found", async () => {
  await using fresh = await startServer({ isEarly: true });
  const question = { performative: "request", content: "hello" };
  const early = await Promise.all([
    send({ ...question, receiver: "greeter" }, "", fresh),
    send({ ...question, receiver: "no-such-agent" }, "", fresh),
    fresh.ask("GET", "/health"),
    fresh.ask("GET", "/ready"),
  ]);
  expect(early).toMatchObject([
    { status: "accepted", recipients: ["greeter"] },
    { status: "answered", error: { code: "AGENT_NOT_FOUND" } },
    { status: 200 },
    { status: 503 },
  ]);
  await fresh.started.ready;
  const late = await send({ ...question, receiver: "no-such-agent" }, "", fresh);
  expect(late).toMatchObject({ status: "answered", error: { code: "AGENT_NOT_FOUND" } });
});

describe("content that is too large to travel", () => {
  const Reference = z.object({ $artifact: z.object({ id: z.string(), media_type: z.string(), bytes: z.int() }) });
  const large = "Zeile für Zeile. ".repeat(12_000);
  const bytes = Buffer.byteLength(large);

  const fetched = async (content: unknown, on: TestServer) => {
    const { id } = Reference.parse(content).$artifact;
    const response = await fetch(`${on.url}/api/v1/messages/content/${id}`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    return response.text();
  };

  // router.claim-check.K1, router.claim-check.K2
  test("a program gets a reference and fetches 200 KB by it, before and after a restart", async () => {
    using place = tempDirectory();
    const options = { settings, directory: place.path };
    const rows = { rows: Array.from({ length: 30_000 }, (_, row) => row) };
    let name = "";
    let sent = "";
    {
      await using before = await startServer(options);
      name = await program("reader", before);
      const about = { performative: "inform", receiver: name, conversation_id: "large-and-small" };
      const messages = [
        { ...about, content: large },
        { ...about, content: "small" },
        { ...about, content: rows },
      ];
      expect(await before.ask("POST", "/api/v1/messages/batch", { messages })).toMatchObject({ body: { accepted: 3 } });
      const [first, second, third] = await take(name, "?wait=10&max=10", before);
      expect(first?.message["content"]).toMatchObject({ $artifact: { media_type: "text/plain", bytes } });
      expect(second?.message["content"]).toBe("small");
      expect(await fetched(first?.message["content"], before)).toBe(large);
      expect(JSON.parse(await fetched(third?.message["content"], before))).toEqual(rows);
      await settle(name, { done: [first?.handle, second?.handle, third?.handle] }, before);
      sent = z.string().parse(first?.message["id"]);
    }
    await using after = await startServer(options);
    const { body } = await after.ask("GET", `/api/v1/messages/${sent}`);
    expect(await fetched(MessageRecord.parse(body).content, after)).toBe(large);
    for (const id of [`sha256-${"0".repeat(64)}`, "sha256-..%2f..%2fcaxton.db", "x"])
      expect(await after.ask("GET", `/api/v1/messages/content/${id}`)).toMatchObject({
        status: 404,
        body: { code: "MESSAGE_CONTENT_NOT_FOUND" },
      });
  });

  test("more than message_bytes_max is refused as before", async () => {
    const message = { performative: "inform", receiver: await program("small"), content: "x".repeat(2 * 1024 * 1024) };
    const refused = await server.ask("POST", "/api/v1/messages", message);
    expect(refused).toMatchObject({ status: 413, body: { code: "MESSAGE_TOO_LARGE" } });
  });

  test("a run that it starts has it in its prompt, and its own large answer is offloaded too", async () => {
    // What the standard window of a model has room for.
    const page = large.slice(0, 80_000);
    await using made = await startServer({ script: [{ text: page }], settings });
    const source = `name = "archivist"\nversion = "1.0.0"\ncapabilities = ["archive"]\nmodel = "scripted/archivist"\nsystem_prompt = "Keep."\n`;
    expect((await made.ask("POST", "/api/v1/agents", { source })).status).toBeLessThan(300);
    const request = { performative: "request", receiver: "archivist", content: page };
    const { reply, conversation_id } = await send(request, "?wait=60", made);
    expect(reply).toMatchObject({
      performative: "inform",
      content: { $artifact: { media_type: "text/plain", bytes: Buffer.byteLength(page) } },
    });
    const { body } = await made.ask("GET", `/api/v1/runs?conversation=${conversation_id}`);
    const [run] = contract.runs.RunPage.parse(body).items;
    expect(await made.ask("GET", `/api/v1/runs/${run?.id}`)).toMatchObject({ body: { input: page, output: page } });
  });
});

test("what happens to messages is counted, for Prometheus", async () => {
  const name = await program("counted");
  const capability = `counting-${randomUUID().slice(0, 8)}`;
  await server.ask("POST", "/api/v1/capabilities", { agent: name, capability });
  await send({ performative: "request", capability, content: "x" });
  await send({ performative: "request", receiver: "nonexistent", content: "x" });
  const [leased] = await take(name);
  await settle(name, { done: [leased?.handle] });
  const text = await (await fetch(`${server.url}/metrics`)).text();
  expect(text).toContain(`caxton_capability_requests_total{capability="${capability}"} 1`);
  expect(text).toMatch(/caxton_messages_processed_total\{performative="request",status="done"\} [1-9]/);
  expect(text).toMatch(/caxton_message_errors_total\{code="AGENT_NOT_FOUND"\} [1-9]/);
  expect(text).toMatch(/caxton_message_processing_duration_seconds_count\{performative="request"\} [1-9]/);
  expect(text).toMatch(/^caxton_message_queue_size \d+$/m);
});

const MessageRecordOf = async ({ id }: { readonly id: string }) =>
  MessageRecord.parse((await server.ask("GET", `/api/v1/messages/${id}`)).body);

const url = () => `${server.url.replace("http", "ws")}/api/v1/messages/socket`;

describe("over a WebSocket", () => {
  // http.message-socket.W1
  test("messages are sent singly and in batches, and come as they are settled, a window at a time", async () => {
    const name = await program("socket");
    await using socket = await Socket.open(url());
    socket.say({ op: "receive", ref: "r", mailbox: name, window: 2 });
    expect(await socket.heard("receiving")).toMatchObject({ ref: "r", mailbox: name });
    socket.say({ op: "send", ref: 1, message: { performative: "inform", receiver: name, content: 1 } });
    expect(await socket.heard("receipt")).toMatchObject({ ref: 1, receipt: { status: "accepted" } });
    const messages = [2, 3, 4].map((content) => ({ performative: "inform", receiver: name, content }));
    socket.say({ op: "send-batch", ref: 2, messages: [...messages, { performative: "inform", content: 0 }] });
    const { receipts } = await socket.heard("receipts");
    expect(receipts.map(({ status }) => status)).toEqual(["accepted", "accepted", "accepted", "refused"]);
    const got: unknown[] = [];
    while (got.length < 4) {
      const { items } = await socket.heard("messages");
      expect(items.length).toBeLessThanOrEqual(2);
      got.push(...items.map(({ message }) => message["content"]));
      socket.say({ op: "settle", mailbox: name, done: items.map(({ handle }) => handle) });
    }
    expect(got).toEqual([1, 2, 3, 4]);
  });

  // http.message-socket.W3
  test("the in-flight messages of a disconnected client go to the next one at once", async () => {
    const name = await program("gone");
    await send({ performative: "inform", receiver: name, content: "catch" });
    {
      await using first = await Socket.open(url());
      first.say({ op: "receive", mailbox: name });
      expect((await first.heard("messages")).items).toHaveLength(1);
    }
    await using second = await Socket.open(url());
    second.say({ op: "receive", mailbox: name });
    expect((await second.heard("messages")).items).toMatchObject([{ message: { content: "catch" } }]);
  });

  // http.message-socket.W4
  test("a client that reads nothing has few in flight; others get the rest at once, and its own after it disconnects", async () => {
    const name = await program("stalled");
    const [count, content] = [500, "x".repeat(60_000)];
    await using sender = await Socket.open(url());
    for (let sent = 0; sent < count; sent += 50) {
      const messages = Array.from({ length: 50 }, () => ({ performative: "inform", receiver: name, content }));
      sender.say({ op: "send-batch", messages });
      expect((await sender.heard("receipts")).receipts.every(({ status }) => status === "accepted")).toBe(true);
    }
    const stalled = await Socket.open(url());
    stalled.say({ op: "receive", mailbox: name, window: 1_000 });
    await stalled.heard("messages");
    stalled.pause();
    await using lively = await Socket.open(url());
    lively.say({ op: "receive", mailbox: name, window: 1_000 });
    const taken = new Set<string>();
    const takeSome = async () => {
      const { items } = await lively.heard("messages");
      for (const { handle } of items) taken.add(handle);
      lively.say({ op: "settle", ref: "s", mailbox: name, done: items.map(({ handle }) => handle) });
      await lively.heard("settled");
    };
    const mailbox = () => server.started.services.messaging.router.records.mailbox("default", name);
    while (taken.size < count / 5) await takeSome();
    while (mailbox().messages > mailbox().leased) await takeSome();
    expect(mailbox().leased).toBeLessThan(count - count / 5);
    stalled.cut();
    while (taken.size < count) await takeSome();
    expect(mailbox()).toMatchObject({ messages: 0 });
  });

  test("an invalid request is answered with a problem, and the connection continues", async () => {
    await using socket = await Socket.open(url());
    for (const [frame, words] of [
      ["{", "not JSON"],
      ["[]", "does not fit"],
      ['{"op":"dance"}', "does not fit"],
      ['{"op":"receive","mailbox":"nonexistent"}', "no mailbox"],
    ] as const) {
      socket.sayText(frame);
      expect((await socket.heard("problem")).problem.detail).toContain(words);
    }
    socket.sayBytes(Buffer.from([1, 2, 3]));
    expect((await socket.heard("problem")).problem.detail).toContain("not binary");
    socket.say({ op: "ping", ref: "still here" });
    expect(await socket.heard("pong")).toMatchObject({ ref: "still here" });
  });

  test("pages of other sites cannot open one, and a half-open connection blocks no other client", async () => {
    const { port } = new URL(server.url);
    const upgrade = async (headers: string) => {
      const raw = connect(Number(port), "127.0.0.1");
      raw.write(`GET /api/v1/messages/socket HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${headers}\r\n`);
      const [first] = await once(raw, "data");
      raw.destroy();
      return String(first).split("\r\n")[0];
    };
    const asked =
      "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    expect(await upgrade(`${asked}origin: http://evil.example\r\n`)).toBe("HTTP/1.1 403 Forbidden");
    expect(await upgrade(asked)).toBe("HTTP/1.1 101 Switching Protocols");
    expect(await upgrade("connection: upgrade\r\nupgrade: websocket\r\n")).toMatch(/^HTTP\/1\.1 4\d\d/);
    expect(await server.ask("GET", "/health")).toMatchObject({ status: 200 });
  });
});
