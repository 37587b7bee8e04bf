import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { verifyExport } from "../../src/access/audit/index.ts";
import * as contract from "../../src/api/contract/index.ts";
import { commandLine } from "../cli/caxton.ts";
import { CaxtonProcess } from "../helpers/process.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("security.audit");

const CANARY = "canary-7f3a";
const SETTINGS = { "access.mode": "required", "messages.participant_tokens": true };
const home = tempDirectory();
let server: TestServer;
let admin: string;
let reader: string;

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

async function request(method: string, path: string, key?: string, body?: object) {
  const response = await fetch(server.url + path, {
    method,
    headers: { ...(key !== undefined && bearer(key)), ...(body && { "content-type": "application/json" }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, id: response.headers.get("x-request-id"), text: await response.text() };
}

async function createKey(role: string, by: string): Promise<contract.CreatedApiKey> {
  const { status, text } = await request("POST", "/api/v1/keys", by, { name: `${role} key`, role });
  expect(status).toBe(200);
  return contract.keys.CreatedApiKey.parse(JSON.parse(text));
}

const records = async (query = ""): Promise<readonly contract.AuditEntry[]> =>
  contract.audit.AuditPage.parse(JSON.parse((await request("GET", `/api/v1/audit?limit=200&${query}`, admin)).text))
    .items;
const verified = async (): Promise<contract.AuditVerification> =>
  contract.audit.AuditVerification.parse(JSON.parse((await request("GET", "/api/v1/audit/verify", admin)).text));
const exported = async (): Promise<string> => (await request("GET", "/api/v1/audit/export", admin)).text;
const byRequest = async (id: string | null) => (await records()).filter(({ request_id: each }) => each === id);

/** Changes the stored log as an attacker with access to the file does. */
function tamper(sql: string, ...values: readonly SQLOutputValue[]): void {
  using database = new DatabaseSync(join(home.path, ".caxton/caxton.db"), { timeout: 5_000 });
  database.exec("DROP TRIGGER IF EXISTS audit_records_are_final");
  database.prepare(sql).run(...values);
}

async function* pieces(text: string): AsyncGenerator<string, void, undefined> {
  yield text;
}

const start = () => startServer({ directory: home.path, settings: SETTINGS });

beforeAll(async () => {
  server = await start();
  admin = (await createKey("admin", server.started.setupToken ?? "")).key ?? "";
  reader = (await createKey("readonly", admin)).key ?? "";
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

// access.access.A5
test("refused requests over HTTP are recorded with their principal, operation and target", async () => {
  const invalid = await request("GET", "/api/v1/agents", "cax_wrong");
  expect(await byRequest(invalid.id)).toMatchObject([
    {
      event: "LoginFailure",
      operation: "access.authenticate",
      principal: "anonymous",
      outcome: "denied",
      code: "CREDENTIALS_INVALID",
      address: "127.0.0.1",
      count: 1,
    },
  ]);
  const denied = await request("DELETE", "/api/v1/agents/some-agent", reader);
  expect(denied.status).toBe(403);
  expect(await byRequest(denied.id)).toMatchObject([
    {
      event: "AccessDenied",
      operation: "agent.delete",
      permission: "agents:deploy",
      name: "readonly key",
      target: { name: "some-agent" },
      outcome: "denied",
      code: "PERMISSION_DENIED",
    },
  ]);
  const escalation = await request("POST", "/api/v1/keys", admin, { name: "x", role: "nothing" });
  expect(await byRequest(escalation.id)).toMatchObject([
    { operation: "key.create", outcome: "failed", code: "ROLE_UNKNOWN" },
  ]);
  const anonymous = await request("GET", "/api/v1/agents");
  expect(anonymous.status).toBe(401);
  expect(await byRequest(anonymous.id)).toEqual([]);
});

test("a request for another program's mailbox is recorded, and one from another site", async () => {
  for (const name of ["one-bot", "other-bot"])
    expect((await request("POST", "/api/v1/participants", admin, { name })).status).toBe(200);
  const refused = await request("POST", "/api/v1/mailboxes/one-bot/fetch", admin);
  expect(refused.status).toBe(401);
  expect(await byRequest(refused.id)).toMatchObject([
    { operation: "mailbox.fetch", outcome: "denied", target: { name: "one-bot" } },
  ]);
  const foreign = await fetch(`${server.url}/api/v1/runs/prune`, {
    method: "POST",
    headers: { ...bearer(admin), origin: "https://example.com", "x-request-id": "foreign-1" },
  });
  expect(foreign.status).toBe(403);
  expect(await byRequest("foreign-1")).toMatchObject([
    { operation: "run.prune", principal: "anonymous", code: "FOREIGN_ORIGIN" },
  ]);
});

test("refused connections and frames of WebSockets are recorded", async () => {
  const address = `${server.url.replace("http", "ws")}${contract.MESSAGE_SOCKET}`;
  const refused = new WebSocket(address, { headers: bearer("cxp_wrong") });
  await new Promise<void>((resolve) => void refused.once("error", () => resolve()));
  const [first] = await records("operation=access.authenticate");
  expect(first).toMatchObject({ code: "CREDENTIALS_INVALID", address: "127.0.0.1" });
  const ask = async (key: string, frame: object) => {
    const socket = new WebSocket(address, { headers: bearer(key) });
    await new Promise((resolve) => void socket.once("open", resolve));
    const answered = new Promise((resolve) => void socket.once("message", resolve));
    socket.send(JSON.stringify(frame));
    await answered;
    socket.close();
  };
  await ask(reader, { op: "send", ref: 1, message: { performative: "inform", receiver: "x", content: CANARY } });
  expect((await records("outcome=denied"))[0]).toMatchObject({ operation: "message.send", code: "PERMISSION_DENIED" });
  await ask(admin, { op: "receive", ref: 1, mailbox: "one-bot", window: 1, lease: 60 });
  expect((await records("outcome=denied"))[0]).toMatchObject({
    operation: "mailbox.fetch",
    target: { name: "one-bot" },
    principal: expect.stringMatching(/^key_/),
  });
});

test("changes are recorded with their events; reads and messages are not", async () => {
  const definition = readFileSync(join(home.path, "examples/agents/data-analyzer.toml"), "utf8");
  const deploy = await request("POST", "/api/v1/agents", admin, {
    source: definition.replace(/^name = .*$/m, 'name = "audited"'),
  });
  expect(deploy.text).toContain('"audited"');
  expect(await byRequest(deploy.id)).toMatchObject([
    { event: "AgentDeployed", operation: "agent.deploy", outcome: "allowed", code: null, target: { name: "audited" } },
  ]);
  const removed = await request("DELETE", "/api/v1/agents/audited", admin);
  expect(await byRequest(removed.id)).toMatchObject([{ event: "AgentRemoved", target: { name: "audited" } }]);
  const again = await request("DELETE", "/api/v1/agents/audited", admin);
  expect(await byRequest(again.id)).toMatchObject([
    { event: "AccessGranted", outcome: "failed", code: "AGENT_NOT_FOUND" },
  ]);
  const { id } = await createKey("user", admin);
  const revoked = await request("DELETE", `/api/v1/keys/${id}`, admin);
  expect(await byRequest(revoked.id)).toMatchObject([{ event: "SecurityPolicyUpdated", target: { id } }]);
  expect((await records("operation=key.create"))[0]).toMatchObject({ target: { id } });
  const before = (await records())[0]?.seq;
  const sent = await request("POST", "/api/v1/messages", admin, {
    performative: "inform",
    receiver: "one-bot",
    content: CANARY,
  });
  expect(sent.status).toBe(202);
  expect((await request("GET", "/api/v1/agents", admin)).status).toBe(200);
  expect((await records())[0]?.seq).toBe(before);
});

test("no content of a request and no secret is in the log", async () => {
  await request("POST", "/api/v1/runs", admin, { agent: "data-analyzer", input: CANARY });
  await request("POST", "/api/v1/memory/entities", admin, {
    entities: [{ name: CANARY, type: "person", observations: [CANARY] }],
  });
  await request("POST", "/api/v1/agents", admin, { source: CANARY });
  await request("POST", `/api/v1/tasks?secret=${CANARY}`, admin, { title: CANARY });
  expect((await records("operation=run.start"))[0]).toMatchObject({
    outcome: "allowed",
    target: { id: expect.any(String) },
  });
  const text = (await exported()) + JSON.stringify(await records());
  expect(text).toContain('"operation":"memory.remember"');
  for (const secret of [CANARY, admin.split("_")[2], reader.split("_")[2], "cax_wrong"])
    expect(text).not.toContain(secret);
});

test("filters and pages", async () => {
  const all = await records();
  const [newest] = all;
  expect((await records(`principal=${newest?.principal}`)).length).toBeGreaterThan(3);
  const since = all[3]?.time ?? "";
  expect((await records(`since=${since}`)).every(({ time }) => time >= since)).toBe(true);
  expect((await records(`until=${since}`)).every(({ time }) => time < since)).toBe(true);
  const page = contract.audit.AuditPage.parse(JSON.parse((await request("GET", "/api/v1/audit?limit=2", admin)).text));
  const next = await records(`cursor=${page.next}`);
  expect([...page.items, ...next].map(({ seq }) => seq)).toEqual(all.map(({ seq }) => seq));
  expect((await request("GET", "/api/v1/audit?cursor=x", admin)).status).toBe(400);
  expect((await request("GET", "/api/v1/audit", reader)).status).toBe(403);
});

// access.audit.L1
test("a restart continues the chain, and the key is readable by its owner alone", async () => {
  await server[Symbol.asyncDispose]();
  expect(statSync(join(home.path, ".caxton/audit-key.pem")).mode & 0o777).toBe(0o600);
  server = await start();
  const before = await verified();
  expect(before).toMatchObject({ intact: true, first: 1, broken: null });
  await createKey("user", admin);
  expect(await verified()).toMatchObject({ intact: true, last: before.last + 1, public_key: before.public_key });
});

// access.audit.V1
// access.audit.V2
test("each change of a stored record is found, and named", async () => {
  await verified();
  const seq = 3;
  using database = new DatabaseSync(join(home.path, ".caxton/caxton.db"), { readOnly: true });
  const row = database.prepare("SELECT * FROM audit_records WHERE seq = ?").get(seq) ?? {};
  const columns = Object.keys(row).filter((name) => name !== "seq");
  expect(columns.length).toBe(17);
  for (const column of columns) {
    const value = row[column];
    const flipped =
      typeof value === "number"
        ? value ^ 1
        : typeof value === "string" && value !== ""
          ? flip(value, value.length >> 1)
          : "x";
    tamper(`UPDATE audit_records SET ${column} = ? WHERE seq = ?`, flipped, seq);
    expect(await verified(), column).toMatchObject({ intact: false, broken: { seq } });
    tamper(`UPDATE audit_records SET ${column} = ? WHERE seq = ?`, value ?? null, seq);
  }
  expect(await verified()).toMatchObject({ intact: true });
});

const flip = (text: string, at: number): string =>
  text.slice(0, at) + String.fromCodePoint((text.codePointAt(at) ?? 0) ^ 1) + text.slice(at + 1);

test("each changed byte of an export is found, and the record is named", async () => {
  const text = await exported();
  expect(await verifyExport(pieces(text))).toMatchObject({ broken: undefined, first: 1 });
  const lines = text.split("\n");
  const starts = lines.map((_line, index) => lines.slice(0, index).join("\n").length + (index === 0 ? 0 : 1));
  const wrong: string[] = [];
  for (const [index, line] of lines.slice(0, 6).entries()) {
    const { seq } = JSON.parse(line);
    for (let at = 0; at < line.length; at += 1) {
      const found = await verifyExport(pieces(flip(text, (starts[index] ?? 0) + at)));
      if (found !== undefined && found.broken?.seq !== seq && index > 0) wrong.push(`${index}:${at}`);
      if (index === 0 && found !== undefined && found.broken === undefined) wrong.push(`header:${at}`);
    }
  }
  expect(wrong).toEqual([]);
  const last = lines.length - 2;
  for (const cut of [lines.slice(0, last), lines.slice(0, last - 1), [...lines.slice(0, 3), ...lines.slice(4)]])
    expect((await verifyExport(pieces(`${cut.join("\n")}\n`)))?.broken).toBeDefined();
});

test("the command line lists, exports and verifies, the file without a server", async () => {
  const environment = { CAXTON_TOKEN: admin };
  const file = join(home.path, "audit.jsonl");
  const listed = await commandLine(["audit", "list", "--outcome", "denied"], { server: server.url, environment });
  expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining("PERMISSION_DENIED") });
  const saved = await commandLine(["audit", "export", file], { server: server.url, environment });
  expect(saved.code).toBe(0);
  expect(await commandLine(["audit", "verify"], { server: server.url, environment })).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^intact: \d+ records \(1 to \d+\)/),
  });
  expect(await commandLine(["audit", "verify", file])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^intact/),
  });
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace('"operation":"agent.delete"', '"operation":"agent.pause"'));
  const seq = text
    .split("\n")
    .find((line) => line.includes('"operation":"agent.delete"'))
    ?.match(/"seq":(\d+)/)?.[1];
  expect(await commandLine(["audit", "verify", file])).toMatchObject({
    code: 1,
    stdout: `record ${seq}: the record was changed\n`,
  });
  writeFileSync(file, "{}\n");
  expect((await commandLine(["audit", "verify", file])).code).toBe(2);
  expect((await commandLine(["audit", "verify", join(home.path, "nothing")])).code).toBe(2);
});

