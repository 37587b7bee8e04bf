import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import * as contract from "../../src/api/contract/index.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";

type Headers = Readonly<Record<string, string>>;
type Answer = { readonly status: number; readonly body: unknown; readonly headers: Response["headers"] };
type Session = { readonly cookie: string; readonly csrf: string };

const OWN = { "sec-fetch-site": "same-origin" };
const MINUTE_MS = 60_000;
const SETTINGS = { "access.mode": "required", "access.session_max": "12h", "access.session_idle": "60m" };

let server: TestServer;
let admin: string;
let lateMs = 0;
const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + lateMs };

async function request(method: string, path: string, headers: Headers = {}, on = server): Promise<Answer> {
  const response = await fetch(on.url + path, { method, headers, signal: AbortSignal.timeout(20_000) });
  const isJson = response.headers.get("content-type")?.includes("json") ?? false;
  const text = await response.text();
  return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers };
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

async function createKey(
  by: string,
  body: object,
  on = server,
): Promise<{ readonly id: string; readonly key: string }> {
  const response = await fetch(`${on.url}/api/v1/keys`, {
    method: "POST",
    headers: { ...bearer(by), "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const { id, key } = contract.keys.CreatedApiKey.parse(await response.json());
  return { id, key: key ?? "" };
}

async function logIn(key: string, headers: Headers = {}, on = server): Promise<Session> {
  const {
    status,
    body,
    headers: answered,
  } = await request("POST", "/api/v1/session", { ...bearer(key), ...headers }, on);
  expect(status).toBe(200);
  const [cookie = ""] = answered.get("set-cookie")?.split(";") ?? [];
  return { cookie, csrf: contract.keys.Identity.parse(body).session?.csrf_token ?? "" };
}
const statusOf = async (headers: Headers, method = "GET", path = "/api/v1/agents") =>
  (await request(method, path, headers)).status;
const of = ({ cookie, csrf }: Session) => ({ ...OWN, cookie, "x-caxton-csrf": csrf });

const fetchMail = (headers: Headers) => request("POST", "/api/v1/mailboxes/absent/fetch", headers);

beforeAll(async () => {
  server = await startServer({ settings: SETTINGS, overrides: { clock } });
  ({ key: admin } = await createKey(server.started.setupToken ?? "", { name: "root", role: "admin" }));
});
afterAll(() => server?.[Symbol.asyncDispose]());

// access.sessions.S1
test("a login sets a cookie that scripts cannot read, and the id of the session is nowhere else", async () => {
  const { body, headers } = await request("POST", "/api/v1/session", bearer(admin));
  const [, id = ""] =
    /^__Host-caxton=([\w-]{43}); Path=\/; Secure; HttpOnly; SameSite=Lax$/.exec(headers.get("set-cookie") ?? "") ?? [];
  expect(id).not.toBe("");
  expect(body).toMatchObject({
    kind: "key",
    role: "admin",
    session: { csrf_token: expect.stringMatching(/^[\w-]{43}$/) },
  });
  expect(JSON.stringify(body)).not.toContain(id);
  for (const file of ["caxton.db", "caxton.db-wal"])
    expect(readFileSync(join(server.directory, ".caxton", file)).includes(id)).toBe(false);
});

// access.sessions.S1
test("a login does not adopt a session that the client brings", async () => {
  const planted = `__Host-caxton=${"A".repeat(43)}`;
  const attacker = await logIn(admin);
  const victim = await createKey(admin, { name: "victim", role: "readonly" });
  for (const cookie of [planted, attacker.cookie]) {
    const session = await logIn(victim.key, { ...OWN, cookie });
    expect(session.cookie).not.toBe(cookie);
    expect((await request("GET", "/api/v1/whoami", of(session))).body).toMatchObject({ role: "readonly" });
  }
  expect(await request("GET", "/api/v1/whoami", { ...OWN, cookie: planted })).toMatchObject({
    status: 401,
    body: { code: "SESSION_ENDED" },
  });
  expect((await request("GET", "/api/v1/whoami", of(attacker))).body).toMatchObject({ role: "admin" });
});

// access.access.A3
describe("a cookie", () => {
  test("is a credential only in a request of the server's own pages", async () => {
    const { cookie } = await logIn(admin);
    const origin = server.url;
    const other = "http://127.0.0.1:1";
    expect(await statusOf({ ...OWN, cookie })).toBe(200);
    expect(await statusOf({ ...OWN, origin, cookie })).toBe(200);
    expect(await statusOf({ origin, cookie })).toBe(200);
    expect(await statusOf({ ...OWN, cookie: `theme=dark; ${cookie}; other=1` })).toBe(200);
    for (const headers of [{}, { "sec-fetch-site": "none" }, { origin: other }, { origin: "null" }])
      expect(await statusOf({ ...headers, cookie })).toBe(401);
    for (const site of ["same-site", "cross-site"])
      expect(await statusOf({ "sec-fetch-site": site, cookie })).toBe(403);
    expect(await statusOf({ ...OWN, origin: other, cookie })).toBe(401);
    expect(await statusOf({ ...OWN, origin: "http://localhost", cookie })).toBe(401);
    // More than one cookie of the name: it is not clear which one the server has set.
    expect(await statusOf({ ...OWN, cookie: `${cookie}; __Host-caxton=${"A".repeat(43)}` })).toBe(401);
  });

  test("performs a write only with the token of its session", async () => {
    const [one, other] = [await logIn(admin), await logIn(admin)];
    for (const csrf of [undefined, "", "x", other.csrf, `${one.csrf}A`]) {
      const headers = { ...OWN, cookie: one.cookie, ...(csrf !== undefined && { "x-caxton-csrf": csrf }) };
      expect(await fetchMail(headers)).toMatchObject({ status: 403, body: { code: "CSRF_TOKEN_INVALID" } });
      expect(await statusOf(headers, "DELETE", "/api/v1/session")).toBe(403);
    }
    expect((await fetchMail(of(one))).status).toBe(404);
    const form = { "content-type": "application/x-www-form-urlencoded", origin: "http://127.0.0.1:1" };
    expect(await fetchMail({ ...of(one), ...form })).toMatchObject({ status: 403, body: { code: "FOREIGN_ORIGIN" } });
  });

  test("opens a WebSocket only from the server's own origin", async () => {
    const { cookie } = await logIn(admin);
    const open = (headers: Headers) =>
      new Promise<number>((resolve) => {
        const socket = new WebSocket(`${server.url.replace("http", "ws")}${contract.MESSAGE_SOCKET}`, { headers });
        socket.once("open", () => {
          socket.close();
          resolve(101);
        });
        socket.once("unexpected-response", (_request, { statusCode = 0 }) => resolve(statusCode));
        socket.once("error", () => undefined);
      });
    expect(await open({ cookie, origin: server.url })).toBe(101);
    expect(await open({ cookie })).toBe(401);
    expect(await open({ cookie, origin: "http://127.0.0.1:1" })).toBe(403);
    expect(await open({ cookie, origin: server.url.replace("127.0.0.1", "localhost") })).toBe(403);
  });
});

test("a session is not created by another, nor on a server without access control", async () => {
  const refused = { status: 422, body: { code: "SESSION_NEEDS_KEY" } };
  const session = await logIn(admin);
  expect(await request("POST", "/api/v1/session", of(session))).toMatchObject(refused);
  await using local = await startServer();
  expect(await request("POST", "/api/v1/session", {}, local)).toMatchObject(refused);
});

/** Changes a key. Returns the status of a request by its session once the session's stream has ended. */
const statusAfter = async (path: (id: string) => readonly [string, string]) => {
  const { id, key } = await createKey(admin, { name: "short", role: "readonly" });
  const session = await logIn(key);
  const stream = await fetch(`${server.url}/api/v1/events`, { headers: of(session) });
  const [method, url] = path(id);
  const body = method === "POST" && {
    headers: { ...bearer(admin), "content-type": "application/json" },
    body: "{}",
  };
  const changed = await fetch(server.url + url, { method, headers: bearer(admin), ...body });
  expect(changed.status).toBe(200);
  const status = await statusOf(of(session));
  await stream.text();
  return status;
};

// access.sessions.S2
describe("a session ends", () => {
  test("at logout, with its streams", async () => {
    const session = await logIn(admin);
    const stream = await fetch(`${server.url}/api/v1/events`, { headers: of(session) });
    expect(stream.status).toBe(200);
    const left = await request("DELETE", "/api/v1/session", of(session));
    expect(left).toMatchObject({ status: 200, body: { ended: true } });
    expect(left.headers.get("set-cookie")).toContain("Max-Age=0");
    await stream.text();
    expect(await statusOf(of(session))).toBe(401);
  });

  test("when its key is revoked or rotated", async () => {
    expect(await statusAfter((id) => ["DELETE", `/api/v1/keys/${id}`])).toBe(401);
    expect(await statusAfter((id) => ["POST", `/api/v1/keys/${id}/rotate`])).toBe(401);
  });

  test("after an hour without a request, with its streams, and twelve hours after the login", async () => {
    const [idle, used] = [await logIn(admin), await logIn(admin)];
    const stream = await fetch(`${server.url}/api/v1/events`, { headers: of(idle) });
    lateMs += 59 * MINUTE_MS;
    expect(await statusOf(of(used))).toBe(200);
    lateMs += 2 * MINUTE_MS;
    expect(await statusOf(of(idle))).toBe(401);
    await stream.text();
    for (let hour = 2; hour <= 12; hour += 1) {
      expect(await statusOf(of(used))).toBe(200);
      lateMs += 59 * MINUTE_MS;
    }
    expect(await statusOf(of(used))).toBe(200);
    lateMs += 12 * MINUTE_MS;
    expect(await statusOf(of(used))).toBe(401);
  });
});

// access.sessions.S3
test("a clock that is set back extends no session", async () => {
  using directory = tempDirectory();
  let [aheadMs, passedMs] = [0, 0];
  const jumping = {
    ...systemClock,
    nowMs: () => systemClock.nowMs() + aheadMs,
    monotonicMs: () => systemClock.monotonicMs() + passedMs,
  };
  const again = () => startServer({ settings: SETTINGS, directory: directory.path, overrides: { clock: jumping } });
  const statusOn = async (on: TestServer, session: Session) =>
    (await request("GET", "/api/v1/agents", of(session), on)).status;
  let key: string;
  let session: Session;
  {
    await using first = await again();
    ({ key } = await createKey(first.started.setupToken ?? "", { name: "root", role: "admin" }, first));
    session = await logIn(key, {}, first);
    aheadMs -= 24 * 60 * MINUTE_MS;
    passedMs += 59 * MINUTE_MS;
    expect(await statusOn(first, session)).toBe(200);
    passedMs += 61 * MINUTE_MS;
    expect(await statusOn(first, session)).toBe(401);
    session = await logIn(key, {}, first);
    expect(await statusOn(first, session)).toBe(200);
  }
  await using second = await again();
  expect(await statusOn(second, session)).toBe(401);
  expect(await statusOn(second, await logIn(key, {}, second))).toBe(200);
});

test("a session survives a restart of the server", async () => {
  using directory = tempDirectory();
  const again = () => startServer({ settings: SETTINGS, directory: directory.path });
  let session: Session;
  {
    await using first = await again();
    const { key } = await createKey(first.started.setupToken ?? "", { name: "root", role: "admin" }, first);
    session = await logIn(key, {}, first);
  }
  await using second = await again();
  expect((await request("GET", "/api/v1/agents", of(session), second)).status).toBe(200);
});
