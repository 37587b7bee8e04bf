import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TEMPLATES } from "../../src/agents/definitions/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { caxton, commandLine } from "./caxton.ts";
import { verifies } from "../helpers/verifies.ts";

verifies(
  "definition.convert",
  "definition.templates",
  "agent.all-or-nothing",
  "deployment.directory",
  "api.run-variables",
);

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

test("an agent is deployed, listed, shown, changed and deleted", async () => {
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

test("files of tests among those to deploy are skipped with a note", async () => {
  const file = write("tested/one.toml", definition("tested-one"));
  write("tested/one.test.toml", '[[tests]]\ninput = "hi"\n');
  const deployed = await ask(["agent", "deploy", file, "tested/one.test.toml"]);
  expect(deployed).toMatchObject({ code: 0, stdout: "created    tested-one  revision 1  tested/one.toml\n" });
  expect(deployed.stderr).toContain("skipped tested/one.test.toml: a test file\n");
  const none = await ask(["agent", "deploy", "tested/one.test.toml"]);
  expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining("there is no definition in") });
});

test("two files of one agent are refused, both named, and none is deployed", async () => {
  write("twins/a.toml", definition("twin"));
  write("twins/b.yaml", "name: Twin\nversion: 1.0.0\ncapabilities: [x]\nsystem_prompt: x\n");
  write("twins/c.toml", definition("single"));
  const { code, stdout, stderr } = await ask(["agent", "deploy", "twins"]);
  expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
  expect(stderr).toContain('twins/b.yaml defines the agent "Twin", which twins/a.toml defines already');
  expect(stderr).toContain("[DEFINITION_NAME_TAKEN]");
  expect((await ask(["agent", "get", "single"])).code).toBe(3);
  const checked = await ask(["agent", "validate", "twins"]);
  expect(checked.code).toBe(6);
  expect(checked.stdout).toContain("error  twins/b.yaml defines");
  expect(checked.stdout).toMatch(/\n3 valid, 1 error, 1 warning\n$/);
  // The same file named twice is one file.
  expect((await ask(["agent", "deploy", "twins/c.toml", "./twins/c.toml"])).stdout).toContain("created    single");
});

test("many files print a line each and a summary, their warnings with --verbose", async () => {
  for (const name of ["m-one", "m-two", "m-three", "m-four"])
    write(`many/${name}.md`, `---\nname: ${name}\ndescription: d\ntools: []\n---\nYou help.\n`);
  write("many/compose.yaml", "services: {}\n");
  const checked = await ask(["agent", "validate", "many"]);
  expect(checked.stdout.split("\n")).toEqual([
    "valid  many/m-four.md  m-four  2 warnings",
    "valid  many/m-one.md  m-one  2 warnings",
    "valid  many/m-three.md  m-three  2 warnings",
    "valid  many/m-two.md  m-two  2 warnings",
    "4 valid, 0 errors, 8 warnings",
    "",
  ]);
  expect((await ask(["agent", "validate", "many", "-v"])).stdout).toContain("capabilities are missing");
  const deployed = await ask(["agent", "deploy", "many"]);
  expect(deployed.stdout).toMatch(/^created    m-four  revision 1  many\/m-four\.md  2 warnings\n/);
  expect(deployed.stdout).toMatch(/\n4 created, 8 warnings\n$/);
  expect(deployed.stderr).not.toContain("capabilities are missing");
  write("many/m-one.md", "---\nname: m-one\ntools: [csv_parser]\n---\nYou help.\n");
  expect((await ask(["agent", "deploy", "many"])).stdout).toMatch(/\n1 updated, 3 unchanged, 8 warnings\n$/);
  write("many/m-two.md", "---\nname: m two\n---\nx\n");
  write("many/m-three.md", "---\nname: m three\n---\nx\n");
  const broken = await ask(["agent", "deploy", "many"]);
  expect(broken.stderr).toContain("2 of 4 files have errors; none was deployed");
  expect(broken.stderr).toMatch(/m-three\.md:2[^]*m-two\.md:2/);
});

