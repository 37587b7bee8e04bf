import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { chmodSync, copyFileSync, renameSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { connect as connectPlain } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { connect, type ConnectionOptions, getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { systemClock } from "../../src/kernel/clock.ts";
import { caxton, commandLine } from "../cli/caxton.ts";
import { type CertificateFiles, makeCertificate, pem } from "../helpers/certificates.ts";
import { startServer, type TestServer, type TestServerOptions } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";
import { SecureListeners } from "../../src/server/tls/index.ts";

verifies("security.tls");

const DAY_MS = 86_400_000;
const home = tempDirectory();
const trusted = getCACertificates("default");
let authority: CertificateFiles;
let files: CertificateFiles;
let server: TestServer;

const tls = (used: CertificateFiles) => ({
  "server.tls.certificate": used.certificate,
  "server.tls.private_key": used.privateKey,
});
const start = (used: CertificateFiles, options: TestServerOptions = {}) =>
  startServer({ ...options, settings: { ...tls(used), ...options.settings } });

beforeAll(async () => {
  authority = makeCertificate(home.path, "authority");
  files = makeCertificate(home.path, "server", { issuer: authority });
  setDefaultCACertificates([...trusted, pem(authority.certificate)]);
  server = await start(files, { settings: { "server.allowed_hosts": ["caxton.test"] } });
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  setDefaultCACertificates(trusted);
  home[Symbol.dispose]();
});

const portOf = (url: string): number => Number(new URL(url).port);

/** The protocol and the certificate's serial number of a new connection. */
async function handshake(url: string, options: ConnectionOptions = {}) {
  const socket = connect({ host: "127.0.0.1", port: portOf(url), servername: "localhost", ...options });
  try {
    await once(socket, "secureConnect");
    return { protocol: socket.getProtocol(), serial: socket.getPeerCertificate().serialNumber };
  } finally {
    socket.destroy();
  }
}

test("a server with a certificate serves the API, the dashboard, events and WebSockets over TLS 1.3", async () => {
  expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  expect(await handshake(server.url)).toMatchObject({ protocol: "TLSv1.3" });
  expect(await server.ask("GET", "/ready")).toMatchObject({
    status: 200,
    body: { checks: { tls: { ok: true, note: expect.stringContaining("valid until") } } },
  });
  expect((await fetch(`${server.url}/ui/`)).headers.get("strict-transport-security")).toBeNull();
  const named = request(`${server.url}/openapi.json`, { headers: { host: "caxton.test" }, servername: "caxton.test" });
  const [response] = await once(named.end(), "response");
  expect(response.headers["strict-transport-security"]).toBe("max-age=31536000");
  expect(await text(response)).toContain("3.1.0");
  const stop = new AbortController();
  const events = await fetch(`${server.url}/api/v1/events`, { signal: stop.signal });
  expect(events.headers.get("content-type")).toContain("text/event-stream");
  stop.abort();
  const socket = new WebSocket(`${server.url.replace("https", "wss")}/api/v1/messages/socket`);
  await once(socket, "open");
  socket.send(JSON.stringify({ op: "ping", ref: 1 }));
  const [pong] = await once(socket, "message");
  expect(JSON.parse(String(pong))).toEqual({ op: "pong", ref: 1 });
  socket.terminate();
});

test("TLS 1.2 is refused unless the configuration allows it", async () => {
  // server.tls.T1
  const old = { maxVersion: "TLSv1.2" } as const;
  await expect(handshake(server.url, old)).rejects.toThrow(/protocol version/i);
  await using lenient = await start(files, { settings: { "server.tls.min_version": "TLSv1.2" } });
  expect(await handshake(lenient.url, old)).toMatchObject({ protocol: "TLSv1.2" });
});

test("plain HTTP to the port is closed, and connections without a handshake do not block others", async () => {
  const plain = fetch(server.url.replace("https", "http"));
  await expect(plain).rejects.toThrow("fetch failed");
  const silent = Array.from({ length: 100 }, () => connectPlain(portOf(server.url), "127.0.0.1"));
  await Promise.all(silent.map((socket) => once(socket, "connect")));
  expect((await server.ask("GET", "/health")).status).toBe(200);
  for (const socket of silent) socket.destroy();
  const table = {
    certificate: files.certificate,
    private_key: files.privateKey,
    min_version: "TLSv1.3",
    require_client_certificate: false,
  } as const;
  using listeners = new SecureListeners(table, systemClock, 100);
  const quick = listeners.createServer({}, (_request, response) => response.end()).listen(0, "127.0.0.1");
  await once(quick, "listening");
  const address = quick.address();
  const socket = connectPlain(typeof address === "object" ? (address?.port ?? 0) : 0, "127.0.0.1");
  await once(socket, "close");
  quick.close();
});

test("changed files are used without a restart; open streams continue, and invalid files change nothing", async () => {
  // server.tls.T2, server.tls.T3
  const own = { certificate: join(home.path, "own.pem"), privateKey: join(home.path, "own.key") };
  const replace = (by: CertificateFiles) => {
    for (const part of ["privateKey", "certificate"] as const) {
      copyFileSync(by[part], `${own[part]}.next`);
      renameSync(`${own[part]}.next`, own[part]);
    }
  };
  replace(files);
  await using replaced = await start(own);
  const before = await handshake(replaced.url);
  const stop = new AbortController();
  const events = await fetch(`${replaced.url}/api/v1/events`, { signal: stop.signal });
  const reader = events.body?.getReader();
  replace(makeCertificate(home.path, "second", { issuer: authority }));
  await expect.poll(() => handshake(replaced.url), { timeout: 20_000 }).not.toEqual(before);
  const after = await handshake(replaced.url);
  writeFileSync(own.certificate, "no certificate");
  await systemClock.sleep(2_500);
  expect(await handshake(replaced.url)).toEqual(after);
  expect((await replaced.ask("POST", "/api/v1/agents/greeter/pause")).status).toBeLessThan(300);
  expect(new TextDecoder().decode((await reader?.read())?.value)).not.toBe("");
  stop.abort();
});

test("a certificate that expires soon is reported, and one that has expired fails the readiness check", async () => {
  let aheadMs = 340 * DAY_MS;
  const clock = { ...systemClock, nowMs: () => Date.now() + aheadMs };
  await using later = await start(files, { overrides: { clock } });
  const note = (await later.ask("GET", "/ready")).body;
  expect(note).toMatchObject({ checks: { tls: { ok: true, note: expect.stringMatching(/expires in 2\d days/) } } });
  aheadMs = 366 * DAY_MS;
  expect(await later.ask("GET", "/ready")).toMatchObject({
    status: 503,
    body: { status: "failing", checks: { tls: { ok: false, note: expect.stringContaining("expired") } } },
  });
});

test("caxton doctor reports the certificate, and a key that other users can read", async () => {
  const soon = makeCertificate(home.path, "soon", { issuer: authority, days: 10 });
  const config = join(home.path, "caxton.toml");
  writeFileSync(config, '[server.tls]\ncertificate = "soon.pem"\nprivate_key = "soon.key"\n');
  chmodSync(soon.privateKey, 0o644);
  const doctor = async () => (await commandLine(["doctor", "-c", config, "-o", "json"], { cwd: home.path })).stdout;
  expect(JSON.parse(await doctor()).items).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        check: "certificate",
        state: "warn",
        note: expect.stringMatching(/expires in \d days/),
      }),
      expect.objectContaining({ check: "certificate", fix: `chmod 600 ${soon.privateKey}` }),
    ]),
  );
  copyFileSync(files.privateKey, soon.privateKey);
  expect(JSON.parse(await doctor()).items).toContainEqual(
    expect.objectContaining({ check: "certificate", state: "fail", note: expect.stringContaining("not the key of") }),
  );
});

