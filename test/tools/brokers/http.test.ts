import { randomBytes } from "node:crypto";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { HttpAnswer, HostRefused } from "../../../src/tools/sandbox/index.ts";
import { brokerWith, callerWith, httpGrant, request, Web } from "./web.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.grant-http");

const never = new AbortController().signal;
const bodyOf = (answer: HttpAnswer | HostRefused): string =>
  answer.type === "answered" ? Buffer.from(answer.body).toString("utf8") : `${answer.code}: ${answer.message}`;
const codeOf = (answer: HttpAnswer | HostRefused): string => (answer.type === "answered" ? "answered" : answer.code);

test("a granted host is reached, by a connection to the address that was looked up once", async () => {
  await using web = await Web.open((_request, response) => response.setHeader("x-kind", "test").end("hello"));
  const { broker, uses, resolved } = brokerWith();
  const origin = `http://api.example.test:${web.port}`;
  const caller = callerWith({ http: [httpGrant(origin)] });
  const answer = await broker.fetch(caller, request(`${origin}/a?b=c#d`, { headers: [["x-own", "1"]] }), never);
  expect(answer).toMatchObject({ type: "answered", status: 200, url: `${origin}/a?b=c` });
  expect(bodyOf(answer)).toBe("hello");
  expect(web.seen).toMatchObject([{ method: "GET", url: "/a?b=c", headers: { "x-own": "1", "user-agent": "Caxton" } }]);
  expect(resolved).toEqual(["api.example.test"]);
  expect(uses).toMatchObject([
    { kind: "http", operation: "GET", target: `${origin}/a`, outcome: "allowed", bytes: 5, server: "weather" },
  ]);
});

test("what is not granted is refused with the lines that would grant it, and nothing is sent or even looked up", async () => {
  const { broker, uses, resolved } = brokerWith();
  const caller = callerWith({ http: [httpGrant("https://other.example.test")] });
  const answer = await broker.fetch(caller, request("https://api.example.test/v1?key=hidden"), never);
  expect(bodyOf(answer)).toBe(
    "denied: GET https://api.example.test/v1 is not granted to `weather`; add to caxton.toml beside a table for each of " +
      'https://other.example.test:\n[[tool_servers.weather.grants.http]]\nurl = "https://api.example.test"',
  );
  expect(resolved).toEqual([]);
  expect(uses).toMatchObject([
    { kind: "http", outcome: "denied", reason: "denied", target: "https://api.example.test/v1" },
  ]);
  expect(JSON.stringify(uses)).not.toContain("hidden");
});

test("a method that is not granted is refused, and the refusal names those that are", async () => {
  const { broker } = brokerWith();
  const caller = callerWith({ http: [httpGrant("https://api.example.test")] });
  const answer = await broker.fetch(caller, request("https://api.example.test/", { method: "DELETE" }), never);
  expect(bodyOf(answer)).toMatch(/may only GET, HEAD there.*methods = \["GET", "HEAD", "DELETE"\]/s);
});

test.each([
  "http://10.0.0.1/",
  "http://127.0.0.1/",
  "http://2130706433/",
  "http://0x7f.1/",
  "http://017700000001/",
  "http://0/",
  "http://169.254.169.254/latest/meta-data/",
  "http://[::1]/",
  "http://[::ffff:127.0.0.1]/",
  "http://[fd00:ec2::254]/",
  "http://100.64.0.1/",
  "http://224.0.0.1/",
])("%s is refused although its host is granted, since the address is no public one", async (url) => {
  const { broker, uses } = brokerWith();
  const caller = callerWith({ http: [httpGrant(url, { private: false })] });
  const answer = await broker.fetch(caller, request(url), never);
  expect(codeOf(answer)).toBe("denied");
  expect(bodyOf(answer)).toMatch(/private = true/);
  expect(uses).toMatchObject([{ reason: "private-address", outcome: "denied" }]);
});

test("a name is refused when any of its addresses is no public one", async () => {
  const { broker } = brokerWith({ names: { "api.example.test": ["93.184.216.34", "10.0.0.5"] } });
  const caller = callerWith({ http: [httpGrant("http://api.example.test", { private: false })] });
  expect(bodyOf(await broker.fetch(caller, request("http://api.example.test/"), never))).toMatch(
    /10\.0\.0\.5.*private network/,
  );
});

