import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { exportJWK, exportSPKI, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startServer, type TestServer } from "../helpers/server.ts";

/** A provider that publishes its configuration and keys, with a switch to make it fail. */
class Provider {
  readonly keys: JWK[] = [];
  fetches = 0;
  mode: "ok" | "down" | "html" | "no-keys" = "ok";
  readonly #server: Server;
  constructor() {
    this.#server = createServer((request, response) => {
      this.fetches += 1;
      if (this.mode === "down") return void response.socket?.destroy();
      if (this.mode === "html") return void response.end("<html>maintenance</html>");
      if (this.mode === "no-keys" && request.url === "/keys") return void response.writeHead(500).end();
      response.setHeader("content-type", "application/json");
      if (request.url === "/keys") return void response.end(JSON.stringify({ keys: this.keys }));
      return void response.end(JSON.stringify({ issuer: this.url, jwks_uri: `${this.url}/keys` }));
    });
  }
  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  }
  async listen(): Promise<this> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
    return this;
  }
  async add(kid: string, alg: string) {
    const pair = await generateKeyPair(alg, { extractable: true });
    this.keys.push({ ...(await exportJWK(pair.publicKey)), kid, alg, use: "sig" });
    return pair;
  }
  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
let office: Provider;
let other: Provider;
let server: TestServer;
const pairs: Record<string, Pair> = {};

beforeAll(async () => {
  [office, other] = [await new Provider().listen(), await new Provider().listen()];
  for (const alg of ["RS256", "ES256", "EdDSA"]) pairs[alg] = await office.add(`office-${alg}`, alg);
  pairs["other"] = await other.add("other-1", "ES256");
  const table = { audience: "caxton", roles: { "caxton-admins": "admin", staff: "user" } };
  server = await startServer({
    settings: {
      "access.mode": "required",
      "access.jwt": {
        office: { ...table, issuer: office.url },
        other: { ...table, issuer: other.url, roles: { "*": "readonly" } },
      },
    },
  });
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  office?.close();
  other?.close();
});

type Claims = { readonly [claim: string]: unknown };
const CLAIMS: Claims = { sub: "u-1", email: "ada@example.com", groups: ["staff"] };

/** Signs a token as the office would, except for what is given. */
async function sign(claims: Claims = {}, header: Partial<JWTHeaderParameters> = {}, key = pairs["RS256"]?.privateKey) {
  const all = { iss: office.url, aud: "caxton", exp: Math.floor(Date.now() / 1_000) + 300, ...CLAIMS, ...claims };
  const present = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  if (key === undefined) throw new Error("there is a key");
  return new SignJWT(present).setProtectedHeader({ alg: "RS256", kid: "office-RS256", ...header }).sign(key);
}

const ask = async (token: string, path = "/api/v1/whoami") => {
  const response = await fetch(server.url + path, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, body: await response.json() };
};

test.each(["RS256", "ES256", "EdDSA"])("a user with a token signed by %s has the role of the claim", async (alg) => {
  const token = await sign({}, { alg, kid: `office-${alg}` }, pairs[alg]?.privateKey);
  expect(await ask(token)).toMatchObject({
    status: 200,
    body: { id: "user_office:u-1", kind: "user", name: "ada@example.com", role: "user" },
  });
  expect((await ask(token, "/api/v1/keys")).status).toBe(403);
  const admin = await sign({ groups: ["x", "caxton-admins"] }, { alg, kid: `office-${alg}` }, pairs[alg]?.privateKey);
  expect((await ask(admin, "/api/v1/keys")).status).toBe(200);
});

test("each issuer has its own mapping and its own keys", async () => {
  const key = pairs["other"]?.privateKey;
  const token = await sign({ iss: other.url, groups: undefined }, { alg: "ES256", kid: "other-1" }, key);
  expect(await ask(token)).toMatchObject({ status: 200, body: { id: "user_other:u-1", role: "readonly" } });
  // The other issuer's key does not sign for the office.
  expect((await ask(await sign({}, { alg: "ES256", kid: "other-1" }, key))).status).toBe(401);
  expect((await ask(await sign({}, { alg: "ES256", kid: "office-ES256" }, key))).status).toBe(401);
});

const now = () => Math.floor(Date.now() / 1_000);
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

const unsigned = (header: object) =>
  `${base64(header)}.${base64({ iss: office.url, aud: "caxton", exp: now() + 300, ...CLAIMS })}.`;