test("files that are missing or do not belong together refuse the start", async () => {
  const missing = { ...files, certificate: join(home.path, "missing.pem") };
  await expect(start(missing)).rejects.toMatchObject({ code: "TLS_FILES_INVALID", message: /missing\.pem/ });
  const other = { ...files, privateKey: authority.privateKey };
  await expect(start(other)).rejects.toMatchObject({ code: "TLS_FILES_INVALID", message: /not the key of/ });
});

test("commands refuse a certificate of an unknown authority, and trust one that is named or stored at login", async () => {
  await using required = await start(files, { settings: { "access.mode": "required" } });
  const setup = required.started.setupToken ?? "";
  const command = (args: readonly string[], more: { readonly [name: string]: string } = {}) =>
    caxton(args, { environment: { XDG_CONFIG_HOME: home.path, CAXTON_SERVER: "", ...more } });
  const refused = await command(["login", required.url, "--token", setup]);
  expect(refused).toMatchObject({ code: 7, stderr: expect.stringContaining("SERVER_CERTIFICATE_INVALID") });
  expect(refused.stderr).toContain("--ca-file");
  const wrong = await command(["status", "--ca-file", files.privateKey]);
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("AUTHORITY_INVALID") });
  const login = await command(["login", required.url, "--token", setup, "--ca-file", authority.certificate]);
  expect(login).toMatchObject({ code: 0, stdout: expect.stringContaining("stored as context") });
  expect((await command(["whoami"])).stdout).toContain("role admin");
  const own = { XDG_CONFIG_HOME: join(home.path, "empty"), CAXTON_CA_FILE: authority.certificate };
  expect(await command(["whoami", "--server", required.url], own)).toMatchObject({ code: 4 });
});

