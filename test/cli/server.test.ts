import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer, type TestServer } from "../helpers/server.ts";
import { caxton, commandLine } from "./caxton.ts";

let server: TestServer;
const ask = (args: readonly string[], input = "") =>
  commandLine(args, { server: server.url, cwd: server.directory, input });
const program = (args: readonly string[]) => caxton(args, { server: server.url, cwd: server.directory });

beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const definition = (name: string, more = "") => `name = "${name}"
version = "1.0.0"
description = "Made by a test"
capabilities = ["testing"]
tools = []
system_prompt = "You answer."
${more}`;

const write = (path: string, text: string): string => {
  const place = join(server.directory, path);
  mkdirSync(join(place, ".."), { recursive: true });
  writeFileSync(place, text);
  return path;
};

test("an agent is deployed, listed, shown, changed and taken away", async () => {
  const file = write("made/first.toml", definition("first"));
  const created = await program(["agent", "deploy", file]);
  expect(created).toMatchObject({ code: 0, stdout: "created    first  revision 1  made/first.toml\n" });
  expect((await ask(["agent", "deploy", file])).stdout).toBe("unchanged  first  revision 1  made/first.toml\n");
  write(file, definition("first", 'tags = ["changed"]\n'));
  expect((await ask(["agent", "deploy", file, "-o", "name"])).stdout).toBe("first\n");
  const shown = await ask(["agent", "get", "first"]);
  expect(shown.stdout).toMatch(/Revision +2 +version 1\.0\.0 +deployed .* made\/first\.toml/);
  const original = await ask(["agent", "get", "first", "--revision", "1", "--source"]);
  expect(original.stdout).toBe(definition("first"));
  expect((await ask(["agent", "revisions", "first", "-o", "name"])).stdout).toBe("2\n1\n");
  expect((await ask(["agent", "list", "--capability", "testing", "-o", "name"])).stdout).toBe("first\n");
  expect((await ask(["agent", "delete", "first", "--yes"])).stdout).toBe("deleted  first\n");
  const gone = await ask(["agent", "get", "first"]);
  expect(gone.code).toBe(3);
  expect(gone.stderr).toContain("[AGENT_NOT_FOUND]");
});

test("a directory is deployed whole or not at all, with every problem shown in its line", async () => {
  write("several/one.toml", definition("several-one"));
  write("several/two.toml", definition("several-two", "temprature = 1\n"));
  write("several/notes.md", "# Not a definition\n");
  const { code, stdout, stderr } = await ask(["agent", "deploy", "several"]);
  expect({ code, stdout }).toEqual({ code: 6, stdout: "" });
  expect(stderr).toContain("several/two.toml:7:1");
  expect(stderr).toMatch(/7 \| temprature = 1\n +\| \^{10}/);
  expect(stderr).toContain("[DEFINITION_INVALID]");
  expect((await ask(["agent", "get", "several-one"])).code).toBe(3);
});

test("files are checked without a server, their tools with one", async () => {
  const file = write("check/tools.toml", definition("check-tools").replace("tools = []", 'tools = ["nothing_such"]'));
  const here = await caxton(["agent", "validate", file], { cwd: server.directory });
  expect(here).toMatchObject({ code: 0, stdout: "valid  check/tools.toml  check-tools\n" });
  const there = await ask(["agent", "validate", file, "--check-tools", "-o", "json"]);
  expect(there.code).toBe(6);
  expect(JSON.parse(there.stdout)).toMatchObject({ valid: false, problems: [{ severity: "error", path: "tools.0" }] });
});

test("an agent answers on standard output alone, and its run can be looked at", async () => {
  const { code, stdout, stderr } = await ask(["run", "greeter", "Hello", "there"]);
  expect(code).toBe(0);
  expect(stdout.length).toBeGreaterThan(1);
  const id = /run ([0-9a-f-]{36})\n$/.exec(stderr)?.[1] ?? "";
  const [list, shown, document] = await Promise.all([
    ask(["run", "list", "--agent", "greeter", "-o", "name"]),
    ask(["run", "get", "last"]),
    ask(["run", "get", id.slice(-8), "-o", "json"]),
  ]);
  expect(list.stdout.split("\n")).toContain(id);
  expect(shown.stdout).toContain(`Run      ${id}\n`);
  expect(JSON.parse(document.stdout)).toMatchObject({
    id,
    state: "completed",
    input: "Hello there",
    output: stdout.trimEnd(),
  });
});

