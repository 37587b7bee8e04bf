import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { fastify, type FastifyRequest } from "fastify";
import { serializerCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { bind } from "../../src/api/http/bind.ts";
import { httpServer } from "../../src/api/http/index.ts";
import { EventStreams } from "../../src/api/http/responses/sse.ts";
import { RequestBodies } from "../../src/api/http/slow-clients.ts";
import { LOCAL_ACCESS } from "../helpers/access.ts";
import { implement } from "../../src/api/operations/perform.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("api.problem", "api.origin-guard", "api.health", "api.hostile-bodies", "api.opaque-handles");

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ script: [{ text: "hello" }] });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

/** A request whose path goes out as it stands, unlike fetch's. */
async function raw(path: string, headers: { readonly [name: string]: string } = {}) {
  const asked = request({ port: new URL(server.url).port, path, headers }).end();
  const [response] = await once(asked, "response");
  return { status: response.statusCode, type: response.headers["content-type"], body: await text(response) };
}

const start = async () => {
  const { body } = await server.ask("POST", "/api/v1/runs", { agent: "greeter", input: "hello", wait: true });
  return contract.runs.RunDetail.parse(body);
};

/** Sends lines as they are and returns the first of the answer. */
async function rawLines(lines: readonly string[]): Promise<string> {
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.write(`${lines.join("\r\n")}\r\nconnection: close\r\n\r\n`);
  return (await text(socket)).split("\r\n")[0] ?? "";
}

describe("a request that another site makes a browser send", () => {
  test.each(["cross-site", "same-site"])("is refused when it gets something of the API: %s", async (site) => {
    // A router that decodes paths finds the API under other spellings too.
    for (const path of ["/api/v1/tool-servers", "/%61pi/v1/tool-servers", "/a%70i/v1/tool-servers"]) {
      const refused = await raw(path, { "sec-fetch-site": site });
      expect([path, refused.status, JSON.parse(refused.body)]).toMatchObject([path, 403, { code: "FOREIGN_ORIGIN" }]);
    }
    expect((await raw("/ui", { "sec-fetch-site": site })).status).not.toBe(403);
  });

  test.each(["same-origin", "none"])("is answered when it is of this server or was typed: %s", async (site) => {
    expect((await raw("/api/v1/agents", { "sec-fetch-site": site })).status).toBe(200);
  });

  test.each(["/api/v1/agents", "/%61pi/v1/agents", "/api/v1/nothing"])(
    "cannot embed or keep the answer of %s",
    async (path) => {
      const { headers } = await fetch(`${server.url}${path}`);
      expect([...headers]).toEqual(
        expect.arrayContaining([
          ["cache-control", "no-store"],
          ["content-security-policy", "default-src 'none'; frame-ancestors 'none'"],
          ["referrer-policy", "no-referrer"],
          ["cross-origin-resource-policy", "same-origin"],
          ["x-content-type-options", "nosniff"],
        ]),
      );
    },
  );
});

test("a JSON body that is streamed to disk does not count toward the memory limit", async () => {
  const chunks = ReadableStream.from([Buffer.from('{"entities":[],'), Buffer.from('"relations":[]}')]);
  const init: RequestInit = {
    method: "POST",
    body: chunks,
    headers: { "content-type": "application/json" },
    duplex: "half",
  };
  expect((await fetch(`${server.url}/api/v1/memory/import`, init)).status).toBeLessThan(500);
  const upload = ReadableStream.from([Buffer.from("[1,"), Buffer.from("2]")]);
  expect((await fetch(`${server.url}/api/v1/uploads?name=a.json`, { ...init, body: upload })).status).toBe(201);
});

test("a request that names two hosts is refused", async () => {
  const { host } = new URL(server.url);
  expect(await rawLines(["GET /health HTTP/1.1", `host: ${host}`])).toBe("HTTP/1.1 200 OK");
  expect(await rawLines([`GET http://${host}/health HTTP/1.1`, `host: ${host}`])).toBe("HTTP/1.1 200 OK");
  for (const lines of [
    ["GET /health HTTP/1.1", `host: ${host}`, "host: evil.example"],
    ["GET /health HTTP/1.1", `host: ${host}`, `Host: ${host}`],
    ["GET http://evil.example/health HTTP/1.1", `host: ${host}`],
  ])
    expect(await rawLines(lines)).toBe("HTTP/1.1 400 Bad Request");
});