const forwarded = (address: string) => ({ "x-forwarded-for": address, authorization: "Bearer cax_wrong" });

/** The statuses of many requests with an invalid key, each from another address if the header counts. */
const statuses = async (url: string) => {
  const all: number[] = [];
  for (let index = 0; index < 32; index += 1)
    all.push((await fetch(`${url}/api/v1/agents`, { headers: forwarded(`192.0.2.${index}`) })).status);
  return new Set(all);
};

const refusal = async (url: string, headers: Record<string, string>) => {
  const origin = "https://caxton.test";
  const socket = new WebSocket(`${url.replace("http", "ws")}/api/v1/messages/socket`, { origin, headers });
  const [, response] = await once(socket, "unexpected-response");
  response.resume();
  return response.statusCode;
};

test("headers of a proxy count only if the proxy is trusted", async () => {
  // http.trusted-proxies.P1
  const settings = { "access.mode": "required" };
  await using direct = await startServer({ settings });
  expect(await statuses(direct.url)).toEqual(new Set([401, 429]));
  await using proxied = await startServer({ settings: { ...settings, "server.trusted_proxies": ["127.0.0.0/8"] } });
  expect(await statuses(proxied.url)).toEqual(new Set([401]));
  const headers = { "x-forwarded-proto": "https", "x-forwarded-host": "caxton.test" };
  expect((await fetch(`${proxied.url}/health`, { headers })).headers.get("strict-transport-security")).not.toBeNull();
  expect((await fetch(`${direct.url}/health`, { headers })).headers.get("strict-transport-security")).toBeNull();
  // The proxy's host makes the origin this server's; only the credentials are missing then.
  expect(await refusal(proxied.url, headers)).toBe(401);
  expect(await refusal(direct.url, headers)).toBe(403);
});

/** Asks who the client is, with a certificate. */
async function whoami(url: string, client?: CertificateFiles, agent?: Agent) {
  const own = client && { cert: pem(client.certificate), key: pem(client.privateKey) };
  const sending = request(`${url}/api/v1/whoami`, { ...own, ...(agent && { agent }) });
  const [response] = await once(sending.end(), "response");
  return { status: response.statusCode, body: JSON.parse(await text(response)), reused: sending.reusedSocket };
}