// access.jwt.J1, access.jwt.I1
describe("attacks", () => {
  const attacks: Record<string, () => Promise<string> | string> = {
    "no signature, alg none": () => unsigned({ alg: "none" }),
    "no signature, alg None and a dot": () => `${unsigned({ alg: "None", kid: "office-RS256" })}AA`,
    "HMAC with the public key as its secret": async () => {
      const pem = await exportSPKI(pairs["RS256"]?.publicKey ?? (await generateKeyPair("RS256")).publicKey);
      return new SignJWT({ ...CLAIMS, iss: office.url, aud: "caxton", exp: now() + 300 })
        .setProtectedHeader({ alg: "HS256", kid: "office-RS256" })
        .sign(Buffer.from(pem));
    },
    "a key of its own in the header": async () => {
      const own = await generateKeyPair("ES256", { extractable: true });
      return sign({}, { alg: "ES256", kid: "mine", jwk: await exportJWK(own.publicKey) }, own.privateKey);
    },
    "a key address in the header": async () => {
      const own = await generateKeyPair("ES256", { extractable: true });
      return sign(
        {},
        { alg: "ES256", kid: "mine", jku: `${other.url}/keys`, x5u: `${other.url}/keys` },
        own.privateKey,
      );
    },
    "a key id that is a path": () => sign({}, { kid: "../../../../dev/null" }),
    "an algorithm that its key does not have": async () =>
      sign({}, { alg: "PS256", kid: "office-RS256" }, (await generateKeyPair("PS256")).privateKey),
    "a critical header that is unknown": async () => {
      const [, payload, signature] = (await sign()).split(".");
      return `${base64({ alg: "RS256", kid: "office-RS256", crit: ["x"], x: 1 })}.${payload}.${signature}`;
    },
    expired: () => sign({ exp: now() - 3_600 }),
    "expired as text": () => sign({ exp: "tomorrow" }),
    "no expiry": () => sign({ exp: undefined }),
    "not yet valid": () => sign({ nbf: now() + 3_600 }),
    "no subject": () => sign({ sub: undefined }),
    "another audience": () => sign({ aud: "billing" }),
    "no audience": () => sign({ aud: undefined }),
    "another issuer": () => sign({ iss: "https://id.example.com" }),
    "an issuer with a slash more": () => sign({ iss: `${office.url}/` }),
    "no group with a role": () => sign({ groups: ["guests"] }),
    "a group in another form": () => sign({ groups: { staff: true } }),
    "a role that the token names itself": () => sign({ groups: [], role: "admin", permissions: ["*:*"] }),
    "a payload that was changed": async () => {
      const [header, , signature] = (await sign()).split(".");
      const payload = base64({
        iss: office.url,
        aud: "caxton",
        exp: now() + 300,
        ...CLAIMS,
        groups: ["caxton-admins"],
      });
      return `${header}.${payload}.${signature}`;
    },
    "too long": () => sign({ padding: "x".repeat(9_000) }),
    "not a JWT at all": () => "a.b.c",
  };
  test.each(Object.keys(attacks))("%s is refused", async (name) => {
    const token = await attacks[name]?.();
    expect(await ask(token ?? "")).toMatchObject({ status: 401 });
  });
});

// access.jwt.I2
test("known tokens are verified while the provider is down, and unknown keys do not flood it", async () => {
  const token = await sign();
  expect((await ask(token)).status).toBe(200);
  office.mode = "down";
  expect((await ask(token)).status).toBe(200);
  const before = office.fetches;
  const stranger = await generateKeyPair("ES256");
  for (let index = 0; index < 20; index += 1)
    await ask(await sign({}, { alg: "ES256", kid: `invented-${index}` }, stranger.privateKey));
  expect(office.fetches - before).toBeLessThanOrEqual(2);
  office.mode = "ok";
});

// access.jwt.I3
test("without any keys from before, a provider that fails is named", async () => {
  await using late = await startServer({
    settings: {
      "access.mode": "required",
      "access.jwt": { office: { audience: "caxton", issuer: office.url, roles: { "*": "readonly" } } },
    },
  });
  const token = await sign();
  const request = () => fetch(`${late.url}/api/v1/whoami`, { headers: { authorization: `Bearer ${token}` } });
  for (const mode of ["down", "html"] as const) {
    office.mode = mode;
    const answer = await request();
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("10");
    expect(await answer.json()).toMatchObject({ code: "ISSUER_UNREACHABLE" });
  }
  const before = office.fetches;
  await Promise.all(Array.from({ length: 20 }, request));
  expect(office.fetches - before).toBe(0);
  office.mode = "ok";
  // It is asked again 10 seconds after a failure.
  await expect.poll(async () => (await request()).status, { timeout: 30_000, interval: 500 }).toBe(200);
}, 60_000);

// access.jwt.I2, access.jwt.I3
test("while the keys of a provider cannot be fetched, it is asked once in ten seconds, and known tokens do not wait", async () => {
  await using late = await startServer({
    settings: {
      "access.mode": "required",
      "access.jwt": { office: { audience: "caxton", issuer: office.url, roles: { "*": "readonly" } } },
    },
  });
  const request = async (token: string) =>
    (await fetch(`${late.url}/api/v1/whoami`, { headers: { authorization: `Bearer ${token}` } })).status;
  const token = await sign();
  office.mode = "no-keys";
  const before = office.fetches;
  for (let attempt = 0; attempt < 10; attempt += 1) expect(await request(token)).toBe(503);
  // Its configuration and its keys.
  expect(office.fetches - before).toBe(2);
  office.mode = "ok";
  await expect.poll(() => request(token), { timeout: 30_000, interval: 500 }).toBe(200);
  office.mode = "down";
  const stranger = await generateKeyPair("ES256");
  await request(await sign({}, { alg: "ES256", kid: "invented" }, stranger.privateKey));
  const asked = office.fetches;
  for (let attempt = 0; attempt < 10; attempt += 1) expect(await request(token)).toBe(200);
  expect(office.fetches).toBe(asked);
  office.mode = "ok";
}, 60_000);