describe("what is asked wrongly is answered with a problem", () => {
  test.each(["/ui/%zz", "/ui/%", "/ui/%c3%28", "/api/v1/runs/%zz"])(
    "a path that cannot be decoded: %s",
    async (path) => {
      const { status, type, body } = await raw(path, { "x-request-id": "mine" });
      expect([status, type]).toEqual([400, "application/problem+json"]);
      expect(contract.problems.ProblemDetails.parse(JSON.parse(body))).toMatchObject({
        code: "REQUEST_INVALID",
        request_id: "mine",
      });
    },
  );

  test.each(["text/plain", "application/x-www-form-urlencoded"])("a body of type %s", async (type) => {
    const response = await fetch(`${server.url}/api/v1/runs`, {
      method: "POST",
      headers: { "content-type": type },
      body: "agent=greeter",
    });
    expect([response.status, response.headers.get("content-type")]).toEqual([415, "application/problem+json"]);
    expect(await response.json()).toMatchObject({ code: "UNSUPPORTED_MEDIA_TYPE", status: 415 });
  });

  test.for([
    ["runs", "approvals", "tasks", "agents", "agents/greeter/revisions", "keys", "audit"],
    ["messages", "conversations", "dead-letters", "participants", "capabilities", "subscriptions"],
    ["tool-servers", "tool-servers/csv_parser/versions", "tool-servers/csv_parser/uses"],
  ])("a cursor of another list of %s", async (paths) => {
    for (const path of paths)
      for (const cursor of ["nonsense", "7", "de7"]) {
        expect(await server.ask("GET", `/api/v1/${path}?cursor=${cursor}`)).toMatchObject({
          status: 400,
          body: { code: "REQUEST_INVALID", detail: expect.stringContaining("cursor: ") },
        });
      }
  });

  test("a decision on a call with an invalid id", async () => {
    const { id } = await start();
    const decision = { call_id: "call_1", decision: "retry" };
    expect(await server.ask("POST", `/api/v1/runs/${id}/decide`, decision)).toMatchObject({
      status: 409,
      body: { code: "RUN_NOT_WAITING" },
    });
    const nowhere = "/api/v1/runs/019aa000-0000-7000-8000-000000000000/decide";
    expect(await server.ask("POST", nowhere, decision)).toMatchObject({ status: 404, body: { code: "RUN_NOT_FOUND" } });
  });
});

const runsOf = async (agent: string) =>
  contract.runs.RunPage.parse((await server.ask("GET", `/api/v1/runs?agent=${agent}`)).body).items.map((run) => run.id);

test("an agent's runs are found by its name in any letter case, and by none other", async () => {
  const { id } = await start();
  expect(await runsOf("GREETER")).toContain(id);
  expect(await runsOf("greeter")).toContain(id);
  expect(await runsOf("data-analyzer")).toEqual([]);
  expect(await runsOf("nonexistent")).toEqual([]);
});

const noAnswer = async () => "";
const OPTIONS = {
  allowedHosts: ["FD00:0::1"],
  dashboardDirectory: undefined,
  errorsPage: "",
  agentSchema: () => ({}),
  agentTestSchema: () => ({}),
};

test("a route that is neither an operation nor a public document is rejected", async () => {
  const { http } = await httpServer(server.started.services, OPTIONS);
  expect(() => http.get("/api/v1/extra", noAnswer)).toThrow(
    "GET /api/v1/extra is neither an operation nor a public document",
  );
  expect(() => http.post("/extra", noAnswer)).toThrow("POST /extra is neither");
  expect(() => http.post("/ui/*", noAnswer)).toThrow("POST /ui/* is neither");
  expect(() => http.get("/ui/*", noAnswer)).not.toThrow();
  await http.close();
});

