import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { messages } from "../../../src/api/contract/index.ts";
import { readParts, writeParts } from "../../../src/api/fipa/multipart.ts";
import { Names, wireOf } from "../../../src/api/fipa/translate.ts";
import {
  agentIdentifier,
  composeMessage,
  isSignedWith,
  readAcl,
  readMessage,
  verifierOf,
} from "../../../src/messaging/acl/index.ts";
import { commandLine } from "../../cli/caxton.ts";
import { Program } from "../../helpers/program.ts";
import { startServer, type TestServer } from "../../helpers/server.ts";
import { Signer, textOf, type Wire } from "../../helpers/signer.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("security.signed-messages", "fipa.transport");

type Change = (acl: string) => string;
const unchanged: Change = (acl) => acl;

/** What is between two servers: it changes messages, refuses them, or sends them twice. */
class Gateway implements AsyncDisposable {
  readonly #server = createServer((asked, answer) => {
    void buffer(asked).then(async (body) => {
      const [envelope, payload] = readParts(asked.headers["content-type"] ?? "", body);
      const acl = this.change(payload.body.toString("utf8"));
      this.passed.push(acl);
      const changed = writeParts("mark", envelope.body.toString("utf8"), Buffer.from(acl));
      let status = this.isClosed ? 400 : 200;
      for (let count = 0; count < this.times && !this.isClosed; count += 1) status = await this.#forward(changed);
      answer.writeHead(status, { connection: "close" }).end();
      return undefined;
    });
  });
  readonly passed: string[] = [];
  target = "";
  change = unchanged;
  times = 1;
  isClosed = false;
  address = "";

  static async open(): Promise<Gateway> {
    const gateway = new Gateway();
    gateway.#server.listen(0, "127.0.0.1");
    await once(gateway.#server, "listening");
    const address = gateway.#server.address();
    gateway.address = `http://127.0.0.1:${typeof address === "object" ? (address?.port ?? 0) : 0}/acc`;
    return gateway;
  }

  #forward(body: Buffer): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const headers = { "content-type": 'multipart/mixed; boundary="mark"', "content-length": body.length };
    const sending = request(this.target, { method: "POST", headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sending.on("error", reject);
    sending.end(body);
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
  }
}

/** Servers with the platforms `north` and `south`, which reach each other's programs through a gateway each. */
const [alice, bob] = [new Signer(), new Signer()];
let toSouth: Gateway;
let toNorth: Gateway;
let north: TestServer;
let south: TestServer;
let clerk: Program;
let other: Program;
let author: Program;
let mallory: Program;

const platform = (name: string, agents: Readonly<Record<string, string>>) =>
  startServer({
    settings: {
      "fipa.enabled": true,
      "fipa.port": 0,
      "fipa.platform": name,
      "fipa.agents": agents,
      "messages.participant_tokens": false,
    },
  });

beforeAll(async () => {
  [toSouth, toNorth] = [await Gateway.open(), await Gateway.open()];
  north = await platform("north", { "bob@south": toSouth.address, "carol@south": toSouth.address });
  const agents = ["alice", "data-analyzer", "user", "caxton"].map((name) => [`${name}@north`, toNorth.address]);
  south = await platform("south", Object.fromEntries(agents));
  toSouth.target = south.started.fipaUrl ?? "";
  toNorth.target = north.started.fipaUrl ?? "";
  author = await Program.register(north.url, "alice");
  mallory = await Program.register(north.url, "mallory");
  clerk = await Program.register(south.url, "bob");
  other = await Program.register(south.url, "carol");
  await addKey(north, "alice", alice);
  await addKey(north, "bob@south", bob);
  await addKey(south, "bob", bob);
  await addKey(south, "alice@north", alice);
});
afterAll(async () => {
  for (const each of [north, south, toSouth, toNorth]) await each?.[Symbol.asyncDispose]();
});

const addKey = async (server: TestServer, owner: string, { publicKey }: Pick<Signer, "publicKey">) =>
  expect(await server.ask("POST", `/api/v1/participants/${owner}/keys`, { public_key: publicKey })).toMatchObject({
    status: 200,
  });
const policy = (server: TestServer, signatures: string) =>
  server.ask("PATCH", "/api/v1/workspaces/default", { signatures });
const found = async (server: TestServer, id: unknown) => {
  const { status, body } = await server.ask("GET", `/api/v1/messages/${String(id)}`);
  return status === 404 ? undefined : messages.VerifiedMessage.parse(body);
};

const draft = (changes: Wire = {}): Wire => {
  const id = randomUUID();
  return {
    id,
    workspace: "default",
    performative: "inform",
    sender: "alice",
    receiver: "bob@south",
    conversation_id: id,
    content: "the order is paid",
    ...changes,
  };
};
const later = new Date(Date.now() + 3_600_000).toISOString();
/** Everything that a sender can state. */
const full = (): Wire =>
  draft({
    performative: "failure",
    reply_to: "carol@south",
    language: "en",
    encoding: "utf8",
    ontology: "o",
    protocol: "mine",
    reply_with: "w",
    in_reply_to: "i",
    reply_by: later,
    expires_at: later,
    priority: "high",
    error: { code: "TOO_BUSY", message: "é", hint: "", details: { "a b": 1 } },
    parameters: { "x-a": "1", "key é": ["\\", '"'], "X-Signature": "mine" },
  });
const send = async (server: TestServer, message: Wire) =>
  expect(await server.ask("POST", "/api/v1/messages", message)).toMatchObject({ body: { status: "accepted" } });
const take = async (program: Program) => {
  const taken = await program.take(4);
  if (taken === undefined) throw new Error(`${program.name} received nothing`);
  await program.settle(taken.handle);
  return taken.message;
};

/** What the other platform's management answers to alice. */
const refusal = async () => (await take(author))["content"];

test("signed messages are valid on the other platform, and so are the signed answers", async () => {
  await Promise.all([policy(north, "required"), policy(south, "required")]);
  const contents = [
    'line one\nline "two" \\',
    "",
    null,
    { total: 12.5, é: [null, "😀", 1e21] },
    "x".repeat(100_000),
    { rows: Array.from({ length: 9_000 }, (_, at) => ({ b: at, a: "é" })) },
  ];
  const stated = [
    ...contents.map((content) => draft({ content })),
    draft({ content: "[1]", language: "JSON" }),
    full(),
  ];
  for (const message of stated) {
    await send(north, alice.sign(message));
    const got = await take(clerk);
    expect(got).toMatchObject({ id: message["id"], sender: "alice@north", key_id: alice.keyId });
    expect(await found(south, got["id"])).toMatchObject({ signature: { key_id: alice.keyId, valid: true } });
    const verify = ["message", "verify", String(got["id"]), "-o", "name"];
    expect(await commandLine(verify, { server: south.url })).toMatchObject({ code: 0, stdout: "valid\n" });
    const { id, reply_with: replyWith, conversation_id: conversation, reply_to: replyTo } = got;
    if (replyTo !== undefined) continue;
    const answer = { sender: "bob", receiver: "alice@north", in_reply_to: replyWith, conversation_id: conversation };
    await send(south, bob.sign(draft({ ...answer, content: { answers: id } })));
    const back = await take(author);
    expect(back).toMatchObject({ sender: "bob@south", in_reply_to: id, conversation_id: conversation });
    expect(await found(north, back["id"])).toMatchObject({ signature: { key_id: bob.keyId, valid: true } });
  }
});

test("a message to several is delivered once to each, and is valid for each", async () => {
  const message = alice.sign(draft({ receiver: ["bob@south", "carol@south"] }));
  toSouth.times = 2;
  await send(north, message);
  const got = [await take(clerk), await take(other)];
  toSouth.times = 1;
  for (const { id } of got) expect((await found(south, id))?.signature?.valid).toBe(true);
  expect(new Set(got.map(({ id }) => id)).size).toBe(2);
  expect([await clerk.take(0.2), await other.take(0.2)]).toEqual([undefined, undefined]);
});

/** Changes of ACL text, of which each says something that its sender did not sign. */
const CHANGES: Readonly<Record<string, Change>> = {
  performative: (acl) => acl.replace("(INFORM", "(REQUEST"),
  content: (acl) => acl.replace('"the order is paid"', '"the order is not paid"'),
  "no content": (acl) => acl.replace(/:content "[^"]*"\n/, ""),
  sender: (acl) => acl.replace(":name alice@north", ":name mallory@north"),
  "reply-to": (acl) => acl.replace(":name carol@south", ":name bob@south"),
  "reply-to of another platform": (acl) => acl.replace(":name carol@south", ":name carol@north"),
  "no reply-to": (acl) => acl.replace(/:reply-to .*\n/, ""),
  language: (acl) => acl.replace(":language en", ":language de"),
  encoding: (acl) => acl.replace(":encoding utf8", ":encoding latin1"),
  ontology: (acl) => acl.replace(":ontology o", ":ontology p"),
  protocol: (acl) => acl.replace(":protocol mine", ":protocol other"),
  conversation: (acl) => acl.replace(/:conversation-id \S+/, ":conversation-id another"),
  "conversation, by the name of an agent,": (acl) =>
    acl.replace(/:conversation-id "?([\w-]+)"?/, ':conversation-id "$1 (carol@east)"'),
  "reply-with": (acl) => acl.replace(":reply-with w", ":reply-with v"),
  "in-reply-to": (acl) => acl.replace(":in-reply-to i", ":in-reply-to j"),
  "reply-by": (acl) => acl.replace(/:reply-by \d{4}/, ":reply-by 2999"),
  parameter: (acl) => acl.replace(':x-a "1"', ':x-a "2"'),
  "another parameter": (acl) => acl.replace(':x-a "1"', ':x-a "1"\n:x-b "2"'),
  signature: (acl) => acl.replace(/:X-signature "./i, (text) => text.slice(0, -1) + (text.endsWith("A") ? "B" : "A")),
  "signed text": (acl) =>
    acl.replace(/:X-signed-text "([^"]*)"/, (_all, encoded: string) => {
      const text = Buffer.from(encoded, "base64url").toString("utf8").replace('"reply_with":"w"', '"reply_with":"v"');
      return `:X-signed-text "${Buffer.from(text).toString("base64url")}"`;
    }),
};

