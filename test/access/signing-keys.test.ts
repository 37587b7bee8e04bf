import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keys, messageKeys, participants, problems } from "../../src/api/contract/index.ts";
import { commandLine } from "../cli/caxton.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { Signer } from "../helpers/signer.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("security.signed-messages");

/** A server with access control whose programs sign; `admin` is a key, the others are programs' tokens. */
let server: TestServer;
const credentials = { admin: "", alice: "", bob: "", user: "" };
type Client = keyof typeof credentials;

async function ask(client: Client, method: string, path: string, body?: unknown) {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${credentials[client]}`,
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const json: unknown = await response.json();
  return { status: response.status, body: json };
}
const codeOf = ({ body }: { readonly body: unknown }): string => problems.ProblemDetails.parse(body).code;
const command = (client: Client, ...args: readonly string[]) =>
  commandLine(args, { environment: { CAXTON_SERVER: server.url, CAXTON_TOKEN: credentials[client] } });

beforeAll(async () => {
  // With or without checks of tokens in messages, a program has only its own keys.
  server = await startServer({ settings: { "access.mode": "required", "messages.participant_tokens": false } });
  credentials.admin = server.started.setupToken ?? "";
  const create = async (role: string) =>
    keys.CreatedApiKey.parse((await ask("admin", "POST", "/keys", { name: role, role })).body).key ?? "";
  credentials.admin = await create("admin");
  credentials.user = await create("user");
  for (const name of ["alice", "bob"] as const) {
    const { body } = await ask("admin", "POST", "/participants", { name });
    credentials[name] = participants.RegisteredParticipant.parse(body).token ?? "";
  }
  await ask("admin", "PATCH", "/workspaces/default", { signatures: "required" });
});
afterAll(() => server?.[Symbol.asyncDispose]());

const message = () => {
  const id = randomUUID();
  const parties = { sender: "alice", receiver: "bob" };
  return { id, workspace: "default", performative: "inform", ...parties, conversation_id: id, content: "paid" };
};
const list = async (name: string) =>
  messageKeys.MessageKeys.parse((await ask("admin", "GET", `/participants/${name}/keys`)).body).items;

test("a program registers, uses, replaces and revokes its own keys with its token", async () => {
  const [first, second] = [new Signer(), new Signer()];
  expect(codeOf(await ask("alice", "POST", "/messages", message()))).toBe("SIGNATURE_REQUIRED");
  const add = ({ publicKey }: Signer) => ask("alice", "POST", "/participants/Alice/keys", { public_key: publicKey });
  expect(await add(first)).toMatchObject({ status: 200, body: { key_id: first.keyId } });
  expect(await ask("alice", "POST", "/messages", first.sign(message()))).toMatchObject({ status: 202 });
  expect(await add(second)).toMatchObject({ status: 200 });
  expect(await ask("alice", "DELETE", `/participants/alice/keys/${first.keyId}`)).toMatchObject({ status: 200 });
  expect(codeOf(await ask("alice", "POST", "/messages", first.sign(message())))).toBe("SIGNATURE_INVALID");
  expect(await ask("alice", "POST", "/messages", second.sign(message()))).toMatchObject({ status: 202 });
  expect(await ask("alice", "DELETE", `/participants/alice/keys/${second.keyId}`)).toMatchObject({ status: 200 });
  const audited = await ask("admin", "GET", "/audit?operation=messageKey.add&principal=participant_alice");
  expect(JSON.stringify(audited.body)).toContain(first.keyId);
});

test("a program changes no keys of another program, an agent, a user or another platform", async () => {
  const own = new Signer();
  await ask("bob", "POST", "/participants/bob/keys", { public_key: own.publicKey });
  for (const name of ["bob", "data-analyzer", "user", "caxton", "alice@lab", "missing"]) {
    const added = await ask("alice", "POST", `/participants/${name}/keys`, { public_key: new Signer().publicKey });
    expect([name, added.status, codeOf(added)]).toEqual([name, 403, "SENDER_FORBIDDEN"]);
    const revoked = await ask("alice", "DELETE", `/participants/${name}/keys/${own.keyId}`);
    expect([name, revoked.status, codeOf(revoked)]).toEqual([name, 403, "SENDER_FORBIDDEN"]);
  }
  expect(await list("bob")).toMatchObject([{ key_id: own.keyId, revoked_at: null }]);
  const taken = await ask("alice", "POST", "/participants/alice/keys", { public_key: own.publicKey });
  expect([taken.status, codeOf(taken)]).toEqual([409, "MESSAGE_KEY_TAKEN"]);
  const missing = await ask("alice", "DELETE", `/participants/alice/keys/${own.keyId}`);
  expect([missing.status, codeOf(missing)]).toEqual([404, "MESSAGE_KEY_NOT_FOUND"]);
});

test("other clients need the permission", async () => {
  const path = "/participants/bob/keys";
  const denied = await ask("user", "POST", path, { public_key: new Signer().publicKey });
  expect([denied.status, codeOf(denied)]).toEqual([403, "PERMISSION_DENIED"]);
  const signer = new Signer();
  expect(await ask("admin", "POST", path, { public_key: signer.publicKey })).toMatchObject({ status: 200 });
  expect(await ask("admin", "DELETE", `${path}/${signer.keyId}`)).toMatchObject({ status: 200 });
});

/** One of many public keys. */
const keyOf = (at: number) => Buffer.from(at.toString(16).padStart(64, "0"), "hex").toString("base64url");

test("the revoked keys of a program are limited too", async () => {
  const { messageKeys: registered } = server.started.caxton.messaging;
  const own = (await list("bob")).length;
  for (let at = own; at < 1_000; at += 1) {
    const { keyId } = await registered.add("default", "bob", keyOf(at));
    await registered.revoke("default", "bob", keyId);
  }
  const full = await ask("bob", "POST", "/participants/bob/keys", { public_key: new Signer().publicKey });
  expect([full.status, codeOf(full)]).toEqual([422, "MESSAGE_KEYS_FULL"]);
});

test("the commands create and replace a program's key with its token", async () => {
  const [old, next] = [join(server.directory, "old.pem"), join(server.directory, "next.pem")];
  const send = (file: string) =>
    command("alice", "message", "send", "--from", "alice", "--to", "bob", "-p", "inform", "paid", "--sign-key", file);
  expect(await command("alice", "participant", "key", "create", "alice", "--out", old)).toMatchObject({ code: 0 });
  expect(await send(old)).toMatchObject({ code: 0 });
  const rotated = await command("alice", "participant", "key", "rotate", "alice", "--out", next);
  expect(rotated).toMatchObject({ code: 0, stdout: expect.stringContaining("1 previous key revoked") });
  expect(await send(next)).toMatchObject({ code: 0 });
  expect(await send(old)).toMatchObject({ code: 4, stderr: expect.stringContaining("SIGNATURE_INVALID") });
  expect((await list("alice")).filter(({ revoked_at: revokedAt }) => revokedAt === null)).toHaveLength(1);
  expect(await command("alice", "participant", "key", "rotate", "bob", "--out", `${old}.2`)).toMatchObject({ code: 4 });
});
