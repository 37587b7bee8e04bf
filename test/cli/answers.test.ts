import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repository } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { caxton, commandLine, LAUNCHER } from "./caxton.ts";
import { answer, fakeServer, problem, runSummary } from "./fake-server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("api.problem", "cli.formats", "cli.exit-codes");

const agent = (name: string) => ({
  name,
  workspace: "default",
  revision: 3,
  version: "1.0.0",
  description: "Says hello",
  capabilities: ["greeting"],
  tools: ["date_time"],
  model: null,
  deployed_at: "2026-11-21T10:00:00.000Z",
  newest_revision: 3,
  state: "active",
  paused: null,
  file: null,
});

const agentPage = { items: [agent("greeter"), agent("writer")], next: null, later_field: true };
const serveAgents = () => fakeServer({ "GET /api/v1/agents": (_request, response) => answer(response, agentPage) });

test("a list in a pipe is a table without colour, its footer apart", async () => {
  await using server = await serveAgents();
  const { code, stdout, stderr } = await caxton(["agent", "list"], { server: server.url });
  expect(code).toBe(0);
  expect(stdout.split("\n").map((line) => line.replaceAll(/ {2,}/g, "  "))).toEqual([
    "NAME  REV  STATE  MODEL  TOOLS  DEPLOYED  DESCRIPTION",
    "greeter  3  active  (default)  date_time  2026-11-21T10:00:00.000Z  Says hello",
    "writer  3  active  (default)  date_time  2026-11-21T10:00:00.000Z  Says hello",
    "",
  ]);
  expect(stderr).toBe("2 agents\n");
});

test("-o name lists everything, in as many requests as it takes, unless a limit is given", async () => {
  let page = 0;
  await using server = await fakeServer({
    "GET /api/v1/agents": (_request, response) => {
      page += 1;
      const items = Array.from({ length: 200 }, (_, index) => agent(`agent-${page}-${index}`));
      answer(response, { items, next: page % 3 === 0 ? null : String(page) });
    },
  });
  const list = (...options: string[]) =>
    commandLine(["agent", "list", "-o", "name", ...options], { server: server.url });
  expect((await list()).stdout.trim().split("\n")).toHaveLength(600);
  expect((await list("--limit", "200")).stdout.trim().split("\n")).toHaveLength(200);
});

test("-o json is the document of the API, also with fields this version does not know", async () => {
  await using server = await serveAgents();
  const { stdout, stderr } = await commandLine(["agents", "list", "--json", "--limit", "50"], { server: server.url });
  expect(JSON.parse(stdout)).toEqual(agentPage);
  expect(stderr).toBe("");
});