test("many denials of one address have few records, with their number", async () => {
  const before = (await verified()).last;
  for (let attempt = 0; attempt < 60; attempt += 1) await request("GET", "/api/v1/agents", reader.replace(/.$/, "!"));
  const { last } = await verified();
  expect(last - before).toBeLessThan(20);
  const counted = (await records("outcome=denied")).filter(({ seq }) => seq > before);
  expect(counted.reduce((sum, { count }) => sum + count, 0)).toBe(60);
  expect(new Set(counted.map(({ code }) => code))).toEqual(new Set(["CREDENTIALS_INVALID", "TOO_MANY_FAILED_LOGINS"]));
});

// access.audit.V3
test("the deletion of the last records is found, before and after a restart", async () => {
  const { last } = await verified();
  tamper("DELETE FROM audit_records WHERE seq >= ?", last - 1);
  expect(await verified()).toMatchObject({ intact: false, last: last - 2, broken: { seq: last - 1 } });
  await server[Symbol.asyncDispose]();
  server = await start();
  await createKey("user", admin);
  expect(await verified()).toMatchObject({ intact: false, broken: { seq: last - 1 } });
  expect((await verifyExport(pieces(await exported())))?.broken).toMatchObject({ seq: last - 1 });
});

const verify = async (url: string) =>
  contract.audit.AuditVerification.parse(await (await fetch(`${url}/api/v1/audit/verify`)).json());

