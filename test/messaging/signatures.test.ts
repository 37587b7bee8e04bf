import { createPrivateKey, createPublicKey, randomUUID } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { messageKeys, messages, problems } from "../../src/api/contract/index.ts";
import { readMessage, signedText } from "../../src/messaging/acl/index.ts";
import { commandLine } from "../cli/caxton.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { Signer, type Wire } from "../helpers/signer.ts";
import { Socket } from "../helpers/socket.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("security.signed-messages");

let server: TestServer;
const alice = new Signer();
const post = (message: Wire) => server.ask("POST", "/api/v1/messages", message);
const found = async (id: unknown) =>
  messages.VerifiedMessage.parse((await server.ask("GET", `/api/v1/messages/${String(id)}`)).body);
const codeOf = ({ body }: { readonly body: unknown }): string => problems.ProblemDetails.parse(body).code;

const draft = (changes: Wire = {}): Wire => {
  const id = randomUUID();
  return {
    id,
    workspace: "default",
    performative: "inform",
    sender: "alice",
    receiver: "bob",
    conversation_id: id,
    content: "the order is paid",
    ...changes,
  };
};

beforeAll(async () => {
  server = await startServer();
  for (const name of ["alice", "bob"]) await server.ask("POST", "/api/v1/participants", { name });
  await server.ask("POST", "/api/v1/participants/alice/keys", { public_key: alice.publicKey });
});
afterAll(() => server?.[Symbol.asyncDispose]());