test("a client certificate authenticates by its subject or fingerprint, until it expires", async () => {
  // server.tls.T4, access.access.A4
  using elsewhere = tempDirectory();
  const clients = makeCertificate(home.path, "clients");
  const ci = makeCertificate(home.path, "ci.example.com", { issuer: clients });
  const reader = makeCertificate(home.path, "reader", { issuer: clients });
  const unlisted = makeCertificate(home.path, "unlisted", { issuer: clients });
  const stranger = makeCertificate(elsewhere.path, "ci.example.com", { issuer: authority });
  const { fingerprint256, validToDate } = new X509Certificate(pem(reader.certificate));
  const settings = {
    "access.mode": "required",
    "access.certificates": {
      ci: { subject: "ci.example.com", role: "operator" },
      reader: { fingerprint: fingerprint256, role: "readonly" },
    },
    "server.tls.client_ca": clients.certificate,
  };
  let aheadMs = 0;
  const clock = { ...systemClock, nowMs: () => Date.now() + aheadMs };
  await using verified = await start(files, { settings, overrides: { clock } });
  expect(await whoami(verified.url, ci)).toMatchObject({
    status: 200,
    body: { id: "certificate_ci", kind: "certificate", name: "ci", role: "operator", expires_at: expect.any(String) },
  });
  expect(await whoami(verified.url, reader)).toMatchObject({ body: { name: "reader", role: "readonly" } });
  expect(await whoami(verified.url, unlisted)).toMatchObject({ status: 401, body: { code: "CREDENTIALS_INVALID" } });
  expect(await whoami(verified.url, stranger)).toMatchObject({ status: 401, body: { code: "CREDENTIALS_REQUIRED" } });
  expect(await whoami(verified.url)).toMatchObject({ status: 401, body: { code: "CREDENTIALS_REQUIRED" } });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  expect(await whoami(verified.url, reader, agent)).toMatchObject({ status: 200 });
  aheadMs = validToDate.getTime() - Date.now() - 1_000;
  const presented = { cert: pem(reader.certificate), key: pem(reader.privateKey) };
  const [events] = await once(request(`${verified.url}/api/v1/events`, presented).end(), "response");
  expect(events.statusCode).toBe(200);
  await once(events.resume(), "close");
  expect(await whoami(verified.url, reader, agent)).toMatchObject({
    status: 401,
    reused: true,
    body: { detail: expect.stringContaining("expired") },
  });
  agent.destroy();
  const required = { ...settings, "server.tls.require_client_certificate": true };
  await using closed = await start(files, { settings: required });
  const command = (...args: readonly string[]) =>
    caxton(args, {
      environment: { XDG_CONFIG_HOME: elsewhere.path, CAXTON_SERVER: "", CAXTON_CA_FILE: authority.certificate },
    });
  const identity = ["--client-cert", ci.certificate, "--client-key", ci.privateKey];
  expect((await command("status", "--server", closed.url)).code).toBe(7);
  expect((await command("whoami", "--server", closed.url, ...identity)).stdout).toContain("role operator");
  expect(await command("whoami", "--server", closed.url, "--client-cert", ci.certificate)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("CLIENT_CERTIFICATE_INVALID"),
  });
  expect(await command("login", closed.url, "--name", "ci", ...identity)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("stored as context ci"),
  });
  const large = join(elsewhere.path, "large.csv");
  writeFileSync(large, "a,b\n".repeat(500_000));
  expect(await command("run", "greeter", "hello", "-d", "--file", large)).toMatchObject({ code: 0 });
  expect((await command("agent", "list")).stdout).toContain("greeter");
  await expect(whoami(closed.url)).rejects.toThrow(/certificate required|ECONNRESET|socket hang up/i);
  expect(await whoami(closed.url, ci)).toMatchObject({ status: 200 });
});

test("the FIPA transport uses the certificate too, and delivers to platforms over TLS", async () => {
  const fipa = { "fipa.enabled": true, "fipa.port": 0 };
  await using here = await start(files, { settings: { ...fipa, "fipa.platform": "here" } });
  const url = here.started.fipaUrl ?? "";
  expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/acc$/);
  expect(await handshake(url)).toMatchObject({ protocol: "TLSv1.3" });
  const agents = { "greeter@here": url };
  await using there = await startServer({ settings: { ...fipa, "fipa.platform": "there", "fipa.agents": agents } });
  const sent = await there.ask("POST", "/api/v1/messages", {
    performative: "request",
    receiver: "greeter@here",
    content: "Please greet Ada",
  });
  expect(sent).toMatchObject({ body: { status: "accepted", recipients: ["greeter@here"] } });
  await expect
    .poll(async () => JSON.stringify((await here.ask("GET", "/api/v1/messages")).body), { timeout: 20_000 })
    .toContain("Please greet Ada");
});