// http.http-broker.H2
test("a name that is looked up again with another address gains nothing: each request goes to what was checked for it", async () => {
  await using web = await Web.open((_request, response) => response.end("inside"));
  const origin = `http://api.example.test:${web.port}`;
  const names: { [name: string]: readonly string[] } = { "api.example.test": ["127.0.0.1"] };
  const { broker, resolved } = brokerWith({ names });
  const open = callerWith({ http: [httpGrant(origin)] });
  const shut = callerWith({ http: [httpGrant(origin, { private: false })] });
  expect(bodyOf(await broker.fetch(open, request(origin), never))).toBe("inside");
  expect(codeOf(await broker.fetch(shut, request(origin), never))).toBe("denied");
  expect(resolved).toHaveLength(2);
  expect(web.seen).toHaveLength(1);
});

test.each([
  ["a user in the URL", request("https://user:word@api.example.test/"), "invalid"],
  ["a backslash", request("https://api.example.test\\@evil.test/"), "invalid"],
  ["a line break", request("https://api.example.test/\r\nhost: evil"), "invalid"],
  ["another scheme", request("ftp://api.example.test/"), "invalid"],
  ["no URL", request("api.example.test"), "invalid"],
  ["a dot at the end", request("https://api.example.test./"), "invalid"],
  ["a tunnel", request("https://api.example.test/", { method: "CONNECT" }), "invalid"],
  ["the host header", request("https://api.example.test/", { headers: [["Host", "evil.test"]] }), "invalid"],
  [
    "a hop-by-hop header",
    request("https://api.example.test/", { headers: [["Transfer-Encoding", "chunked"]] }),
    "invalid",
  ],
  ["a proxy header", request("https://api.example.test/", { headers: [["proxy-authorization", "x"]] }), "invalid"],
  ["a line break in a header", request("https://api.example.test/", { headers: [["x-a", "b\r\nx-c: d"]] }), "invalid"],
  ["an invalid name", request("https://api.example.test/", { headers: [["x a", "b"]] }), "invalid"],
  [
    "headers past measure",
    request("https://api.example.test/", { headers: [["x-a", "b".repeat(40_000)]] }),
    "too-large",
  ],
  [
    "a body past measure",
    request("https://api.example.test/", { method: "POST", body: new Uint8Array(9 * 1024 * 1024) }),
    "too-large",
  ],
])("%s is refused and recorded", async (_what, wrong, code) => {
  const { broker, resolved, uses } = brokerWith();
  const caller = callerWith({ http: [httpGrant("https://api.example.test", { methods: ["*"] })] });
  expect(codeOf(await broker.fetch(caller, wrong, never))).toBe(code);
  expect(resolved).toEqual([]);
  expect(uses).toMatchObject([{ kind: "http", outcome: "failed", reason: code }]);
  expect(JSON.stringify(uses)).not.toContain("word");
});

test("a granted path is not left by dots, encoded or not", async () => {
  await using web = await Web.open((_request, response) => response.end("ok"));
  const origin = `http://api.example.test:${web.port}`;
  const { broker } = brokerWith();
  const caller = callerWith({ http: [httpGrant(`${origin}/v1`)] });
  const codes = await Promise.all(
    ["/v1/users", "/v1/../admin", "/v1/%2e%2e/admin", "/v1/..%2fadmin", "/v1x", "/v1/..;/admin"].map(async (path) =>
      codeOf(await broker.fetch(caller, request(origin + path), never)),
    ),
  );
  expect(codes).toEqual(["answered", "denied", "denied", "denied", "denied", "denied"]);
  expect(web.seen.map(({ url }) => url)).toEqual(["/v1/users"]);
});

test("redirects are followed where they are granted, five at most, with the method that the status asks for", async () => {
  await using web = await Web.open((incoming, response) => {
    const [, status = "", left = ""] = /^\/(\d+)\/(\d+)/.exec(incoming.url ?? "") ?? [];
    if (left === "0" || left === "") return response.end(`${incoming.method} done`);
    return response.writeHead(Number(status), { location: `/${status}/${Number(left) - 1}` }).end();
  });
  const origin = `http://api.example.test:${web.port}`;
  const { broker } = brokerWith();
  const caller = callerWith({ http: [httpGrant(origin, { methods: ["*"] })] });
  const get = await broker.fetch(caller, request(`${origin}/302/5`), never);
  expect(get).toMatchObject({ status: 200, url: `${origin}/302/0` });
  expect(bodyOf(await broker.fetch(caller, request(`${origin}/302/6`), never))).toMatch(/redirects more than 5 times/);
  const body = Buffer.from("data");
  for (const [status, method] of [
    [301, "GET"],
    [302, "GET"],
    [303, "GET"],
    [307, "POST"],
    [308, "POST"],
  ] as const) {
    const posted = await broker.fetch(caller, request(`${origin}/${status}/1`, { method: "POST", body }), never);
    expect(bodyOf(posted)).toBe(`${method} done`);
    expect(web.seen.at(-1)?.body).toBe(method === "POST" ? "data" : "");
  }
});