test.for(Object.entries(CHANGES))("a message of which %s was changed is refused", async ([name, change]) => {
  await Promise.all([policy(north, "optional"), policy(south, "optional")]);
  const { error: _error, ...stated } = full();
  const message = alice.sign({ ...stated, performative: "inform", content: "the order is paid" });
  toSouth.change = change;
  await send(north, message);
  const recipient = name === "sender" ? mallory : author;
  expect((await take(recipient))["content"]).toContain("SIGNATURE_INVALID");
  toSouth.change = unchanged;
  expect(await found(south, message["id"])).toBeUndefined();
  expect(await clerk.take(0)).toBeUndefined();
});

/** The parameters with which another platform sends a signed message. */
const carried = (message: Wire, signer = alice) => ({
  "X-signature": String(signer.sign(message)["signature"]),
  "X-key-id": signer.keyId,
  "X-signed-text": Buffer.from(textOf(message)).toString("base64url"),
});

test("a signed message that was for another program, or another platform, is refused", async () => {
  await Promise.all([policy(north, "optional"), policy(south, "optional")]);
  const bring = async (receiver: string) => {
    const stated = draft({ receiver, reply_with: "r" });
    await send(north, { ...stated, id: randomUUID(), receiver: "bob@south", parameters: carried(stated) });
    return stated["id"];
  };
  for (const receiver of ["bob@east", "carol@south"]) {
    const id = await bring(receiver);
    expect(await refusal()).toContain("SIGNATURE_INVALID");
    expect(await found(south, id)).toBeUndefined();
  }
  const id = await bring("bob@south");
  expect((await take(clerk))["id"]).toBe(id);
  expect((await found(south, id))?.signature?.valid).toBe(true);
});