test("a download whose client disconnects before its first part is closed", async () => {
  const first = Promise.withResolvers<void>();
  const requested = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<string>();
  const content = {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        requested.resolve();
        await first.promise;
        return { done: false as const, value: "part" };
      },
      return: async () => {
        closed.resolve("closed");
        return { done: true as const, value: undefined };
      },
    }),
  };
  const { limits } = server.started.services.access;
  const download = contract.operations.memoryTransfer.export;
  const http = fastify().withTypeProvider<ZodTypeProvider>();
  http.setSerializerCompiler(serializerCompiler);
  bind(
    http,
    implement(download, () => ({ mediaType: "text/plain", content, headers: {} })),
    {
      access: LOCAL_ACCESS,
      services: server.started.services,
      streams: new EventStreams(limits),
      bodies: new RequestBodies(limits, 1_000),
      bodyReaders: {},
    },
  );
  const url = await http.listen({ host: "127.0.0.1", port: 0 });
  const client = request(`${url}${download.http.path}`).on("error", () => undefined);
  client.end();
  await requested.promise;
  client.destroy();
  await expect
    .poll(() => new Promise((resolve) => void http.server.getConnections((_error, count) => resolve(count))))
    .toBe(0);
  first.resolve();
  expect(await closed.promise).toBe("closed");
  await http.close();
});

test("a body over the limit of its route is refused with that limit", async () => {
  const length = 64 * 1024 * 1024 + 1;
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.write(
    `POST /api/v1/runs/replay HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`,
  );
  expect(await text(socket)).toContain("the request body is larger than 64 MiB");
});

test("an IPv6 host is answered for as a browser writes it", async () => {
  const { http } = await httpServer(server.started.services, OPTIONS);
  const status = async (host: string) =>
    (await http.inject({ url: "/health", headers: { host } satisfies FastifyRequest["headers"] })).statusCode;
  expect(await status("[fd00::1]:8080")).toBe(200);
  expect(await status("[fd00::1]")).toBe(200);
  expect(await status("[fd00::2]:8080")).toBe(403);
  await http.close();
});

test("a server that drains says that it is not ready", async () => {
  await using draining = await startServer();
  expect(await draining.ask("GET", "/ready")).toMatchObject({ status: 200, body: { checks: { runs: { ok: true } } } });
  await draining.started.services.runs.drain(0);
  expect(await draining.ask("GET", "/ready")).toMatchObject({
    status: 503,
    body: { status: "failing", checks: { runs: { ok: false } } },
  });
});

test("a body nested too deeply, or that is no JSON, is refused as a problem", async () => {
  for (const body of [`{"arguments":{"x":${"[".repeat(3_000)}${"]".repeat(3_000)}}}`, "{", ""]) {
    const response = await fetch(`${server.url}/api/v1/tools/csv_parser/describe/call`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "REQUEST_INVALID" });
  }
});

test("a method that a path does not take is refused with those that it takes", async () => {
  const refused = await fetch(`${server.url}/api/v1/runs`, { method: "PUT" });
  expect([refused.status, refused.headers.get("allow")]).toEqual([
    405,
    expect.stringContaining("GET, HEAD, OPTIONS, POST"),
  ]);
  expect(await refused.json()).toMatchObject({ code: "METHOD_NOT_ALLOWED", status: 405 });
  expect((await server.ask("PUT", "/api/v1/nothing")).status).toBe(404);
});

test("a problem names the text that was given for a number, and has its details in snake case", async () => {
  const { body } = await server.ask("GET", "/api/v1/runs?limit=abc");
  expect(body).toMatchObject({
    code: "REQUEST_INVALID",
    detail: expect.stringMatching(/limit: expected .*, got "abc"$/),
  });
  const large = await server.ask("POST", "/api/v1/runs", { agent: "greeter", input: "x".repeat(5 * 1024 * 1024) });
  expect(large.body).toMatchObject({ code: "BODY_TOO_LARGE", details: { bytes_max: expect.any(Number) } });
});