// http.http-broker.H1
test("a redirect to where nothing is granted is refused in words that name the grant", async () => {
  await using web = await Web.open((_request, response) =>
    response.writeHead(302, { location: "http://evil.example.test/steal?x=1" }).end(),
  );
  const origin = `http://api.example.test:${web.port}`;
  const { broker, uses } = brokerWith();
  const answer = await broker.fetch(callerWith({ http: [httpGrant(origin)] }), request(origin), never);
  expect(bodyOf(answer)).toMatch(
    new RegExp(
      `denied: ${origin} redirects to http://evil.example.test/steal: GET .* is not granted.*url = "http://evil.example.test"`,
      "s",
    ),
  );
  expect(uses.map(({ target, outcome }) => `${outcome} ${target}`)).toEqual([
    `allowed ${origin}`,
    "denied http://evil.example.test/steal",
  ]);
});

test("a redirect to an address of this machine is refused although the name is granted", async () => {
  const { broker } = brokerWith({ names: { "inner.example.test": ["127.0.0.1"] } });
  await using web = await Web.open((_request, response) =>
    response.writeHead(302, { location: "http://inner.example.test/" }).end(),
  );
  const origin = `http://api.example.test:${web.port}`;
  const http = [httpGrant(origin), httpGrant("http://inner.example.test", { private: false })];
  expect(bodyOf(await broker.fetch(callerWith({ http }), request(origin), never))).toMatch(/127\.0\.0\.1/);
});

test("authorization and cookies are not sent to another origin", async () => {
  await using other = await Web.open((_request, response) => response.end("other"));
  await using web = await Web.open((_request, response) =>
    response.writeHead(307, { location: `http://other.example.test:${other.port}/` }).end(),
  );
  const origin = `http://api.example.test:${web.port}`;
  const { broker } = brokerWith();
  const caller = callerWith({ http: [httpGrant(origin), httpGrant(`http://other.example.test:${other.port}`)] });
  const headers = [
    ["Authorization", "Bearer x"],
    ["Cookie", "a=b"],
    ["x-kept", "yes"],
  ] as const;
  expect(bodyOf(await broker.fetch(caller, request(origin, { headers }), never))).toBe("other");
  expect(other.seen[0]?.headers).toMatchObject({ "x-kept": "yes" });
  expect(other.seen[0]?.headers).not.toHaveProperty("authorization");
  expect(other.seen[0]?.headers).not.toHaveProperty("cookie");
});

test("answers are decoded, and one that grows past its bound is given up on, packed or not", async () => {
  const plain = Buffer.from("text ".repeat(1_000));
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  await using web = await Web.open((incoming, response) => {
    if (incoming.url === "/gzip") return response.setHeader("content-encoding", "gzip").end(gzipSync(plain));
    if (incoming.url === "/br") return response.setHeader("content-encoding", "br").end(brotliCompressSync(plain));
    if (incoming.url === "/bomb") return response.setHeader("content-encoding", "gzip").end(bomb);
    if (incoming.url === "/broken") return response.setHeader("content-encoding", "gzip").end("not gzip");
    return response.end(randomBytes(5 * 1024 * 1024));
  });
  const origin = `http://api.example.test:${web.port}`;
  const { broker } = brokerWith();
  const get = (path: string, bytesMax?: number) =>
    broker.fetch(callerWith({ http: [httpGrant(origin)] }), request(origin + path, { bytesMax }), never);
  expect(bodyOf(await get("/gzip"))).toBe(plain.toString());
  expect(bodyOf(await get("/br"))).toBe(plain.toString());
  expect(codeOf(await get("/bomb"))).toBe("too-large");
  expect(codeOf(await get("/large"))).toBe("too-large");
  expect(codeOf(await get("/large", 6 * 1024 * 1024))).toBe("answered");
  expect(codeOf(await get("/broken"))).toBe("unreachable");
});