test("with an unknown key a message counts as unsigned, with a revoked or foreign one it is refused", async () => {
  const [unknown, foreign, gone] = [new Signer(), new Signer(), new Signer()];
  for (const each of [unknown, foreign, gone]) await addKey(north, "alice", each);
  await addKey(south, "carol@north", foreign);
  await addKey(south, "alice@north", gone);
  await south.ask("DELETE", `/api/v1/participants/alice@north/keys/${gone.keyId}`);
  const message = unknown.sign(draft());
  await send(north, message);
  const got = await take(clerk);
  expect((await found(south, got["id"]))?.signature).toBeNull();
  expect(got["parameters"]).toMatchObject({ "X-signature": message["signature"], "X-key-id": unknown.keyId });
  for (const each of [foreign, gone]) {
    await send(north, each.sign(draft()));
    expect(await refusal()).toContain("SIGNATURE_INVALID");
  }
  await policy(south, "required");
  for (const [code, refused] of [
    ["SIGNATURE_INVALID", unknown.sign(draft())],
    ["SIGNATURE_REQUIRED", draft()],
  ] as const) {
    await send(north, refused);
    expect(await refusal()).toContain(code);
  }
  expect(await clerk.take(0)).toBeUndefined();
});

test("the id of a message is not taken by a message whose key is unknown", async () => {
  await Promise.all([policy(north, "optional"), policy(south, "optional")]);
  const message = draft();
  const stated = { ...message, sender: "mallory", conversation_id: randomUUID(), reply_with: "r" };
  const parameters = carried(stated, new Signer());
  await send(north, { ...stated, id: randomUUID(), parameters });
  expect((await take(clerk))["parameters"]).toMatchObject(parameters);
  await send(north, alice.sign(message));
  expect(await take(clerk)).toMatchObject({ id: message["id"], key_id: alice.keyId });
});