test("the text that is signed is that of the documentation's example", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/guides/messages.md"), "utf8");
  const [, given = "", text = ""] = /Signed message:\n\n```json\n([^`]+)```[^`]+```text\n([^`]+)```/.exec(page) ?? [];
  const read = readMessage(JSON.parse(given), { workspace: "default", nowMs: 0, contentBytesMax: 1_000 });
  expect(read.type === "message" && `${signedText(read.message)}\n`).toBe(text);
});

test("adding a key again changes nothing, and its id is the thumbprint", async () => {
  const add = () => server.ask("POST", "/api/v1/participants/alice/keys", { public_key: alice.publicKey });
  const [first, second] = [await add(), await add()];
  expect(messageKeys.MessageKey.parse(first.body)).toMatchObject({ owner: "alice", key_id: alice.keyId });
  expect(second.body).toEqual(first.body);
});

// directory.message-keys.K1
test("a signed message is verified, over REST and over the WebSocket, and keeps its signature", async () => {
  const sent = alice.sign(
    draft({ content: { total: 12.5, paid: true }, reply_with: "r-1", parameters: { "x-a": "1" } }),
  );
  expect(await post(sent)).toMatchObject({ status: 202, body: { status: "accepted" } });
  expect(await found(sent["id"])).toMatchObject({
    message: { signature: sent["signature"], key_id: alice.keyId },
    signature: { key_id: alice.keyId, valid: true },
  });
  await using socket = await Socket.open(`${server.url.replace("http", "ws")}/api/v1/messages/socket`);
  const other = alice.sign(draft({ receiver: ["bob", "user"], priority: "high" }));
  socket.say({ op: "send", message: other });
  expect((await socket.heard("receipt")).receipt).toMatchObject({ status: "accepted" });
  socket.say({ op: "send", message: { ...other, id: randomUUID() } });
  expect((await socket.heard("receipt")).receipt).toMatchObject({
    status: "refused",
    error: { code: "SIGNATURE_INVALID" },
  });
  const fetched = await server.ask("POST", "/api/v1/mailboxes/bob/fetch?max=10", {});
  expect(JSON.stringify(fetched.body)).toContain(String(other["signature"]));
});

test("content that is offloaded is covered by the signature", async () => {
  for (const content of [
    "x".repeat(100_000),
    { rows: Array.from({ length: 9_000 }, (_, at) => ({ b: at, a: "é" })) },
  ]) {
    const sent = alice.sign(draft({ content }));
    expect(await post(sent)).toMatchObject({ status: 202 });
    const { content: kept, signature } = await found(sent["id"]);
    expect(kept).toHaveProperty("$artifact");
    expect(signature).toEqual({ key_id: alice.keyId, valid: true });
  }
});

test("every change of what is signed is refused", async () => {
  const later = new Date(Date.now() + 3_600_000).toISOString();
  const full = draft({ reply_to: "user", language: "en", encoding: "utf8", ontology: "o", protocol: "mine" });
  const sent = alice.sign({
    ...full,
    reply_with: "w",
    in_reply_to: "i",
    reply_by: later,
    expires_at: later,
    priority: "low",
    parent_conversation: "p",
    merge_conversations: ["m"],
    parameters: { "x-a": "1" },
  });
  const changes = {
    id: randomUUID(),
    performative: "request",
    receiver: "user",
    content: "the order is not paid",
    conversation_id: "another",
    reply_to: "bob",
    language: "de",
    encoding: "latin1",
    ontology: "p",
    protocol: "other",
    reply_with: "v",
    in_reply_to: "j",
    reply_by: new Date(Date.parse(later) + 1).toISOString(),
    expires_at: new Date(Date.parse(later) + 1).toISOString(),
    priority: "high",
    parent_conversation: "q",
    merge_conversations: ["n"],
    parameters: { "x-a": "2" },
    broadcast: true,
  };
  for (const [key, value] of Object.entries(changes)) {
    const changed = { ...sent, [key]: value, ...(key === "broadcast" && { receiver: undefined }) };
    const answer = await post(changed);
    expect([key, answer.status, codeOf(answer)]).toEqual([key, 403, "SIGNATURE_INVALID"]);
    const { [key]: _left, ...without } = sent;
    if (["id", "performative", "receiver", "content", "broadcast", "conversation_id"].includes(key)) continue;
    expect([key, codeOf(await post(without))]).toEqual([key, "SIGNATURE_INVALID"]);
  }
  expect(codeOf(await post({ ...sent, sender: "bob", receiver: "alice" }))).toBe("SIGNATURE_INVALID");
  expect(await post(sent)).toMatchObject({ status: 202 });
});

test("a signature needs its key, an id and no ttl", async () => {
  const { key_id: _keyId, ...keyless } = alice.sign(draft());
  const { id: _id, ...nameless } = alice.sign(draft());
  for (const message of [keyless, nameless, { ...alice.sign(draft()), ttl: "30s" }])
    expect(codeOf(await post(message))).toBe("MESSAGE_INVALID");
});

test("a signed message that is sent again is not delivered again", async () => {
  const sent = alice.sign(draft());
  expect(await post(sent)).toMatchObject({ body: { duplicate: false } });
  expect(await post(sent)).toMatchObject({ body: { duplicate: true } });
});

test("a message with a key that is unknown, another sender's, or revoked is refused", async () => {
  const [unknown, own, gone] = [new Signer(), new Signer(), new Signer()];
  await server.ask("POST", "/api/v1/participants/bob/keys", { public_key: own.publicKey });
  await server.ask("POST", "/api/v1/participants/alice/keys", { public_key: gone.publicKey });
  const before = gone.sign(draft());
  expect(await post(before)).toMatchObject({ status: 202 });
  const path = `/api/v1/participants/alice/keys/${gone.keyId}`;
  expect(await server.ask("DELETE", path)).toMatchObject({ status: 200, body: { revoked_at: expect.any(String) } });
  const reasons: unknown[] = [];
  for (const signer of [unknown, own, gone]) reasons.push((await post(signer.sign(draft()))).body);
  expect(reasons).toMatchObject(
    ["unknown-key", "foreign-key", "revoked-key"].map((reason) => ({ code: "SIGNATURE_INVALID", details: { reason } })),
  );
  expect((await found(before["id"])).signature?.valid).toBe(true);
  // directory.message-keys.K3
  const again = await server.ask("POST", "/api/v1/participants/alice/keys", { public_key: gone.publicKey });
  expect([again.status, codeOf(again)]).toEqual([409, "MESSAGE_KEY_TAKEN"]);
});

test("a dead letter keeps its signature, also past its deadlines, when it is retried", async () => {
  const endsMs = Date.now() + 1_500;
  const sent = alice.sign(draft({ expires_at: new Date(endsMs).toISOString() }));
  await server.ask("POST", "/api/v1/mailboxes/bob/fetch?max=100", {});
  expect(await post(sent)).toMatchObject({ status: 202 });
  const fetched = await server.ask("POST", "/api/v1/mailboxes/bob/fetch?max=1&wait=5", {});
  const taken = JSON.parse(JSON.stringify(fetched.body)).items[0];
  expect(taken.message.id).toBe(sent["id"]);
  await server.ask("POST", "/api/v1/mailboxes/bob/settle", { rejected: [{ handle: taken.handle, reason: "no" }] });
  const dead = messages.DeadLetterPage.parse((await server.ask("GET", "/api/v1/dead-letters")).body);
  const letter = dead.items.find(({ message_id: id }) => id === sent["id"]);
  expect(letter?.message).toMatchObject({ signature: sent["signature"] });
  await expect.poll(() => Date.now() > endsMs, { timeout: 5_000 }).toBe(true);
  expect(await server.ask("POST", "/api/v1/dead-letters/retry", { ids: [letter?.id] })).toMatchObject({ status: 200 });
  const again = await server.ask("POST", "/api/v1/mailboxes/bob/fetch?max=1&wait=5", {});
  expect(again.body).toMatchObject({ items: [{ message: { id: sent["id"], signature: sent["signature"] } }] });
  expect((await found(sent["id"])).signature?.valid).toBe(true);
});

test("a replayed message is a new one without a signature", async () => {
  const sent = alice.sign(draft());
  await post(sent);
  const replayed = messages.MessageReceipt.parse(
    (await server.ask("POST", `/api/v1/messages/${String(sent["id"])}/replay`)).body,
  );
  expect((await found(replayed.id)).signature).toBeNull();
});

// directory.message-keys.K2
test("where signatures are required, programs sign and the server signs for its own", async () => {
  await using strict = await startServer();
  const ask = strict.ask;
  for (const name of ["alice", "bob"]) await ask("POST", "/api/v1/participants", { name });
  await ask("POST", "/api/v1/participants/alice/keys", { public_key: alice.publicKey });
  expect(await ask("PATCH", "/api/v1/workspaces/default", { signatures: "required" })).toMatchObject({
    status: 200,
    body: { signatures: "required" },
  });
  const refused = await ask("POST", "/api/v1/messages", draft());
  expect([refused.status, codeOf(refused)]).toEqual([403, "SIGNATURE_REQUIRED"]);
  expect(codeOf(await ask("POST", "/api/v1/messages", draft({ sender: "stranger" })))).toBe("SIGNATURE_REQUIRED");
  expect(await ask("POST", "/api/v1/messages", alice.sign(draft()))).toMatchObject({ status: 202 });
  const lost = alice.sign(draft({ receiver: "missing-agent", performative: "request" }));
  expect(await ask("POST", "/api/v1/messages", lost)).toMatchObject({ status: 202, body: { status: "answered" } });
  const asked = { performative: "request", receiver: "data-analyzer", content: "what sold best?" };
  await ask("POST", "/api/v1/messages?wait=60", asked);
  const page = messages.MessagePage.parse((await ask("GET", "/api/v1/messages")).body);
  const senders = new Set<string>();
  for (const { id, sender } of page.items) {
    const one = messages.VerifiedMessage.parse((await ask("GET", `/api/v1/messages/${id}`)).body);
    expect([sender, one.signature?.valid]).toEqual([sender, true]);
    senders.add(sender);
  }
  expect([...senders].toSorted()).toEqual(["alice", "caxton", "data-analyzer", "user"]);
  const listed = await ask("GET", "/api/v1/participants/data-analyzer/keys");
  expect(messageKeys.MessageKeys.parse(listed.body).items).toHaveLength(1);
  expect(statSync(join(strict.directory, ".caxton/message-signing.seed")).mode & 0o777).toBe(0o600);
});

test("keys, signatures and the policy are there after a restart", async () => {
  await using first = await startServer();
  for (const name of ["alice", "bob"]) await first.ask("POST", "/api/v1/participants", { name });
  await first.ask("POST", "/api/v1/participants/alice/keys", { public_key: alice.publicKey });
  await first.ask("PATCH", "/api/v1/workspaces/default", { signatures: "required" });
  const sent = alice.sign(draft());
  await first.ask("POST", "/api/v1/messages", sent);
  await first.started[Symbol.asyncDispose]();
  await using second = await startServer({ directory: first.directory });
  const kept = await second.ask("GET", `/api/v1/messages/${String(sent["id"])}`);
  expect(kept.body).toMatchObject({ signature: { valid: true } });
  expect(codeOf(await second.ask("POST", "/api/v1/messages", draft()))).toBe("SIGNATURE_REQUIRED");
  expect(await second.ask("POST", "/api/v1/messages", alice.sign(draft()))).toMatchObject({ status: 202 });
});

test("keys of a program that was deleted are not those of the next one of its name", async () => {
  const carol = new Signer();
  await server.ask("POST", "/api/v1/participants", { name: "carol" });
  await server.ask("POST", "/api/v1/participants/carol/keys", { public_key: carol.publicKey });
  expect(await post(carol.sign(draft({ sender: "carol" })))).toMatchObject({ status: 202 });
  await server.ask("DELETE", "/api/v1/participants/carol");
  await server.ask("POST", "/api/v1/participants", { name: "carol" });
  expect(await post(carol.sign(draft({ sender: "carol" })))).toMatchObject({
    body: { details: { reason: "revoked-key" } },
  });
});

/** A command for the server of the address. */
const run = async (address: string, ...args: readonly string[]) => {
  const { code, stdout, stderr } = await commandLine(args, { environment: { CAXTON_SERVER: address } });
  return { code, text: stdout + stderr };
};

test("the command creates a key, signs with it, shows the verification and revokes the key", async () => {
  const file = join(server.directory, "dora.pem");
  await server.ask("POST", "/api/v1/participants", { name: "dora" });
  expect((await run(server.url, "participant", "key", "create", "dora", "--out", file)).text).toContain(
    "dora signs with the key",
  );
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const send = ["message", "send", "--from", "dora", "--to", "bob", "--sign-key", file, "--reply-by", "10m", "--data"];
  const sent = await run(server.url, ...send, '{"total": 1.50, "é": [null]}');
  expect(sent).toMatchObject({ code: 0 });
  const id = /^[0-9a-f-]{36}/.exec(sent.text)?.[0] ?? "";
  const key = createPrivateKey(readFileSync(file));
  const keyId = new Signer(key).keyId;
  expect((await run(server.url, "message", "get", id)).text).toContain(`valid, key ${keyId}`);
  expect((await run(server.url, "participant", "key", "list", "dora")).text).toContain(keyId);
  expect((await run(server.url, "participant", "key", "create", "missing", "--out", `${file}.2`)).code).toBe(3);
  expect(existsSync(`${file}.2`)).toBe(false);
  expect((await run(server.url, "participant", "key", "revoke", "dora", keyId)).text).toContain("is revoked");
  const refused = await run(server.url, ...send, "1");
  expect(refused.text).toContain("SIGNATURE_INVALID");
  expect(refused.code).toBe(4);
  expect((await run(server.url, "workspace", "update", "default", "--signatures", "optional")).text).toMatch(
    /signatures\s+optional/,
  );
});

test("message verify checks a stored message or a file, with registered keys or an exported one", async () => {
  const online = (...args: readonly string[]) => run(server.url, "message", "verify", ...args);
  const offline = (...args: readonly string[]) => run("http://127.0.0.1:9", "message", "verify", ...args);
  const write = (name: string, content: string): string => {
    const file = join(server.directory, name);
    writeFileSync(file, content);
    return file;
  };
  const eve = new Signer();
  await server.ask("POST", "/api/v1/participants", { name: "eve" });
  await server.ask("POST", "/api/v1/participants/eve/keys", { public_key: eve.publicKey });
  const past = new Date(Date.now() + 2_000).toISOString();
  const sent = eve.sign(draft({ sender: "eve", content: { total: 12.5, big: "x".repeat(70_000) }, reply_by: past }));
  expect(await post(sent)).toMatchObject({ status: 202 });
  const id = String(sent["id"]);
  const signed = `valid, key ${eve.keyId}: eve signed message ${id}`;
  expect(await online("last")).toEqual({ code: 0, text: `${signed}\n` });
  expect(await online(id, "-o", "name")).toEqual({ code: 0, text: "valid\n" });
  const exported = write("keys.json", (await run(server.url, "participant", "key", "list", "eve", "-o", "json")).text);
  const got = (await run(server.url, "message", "get", id, "-o", "json")).text;
  const [stored, own] = [write("stored.json", got), write("sent.json", JSON.stringify(sent))];
  const pem = write(
    "eve.pem",
    createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: eve.publicKey }, format: "jwk" }).export({
      type: "spki",
      format: "pem",
    }),
  );
  await expect.poll(() => Date.now() > Date.parse(past)).toBe(true);
  for (const file of [stored, own])
    for (const key of [exported, pem])
      expect(await offline(file, "--key", key)).toEqual({ code: 0, text: `${signed}\n` });
  expect((await online(own)).code).toBe(0);
  const changed = write("changed.json", JSON.stringify({ ...sent, content: { total: 1 } }));
  const wrong = { code: 6, text: `INVALID, key ${eve.keyId}: it does not match the message\n` };
  expect([await offline(changed, "--key", exported), await online(changed)]).toEqual([wrong, wrong]);
  const { signature: _signature, key_id: _keyId, ...bare } = sent;
  const unsigned = { code: 6, text: "INVALID: the message has no signature\n" };
  expect(await offline(write("bare.json", JSON.stringify(bare)), "--key", pem)).toEqual(unsigned);
  const other = write("other.json", JSON.stringify({ owner: "eve", public_key: new Signer().publicKey }));
  expect((await offline(own, "--key", other)).text).toContain("no such key is registered");
  const foreign = write("foreign.json", JSON.stringify({ owner: "bob", public_key: eve.publicKey, revoked_at: null }));
  expect((await offline(own, "--key", foreign)).text).toContain("belongs to another sender");
  for (const file of [write("text.json", "no message"), write("list.json", "[]")]) {
    expect((await offline(file, "--key", pem)).code).toBe(2);
    expect((await offline(own, "--key", file)).code).toBe(2);
  }
  expect((await offline(own, "--key", join(server.directory, "missing.pem"))).code).not.toBe(0);
  await server.ask("DELETE", `/api/v1/participants/eve/keys/${eve.keyId}`);
  expect((await online(id)).code).toBe(0);
  expect(JSON.parse((await online(id, "-o", "json")).text)).toMatchObject({
    valid: true,
    revoked_at: expect.any(String),
  });
  expect((await online(own)).text).toContain("the key was revoked");
});