test("a HEAD of what would be packed, and headers past measure, end well", async () => {
  await using web = await Web.open((incoming, response) => {
    if (incoming.method === "HEAD")
      return response.writeHead(200, { "content-encoding": "gzip", "content-length": 9 }).end();
    return response.writeHead(200, { "x-long": "y".repeat(70_000) }).end();
  });
  const origin = `http://api.example.test:${web.port}`;
  const { broker } = brokerWith();
  const caller = callerWith({ http: [httpGrant(origin)] });
  expect(codeOf(await broker.fetch(caller, request(origin, { method: "HEAD" }), never))).toBe("answered");
  expect(codeOf(await broker.fetch(caller, request(origin), never))).toBe("too-large");
});

test("a server that does not answer in time is given up on, and one that is not there is said so", async () => {
  await using web = await Web.open(() => {});
  const origin = `http://api.example.test:${web.port}`;
  const { broker, uses } = brokerWith({ names: { "gone.example.test": [] } });
  const caller = callerWith({
    http: [httpGrant(origin), httpGrant("http://gone.example.test"), httpGrant("http://api.example.test:1")],
  });
  expect(bodyOf(await broker.fetch(caller, request(origin, { timeoutMs: 30 }), never))).toMatch(
    /timeout: .*within 30 ms/,
  );
  expect(codeOf(await broker.fetch(caller, request("http://gone.example.test"), never))).toBe("unreachable");
  expect(codeOf(await broker.fetch(caller, request("http://api.example.test:1"), never))).toBe("unreachable");
  expect(uses.map(({ outcome, reason }) => `${outcome} ${reason}`)).toEqual([
    "failed timeout",
    "failed unreachable",
    "failed unreachable",
  ]);
});

test("a call that ends takes its request along", async () => {
  const closed = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  await using web = await Web.open((incoming) => {
    incoming.socket.once("close", () => closed.resolve());
    arrived.resolve();
  });
  const origin = `http://api.example.test:${web.port}`;
  const { broker } = brokerWith();
  const stop = new AbortController();
  const answer = broker.fetch(callerWith({ http: [httpGrant(origin)] }), request(origin), stop.signal);
  await arrived.promise;
  stop.abort();
  expect(codeOf(await answer)).toBe("unavailable");
  await closed.promise;
});

test("eight requests of a server are in flight at once, and the others wait for them", async () => {
  let most = 0;
  const open: (() => void)[] = [];
  const full = Promise.withResolvers<void>();
  await using web = await Web.open((_request, response) => {
    open.push(() => response.end("ok"));
    most = Math.max(most, open.length);
    if (open.length === 8) full.resolve();
  });
  const origin = `http://api.example.test:${web.port}`;
  const { broker } = brokerWith();
  const caller = callerWith({ http: [httpGrant(origin)] });
  const answers = Array.from({ length: 20 }, () => broker.fetch(caller, request(origin), never));
  await full.promise;
  const release = setInterval(() => open.shift()?.(), 1);
  const codes = (await Promise.all(answers)).map(codeOf);
  clearInterval(release);
  expect(codes).toEqual(Array.from({ length: 20 }, () => "answered"));
  expect(most).toBe(8);
});

test("TLS is verified: a certificate for the name is taken, one for another name is not", async () => {
  await using web = await Web.open((_request, response) => response.end("safe"), { secure: true });
  const { broker } = brokerWith();
  const origins = [`https://api.example.test:${web.port}`, `https://other.test:${web.port}`];
  const caller = callerWith({ http: origins.map((origin) => httpGrant(origin)) });
  const [good, bad] = await Promise.all(origins.map((origin) => broker.fetch(caller, request(origin), never)));
  expect(good && bodyOf(good)).toBe("safe");
  expect(bad && bodyOf(bad)).toMatch(/unreachable: the certificate of https:\/\/other\.test:\d+ is not accepted/);
});

test("an operator's permission opens the public web, but neither this machine nor a private network", async () => {
  const { broker, uses } = brokerWith({ names: { "public.example.test": ["203.0.113.9"] } });
  const caller = callerWith({}, true);
  expect(bodyOf(await broker.fetch(caller, request("http://inner.example.test/"), never))).toMatch(/private = true/);
  expect(uses).toMatchObject([{ reason: "private-address" }]);
});

test("an operator's permission is read-only: GET and HEAD, and no other method", async () => {
  const { broker, resolved } = brokerWith({ names: { "public.example.test": ["203.0.113.9"] } });
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    const answer = await broker.fetch(callerWith({}, true), request("http://public.example.test/", { method }), never);
    expect(bodyOf(answer), method).toMatch(new RegExp(`^denied: ${method} .* is not granted to`));
  }
  expect(resolved).toEqual([]);
});
