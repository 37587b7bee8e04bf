import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { startServer, type TestServer } from "../helpers/server.ts";

type Headers = Readonly<Record<string, string>>;

const HOUR_MS = 3_600_000;
const OWN = { "sec-fetch-site": "same-origin" };
let server: TestServer;
let admin: string;
let lateMs = 0;
const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + lateMs };

async function request(method: string, path: string, headers: Headers = {}, json?: object) {
  const response = await fetch(server.url + path, {
    method,
    headers: { ...headers, ...(json && { "content-type": "application/json" }) },
    body: json === undefined ? null : JSON.stringify(json),
  });
  return { status: response.status, body: await response.json(), cookie: response.headers.get("set-cookie") ?? "" };
}
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

async function createKey(by: string, body: object): Promise<contract.CreatedApiKey> {
  return contract.keys.CreatedApiKey.parse((await request("POST", "/api/v1/keys", bearer(by), body)).body);
}
async function createLink(body: object, by = admin): Promise<string> {
  const created = await request("POST", "/api/v1/login-links", bearer(by), body);
  expect(created.status).toBe(200);
  return contract.users.CreatedLoginLink.parse(created.body).token ?? "";
}
const logIn = (token: string) => request("POST", "/api/v1/session", bearer(token));

beforeAll(async () => {
  server = await startServer({ settings: { "access.mode": "required" }, overrides: { clock } });
  admin = (await createKey(server.started.setupToken ?? "", { name: "root", role: "admin" })).key ?? "";
});
afterAll(() => server?.[Symbol.asyncDispose]());

// access.users.L1
test("a link logs a browser in once, and its token is nowhere stored", async () => {
  const token = await createLink({ name: "Ada", role: "user" });
  for (const file of ["caxton.db", "caxton.db-wal"])
    expect(readFileSync(join(server.directory, ".caxton", file)).includes(token.slice(10))).toBe(false);
  // A link preview has the token and asks for everything else.
  expect((await request("GET", "/api/v1/agents", bearer(token))).status).toBe(403);
  expect((await request("GET", "/api/v1/whoami", bearer(token))).body).toMatchObject({ permissions: ["access:self"] });
  const both = await Promise.all([logIn(token), logIn(token)]);
  expect(new Set(both.map(({ status }) => status))).toEqual(new Set([200, 401]));
  const [cookie = ""] = both.find(({ status }) => status === 200)?.cookie.split(";") ?? [];
  expect((await request("GET", "/api/v1/whoami", { ...OWN, cookie })).body).toMatchObject({
    id: "user_local:ada@default",
    kind: "user",
    name: "Ada",
    role: "user",
  });
  expect((await request("GET", "/api/v1/agents", { ...OWN, cookie })).status).toBe(200);
  expect(await logIn(token)).toMatchObject({ status: 401, body: { code: "CREDENTIALS_INVALID" } });
  expect((await request("GET", "/api/v1/users", bearer(admin))).body).toMatchObject({
    items: [
      { id: "user_local:ada@default", issuer: "local", name: "Ada", grants: [{ workspace: "default", role: "user" }] },
    ],
  });
});

// access.users.L1
test("a link expires, and cannot log a disabled user in", async () => {
  const late = await createLink({ name: "Ada", role: "user", expires_in: 3_600 });
  lateMs += HOUR_MS;
  expect((await logIn(late)).status).toBe(401);
  const token = await createLink({ name: "Ada", role: "user" });
  const path = `/api/v1/users/${encodeURIComponent("user_local:ada@default")}`;
  expect((await request("POST", `${path}/disable`, bearer(admin))).status).toBe(200);
  expect(await logIn(token)).toMatchObject({ status: 401, body: { code: "USER_DISABLED" } });
  expect((await request("POST", `${path}/enable`, bearer(admin))).status).toBe(200);
});

test("without a name and a role, the link is for its creator", async () => {
  const [cookie = ""] = (await logIn(await createLink({}))).cookie.split(";");
  expect((await request("GET", "/api/v1/whoami", { ...OWN, cookie })).body).toMatchObject({
    id: "user_local:root@default",
    role: "admin",
  });
});

test("a link has at most the permissions of its creator, who needs access:admin", async () => {
  const operator = (await createKey(admin, { name: "operator", role: "operator" })).key ?? "";
  const denied = await request("POST", "/api/v1/login-links", bearer(operator), { name: "x", role: "readonly" });
  expect(denied).toMatchObject({ status: 403, body: { code: "PERMISSION_DENIED" } });
  const unknown = await request("POST", "/api/v1/login-links", bearer(admin), { name: "x", role: "king" });
  expect(unknown).toMatchObject({ status: 422, body: { code: "ROLE_UNKNOWN" } });
});

// access.access.A2
test("the setup token creates the first administrator's key, and no login link", async () => {
  await using fresh = await startServer({ settings: { "access.mode": "required" }, isEarly: true });
  const response = await fetch(`${fresh.url}/api/v1/login-links`, {
    method: "POST",
    headers: { ...bearer(fresh.started.setupToken ?? ""), "content-type": "application/json" },
    body: JSON.stringify({ name: "x", role: "admin" }),
  });
  expect(response.status).toBe(403);
});

test("the audit log names an expired or revoked key whose secret was presented, and no other", async () => {
  const { id, key } = await createKey(admin, { name: "short", role: "readonly", expires_in: 60 });
  const last = async () => {
    const { body } = await request("GET", "/api/v1/audit?operation=access.authenticate&limit=1", bearer(admin));
    return contract.audit.AuditPage.parse(body).items[0];
  };
  await request("GET", "/api/v1/agents", bearer((key ?? "").replace(/_.{43}_/, `_${"A".repeat(43)}_`)));
  expect(await last()).toMatchObject({ principal: "anonymous", event: "LoginFailure" });
  lateMs += 61_000;
  expect((await request("GET", "/api/v1/agents", bearer(key ?? ""))).status).toBe(401);
  expect(await last()).toMatchObject({ principal: `key_${id}`, name: "short", kind: "key", event: "LoginFailure" });
});
