import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { scripted } from "../../src/models/vendors/index.ts";
import { models } from "../helpers/engine.ts";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies(
  "newcomer.no-key",
  "definition.all-problems",
  "agent.revision",
  "deployment.unchanged",
  "api.openapi",
  "api.cursor",
  "api.origin-guard",
  "api.loopback",
  "api.health",
  "api.uploads",
  "api.hostile-bodies",
);

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const run = async (input: string, uploads: readonly string[] = []) => {
  const { body } = await server.ask("POST", "/api/v1/runs", { agent: "data-analyzer", input, uploads, wait: true });
  return contract.runs.RunDetail.parse(body);
};

async function upload(name: string, content: string | Uint8Array): Promise<string> {
  const response = await fetch(`${server.url}/api/v1/uploads?name=${encodeURIComponent(name)}`, {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: content,
  });
  expect(response.status).toBe(201);
  return contract.runs.Upload.parse(await response.json()).id;
}

describe("without any language model", () => {
  test("a question about a CSV file is answered from what the sandboxed tools found in it", async () => {
    const done = await run("Which species has the longest flippers? Use examples/data/penguins.csv");
    expect(done).toMatchObject({ state: "completed", model: "mock" });
    expect(done.output).toContain("Gentoo");
    expect(done.output).toContain("217");
    const tools = done.step_list.filter((step) => step.kind === "tool");
    expect(tools.length).toBeGreaterThanOrEqual(2);
    for (const step of tools) {
      expect(step).toMatchObject({ state: "done", outcome: "done" });
      expect(step.fuel).toBeGreaterThan(1_000);
    }
  });

  test("a chart is an SVG file of the run, with a bar for each pair that is in the data", async () => {
    const done = await run("Chart the mean body mass per species and island in examples/data/penguins.csv");
    expect(done.state).toBe("completed");
    expect(done.artifacts).toHaveLength(1);
    const [chart] = done.artifacts;
    if (!chart) throw new Error("there is an artifact");
    expect(chart.media_type).toBe("image/svg+xml");
    const response = await fetch(server.url + chart.url);
    const svg = await response.text();
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(svg).toContain("<svg");
    for (const word of ["Adelie", "Chinstrap", "Gentoo", "Biscoe", "Dream", "Torgersen"]) expect(svg).toContain(word);
  });

  test("a file of one's own, with semicolons, decimal commas, quoted newlines and gaps, is answered rightly", async () => {
    const id = await upload(
      "my-own.csv",
      'shop;note;price\nNorth;"two\nlines";3,20\nSouth;x;4,10\nNorth;"a ""quote""";\nSouth;;NA\nNorth;z;2,80\nEast;z;9,99\n',
    );
    const done = await run("Which shop has the highest mean price?", [id]);
    expect(done.state).toBe("completed");
    expect(done.output).toContain("East");
    expect(done.output).toMatch(/9[.,]99/);
    expect(done.files).toMatchObject([{ name: "my-own.csv" }]);
  });

  test("an upload belongs to one run, and no other run's tools can read it", async () => {
    const id = await upload("secret.csv", "shop,price\nNorth,1\nSouth,2\n");
    const first = await run("Which shop has the highest mean price?", [id]);
    expect(first.output).toContain("South");
    const second = await run("Which shop has the highest mean price? Use uploads/secret.csv");
    expect(second.output).not.toContain("South");
    const again = await server.ask("POST", "/api/v1/runs", { agent: "data-analyzer", input: "x", uploads: [id] });
    expect(again).toMatchObject({ status: 409, body: { code: "UPLOAD_TAKEN" } });
  });
});

const describeFile = async (path: string) => {
  const { body } = await server.ask("POST", "/api/v1/tools/csv_parser/describe/call", { arguments: { path } });
  return contract.tools.ToolCallOutcome.parse(body);
};
const put = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(server.directory, "examples/data", name), content);
  return `examples/data/${name}`;
};

