import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../../src/api/contract/index.ts";
import type { JsonObject } from "../../../src/kernel/json.ts";
import { CaxtonProcess } from "../../helpers/process.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { asked, probe } from "./asking.ts";
import { Web } from "./web.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("tool.audit", "tool.observe", "tool.secrets", "message.loops");

const VALUE = "the-value-that-is-secret";
const SCRIPT = [
  { toolCalls: [{ name: "probe__environment", arguments: {} }] },
  {
    toolCalls: [
      { name: "probe__ask", arguments: asked("http.fetch", { method: "GET", url: "https://example.test/x" }) },
    ],
  },
  { text: "Done." },
];
const AGENT = `name = "curious"
version = "1.0.0"
capabilities = ["testing"]
tools = ["probe"]
system_prompt = "Ask."
`;
/** Two agents whose tool writes to the other whenever a message comes. */
const talker = (name: string, other: string) => ({
  [`agents/${name}.toml`]: `name = "${name}"
version = "1.0.0"
capabilities = ["talking"]
tools = ["probe"]
system_prompt = "Inform the other."
model = "scripted/${name}.json"
`,
  [`${name}.json`]: JSON.stringify([
    { toolCalls: [{ name: "probe__ask", arguments: asked("messages.send", { receiver: other, content: "ping" }) }] },
    { text: "Sent." },
  ]),
});
const MANIFEST = `name = "probe"
version = "1.0.0"

[limits]
fuel_per_call = 10_000_000_000

[[grants.files]]
path = "unused"

[[grants.secrets]]
name = "TOKEN"
as = "value"

[[grants.secrets]]
name = "ABSENT"
`;
const config = (port: number) => `[server]
port = 0
[log]
level = "trace"
[models]
default = "scripted/script.json"
scripted_directory = "."
[tools]
accept = "always"
[[tool_servers.probe.grants.http]]
url = "http://127.0.0.1:${port}"
private = true
[[tool_servers.probe.grants.messages]]
receivers = ["pi*", "pong"]
[[tool_servers.probe.grants.memory]]
scopes = ["workspace", "agent-only"]
`;

let directory: Disposable & { readonly path: string };
let web: Web;
let server: CaxtonProcess;
let url: string;