test("-o name, jsonl and yaml give what scripts want", async () => {
  await using server = await serveAgents();
  const ask = (format: string) => commandLine(["agent", "list", "-o", format], { server: server.url });
  const [name, jsonl, yaml] = await Promise.all([ask("name"), ask("jsonl"), ask("yaml")]);
  expect(name.stdout).toBe("greeter\nwriter\n");
  expect(
    jsonl.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual(agentPage.items);
  expect(yaml.stdout).toContain("- name: greeter\n");
});

test("CAXTON_OUTPUT chooses a format where a command has it", async () => {
  await using server = await serveAgents();
  const environment = { CAXTON_OUTPUT: "name" };
  expect((await caxton(["agent", "list"], { server: server.url, environment })).stdout).toBe("greeter\nwriter\n");
});

test("requests say who asks and present the token, which is never shown", async () => {
  await using server = await serveAgents();
  const environment = { CAXTON_TOKEN: "cxk_secret" };
  const { stdout, stderr } = await caxton(["agent", "list", "--debug"], { server: server.url, environment });
  expect(server.received[0]?.headers).toMatchObject({ authorization: "Bearer cxk_secret", "x-caxton-client": "cli" });
  expect(stderr).toContain("GET /api/v1/agents?limit=200  200");
  expect(stdout + stderr).not.toContain("cxk_secret");
});

test("a list longer than a page is fetched page by page", async () => {
  await using server = await fakeServer({
    "GET /api/v1/runs": ({ path }, response) => {
      const query = new URL(path, "http://x").searchParams;
      const count = Number(query.get("limit"));
      const items = Array.from({ length: count }, () => runSummary());
      answer(response, { items, next: query.get("cursor") === null ? "second" : null });
    },
  });
  const { stdout } = await commandLine(["run", "list", "--limit", "250", "-o", "name"], { server: server.url });
  expect(stdout.trim().split("\n")).toHaveLength(250);
  expect(server.received.map(({ path }) => path)).toEqual([
    "/api/v1/runs?limit=200",
    "/api/v1/runs?limit=50&cursor=second",
  ]);
});

test("a command in a hint is called as the command itself was: through npx, from where npx finds it", async () => {
  using directory = tempDirectory();
  const environment = { npm_lifecycle_event: "npx" };
  const inside = await commandLine(["agent", "list"], { environment });
  expect(inside.stderr).toContain("start one with: npx caxton serve  [");
  const outside = await commandLine(["agent", "list"], { environment, cwd: directory.path });
  expect(outside.stderr).toContain(`start one with: npx --prefix ${repository} caxton serve  [`);
  const made = ["init", "hello", "--template", "data-analyzer", "--directory", join(directory.path, "hello")];
  const { stdout } = await commandLine(made, { environment });
  expect(stdout).toContain(`  npx --prefix ${repository} caxton dev  `);
  const tool = ["tool", "new", "price", "--directory", join(directory.path, "price")];
  expect((await commandLine(tool, { environment })).stdout).toContain(
    `  npx --prefix ${repository} caxton tool build  `,
  );
  expect((await commandLine(tool.with(2, "cost").with(4, join(directory.path, "cost")))).stdout).toContain(
    "  caxton tool test ",
  );
});

test("with no server the error names the address, says how to start one, and exits with 7", async () => {
  const { code, stdout, stderr } = await caxton(["agent", "list"]);
  expect({ code, stdout }).toEqual({ code: 7, stdout: "" });
  expect(stderr).toBe(
    "error: no Caxton server answers at http://127.0.0.1:1\n  start one with: caxton serve  [SERVER_UNREACHABLE]\n",
  );
});

test.each([
  [401, 4],
  [403, 4],
  [404, 3],
  [409, 5],
  [413, 2],
  [422, 6],
  [429, 1],
  [500, 1],
  [503, 7],
  [504, 8],
  [418, 2],
])("a refusal with status %d exits with %d", async (status, code) => {
  await using server = await fakeServer({
    "GET /api/v1/agents/x": (_request, response) =>
      answer(response, problem({ status, code: "SOME_CODE", detail: "it does not go" })),
  });
  const ended = await commandLine(["agent", "get", "x"], { server: server.url });
  expect(ended).toEqual({
    code,
    signal: null,
    stdout: "",
    stderr: "error: it does not go\n  do this instead  [SOME_CODE]\n",
  });
});

test("with -o json the server's problem document comes on standard error as it is", async () => {
  const refusal = problem({ status: 404, code: "AGENT_NOT_FOUND", detail: "there is no agent x" });
  await using server = await fakeServer({ "GET /api/v1/agents/x": (_request, response) => answer(response, refusal) });
  const { stdout, stderr } = await commandLine(["agent", "get", "x", "-o", "json"], { server: server.url });
  expect(stdout).toBe("");
  expect(JSON.parse(stderr)).toEqual(refusal);
});

test("with --debug the request's id is shown", async () => {
  await using server = await fakeServer({});
  const { stderr } = await commandLine(["agent", "get", "x", "--debug"], { server: server.url });
  expect(stderr).toContain("request request-1");
});

test("another program at the address is recognised", async () => {
  await using server = await fakeServer({
    "GET /api/v1/agents": (_request, response) => void response.writeHead(404).end("<html>not here</html>"),
    "GET /api/v1/status": (_request, response) => void response.end("<html>welcome</html>"),
  });
  const [list, status] = await Promise.all([
    commandLine(["agent", "list"], { server: server.url }),
    commandLine(["status"], { server: server.url }),
  ]);
  expect(list.stderr).toContain("[NOT_A_CAXTON_SERVER]");
  expect(status.stderr).toContain("[NOT_A_CAXTON_SERVER]");
  expect([list.code, status.code]).toEqual([7, 7]);
});

test("an answer of another form says where it differs", async () => {
  await using server = await fakeServer({
    "GET /api/v1/agents": (_request, response) => answer(response, { items: [{ name: 7 }], next: null }),
  });
  const { code, stderr } = await commandLine(["agent", "list"], { server: server.url });
  expect(code).toBe(1);
  expect(stderr).toContain("is not understood: items.0.name");
  expect(stderr).toContain("caxton version");
});

test("a server that does not answer in time gives exit 8", async () => {
  await using server = await fakeServer({ "GET /api/v1/agents": () => undefined });
  const { code, stderr } = await commandLine(["agent", "list", "--timeout", "300ms"], { server: server.url });
  expect(code).toBe(8);
  expect(stderr).toContain("no answer within 0.3 s");
});

test("health exits with 0 when well and 1 when not, whatever the reason", async () => {
  await using well = await fakeServer({
    "GET /health": (_request, response) => answer(response, { status: "ok", version: "0.1.0" }),
    "GET /ready": (_request, response) =>
      answer(response, { status: "starting", checks: { tools: { ok: false, note: "tool servers start" } } }, 503),
  });
  const [alive, ready, absent] = await Promise.all([
    commandLine(["health"], { server: well.url }),
    commandLine(["health", "--ready"], { server: well.url }),
    commandLine(["health"]),
  ]);
  expect([alive.code, ready.code, absent.code]).toEqual([0, 1, 1]);
  expect(ready.stdout).toContain("starting");
  expect(ready.stdout).toContain("tool servers start");
});

const detail = {
  ...agent("greeter"),
  file_source: null,
  source: "",
  format: "toml",
  file_name: "greeter.toml",
  source_hash: "0".repeat(64),
  documentation: "",
  max_steps: 20,
  when_busy: "queue",
  agents: [],
  handoffs: [],
  warnings: [],
};

test("deleting asks for confirmation, and without a terminal requires --yes", async () => {
  await using server = await fakeServer({
    "GET /api/v1/agents/greeter": (_request, response) => answer(response, detail),
    "DELETE /api/v1/agents/greeter": (_request, response) => void response.writeHead(204).end(),
  });
  const refused = await commandLine(["agent", "delete", "greeter"], { server: server.url });
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain("add --yes");
  expect(server.received).toEqual([]);
  const done = await commandLine(["agent", "delete", "greeter", "--yes"], { server: server.url });
  expect({ code: done.code, stdout: done.stdout }).toEqual({ code: 0, stdout: "deleted  greeter\n" });
});

test("a reader that has seen enough ends a long list without a complaint", async () => {
  const items = Array.from({ length: 200 }, () => runSummary({ input_preview: "x".repeat(2_000) }));
  await using server = await fakeServer({
    "GET /api/v1/runs": (_request, response) => answer(response, { items, next: null }),
  });
  const line = `'${process.execPath}' '${LAUNCHER}' run list --limit 200 -o jsonl | head -n 1`;
  const shell = spawn("sh", ["-c", line], { env: { PATH: "/usr/bin:/bin", CAXTON_SERVER: server.url }, stdio: "pipe" });
  const [stdout, stderr] = await Promise.all([text(shell.stdout), text(shell.stderr)]);
  expect(JSON.parse(stdout)).toEqual(items[0]);
  expect(stderr).toBe("");
});

test("an interrupted migration prints the command that resumes it", async () => {
  await using server = await fakeServer({
    "POST /api/v1/memory/migrations": (_request, response) => {
      const progress = { phase: "entities", entities: 1, relations: 0, all: 9, followed: 0 };
      response.writeHead(200, { "content-type": "application/x-ndjson" });
      response.end(`${JSON.stringify({ type: "progress", ...progress })}\n`);
    },
  });
  const interrupted = async (...more: string[]) => {
    const command = ["memory", "migrate", "--to", "neo4j", ...more];
    const { code, stderr } = await commandLine(command, { server: server.url });
    return [code, /resume it with: (.*?) +\[MIGRATION_INTERRUPTED\]/.exec(stderr)?.[1]];
  };
  expect(await interrupted()).toEqual([7, "caxton memory migrate --to neo4j --resume"]);
  expect(await interrupted("--cutover")).toEqual([7, "caxton memory migrate --to neo4j --cutover"]);
  expect(await interrupted("--from", "qdrant", "--cutover", "--resume")).toEqual([
    7,
    "caxton memory migrate --from qdrant --to neo4j --cutover",
  ]);
});

test("memory doctor reports a finding that only needs time as pending, and exits with 0", async () => {
  const late = { what: "texts go at 12:00", hint: "Nothing has to be done.", repaired: false, pending: true };
  const bad = { what: "a row is lost", hint: "Restore it.", repaired: false, pending: false };
  const found = [[late], [late, bad]];
  await using server = await fakeServer({
    "POST /api/v1/memory/check": (_request, response) =>
      answer(response, { backend: "postgresql", items: found.shift() ?? [] }),
  });
  const doctor = () => commandLine(["memory", "doctor"], { server: server.url });
  const pending = "pending: texts go at 12:00\n  Nothing has to be done.\n";
  expect(await doctor()).toMatchObject({ code: 0, stdout: `memory in postgresql is consistent\n${pending}` });
  expect(await doctor()).toMatchObject({ code: 1, stdout: `${pending}inconsistent: a row is lost\n  Restore it.\n` });
  expect(await doctor()).toMatchObject({ code: 0, stdout: "memory in postgresql is consistent\n" });
});

test("a name that would lead to another operation is refused before anything is sent", async () => {
  await using server = await fakeServer({});
  const words = ["participant", "key", "revoke", "..", "01a1fc54-37a5-7407-8f1a-c9483133386b", "--yes"];
  const { code, stderr } = await commandLine(words, { server: server.url });
  expect(code).toBe(2);
  expect(stderr).toContain('error: name cannot be ".."');
  expect(stderr).toContain("[PATH_VALUE_INVALID]");
  expect(server.received.filter(({ method }) => method === "DELETE")).toEqual([]);
});

test("a request that a proxy could not pass on is sent again, what creates something with the same key", async () => {
  const keys: (string | undefined)[] = [];
  let lists = 0;
  await using server = await fakeServer({
    "GET /api/v1/agents": (_request, response) => {
      lists += 1;
      if (lists > 1) return answer(response, agentPage);
      response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad gateway</h1>");
    },
    "POST /api/v1/runs": (request, response) => {
      keys.push(request.headers["idempotency-key"]?.toString());
      if (keys.length === 1) return void response.destroy();
      answer(response, problem({ status: 404, code: "AGENT_NOT_FOUND", detail: "there is no agent absent" }), 404);
    },
  });
  const listed = await commandLine(["agent", "list", "-o", "name"], { server: server.url });
  expect(listed).toMatchObject({ code: 0, stdout: "greeter\nwriter\n" });
  expect(lists).toBe(2);
  const started = await commandLine(["run", "start", "absent", "hello", "--detach"], { server: server.url });
  expect(started).toMatchObject({ code: 3, stderr: expect.stringContaining("AGENT_NOT_FOUND") });
  expect(keys).toHaveLength(2);
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(keys[1]).toBe(keys[0]);
});
