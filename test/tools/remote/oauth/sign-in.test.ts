import { expect, test, vi } from "vitest";
import { systemClock } from "../../../../src/kernel/clock.ts";
import { publicFetch } from "../../../../src/tools/brokers/http/index.ts";
import type { McpAuth, McpToolRunner } from "../../../../src/tools/remote/index.ts";
import { callOf, httpAt, never, runnerTo, textOf, vaultOf } from "../room.ts";
import { Office, REDIRECT, responseIn } from "./office.ts";

const HOUR_MS = 3_600_000;

const oauth = (more: Partial<Extract<McpAuth, { type: "oauth" }>> = {}): McpAuth => ({
  type: "oauth",
  clientId: undefined,
  clientSecret: undefined,
  issuer: undefined,
  scopes: [],
  resource: undefined,
  ...more,
});

type Kept = Map<string, string>;

function runnerAt(
  office: Office,
  { kept = new Map(), lateMs = () => 0, auth = oauth() }: { kept?: Kept; lateMs?: () => number; auth?: McpAuth } = {},
) {
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + lateMs() };
  const signIns = { vault: vaultOf(kept), fetchPublic: fetch, callback: undefined };
  return runnerTo(httpAt(office.endpoint.url, { auth }), { timeoutMs: 10_000 }, { clock, signIns });
}

async function signIn(runner: McpToolRunner, office: Office, by = "ada"): Promise<void> {
  const { url } = await runner.signIn("remote").begin(REDIRECT, by);
  await runner.signIn("remote").complete(responseIn(await office.signIn(url)), by);
}

const stateIn = (runner: McpToolRunner) => runner.servers()[0]?.signIn;
const add = (runner: McpToolRunner) => runner.call(callOf("add", { a: 1, b: 1 }), never);
const refreshes = ({ grants }: Office) => grants.filter((grant) => grant === "refresh_token").length;

test("a call needs a sign-in until a user signs in; the tokens are shown nowhere", async () => {
  await using office = await Office.open();
  const kept: Kept = new Map();
  await using runner = runnerAt(office, { kept });
  await runner.open(5_000);
  expect(stateIn(runner)).toMatchObject({ state: "signed-out", reason: "no user has signed in" });
  expect(textOf(await add(runner))).toBe(
    "sign-in-needed: the tool server remote needs a sign-in: no user has signed in. Sign in with: caxton tool login remote",
  );
  await signIn(runner, office);
  expect(textOf(await add(runner))).toBe("2");
  expect(stateIn(runner)).toMatchObject({
    state: "signed-in",
    issuer: office.provider.url,
    scopes: ["tools"],
    by: "ada",
  });
  const { tokens } = JSON.parse(kept.get("sign-in:remote:server") ?? "");
  const shown = JSON.stringify([runner.servers(), runner.logs("remote")]);
  for (const secret of [tokens.access, tokens.refresh]) expect(shown).not.toContain(secret);
  expect(office.grants).toEqual(["authorization_code"]);
});

// remote.sign-in.G1
test("ten calls at the end of a token renew it once, and the rotated token is kept across a restart", async () => {
  await using office = await Office.open();
  const kept: Kept = new Map();
  let lateMs = 0;
  {
    await using runner = runnerAt(office, { kept, lateMs: () => lateMs });
    await runner.open(5_000);
    await signIn(runner, office);
    expect(textOf(await add(runner))).toBe("2");
    lateMs = HOUR_MS - 30_000;
    const results = await Promise.all(Array.from({ length: 10 }, () => add(runner)));
    expect(results.map(textOf)).toEqual(Array(10).fill("2"));
    expect(refreshes(office)).toBe(1);
  }
  lateMs = 2 * HOUR_MS;
  await using again = runnerAt(office, { kept, lateMs: () => lateMs });
  await again.open(5_000);
  expect(textOf(await add(again))).toBe("2");
  expect(refreshes(office)).toBe(2);
});

test("ten calls whose token the server refuses renew it once", async () => {
  await using office = await Office.open();
  const kept: Kept = new Map();
  await using runner = runnerAt(office, { kept });
  await runner.open(5_000);
  await signIn(runner, office);
  expect(textOf(await add(runner))).toBe("2");
  office.refused.add(JSON.parse(kept.get("sign-in:remote:server") ?? "").tokens.access);
  const results = await Promise.all(Array.from({ length: 10 }, () => add(runner)));
  expect(results.map(textOf)).toEqual(Array(10).fill("2"));
  expect(refreshes(office)).toBe(1);
});