const ask = async (method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> => {
  const sent =
    body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(url + path, { method, ...sent });
  return { status: response.status, text: await response.text() };
};
const caxton = async (...args: readonly string[]) => {
  await using command = new CaxtonProcess([...args, "--server", url], { cwd: directory.path });
  return await command.ended();
};

beforeAll(async () => {
  directory = tempDirectory();
  web = await Web.open((_request, response) => response.end("hello"));
  const write = (path: string, content: string | Uint8Array) => {
    mkdirSync(join(directory.path, path, ".."), { recursive: true });
    writeFileSync(join(directory.path, path), content);
  };
  write("agents/curious.toml", AGENT);
  write("script.json", JSON.stringify(SCRIPT));
  for (const [file, content] of Object.entries({ ...talker("ping", "pong"), ...talker("pong", "ping") }))
    write(file, content);
  write("caxton.toml", config(web.port));
  write("tools/probe/tool.toml", MANIFEST);
  write("tools/probe/module.wasm", await probe());
  server = new CaxtonProcess(["serve"], { cwd: directory.path, environment: { CAXTON_SECRET_TOKEN: VALUE } });
  const [address = ""] = await server.printed(/http:\/\/127\.0\.0\.1:\d+/);
  url = address;
  for (let status = 0; status !== 200;) ({ status } = await ask("GET", "/ready"));
}, 60_000);

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await web[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

/** Every file below a directory, as one text of bytes. */
const contentOf = (path: string): string =>
  readdirSync(path, { recursive: true, encoding: "utf8" })
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile())
    .map((file) => readFileSync(file, "latin1"))
    .join("\n");

test("a tool that prints its secret exposes it to no model, journal, log or API client", async () => {
  const run = await ask("POST", "/api/v1/runs", { agent: "curious", input: "go", wait: true });
  const parsed = contract.runs.RunDetail.parse(JSON.parse(run.text));
  expect(parsed).toMatchObject({ state: "completed", output: "Done." });
  const readable = await Promise.all(
    [
      `/api/v1/runs/${parsed.id}`,
      "/api/v1/tools/probe",
      "/api/v1/tools/probe/logs",
      "/api/v1/tool-servers/probe/uses",
      "/api/v1/config",
      "/api/v1/status",
    ].map((path) => ask("GET", path)),
  );
  const called = await ask("POST", "/api/v1/tools/probe/environment/call", { arguments: {}, observe: "permit" });
  expect(called.text).toContain("[redacted:TOKEN]");
  const listed = await caxton("tool", "audit", "probe", "-o", "json");
  const logged = await caxton("tool", "logs", "probe");
  expect(logged.stdout).toContain("[redacted:TOKEN]");
  const everything = [run, ...readable, called].map(({ text }) => text).join("\n");
  const seen = [everything, server.output(), listed.stdout, logged.stdout, contentOf(directory.path)].join("\n");
  expect(seen).toContain("[redacted:TOKEN]");
  for (const form of [VALUE, Buffer.from(VALUE).toString("hex"), Buffer.from(VALUE).toString("base64")]) {
    expect(seen).not.toContain(form);
  }
});

// messages.tool-message-broker.T2
test("tools that make two agents write to each other endlessly are stopped when the same message repeats", async () => {
  const started = JSON.parse((await ask("POST", "/api/v1/runs", { agent: "ping", input: "go", wait: true })).text);
  expect(started).toMatchObject({ state: "completed", output: "Sent." });
  const path = "/api/v1/tool-servers/probe/uses?kind=message";
  const uses = async () =>
    contract.grants.GrantUsePage.parse(JSON.parse((await ask("GET", path)).text)).items.toReversed();
  let all = await uses();
  while (!all.some(({ outcome }) => outcome === "failed")) all = await uses();
  expect(all.at(-1)).toMatchObject({ operation: "inform", outcome: "failed", reason: "invalid" });
  expect(all.slice(0, 3).map(({ agent, target }) => `${agent} to ${target}`)).toEqual([
    "ping to pong",
    "pong to ping",
    "ping to pong",
  ]);
  const messages = JSON.parse((await ask("GET", "/api/v1/messages?sender=pong")).text);
  expect(messages.items[0]).toMatchObject({ sender: "pong", performative: "inform" });
});

test("what a server used and was refused is listed, newest first, by page and outcome", async () => {
  const path = "/api/v1/tool-servers/probe/uses";
  await ask("POST", "/api/v1/tools/probe/ask/call", { arguments: asked("state.get", { key: "a" }) });
  await ask("POST", "/api/v1/tools/probe/ask/call", {
    arguments: asked("http.fetch", { method: "GET", url: `http://127.0.0.1:${web.port}/page?q=1` }),
  });
  const all = contract.grants.GrantUsePage.parse(JSON.parse((await ask("GET", path)).text));
  expect(all.items[0]).toMatchObject({
    kind: "http",
    outcome: "allowed",
    target: `http://127.0.0.1:${web.port}/page`,
    bytes: 5,
  });
  const denied = contract.grants.GrantUsePage.parse(
    JSON.parse((await ask("GET", `${path}?outcome=denied&limit=1`)).text),
  );
  expect(denied.items).toMatchObject([{ kind: "state", operation: "get", target: "a", outcome: "denied" }]);
  const more = JSON.parse((await ask("GET", `${path}?outcome=denied&limit=1&cursor=${denied.next}`)).text);
  expect(more.items).toMatchObject([{ kind: "http", target: "https://example.test/x", agent: "curious" }]);
  expect(JSON.parse((await ask("GET", `${path}?since=2999-01-01T00:00:00Z`)).text).items).toEqual([]);
  expect((await ask("GET", `${path}?since=yesterday`)).status).toBe(400);
  expect((await ask("GET", "/api/v1/tool-servers/nonexistent/uses")).status).toBe(404);
  const shown = await caxton("tool", "audit", "probe", "--denied", "--since", "1h");
  expect(shown.stdout).toMatch(/denied\s+state\s+get\s+a/);
  expect((await caxton("tool", "audit", "probe", "--since", "soon")).code).toBe(2);
});

const hex = (text: string) => Buffer.from(text).toString("hex");

test("a tool finds memory where it was granted, and its uses name the scopes but not the content", async () => {
  const known = { entities: [{ name: "harbour", type: "place", observations: [{ text: "it is deep" }] }] };
  expect((await ask("POST", "/api/v1/memory/entities", known)).status).toBe(200);
  const call = (head: JsonObject) =>
    ask("POST", "/api/v1/tools/probe/ask/call", { arguments: asked("memory.search", head) });
  expect((await call({ query: "how deep is the harbour?" })).text).toContain(hex("it is deep"));
  expect((await call({ query: "harbour", scopes: ["global"] })).text).toContain(
    hex("may not search the memory of global"),
  );
  const path = "/api/v1/tool-servers/probe/uses?kind=memory";
  const uses = contract.grants.GrantUsePage.parse(JSON.parse((await ask("GET", path)).text)).items;
  expect(uses.map(({ operation, target, outcome }) => [operation, target, outcome])).toEqual([
    ["search", "global", "denied"],
    ["search", "workspace, agent-only", "allowed"],
  ]);
  const shown = await caxton("tool", "get", "probe");
  expect(shown.stdout).toContain("search the memory of workspace, agent-only (at most 10 hits, 60 times a minute)");
});

test("an observed call reports what it needed, and what is not granted stays refused", async () => {
  const given = JSON.stringify(asked("state.set", { key: "a" }, "1"));
  const shown = await caxton("tool", "observe", "probe.ask", "--args", given);
  expect(shown.stderr).toContain("✗ state set a");
  expect(shown.stdout).toBe(`--- tool.toml
+++ tool.toml
@@ -1,25 +1,2 @@
-[[grants.files]]
-path = "unused"
-access = "read"
-
-[[grants.http]]
-url = "http://127.0.0.1:${web.port}"
-methods = ["GET", "HEAD"]
-private = true
-
-[[grants.secrets]]
-name = "TOKEN"
-as = "value"
-
-[[grants.secrets]]
-name = "ABSENT"
-
-[[grants.messages]]
-performatives = ["inform"]
-receivers = ["pi*", "pong"]
-per_minute = 60
-
-[[grants.memory]]
-scopes = ["workspace", "agent-only"]
-hits_max = 10
-per_minute = 60
+[grants]
+state = true
[tool_servers.probe.grants]
files = []
http = []
secrets = []
messages = []
memory = []
state = true
`);
  expect(shown.code).toBe(0);
});

test("with an operator's permission one call shows all it needs, and the next is refused again", async () => {
  const given = JSON.stringify(asked("state.set", { key: "a" }, "1"));
  const shown = await caxton("tool", "observe", "probe.ask", "--permit", "-o", "json", "--args", given);
  expect(contract.tools.ToolCallOutcome.parse(JSON.parse(shown.stdout)).observed?.uses).toMatchObject([
    { kind: "state", operation: "set", target: "a", outcome: "allowed", count: 1 },
  ]);
  const again = await caxton("tool", "call", "probe.ask", "--observe", "--args", given);
  expect(again.stderr).toContain("✗ state set a");
});

test("a granted secret that is not there is warned of when its server is deployed", async () => {
  const { stderr } = await (async () => {
    server.kill("SIGTERM");
    return server.ended();
  })();
  expect(stderr).toMatch(
    /secret ABSENT, granted to probe, is not there: set CAXTON_SECRET_ABSENT, or write it into .*ABSENT/,
  );
  expect(stderr).not.toContain(VALUE);
});