test("a file is sent, read by tools, and the answer comes from it", async () => {
  write("csv-agent.toml", definition("csv-agent").replace("tools = []", 'tools = ["csv_parser"]'));
  await ask(["agent", "deploy", "csv-agent.toml"]);
  const csv = write("sales.csv", "region,price\nnorth,10\nsouth,20\nnorth,30\n");
  const { code, stdout, stderr } = await ask(["run", "csv-agent", "mean price by region", "--file", csv, "-v"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/north.*20/);
  expect(stderr).toMatch(/● csv_parser\.\w+ \{.*uploads\/sales\.csv.*\} {2}[\d.]+ m?s\n/);
});

test("an agent that is not there is told with the nearest name", async () => {
  const { code, stderr } = await ask(["run", "greter", "hello"]);
  expect(code).toBe(3);
  expect(stderr).toContain("Did you mean greeter?");
});

test("tools are listed, shown and called by hand", async () => {
  const names = await program(["tools", "list", "-o", "name"]);
  expect(names.stdout.split("\n")).toContain("csv_parser.describe");
  const servers = await ask(["tool", "list", "--servers"]);
  expect(servers.stdout).toMatch(/^csv_parser +\d+\.\d+\.\d+ +(loaded|running)/m);
  const tool = await ask(["tool", "get", "csv_parser.describe"]);
  expect(tool.stdout).toContain("csv_parser.describe");
  expect(tool.stdout).toMatch(/Arguments +\w+/);
  const csv = write("by-hand.csv", "region,price\nnorth,10\nsouth,20\n");
  const called = await ask(["tool", "call", "csv_parser.describe", "-f", csv, "-a", '{"path":"uploads/by-hand.csv"}']);
  expect(called).toMatchObject({ code: 0, stdout: expect.stringContaining("price") });
  expect(called.stderr).toMatch(/─ done in .* fuel/);
});

test("a call that goes wrong says so and exits with 1; arguments that are no object with 2", async () => {
  const failed = await ask(["tool", "call", "csv_parser.describe", "-a", '{"path":"uploads/none.csv"}']);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain("[tool-error]");
  const wrong = await ask(["tool", "call", "csv_parser.describe", "-a", "[1]"]);
  expect(wrong.code).toBe(2);
  const unknown = await ask(["tool", "get", "csv_parser.nothing"]);
  expect(unknown).toMatchObject({ code: 3, stderr: expect.stringContaining("[TOOL_NOT_FOUND]") });
});

test("status, health and version tell of the server", async () => {
  const [status, health, ready, version] = await Promise.all([
    program(["status"]),
    program(["health"]),
    ask(["health", "--ready"]),
    program(["version", "-o", "json"]),
  ]);
  expect(status.stdout).toMatch(/^Server +up .* {3}http:\/\/127\.0\.0\.1:\d+ {3}version/);
  expect(status.stdout).toMatch(/^Model +mock /m);
  expect([health.code, ready.code]).toEqual([0, 0]);
  const told: { client: string; server: string } = JSON.parse(version.stdout);
  expect(told.server).toBe(told.client);
});

test("a definition goes from Markdown to TOML and back", async () => {
  const toml = await ask(["agent", "convert", "examples/agents/greeter.md"]);
  expect(toml.stdout).toContain('name = "greeter"');
  const file = write("converted/greeter.toml", toml.stdout);
  const written = await ask(["agent", "convert", file, "--write"]);
  expect(written).toMatchObject({ code: 0, stderr: "wrote converted/greeter.md\n" });
  expect(readFileSync(join(server.directory, "converted/greeter.md"), "utf8")).toContain("name: greeter");
  const again = await ask(["agent", "convert", file, "--write"]);
  expect(again).toMatchObject({ code: 5, stderr: expect.stringContaining("[FILE_EXISTS]") });
});