// access.audit.L2
test("after kill -9 the chain is intact, without access control as well", async () => {
  using directory = tempDirectory();
  const args = ["serve", "--port", "0", "--data-dir", join(directory.path, ".caxton")];
  const begin = async (): Promise<readonly [CaxtonProcess, string]> => {
    const running = new CaxtonProcess(args, { cwd: directory.path });
    const [, url = ""] = await running.printed(/API +(http:\S+)\/api\/v1/);
    return [running, url];
  };
  const [killed, url] = await begin();
  await using first = killed;
  for (let count = 0; count < 5; count += 1) await fetch(`${url}/api/v1/agents/nothing`, { method: "DELETE" });
  const listed = await fetch(`${url}/api/v1/audit`);
  expect(contract.audit.AuditPage.parse(await listed.json()).items).toHaveLength(5);
  first.kill("SIGKILL");
  await first.ended();
  const [next, nextUrl] = await begin();
  await using second = next;
  await fetch(`${nextUrl}/api/v1/agents/nothing`, { method: "DELETE" });
  expect(await verify(nextUrl)).toMatchObject({ intact: true, records: 6, checkpoints: 1 });
  second.kill("SIGTERM");
  expect((await second.ended()).code).toBe(0);
});

test("nothing is recorded if the audit log is disabled", async () => {
  await using quiet = await startServer({ settings: { "audit.enabled": false } });
  await quiet.ask("DELETE", "/api/v1/agents/nothing");
  expect(await quiet.ask("GET", "/api/v1/audit")).toMatchObject({ status: 200, body: { items: [] } });
  expect(await quiet.ask("GET", "/api/v1/audit/verify")).toMatchObject({ body: { intact: true, records: 0 } });
});