test("a definition over the limit is refused before it is sent, by validate as by deploy", async () => {
  const file = write("huge.toml", definition("huge", `documentation = "${"x".repeat(6_000_000)}"\n`));
  for (const command of ["validate", "deploy"]) {
    const { stderr } = await ask(["agent", command, file]);
    expect(stderr).toContain("[DEFINITION_TOO_LARGE]");
    expect(stderr).toContain("Move long material out of the definition");
  }
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

test("variables of the prompt template are given with --var", async () => {
  const template = 'user_prompt_template = "{{request}} for {{context}}, {{rows}} rows"\nparameters = { rows = 10 }\n';
  await ask(["agent", "deploy", write("with-variables.toml", definition("with-variables", template))]);
  expect((await ask(["run", "with-variables", "Hello", "--var", "context=a=b", "--var", "rows=20"])).code).toBe(0);
  const { stdout } = await ask(["run", "get", "last"]);
  expect(stdout).toMatch(/Variable +context = a=b\nVariable +rows = 20\n/);
  const wrong = await ask(["run", "with-variables", "Hello", "--var", "contxt=x"]);
  expect(wrong).toMatchObject({ code: 6, stderr: expect.stringContaining("did you mean context?") });
  expect((await ask(["run", "with-variables", "Hello", "--var", "context"])).code).toBe(2);
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

test("an unknown agent is reported with the nearest name", async () => {
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
  expect(failed.stderr).toContain("[TOOL_ERROR]");
  const bare = await ask(["tool", "call", "csv_parser.describe", '{"path":"uploads/none.csv"}']);
  expect(bare).toMatchObject({ code: 2, stderr: expect.stringContaining("goes after --args") });
  const wrong = await ask(["tool", "call", "csv_parser.describe", "-a", "[1]"]);
  expect(wrong.code).toBe(2);
  const unknown = await ask(["tool", "get", "csv_parser.nothing"]);
  expect(unknown).toMatchObject({ code: 3, stderr: expect.stringContaining("[TOOL_NOT_FOUND]") });
});

test("status, health and version describe the server", async () => {
  const [status, health, ready, version] = await Promise.all([
    program(["status"]),
    program(["health"]),
    ask(["health", "--ready"]),
    program(["version", "-o", "json"]),
  ]);
  expect(status.stdout).toMatch(/^Server +up .* {3}http:\/\/127\.0\.0\.1:\d+ {3}version/);
  expect(status.stdout).toMatch(/^Model +mock /m);
  expect([health.code, ready.code]).toEqual([0, 0]);
  const versions: { client: string; server: string } = JSON.parse(version.stdout);
  expect(versions.server).toBe(versions.client);
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

const REQUEST = /^caxton run \S+ "(.+)"(?: --file (\S+))?$/m;

test("the first request in a directory that init made is answered without another file, for every template", async () => {
  for (const { name } of TEMPLATES) {
    const cwd = join(server.directory, name);
    expect((await ask(["init", name, "--template", name])).code).toBe(0);
    expect((await ask(["agent", "deploy", `${name}/${name}.toml`])).code).toBe(0);
    const [, request = "", file] = REQUEST.exec(readFileSync(join(cwd, "README.md"), "utf8")) ?? [];
    const args = ["run", name, request, ...(file === undefined ? [] : ["--file", file])];
    const { code, stdout } = await commandLine(args, { server: server.url, cwd });
    const isTable = (await ask(["agent", "get", name, "--source"])).stdout.includes('"csv_parser"');
    expect([name, code, stdout.includes("has the highest total revenue")]).toEqual([name, 0, isTable]);
    expect(stdout).not.toContain("I cannot answer");
  }
});

test("the basic example of a new agent runs where no caxton is on PATH", async () => {
  await ask(["init", "trial", "--template", "data-analyzer"]);
  const places = (process.env["PATH"] ?? "").split(delimiter).filter((place) => !existsSync(join(place, "caxton")));
  const env = { PATH: places.join(delimiter), HOME: server.directory, CAXTON_SERVER: server.url };
  const { stdout } = await promisify(execFile)(join(server.directory, "trial/examples/basic.sh"), { env });
  expect(stdout).toContain("created    trial  revision 1");
  expect(stdout).toContain("has the highest total revenue");
});

test("deleting an agent says that its file stays, and nothing is deleted when one of several is unknown", async () => {
  const unknown = await ask(["agent", "delete", "file-clerk", "nonexistent", "--yes"]);
  expect([unknown.code, unknown.stdout]).toEqual([3, ""]);
  const { stdout, stderr } = await ask(["agent", "delete", "file-clerk", "--yes"]);
  expect(stdout).toBe("deleted  file-clerk\n");
  expect(stderr).toMatch(/^! \S*examples\/agents\/file-clerk\.\w+ stays: the next start deploys file-clerk again/);
});
