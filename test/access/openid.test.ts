import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { CLIENT, COMMAND_LINE, OpenIdProvider } from "../helpers/openid-provider.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { Visitor } from "../helpers/visitor.ts";

// verifies("security.jwt")

type Headers = Readonly<Record<string, string>>;

const MINUTE_MS = 60_000;
const events = { "http://schemas.openid.net/event/backchannel-logout": {} };
const OWN = { "sec-fetch-site": "same-origin" };
let provider: OpenIdProvider;
let server: TestServer;
let admin: string;
let lateMs = 0;
const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + lateMs };

const settingsFor = (issuer: string) => ({
  "access.mode": "required",
  "access.jwt": {
    office: {
      issuer,
      audience: "caxton-api",
      roles: { "caxton-admins": "admin", staff: "user" },
      login: {
        client_id: CLIENT.id,
        client_secret: "${env:OFFICE_SECRET}",
        label: "Office",
        cli_client_id: COMMAND_LINE,
      },
    },
  },
});
const environment = { OFFICE_SECRET: CLIENT.secret };

beforeAll(async () => {
  provider = await OpenIdProvider.listen();
  server = await startServer({ settings: settingsFor(provider.url), environment, overrides: { clock } });
  await provider.serve(server.url);
  const created = await fetch(`${server.url}/api/v1/keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.started.setupToken}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "root", role: "admin" }),
  });
  admin = contract.keys.CreatedApiKey.parse(await created.json()).key ?? "";
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await provider?.[Symbol.asyncDispose]();
});
afterEach(() => {
  provider.intercept = () => false;
});

async function request(method: string, path: string, headers: Headers = {}) {
  const response = await fetch(server.url + path, { method, headers, signal: AbortSignal.timeout(20_000) });
  return { status: response.status, body: await response.json().catch(() => null) };
}
const byAdmin = (method: string, path: string) => request(method, path, { authorization: `Bearer ${admin}` });

const failureOf = ({ url }: { readonly url: URL }) => url.searchParams.get("failure");
const cookieOf = (visitor: Visitor) => ({ ...OWN, cookie: `__Host-caxton=${visitor.value("__Host-caxton") ?? ""}` });
const whoami = async (visitor: Visitor) => (await request("GET", "/api/v1/whoami", cookieOf(visitor))).body;

const isCallback = (url: URL) => url.pathname === "/auth/callback";

/** Begins a login and goes through the provider's pages, until its response would reach the server. */
async function respond(visitor: Visitor, login: string, to = "/ui/runs"): Promise<URL> {
  const first = await visitor.go(`${server.url}/auth/login/office?to=${encodeURIComponent(to)}`, isCallback);
  return (await visitor.logIn(first, login, isCallback)).url;
}

async function logIn(login: string): Promise<Visitor> {
  const visitor = new Visitor();
  const page = await visitor.go(await respond(visitor, login));
  expect(page.url.href).toBe(`${server.url}/ui/runs`);
  return visitor;
}

const auditOf = async (operation: string) => {
  const { body } = await byAdmin("GET", `/api/v1/audit?operation=${operation}&limit=1`);
  return contract.audit.AuditPage.parse(body).items[0];
};

test("the login page has the provider and no secret of it", async () => {
  const { body } = await request("GET", "/auth/providers");
  expect(body).toEqual({
    items: [
      {
        name: "office",
        label: "Office",
        path: "/auth/login/office",
        device: { issuer: provider.url, client_id: COMMAND_LINE, scopes: ["openid", "email", "profile"] },
      },
    ],
  });
  const config = await byAdmin("GET", "/api/v1/config");
  expect(JSON.stringify(config.body)).toContain("${env:OFFICE_SECRET}");
  expect(JSON.stringify(config.body)).not.toContain(CLIENT.secret);
});

test("a user of the provider logs in with the role of a group, and is listed", async () => {
  const visitor = await logIn("grace");
  expect(await whoami(visitor)).toMatchObject({
    id: "user_office:grace",
    kind: "user",
    name: "grace@example.com",
    role: "user",
    expires_at: null,
  });
  expect(visitor.value("__Host-caxton-login")).toBeUndefined();
  const { body } = await byAdmin("GET", "/api/v1/users");
  expect(contract.users.UserPage.parse(body).items).toContainEqual(
    expect.objectContaining({
      id: "user_office:grace",
      issuer: "office",
      subject: "grace",
      email: "grace@example.com",
      grants: [{ workspace: "default", role: "user", only: null }],
      state: "active",
    }),
  );
  expect(await auditOf("session.create")).toMatchObject({ event: "LoginSuccess", principal: "user_office:grace" });
  expect((await byAdmin("GET", "/api/v1/audit?limit=200")).body).not.toContain(CLIENT.secret);
});

/** Where the callback sends a browser whose response was changed. */
const callbackWith = async (visitor: Visitor, url: URL, change: (query: URLSearchParams) => void) => {
  const changed = new URL(url);
  change(changed.searchParams);
  return failureOf(await visitor.go(changed));
};

// access.openid.O1
describe("a response of the provider is refused", () => {
  test("with another state, and in a browser that did not start the login", async () => {
    const visitor = new Visitor();
    const url = await respond(visitor, "grace");
    const attempt = visitor.value("__Host-caxton-login") ?? "";
    expect(await callbackWith(visitor, url, (query) => query.set("state", "other"))).toBe("LOGIN_EXPIRED");
    expect(failureOf(await new Visitor().go(url))).toBe("LOGIN_EXPIRED");
    const victim = new Visitor();
    await respond(victim, "ada");
    // The attacker's response in the victim's browser.
    expect(failureOf(await victim.go(url))).toBe("LOGIN_EXPIRED");
    const forged = new Visitor();
    forged.cookies.set("__Host-caxton-login", {
      value: attempt.replace(/^./, (first) => (first === "A" ? "B" : "A")),
      path: "/",
    });
    expect(failureOf(await forged.go(url))).toBe("LOGIN_EXPIRED");
    for (const each of [visitor, victim, forged]) expect(each.value("__Host-caxton")).toBeUndefined();
    expect(await auditOf("access.authenticate")).toMatchObject({ event: "LoginFailure", code: "LOGIN_EXPIRED" });
  });

  test("a second time, also with the cookie of the first", async () => {
    const visitor = new Visitor();
    const url = await respond(visitor, "grace");
    const attempt = visitor.value("__Host-caxton-login") ?? "";
    expect(failureOf(await visitor.go(url))).toBeNull();
    const again = new Visitor();
    again.cookies.set("__Host-caxton-login", { value: attempt, path: "/" });
    expect(failureOf(await again.go(url))).toBe("LOGIN_REFUSED");
    expect(again.value("__Host-caxton")).toBeUndefined();
  });

  test("with another issuer, another code, or an error", async () => {
    const cases: Record<string, (query: URLSearchParams) => void> = {
      issuer: (query) => query.set("iss", "https://id.example.com"),
      "no issuer": (query) => query.delete("iss"),
      code: (query) => query.set("code", "other"),
      denied: (query) => {
        query.delete("code");
        query.set("error", "access_denied");
      },
    };
    for (const change of Object.values(cases)) {
      const visitor = new Visitor();
      expect(await callbackWith(visitor, await respond(visitor, "grace"), change)).toBe("LOGIN_REFUSED");
    }
  });

  test("ten minutes after the login began, and when the clock was set back", async () => {
    for (const minutes of [10, -1]) {
      const visitor = new Visitor();
      const url = await respond(visitor, "grace");
      lateMs += minutes * MINUTE_MS;
      expect(failureOf(await visitor.go(url))).toBe("LOGIN_EXPIRED");
      lateMs -= minutes * MINUTE_MS;
    }
    expect(await whoami(await logIn("grace"))).toMatchObject({ role: "user" });
  });
});

/** The parameters of an authorization request. */
const begin = async (visitor: Visitor) => {
  const authorization = await visitor.go(`${server.url}/auth/login/office`, ({ port }) => provider.url.endsWith(port));
  return authorization.url.searchParams;
};

// access.openid.O2
describe("an ID token is refused", () => {
  const tokens: Record<string, (nonce: string) => Promise<string>> = {
    "with another nonce": () => provider.sign({ sub: "grace", groups: ["staff"], nonce: "other" }),
    "without a nonce": () => provider.sign({ sub: "grace", groups: ["staff"] }),
    "for another client": (nonce) => provider.sign({ sub: "grace", groups: ["staff"], nonce, aud: COMMAND_LINE }),
    "of another issuer": (nonce) =>
      provider.sign({ sub: "grace", groups: ["staff"], nonce, iss: "https://id.example.com" }),
    "that has expired": (nonce) => provider.sign({ sub: "grace", groups: ["staff"], nonce, exp: 1_000_000_000 }),
    "with another signature": async (nonce) => {
      const [header, , signature] = (await provider.sign({ nonce })).split(".");
      const claims = { iss: provider.url, aud: CLIENT.id, sub: "grace", groups: ["caxton-admins"], nonce };
      const now = Math.floor(Date.now() / 1_000);
      const payload = Buffer.from(JSON.stringify({ ...claims, iat: now, exp: now + 300 })).toString("base64url");
      return `${header}.${payload}.${signature}`;
    },
  };
  test.each(Object.keys(tokens))("%s", async (name) => {
    const visitor = new Visitor();
    const query = await begin(visitor);
    const callback = (code: string) =>
      `${server.url}/auth/callback?code=${code}&state=${query.get("state")}&iss=${encodeURIComponent(provider.url)}`;
    provider.answerWith(async () => (await tokens[name]?.(query.get("nonce") ?? "")) ?? "");
    expect(failureOf(await visitor.go(callback("any")))).toBe("LOGIN_REFUSED");
    expect(visitor.value("__Host-caxton")).toBeUndefined();
  });

  test("except one of the provider for this server", async () => {
    const visitor = new Visitor();
    const query = await begin(visitor);
    provider.answerWith(() =>
      provider.sign({ sub: "grace", groups: ["staff"], email: "g@example.com", nonce: query.get("nonce") }),
    );
    const iss = encodeURIComponent(provider.url);
    await visitor.go(`${server.url}/auth/callback?code=any&state=${query.get("state")}&iss=${iss}`);
    expect(await whoami(visitor)).toMatchObject({ id: "user_office:grace", name: "g@example.com" });
  });
});

test("a user without a role is refused by name", async () => {
  const visitor = new Visitor();
  expect(failureOf(await visitor.go(await respond(visitor, "guest")))).toBe("USER_WITHOUT_ROLE");
  expect(visitor.value("__Host-caxton")).toBeUndefined();
  expect(await auditOf("access.authenticate")).toMatchObject({
    event: "LoginFailure",
    code: "USER_WITHOUT_ROLE",
    principal: "user_office:guest",
  });
});

// access.sessions.S1
test("a login does not adopt a session that the browser had before", async () => {
  const attacker = await logIn("grace");
  const planted = attacker.value("__Host-caxton") ?? "";
  const victim = new Visitor();
  victim.cookies.set("__Host-caxton", { value: planted, path: "/" });
  await victim.go(await respond(victim, "ada"));
  expect(victim.value("__Host-caxton")).not.toBe(planted);
  expect(await whoami(victim)).toMatchObject({ role: "admin" });
  expect(await whoami(attacker)).toMatchObject({ role: "user" });
});

test.each([
  "//example.com/",
  "/\\example.com",
  "https://example.com/ui/",
  "/api/v1/keys",
  "/ui/../api",
  "javascript:1",
])("a login does not return to %s", async (to) => {
  const visitor = new Visitor();
  const page = await visitor.go(await respond(visitor, "grace", to));
  expect(page.url.href).toBe(`${server.url}/ui/`);
});

test("a provider that fails during a login does not end it for others", async () => {
  const visitor = new Visitor();
  const url = await respond(visitor, "grace");
  provider.intercept = ({ url: path }, response) => {
    if (path === "/token") response.destroy();
    return path === "/token";
  };
  expect(failureOf(await visitor.go(url))).toBe("ISSUER_UNREACHABLE");
  provider.intercept = () => false;
  expect(await whoami(await logIn("grace"))).toMatchObject({ role: "user" });
});

// access.openid.P1
test("a server starts without its provider, and asks it once in ten seconds", async () => {
  await using late = await OpenIdProvider.listen();
  let asked = 0;
  late.intercept = (_request, response) => {
    asked += 1;
    response.destroy();
    return true;
  };
  await late.serve("http://127.0.0.1:1");
  await using other = await startServer({ settings: settingsFor(late.url), environment });
  expect((await fetch(`${other.url}/health`)).status).toBe(200);
  expect(asked).toBe(0);
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const page = await new Visitor().go(`${other.url}/auth/login/office`);
    expect([page.url.pathname, failureOf(page)]).toEqual(["/ui/login", "ISSUER_UNREACHABLE"]);
  }
  expect(asked).toBe(1);
  expect(failureOf(await new Visitor().go(`${other.url}/auth/login/absent`))).toBe("LOGIN_PROVIDER_NOT_FOUND");
});

// access.users.U1
test("disabling a user ends sessions and streams, and refuses logins and tokens until the user is enabled", async () => {
  const visitor = await logIn("grace");
  const claims = { sub: "grace", aud: "caxton-api", groups: ["staff"], email: "grace@example.com" };
  const bearer = { authorization: `Bearer ${await provider.sign(claims)}` };
  expect((await request("GET", "/api/v1/whoami", bearer)).body).toMatchObject({ id: "user_office:grace" });
  const streams = await Promise.all(
    [cookieOf(visitor), bearer].map((headers) => fetch(`${server.url}/api/v1/events`, { headers })),
  );
  const path = `/api/v1/users/${encodeURIComponent("user_office:grace")}`;
  expect(await byAdmin("POST", `${path}/disable`)).toMatchObject({ status: 200, body: { state: "disabled" } });
  const ended = Promise.all(streams.map((stream) => stream.text()));
  expect(await Promise.race([ended.then(() => "ended"), sleep(1_000, "open")])).toBe("ended");
  expect((await request("GET", "/api/v1/agents", cookieOf(visitor))).status).toBe(401);
  expect(await request("GET", "/api/v1/agents", bearer)).toMatchObject({
    status: 401,
    body: { code: "USER_DISABLED" },
  });
  expect(await auditOf("access.authenticate")).toMatchObject({ principal: "user_office:grace", code: "USER_DISABLED" });
  const again = new Visitor();
  expect(failureOf(await again.go(await respond(again, "grace")))).toBe("USER_DISABLED");
  expect(await byAdmin("POST", `${path}/enable`)).toMatchObject({ status: 200, body: { state: "active" } });
  expect((await request("GET", "/api/v1/agents", bearer)).status).toBe(200);
  // A session that was ended does not come back.
  expect((await request("GET", "/api/v1/agents", cookieOf(visitor))).status).toBe(401);
  expect(await byAdmin("POST", "/api/v1/users/absent/disable")).toMatchObject({ status: 404 });
});

test("a user's token logs a browser in", async () => {
  const token = await provider.sign({ sub: "grace", aud: "caxton-api", groups: ["staff"], email: "grace@example.com" });
  const response = await fetch(`${server.url}/api/v1/session`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
  });
  expect(response.status).toBe(200);
  const [cookie = ""] = response.headers.get("set-cookie")?.split(";") ?? [];
  expect((await request("GET", "/api/v1/whoami", { ...OWN, cookie })).body).toMatchObject({ role: "user" });
});

const statusOf = async (token: string) =>
  (await request("GET", "/api/v1/whoami", { authorization: `Bearer ${token}` })).status;

// access.jwt.J2
test("a token counts for its own purpose only", async () => {
  const user = { sub: "grace", groups: ["staff"] };
  expect(await statusOf(await provider.sign({ ...user, aud: COMMAND_LINE }))).toBe(200);
  expect(await statusOf(await provider.sign({ ...user, aud: CLIENT.id }))).toBe(401);
  expect(await statusOf(await provider.sign({ ...user, aud: "caxton-api", events }))).toBe(401);
});

const sendLogout = async (token: string) => {
  const body = new URLSearchParams({ logout_token: token });
  return (await fetch(`${server.url}/auth/backchannel-logout`, { method: "POST", body })).status;
};
const isIn = async (visitor: Visitor) => (await request("GET", "/api/v1/agents", cookieOf(visitor))).status === 200;

describe("a logout", () => {
  test("at the provider ends the sessions here", async () => {
    const [visitor, other] = [await logIn("grace"), await logIn("ada")];
    const end = await visitor.go(`${server.url}/auth/logout/office`);
    expect(end.url.href).toContain(`${provider.url}/session/end`);
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(end.text)?.[1] ?? "";
    const cookie = [...visitor.cookies].map(([name, { value }]) => `${name}=${value}`).join("; ");
    const body = new URLSearchParams({ xsrf, logout: "yes" });
    const confirm = `${provider.url}/session/end/confirm`;
    const left = await fetch(confirm, { method: "POST", headers: { cookie }, body, redirect: "manual" });
    expect(left.headers.get("location")).toContain(`${server.url}/ui/login`);
    await expect.poll(() => isIn(visitor)).toBe(false);
    expect(await isIn(other)).toBe(true);
  });

  test("here names where to end the session at the provider", async () => {
    const visitor = await logIn("grace");
    const identity = contract.keys.Identity.parse(await whoami(visitor));
    const headers = { ...cookieOf(visitor), "x-caxton-csrf": identity.session?.csrf_token ?? "" };
    expect(await request("DELETE", "/api/v1/session", headers)).toMatchObject({
      status: 200,
      body: { ended: true, provider: "/auth/logout/office" },
    });
    expect(await isIn(visitor)).toBe(false);
  });

  test("by a token of the provider ends one session, or all of a user", async () => {
    const [one, two] = [await logIn("grace"), await logIn("ada")];
    const all = { iat: Math.floor(Date.now() / 1_000), jti: "one", events };
    expect(await sendLogout(await provider.sign({ ...all, sid: "absent", sub: "grace" }))).toBe(200);
    expect(await isIn(one)).toBe(true);
    expect(await sendLogout(await provider.sign({ ...all, sub: "grace" }))).toBe(200);
    expect([await isIn(one), await isIn(two)]).toEqual([false, true]);
    const invalid = {
      "no event": { sub: "ada", jti: "two", events: undefined },
      "a nonce": { ...all, sub: "ada", nonce: "x" },
      "another client": { ...all, sub: "ada", aud: "billing" },
      "no user and no session": { ...all },
      "an old one": { ...all, sub: "ada", iat: Math.floor(Date.now() / 1_000) - 600 },
      "an ID token": { sub: "ada", groups: ["staff"] },
    };
    for (const claims of Object.values(invalid)) expect(await sendLogout(await provider.sign(claims))).toBe(400);
    expect(await sendLogout("nonsense")).toBe(400);
    expect(await isIn(two)).toBe(true);
  });
});

test("sessions survive a restart with their limits, and end when their issuer is removed from the configuration", async () => {
  await using office = await OpenIdProvider.listen();
  using directory = tempDirectory();
  const start = (settings: object) =>
    startServer({ settings: { ...settings }, environment, directory: directory.path, isEarly: true });
  const visitor = new Visitor();
  const get = async ({ url }: TestServer, path = "/api/v1/whoami") => {
    const response = await fetch(url + path, { headers: cookieOf(visitor) });
    return { status: response.status, body: await response.json() };
  };
  const only = { agents: ["greeter"] };
  const { "access.jwt": jwt, ...settings } = settingsFor(office.url);
  const limited = {
    ...settings,
    "access.jwt": { office: { ...jwt.office, roles: { staff: { role: "user", only } } } },
  };
  const expected = { status: 200, body: { grants: [{ workspace: "default", role: "user", only }] } };
  {
    await using first = await start(limited);
    await office.serve(first.url);
    const page = await visitor.go(`${first.url}/auth/login/office`);
    await visitor.logIn(page, "grace");
    expect(await get(first)).toMatchObject(expected);
  }
  {
    await using second = await start(limited);
    expect(await get(second)).toMatchObject(expected);
    // The limited role does not permit what concerns the whole workspace.
    expect((await get(second, "/api/v1/conversations")).status).toBe(403);
  }
  await using third = await start({ "access.mode": "required" });
  expect((await get(third)).status).toBe(401);
});