describe("files that are not what they should be", () => {
  test("an empty file is said to be empty", async () => {
    const done = await describeFile(put("empty.csv", ""));
    expect(done).toMatchObject({ outcome: "tool-error", text: expect.stringMatching(/empty/) });
  });

  test("a binary file is said to be binary", async () => {
    const done = await describeFile(
      put(
        "binary.csv",
        Uint8Array.from({ length: 5_000 }, (_none, index) => (index * 37) % 256),
      ),
    );
    expect(done).toMatchObject({ outcome: "tool-error", text: expect.stringMatching(/binary|NUL/i) });
  });

  test("a file that is not there is said not to be there, with what to do", async () => {
    const done = await describeFile("examples/data/nowhere.csv");
    expect(done).toMatchObject({ outcome: "tool-error", text: expect.stringMatching(/no file/i) });
  });

  test("a file of one gigabyte is refused by its size before it is read", async () => {
    const path = put("huge.csv", "a,b\n1,2\n");
    truncateSync(join(server.directory, path), 1024 ** 3);
    const begun = performance.now();
    const done = await describeFile(path);
    expect(done).toMatchObject({ outcome: "tool-error", text: expect.stringMatching(/large|MiB|GiB/i) });
    expect(performance.now() - begun).toBeLessThan(20_000);
  });

  test("a path outside the granted directories is refused, with how to grant it", async () => {
    for (const path of ["/etc/passwd", "../../etc/passwd", "caxton.toml", ".caxton/caxton.db"]) {
      const done = await describeFile(path);
      expect(done.outcome, path).toBe("tool-error");
      expect(done.text, path).toMatch(/grant|no file/i);
    }
  });
});

const shortLived = (text: string) =>
  `name = "short-lived"\nversion = "1.0.0"\ncapabilities = ["greeting"]\nsystem_prompt = "${text}"\n`;

describe("definitions", () => {
  const FIVE = `name = "bad name"
version = "one"
capabilities = []
tools = ["csv_parsr"]
system_promt = "x"
`;

  test("one with five mistakes shows all five, each with line, caret and fix", async () => {
    const { status, body } = await server.ask("POST", "/api/v1/agents/validate", {
      source: FIVE,
      file_name: "bad.toml",
    });
    expect(status).toBe(200);
    const report = contract.agents.ValidationReport.parse(body);
    expect(report.valid).toBe(false);
    const paths = new Set(report.problems.map(({ path }) => path));
    for (const path of ["name", "version", "capabilities", "tools.0", "system_promt"]) expect(paths).toContain(path);
    for (const problem of report.problems.filter(({ path }) => path !== "system_prompt")) {
      expect(problem.rendered).toContain("^");
      expect(problem.fix).not.toBe("");
    }
    expect(JSON.stringify(report.problems)).toContain("csv_parser");
  });

  test("a broken one is refused with 422, and the deployed revision stays", async () => {
    const revision = async () =>
      contract.agents.AgentDetail.parse((await server.ask("GET", "/api/v1/agents/data-analyzer")).body).revision;
    const before = await revision();
    const refused = await server.ask("POST", "/api/v1/agents", { source: FIVE });
    expect(refused).toMatchObject({ status: 422, body: { code: "DEFINITION_INVALID" } });
    expect(await revision()).toBe(before);
  });

  test("each deployment of a changed file is a revision, an unchanged one is not, and a deleted agent is gone", async () => {
    expect((await server.ask("POST", "/api/v1/agents", { source: shortLived("a") })).status).toBe(201);
    expect((await server.ask("POST", "/api/v1/agents", { source: shortLived("a") })).body).toMatchObject({
      outcome: "unchanged",
    });
    expect((await server.ask("POST", "/api/v1/agents", { source: shortLived("b") })).body).toMatchObject({
      agent: { revision: 2 },
    });
    const { body } = await server.ask("GET", "/api/v1/agents/short-lived/revisions");
    expect(body).toMatchObject({ items: [{ revision: 2 }, { revision: 1 }] });
    expect((await server.ask("GET", "/api/v1/agents/short-lived/revisions/1")).body).toMatchObject({
      source: shortLived("a"),
    });
    expect((await server.ask("DELETE", "/api/v1/agents/short-lived")).status).toBe(204);
    expect((await server.ask("GET", "/api/v1/agents/short-lived")).body).toMatchObject({ code: "AGENT_NOT_FOUND" });
  });
});