test("the server signs for no agent of another platform", async () => {
  await Promise.all([policy(north, "optional"), policy(south, "required")]);
  toSouth.change = (acl) => acl.replace(":name alice@north", ":name caxton.alice@north");
  await send(north, draft());
  await expect.poll(() => toSouth.passed.at(-1)).toContain(":name caxton.alice@north");
  toSouth.change = unchanged;
  const message = alice.sign(draft());
  await send(north, message);
  expect((await take(clerk))["id"]).toBe(message["id"]);
});

test("a dead letter for another platform keeps its signature, which is valid there after the retry", async () => {
  await policy(south, "required");
  toSouth.isClosed = true;
  const message = alice.sign(draft({ expires_at: later }));
  await send(north, message);
  const dead = async () =>
    messages.DeadLetterPage.parse((await north.ask("GET", "/api/v1/dead-letters")).body).items.find(
      ({ message_id: id }) => id === message["id"],
    );
  expect((await take(author))["performative"]).toBe("failure");
  await expect.poll(async () => (await dead())?.message["signature"]).toBe(message["signature"]);
  toSouth.isClosed = false;
  await north.ask("POST", "/api/v1/dead-letters/retry", { ids: [(await dead())?.id] });
  expect((await take(clerk))["id"]).toBe(message["id"]);
  expect((await found(south, message["id"]))?.signature?.valid).toBe(true);
});

/** A command for one of the servers. */
const command = (target: TestServer, ...args: readonly string[]) => commandLine(args, { server: target.url });