test("a grant that the authorization server has revoked needs a new sign-in, also after a restart", async () => {
  await using office = await Office.open();
  const kept: Kept = new Map();
  const { tokens } = await (async () => {
    await using runner = runnerAt(office, { kept });
    await runner.open(5_000);
    await signIn(runner, office);
    expect(textOf(await add(runner))).toBe("2");
    const credential = JSON.parse(kept.get("sign-in:remote:server") ?? "");
    const { client_id: id, client_secret: secret } = credential.client;
    const revoked = await fetch(`${office.provider.url}/token/revocation`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}` },
      body: new URLSearchParams({ token: credential.tokens.refresh }),
    });
    expect(revoked.status).toBe(200);
    expect(textOf(await add(runner))).toContain("sign-in-needed: ");
    expect(stateIn(runner)).toMatchObject({ state: "expired", reason: expect.stringContaining("invalid_grant") });
    // Its tools are not gone with it.
    expect(runner.servers()[0]?.tools.map(({ name }) => name)).toContain("add");
    return credential;
  })();
  expect(tokens.access).toBeTypeOf("string");
  await using again = runnerAt(office, { kept });
  await again.open(5_000);
  expect(textOf(await add(again))).toContain("sign-in-needed: ");
  await signIn(again, office);
  expect(textOf(await add(again))).toBe("2");
});

test("a call that wants another scope needs a sign-in that asks for both", async () => {
  await using office = await Office.open();
  await using runner = runnerAt(office);
  await runner.open(5_000);
  await signIn(runner, office);
  expect(textOf(await add(runner))).toBe("2");
  office.callScope = "more";
  expect(textOf(await add(runner))).toContain("sign-in-needed: ");
  await signIn(runner, office);
  expect(textOf(await add(runner))).toBe("2");
  expect(stateIn(runner)?.scopes).toEqual(expect.arrayContaining(["tools", "more"]));
});

test("signing out revokes the tokens and ends the connection", async () => {
  await using office = await Office.open();
  const kept: Kept = new Map();
  await using runner = runnerAt(office, { kept });
  await runner.open(5_000);
  await signIn(runner, office);
  expect(textOf(await add(runner))).toBe("2");
  const { access } = JSON.parse(kept.get("sign-in:remote:server") ?? "").tokens;
  expect(await runner.signOut("remote")).toEqual({ wasSignedIn: true, isRevoked: true });
  expect(kept.size).toBe(0);
  await vi.waitFor(async () => expect(textOf(await add(runner))).toContain("sign-in-needed: "), 5_000);
  const used = await fetch(office.endpoint.url, { method: "POST", headers: { authorization: `Bearer ${access}` } });
  expect(used.status).toBe(401);
  expect(await runner.signOut("remote")).toEqual({ wasSignedIn: false, isRevoked: false });
});

// remote.sign-in.G2
test("a response is used once, by whom the sign-in was begun, in 10 minutes, and survives a restart", async () => {
  await using office = await Office.open();
  const kept: Kept = new Map();
  let lateMs = 0;
  await using first = runnerAt(office, { kept });
  const { url } = await first.signIn("remote").begin(REDIRECT, "ada");
  const response = responseIn(await office.signIn(url));
  await using runner = runnerAt(office, { kept, lateMs: () => lateMs });
  const signingIn = runner.signIn("remote");
  await signingIn.complete(response, "ada");
  const invalid = { code: "SIGN_IN_STATE_INVALID" };
  await expect(signingIn.complete(response, "ada")).rejects.toMatchObject(invalid);
  const second = responseIn(await office.signIn((await signingIn.begin(REDIRECT, "ada")).url));
  await expect(signingIn.complete({ ...second, state: "remote.other" }, "ada")).rejects.toMatchObject(invalid);
  await expect(signingIn.complete(second, "grace")).rejects.toMatchObject(invalid);
  await expect(signingIn.complete(second, "ada")).rejects.toMatchObject(invalid);
  const third = responseIn(await office.signIn((await signingIn.begin(REDIRECT, "ada")).url));
  lateMs = 10 * 60_000;
  await expect(signingIn.complete(third, "ada")).rejects.toMatchObject(invalid);
});

test("a response with another issuer, or with none, is refused before its error or code is looked at", async () => {
  await using office = await Office.open();
  await using runner = runnerAt(office);
  const signingIn = runner.signIn("remote");
  for (const iss of ["https://evil.example", undefined]) {
    const { url } = await signingIn.begin(REDIRECT, "ada");
    const response = { ...responseIn(await office.signIn(url)), error: "shown to no user", iss };
    await expect(signingIn.complete(response, "ada")).rejects.toMatchObject({
      code: "SIGN_IN_FAILED",
      message: expect.not.stringContaining("shown to no user"),
    });
  }
  expect(office.grants).toEqual([]);
});

test("where a code may be sent is this machine", async () => {
  await using office = await Office.open();
  await using runner = runnerAt(office);
  for (const place of [
    "https://evil.example/back",
    "http://10.0.0.1/back",
    "javascript:alert(1)",
    "http://127.0.0.1.evil.example/",
  ])
    await expect(runner.signIn("remote").begin(place, "ada")).rejects.toMatchObject({ code: "REDIRECT_REFUSED" });
});

const failing = (why: RegExp) => ({ code: "SIGN_IN_FAILED", message: expect.stringMatching(why) });

// remote.issuer-fetch.I1
// remote.issuer-fetch.I3
test("an issuer that lies is refused: another resource, another issuer, redirects, too much, no https", async () => {
  await using office = await Office.open();
  const begin = async (auth = oauth()) => {
    await using runner = runnerAt(office, { auth });
    return runner.signIn("remote").begin(REDIRECT, "ada");
  };
  const { metadata } = office;
  office.metadata = () => ({ ...metadata(), resource: "https://other.example/mcp" });
  await expect(begin()).rejects.toMatchObject(failing(/does not match expected/));
  office.metadata = () => ({ ...metadata(), padding: "x".repeat(70_000) });
  await expect(begin()).rejects.toMatchObject(failing(/more than 65536 bytes/));
  office.metadata = () => ({ ...metadata(), authorization_servers: ["http://issuer.example"] });
  await expect(begin()).rejects.toMatchObject(failing(/not reached over https/));
  office.metadata = metadata;
  office.provider.intercept = ({ url = "" }, response) => {
    if (!url.startsWith("/.well-known/")) return false;
    response.writeHead(302, { location: `${office.endpoint.origin}/elsewhere` }).end();
    return true;
  };
  await expect(begin()).rejects.toMatchObject(failing(/redirects/));
  office.provider.intercept = ({ url = "" }, response) => {
    if (!url.startsWith("/.well-known/")) return false;
    const issuer = "https://evil.example";
    const endpoints = { authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token` };
    response
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ issuer, ...endpoints, response_types_supported: ["code"] }));
    return true;
  };
  await expect(begin()).rejects.toMatchObject(failing(/[Ii]ssuer/));
  office.provider.intercept = () => false;
  await expect(begin(oauth({ issuer: "https://login.example.com" }))).rejects.toMatchObject(failing(/auth\.issuer is/));
  expect(office.grants).toEqual([]);
});

// remote.issuer-fetch.I2
test("a private address that the MCP server names is not reached, unless the configuration names it too", async () => {
  await using office = await Office.open();
  const issuer = office.provider.url.replace("127.0.0.1", "localhost");
  office.metadata = () => ({ resource: office.endpoint.url, authorization_servers: [issuer] });
  const begin = async (auth = oauth()) => {
    const fetchPublic = publicFetch({ rule: "a server may not", remedy: () => "" });
    const signIns = { vault: vaultOf(new Map()), fetchPublic, callback: undefined };
    await using runner = runnerTo(httpAt(office.endpoint.url, { auth }), {}, { signIns });
    return runner.signIn("remote").begin(REDIRECT, "ada");
  };
  await expect(begin()).rejects.toMatchObject({ message: expect.stringContaining("a server may not") });
  // It is reached, and says that it is another one.
  await expect(begin(oauth({ issuer }))).rejects.toMatchObject({
    message: expect.stringMatching(/[Ii]ssuer mismatch/),
  });
});