describe("the interface", () => {
  test("a body of 50 MB is refused with a hint where files belong", async () => {
    const response = await fetch(`${server.url}/api/v1/runs`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ agent: "greeter", input: "x".repeat(50_000_000) }),
    });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: "BODY_TOO_LARGE", hint: expect.stringContaining("uploads") });
  });

  test("what does not fit the schema is refused, each problem named", async () => {
    const { status, body } = await server.ask("POST", "/api/v1/runs", { agent: 7 });
    expect(status).toBe(400);
    expect(contract.problems.ProblemDetails.parse(body)).toMatchObject({
      code: "REQUEST_INVALID",
      detail: expect.stringContaining("agent"),
      request_id: expect.stringMatching(/./),
    });
  });

  test("health answers GET and HEAD, readiness reports its parts", async () => {
    expect((await fetch(`${server.url}/health`, { method: "HEAD" })).status).toBe(200);
    expect(await server.ask("GET", "/health")).toMatchObject({ status: 200, body: { status: "ok" } });
    expect(await server.ask("GET", "/ready")).toMatchObject({ status: 200, body: { status: "ready" } });
  });

  test("a foreign host name and a foreign origin are refused", async () => {
    const { port } = new URL(server.url);
    const { request } = await import("node:http");
    const status = await new Promise((resolve) => {
      request({ port, path: "/api/v1/agents", headers: { host: "rebound.example" } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).end();
    });
    expect(status).toBe(403);
    const response = await fetch(`${server.url}/api/v1/agents`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: "http://evil.example" },
      body: "{}",
    });
    expect(response.status).toBe(403);
  });

  test("the OpenAPI document describes every route that the contract names, and no schema twice", async () => {
    const { body } = await server.ask("GET", "/openapi.json");
    expect(body).toMatchObject({ openapi: "3.1.0" });
    for (const path of [
      "/api/v1/runs",
      "/api/v1/runs/{id}/events",
      "/api/v1/agents/{name}",
      "/api/v1/tools/{server}/{tool}/call",
    ]) {
      expect(body).toHaveProperty(["paths", path]);
    }
    const names = [
      ...(JSON.stringify(body)
        .split('"schemas":')[1]
        ?.matchAll(/"(\w+)":\{/g) ?? []),
    ].map(([, name]) => name);
    for (const name of ["Run", "RunSummary", "Problem", "Agent"]) {
      expect(names).toContain(name);
      expect(names).not.toContain(`${name}Input`);
    }
    // Failures are declared with the media type that they are sent with, of operations without a JSON answer too.
    const failures = Object.values(body instanceof Object && "paths" in body ? (body.paths ?? {}) : {}).flatMap(
      (path) => Object.values(path).map((operation) => JSON.stringify(operation)),
    );
    expect(failures.length).toBeGreaterThan(100);
    for (const operation of failures)
      expect(operation).toMatch(/"4XX":\{[^}]*"content":\{"application\/problem\+json"/);
    // Every reference leads somewhere, and what may be sent as a message is described key by key.
    const references = [...JSON.stringify(body).matchAll(/"\$ref":"#\/components\/schemas\/([^"]*)"/g)];
    expect(references.filter(([, name]) => !names.includes(name))).toEqual([]);
    expect(JSON.stringify(body)).not.toContain("#/$defs/");
    expect(body).toHaveProperty("components.schemas.SendMessage.properties.performative");
    for (const reference of JSON.stringify(body).matchAll(/"#\/components\/schemas\/(\w+)/g))
      expect(names).toContain(reference[1]);
  });

  test("the OpenAPI document describes each operation with its permission, credentials, and an example of its body", async () => {
    const { body } = await server.ask("GET", "/openapi.json");
    const Described = z.object({
      description: z.string().optional(),
      requestBody: z
        .object({ content: z.record(z.string(), z.object({ example: z.unknown().optional() })) })
        .optional(),
    });
    const Api = z.object({
      paths: z.record(z.string(), z.record(z.string(), Described)),
      components: z.object({ securitySchemes: z.record(z.string(), z.unknown()) }),
      tags: z.array(z.object({ name: z.string(), description: z.string() })),
    });
    const { paths, components, tags } = Api.parse(body);
    const all = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, described]) => ({ name: `${method} ${path}`, ...described })),
    );
    expect(all.length).toBeGreaterThan(200);
    const bare = all.filter(
      ({ description = "" }) => !/Needs (the permission `[\w:-]+`|no credentials)/.test(description),
    );
    expect(bare.map(({ name }) => name)).toEqual([]);
    const json = all.filter(({ requestBody }) => requestBody?.content["application/json"] !== undefined);
    const without = json.filter(({ requestBody }) => requestBody?.content["application/json"]?.example === undefined);
    expect(without.map(({ name }) => name)).toEqual(["post /api/v1/runs/replay"]);
    expect(components.securitySchemes).toMatchObject({ key: { in: "header", name: "X-API-Key" } });
    const socket = tags.find(({ name }) => name === "mailboxes")?.description;
    expect(socket).toMatch(/`\/api\/v1\/messages\/socket` .*`send`.*`receive`.*`settle`.*`receipt`/);
  });

  test("a linter of OpenAPI documents finds nothing wrong", async () => {
    const { body } = await server.ask("GET", "/openapi.json");
    const config = await createConfig({ extends: ["recommended"] });
    const problems = await lintFromString({ source: JSON.stringify(body), config });
    // `GET /messages/content/{id}` and `/messages/{id}/trace` have no path in common, since no message has the id "content".
    const found = problems.map(({ ruleId, location: [at] }) => `${ruleId} ${at?.pointer ?? ""}`);
    expect(found.filter((problem) => !problem.startsWith("no-ambiguous-paths #/paths/~1api~1v1~1messages~1"))).toEqual(
      [],
    );
  });

  test.each([
    ["/v1/chat/completions", '{"model":', false],
    ["/v1/chat/completions", '{"model": 7}', false],
    ["/ag-ui/greeter", "{}", false],
    ["/api/v1/runs", '{"agent": 7}', true],
  ])("a bad request to %s names the OpenAPI document only where that describes it: %s", async (path, body, isRest) => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${server.url}${path}`, { method: "POST", headers, body });
    expect(response.status).toBe(400);
    expect((await response.text()).includes("/openapi.json")).toBe(isRest);
  });

  test.each([".", ".."])("a file cannot be named %s, which no path leads to", async (name) => {
    const response = await fetch(`${server.url}/api/v1/uploads?name=${name}`, { method: "POST", body: "a" });
    expect(response.status).toBe(400);
  });

  test.each([
    ["/runs?foo=1", 'there is no key "foo" in the query'],
    ["/runs?sate=failed", 'there is no key "sate" in the query; did you mean state?'],
    ["/agents?limit=1&offset=1", 'there is no key "offset" in the query'],
    ["/events?agent=zzz", 'there is no key "agent" in the query'],
    ["/status?verbose=1", 'there is no key "verbose" in the query'],
  ])("GET %s is refused, because the operation has no such parameter", async (path, problem) => {
    const { status, body } = await server.ask("GET", `/api/v1${path}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({
      code: "REQUEST_INVALID",
      detail: expect.stringContaining(problem),
      hint: "/openapi.json describes every request.",
    });
    expect((await server.ask("GET", "/api/v1/runs?workspace=default")).status).toBe(200);
  });

  test("lists are paged by cursor without gaps or repeats", async () => {
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1) ids.unshift((await run(`question ${count}`)).id);
    const seen: string[] = [];
    let cursor = "";
    do {
      const { body } = await server.ask("GET", `/api/v1/runs?limit=2${cursor}`);
      const { items, next } = contract.runs.RunPage.parse(body);
      seen.push(...items.map((item) => item.id));
      cursor = next === null ? "" : `&cursor=${next}`;
    } while (cursor !== "");
    expect(seen.slice(0, 5)).toEqual(ids);
    expect(new Set(seen).size).toBe(seen.length);
  });
});