test("the server's signature of an agent is valid on the other platform", async () => {
  await Promise.all([policy(north, "required"), policy(south, "required")]);
  const file = join(south.directory, "keys.json");
  writeFileSync(file, (await command(north, "participant", "key", "list", "data-analyzer", "-o", "json")).stdout);
  const added = await command(south, "participant", "key", "add", "data-analyzer@north", file, "-o", "name");
  expect(added).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[\w-]{43}\n$/) });
  const asked = { performative: "request", sender: "bob", receiver: "data-analyzer@north", content: "what sold best?" };
  await send(south, bob.sign(draft(asked)));
  const answer = await clerk.await("inform");
  await clerk.settle(answer.handle);
  expect(answer.message).toMatchObject({ sender: "data-analyzer@north" });
  expect((await found(south, answer.message["id"]))?.signature?.valid).toBe(true);
});

test("an answer to a local id that is another one there is sent without its signature", async () => {
  await Promise.all([policy(north, "optional"), policy(south, "optional")]);
  await send(north, draft({ reply_with: "r-1" }));
  const { id } = await take(clerk);
  await send(south, bob.sign(draft({ sender: "bob", receiver: "alice@north", in_reply_to: id })));
  const got = await take(author);
  expect(got).toMatchObject({ in_reply_to: "r-1" });
  expect((await found(north, got["id"]))?.signature).toBeNull();
});

/** A message that came with a signature. */
const signedFor = (receivers: readonly string[]) =>
  composeMessage({
    workspace: "default",
    performative: "inform",
    sender: "alice@north",
    address: { type: "receivers", names: receivers },
    content: { type: "text", text: "" },
    replyWith: "w",
    atMs: 0,
    signature: { keyId: alice.keyId, value: "A".repeat(86) },
  });

test("a signed message is valid for one receiver at a time, so that it is not repeated for others", () => {
  const stated = draft({ receiver: ["bob@south", "carol@south"], reply_with: "r" });
  const acl = { ...readAcl("(inform)"), sender: agentIdentifier("alice@north"), content: "the order is paid" };
  const brought = { ...acl, conversationId: String(stated["id"]), replyWith: "r", parameters: carried(stated) };
  const isValidFor = (...receivers: readonly string[]) => {
    const wire = wireOf(brought, new Names("south", ""), { receivers, nowMs: 0 });
    const read = readMessage(wire, { workspace: "default", nowMs: 0, contentBytesMax: 1_000 });
    return read.type === "message" && isSignedWith(read.message, verifierOf(alice.publicKey));
  };
  expect([isValidFor("bob"), isValidFor("carol"), isValidFor("dave")]).toEqual([true, true, false]);
  expect([isValidFor("bob", "carol"), isValidFor("bob", "BOB")]).toEqual([false, false]);
});

test("megabytes of hostile text beside a signature end quickly", () => {
  const many = Array.from({ length: 90_000 }, (_, at) => `dave-${at}@south`);
  const all = Array.from({ length: 256 }, (_, at) => `bob-${at}`);
  const one = { sender: "alice", receiver: "bob-0@south", reply_with: "w" };
  const hostile = [
    [["bob-0"], { ...one, conversation_id: ` (${"@".repeat(1_000_000)}` }],
    [all, { receiver: many }],
    [all, { receiver: [many] }],
    [all, {}],
  ] as const;
  for (const [receivers, stated] of hostile) {
    const message = signedFor(receivers);
    const text = Buffer.from(`caxton-message-v1\n${JSON.stringify({ id: message.id, ...stated })}`).toString(
      "base64url",
    );
    const parameters = { "X-signature": "", "X-key-id": "", "X-signed-text": text };
    expect(isSignedWith({ ...message, parameters }, verifierOf(alice.publicKey))).toBe(false);
    const names = new Names("south", "");
    const acl = { ...readAcl("(inform)"), sender: agentIdentifier("alice@north"), parameters };
    expect(wireOf(acl, names, { receivers, nowMs: 0 })).toMatchObject({ receiver: receivers });
  }
});