type Event = { readonly id: string | undefined; readonly type: string; readonly data: unknown };

async function readEvents(url: string, lastId?: string): Promise<Event[]> {
  const response = await fetch(url, { headers: lastId === undefined ? {} : { "last-event-id": lastId } });
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  const text = await response.text();
  return text.split("\n\n").flatMap((block) => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
    const type = field("event");
    if (type === undefined) return [];
    return [{ id: field("id"), type, data: contract.runs.RunStreamEvent.parse(JSON.parse(field("data") ?? "null")) }];
  });
}

test("a run's events contain all of it, and Last-Event-ID returns only later ones", async () => {
  const { id } = await run("Which species has the longest flippers? Use examples/data/penguins.csv");
  const all = await readEvents(`${server.url}/api/v1/runs/${id}/events`);
  expect(all.at(-1)).toMatchObject({ type: "end", data: { run: { state: "completed" } } });
  expect(all.filter(({ type }) => type === "step").length).toBeGreaterThan(4);
  const middle = all[3];
  const rest = await readEvents(`${server.url}/api/v1/runs/${id}/events`, middle?.id);
  expect(rest.map((event) => event.id)).toEqual(all.slice(4).map((event) => event.id));
});

test("a streamed run sends text as it arrives, before its end", async () => {
  await using slow = await startServer({
    overrides: { models: models(scripted([{ text: "one two three four", chunkChars: 4 }])) },
  });
  const response = await fetch(`${slow.url}/api/v1/runs`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream" },
    body: JSON.stringify({ agent: "greeter", input: "hello" }),
  });
  const text = await response.text();
  const deltas = [...text.matchAll(/event: text-delta\ndata: (.*)/g)].map(([, data = ""]) =>
    contract.runs.RunStreamEvent.parse(JSON.parse(data)),
  );
  const pieces = deltas.flatMap((delta) => (delta.type === "text-delta" ? delta.text : []));
  expect(pieces.join("")).toBe("one two three four");
  expect(text.indexOf("text-delta")).toBeLessThan(text.indexOf("event: end"));
});

test("a port in use is a named failure", async () => {
  const port = Number(new URL(server.url).port);
  await expect(startServer({ settings: { "server.port": port } })).rejects.toMatchObject({ code: "PORT_IN_USE" });
});

test("a host that is not loopback is refused while there is no authentication", async () => {
  await expect(startServer({ settings: { "server.host": "0.0.0.0" } })).rejects.toMatchObject({
    code: "HOST_NOT_LOOPBACK",
  });
});
