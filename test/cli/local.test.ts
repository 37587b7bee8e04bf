import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { caxton, commandLine } from "./caxton.ts";
import { answer, fakeServer } from "./fake-server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies(
  "definition.json-schema-init",
  "cli.completion",
  "cli.doctor",
  "config.origin",
  "config.unknown-key",
  "config.schema",
);

test("init makes a directory whose agent is valid, and overwrites nothing unasked", async () => {
  using directory = tempDirectory();
  const { path: cwd } = directory;
  const made = await caxton(["init", "hello", "--template", "data-analyzer"], { cwd });
  expect(made.code).toBe(0);
  expect(made.stdout).toContain("made hello with hello.toml");
  expect(made.stdout).toContain("caxton dev");
  expect(statSync(join(cwd, "hello", "examples", "basic.sh")).mode & 0o111).not.toBe(0);
  expect(JSON.parse(readFileSync(join(cwd, "hello/.caxton/schema/agent.v1.json"), "utf8"))).toHaveProperty("$schema");
  expect((await commandLine(["agent", "validate", "hello"], { cwd })).stdout).toBe("valid  hello/hello.toml  hello\n");
  writeFileSync(join(cwd, "hello", "README.md"), "mine");
  expect(statSync(join(cwd, "hello/.caxton/schema")).mode & 0o077).toBe(0);
  const again = await commandLine(["init", "hello", "-t", "code-reviewer"], { cwd });
  expect(again).toMatchObject({ code: 5, stdout: "" });
  expect(readFileSync(join(cwd, "hello", "README.md"), "utf8")).toBe("mine");
  const forced = await commandLine(["init", "hello", "-t", "code-reviewer", "--force"], { cwd });
  expect(forced.code).toBe(0);
  expect(readFileSync(join(cwd, "hello", "README.md"), "utf8")).not.toBe("mine");
});

test("init does not ask without a terminal", async () => {
  using directory = tempDirectory();
  const [bare, named, wrong, unknown] = await Promise.all([
    commandLine(["init"], { cwd: directory.path }),
    commandLine(["init", "hello"], { cwd: directory.path }),
    commandLine(["init", "9 lives", "-t", "data-analyzer"], { cwd: directory.path }),
    commandLine(["init", "hello", "-t", "data-analyser"], { cwd: directory.path }),
  ]);
  expect([bare.code, named.code, wrong.code, unknown.code]).toEqual([2, 2, 2, 3]);
  expect(bare.stderr).toContain("caxton init my-agent --template data-analyzer");
  expect(wrong.stderr).toContain('"9 lives" cannot be an agent\'s name');
  expect(unknown.stderr).toContain("data-analyzer");
  expect(existsSync(join(directory.path, "hello"))).toBe(false);
});

test("templates are listed without a server", async () => {
  const { stdout } = await caxton(["template", "list", "-o", "json"]);
  const { items }: { items: { name: string }[] } = JSON.parse(stdout);
  expect(items).toHaveLength(11);
  expect(items.map(({ name }) => name)).toContain("data-analyzer");
});

test("config view prints the source of each setting", async () => {
  using directory = tempDirectory();
  const { path: cwd } = directory;
  writeFileSync(join(cwd, "caxton.toml"), "[runs]\nconcurrent_max = 8\n");
  const environment = { CAXTON_PORT: "9000", CAXTON_NONSENSE: "1" };
  const { code, stdout, stderr } = await caxton(["config", "view", "--origin"], { cwd, environment });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^server\.port +9000 +CAXTON_PORT$/m);
  expect(stdout).toMatch(/^runs\.concurrent_max +8 +.*caxton\.toml:2$/m);
  expect(stdout).toMatch(/^log\.level +info +default$/m);
  expect(stderr).toContain("CAXTON_NONSENSE is not a setting");
  const json = await caxton(["config", "view", "-o", "json"], { cwd, environment });
  expect(JSON.parse(json.stdout)).toMatchObject({ config: { server: { port: 9000 }, runs: { concurrent_max: 8 } } });
});

test("config validate shows a mistake with its line and exits with 6", async () => {
  using directory = tempDirectory();
  const { path: cwd } = directory;
  writeFileSync(join(cwd, "caxton.toml"), "[server]\nprot = 9000\n");
  const { code, stdout, stderr } = await caxton(["config", "validate"], { cwd });
  expect({ code, stdout }).toEqual({ code: 6, stdout: "" });
  expect(stderr).toMatch(/caxton\.toml:2:1/);
  expect(stderr).toContain("port");
  const path = await caxton(["config", "path"], { cwd: join(cwd, "..") });
  expect(path.stderr).toContain("no configuration file");
});

test("config schema is a JSON Schema of every setting", async () => {
  const { stdout } = await caxton(["config", "schema"]);
  expect(JSON.parse(stdout)).toMatchObject({ properties: { server: { properties: { port: {} } } } });
});

const FINDINGS = ["doctor", "-o", "json"];
type Finding = { readonly check: string; readonly state: string; readonly note: string; readonly fix: string };
const finding = (stdout: string, check: RegExp): Finding | undefined => {
  const { items }: { items: Finding[] } = JSON.parse(stdout);
  return items.find((item) => check.test(item.check));
};

test("doctor on a well machine without a server finds no failure and says what is missing", async () => {
  using directory = tempDirectory();
  const environment = { CAXTON_DATA_DIR: join(directory.path, ".caxton"), CAXTON_PORT: "0" };
  const { code, stdout } = await caxton(FINDINGS, { cwd: directory.path, environment });
  expect(code).toBe(0);
  expect(finding(stdout, /^node$/)?.state).toBe("ok");
  expect(finding(stdout, /^data directory$/)?.note).toContain("made when a server starts");
  expect(finding(stdout, /^server$/)?.note).toContain("none runs");
  expect(finding(stdout, /^sandbox$/)?.note).toContain("active: permission model");
  expect(finding(stdout, /^models$/)).toMatchObject({ state: "warn", fix: expect.stringContaining("OPENAI_API_KEY") });
});

test("doctor finds a port that another program uses, a broken definition and a broken configuration", async () => {
  using directory = tempDirectory();
  const { path: cwd } = directory;
  mkdirSync(join(cwd, "agents"));
  writeFileSync(join(cwd, "agents", "broken.toml"), 'name = "broken"\n');
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = other.address();
  const port = typeof address === "object" ? String(address?.port) : "";
  const environment = { CAXTON_DATA_DIR: join(cwd, ".caxton"), CAXTON_PORT: port };
  const { code, stdout } = await caxton(FINDINGS, { cwd, environment });
  other.close();
  expect(code).toBe(1);
  expect(finding(stdout, /^port/)).toMatchObject({ state: "fail", note: "used by another program" });
  expect(finding(stdout, /^definitions$/)).toMatchObject({
    state: "fail",
    fix: expect.stringContaining("broken.toml"),
  });
  writeFileSync(join(cwd, "caxton.toml"), "[server]\nprot = 1\n");
  const misconfigured = await caxton(FINDINGS, { cwd, environment });
  expect(finding(misconfigured.stdout, /^configuration$/)?.state).toBe("fail");
});

test("doctor takes another program's port for the server's only if the server listens on it", async () => {
  await using server = await startServer();
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = other.address();
  const taken = typeof address === "object" ? String(address?.port) : "";
  const portAt = async (port: string) => {
    const environment = { CAXTON_DATA_DIR: join(server.directory, ".caxton"), CAXTON_PORT: port };
    const { stdout } = await caxton(FINDINGS, { cwd: server.directory, environment, server: server.url });
    return finding(stdout, /^port/)?.note;
  };
  const notes = [await portAt(taken), await portAt(new URL(server.url).port)];
  other.close();
  expect(notes).toEqual(["used by another program", "used by the server"]);
});

test("completion scripts call the command for what may come next", async () => {
  const scripts = await Promise.all(
    ["bash", "zsh", "fish", "powershell"].map((shell) => caxton(["completion", shell])),
  );
  expect(scripts.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  for (const { stdout } of scripts) expect(stdout).toMatch(/caxton complete '?--'?/);
  expect((await commandLine(["completion", "tcsh"])).code).toBe(2);
});

const completions = async (words: readonly string[], options: Parameters<typeof caxton>[1] = {}) => {
  const { stdout } = await caxton(["complete", "--", ...words], options);
  return stdout
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith(":"))
    .map((line) => line.split("\t")[0]);
};

test("the shell completes commands, options, choices, files and names from the server", async () => {
  using directory = tempDirectory();
  const { path: cwd } = directory;
  writeFileSync(join(cwd, "sales.csv"), "");
  mkdirSync(join(cwd, "agents"));
  const agent = {
    workspace: "default",
    revision: 1,
    version: "1.0.0",
    description: "",
    capabilities: [],
    tools: [],
    model: null,
    deployed_at: "2026-11-21T10:00:00.000Z",
    file: null,
    newest_revision: 1,
    state: "active",
    paused: null,
  };
  await using server = await fakeServer({
    "GET /api/v1/agents": (_request, response) =>
      answer(response, {
        items: [
          { name: "greeter", ...agent },
          { name: "writer", ...agent },
        ],
        next: null,
      }),
  });
  const options = { server: server.url, cwd };
  expect(await completions(["ag"])).toEqual(["agent"]);
  expect(await completions(["agent", ""])).toEqual(
    expect.arrayContaining(["list", "get", "deploy", "validate", "revisions", "delete", "convert", "schema"]),
  );
  expect(await completions(["run", "list", "--sta"])).toContain("--state");
  expect(await completions(["run", "list", "--state", "f"])).toEqual(["failed"]);
  expect(await completions(["agent", "list", "-o", "j"])).toEqual(["json", "jsonl"]);
  expect(await completions(["agent", "list", "--outp"])).toEqual(["--output"]);
  expect(await completions(["run", "gr"], options)).toEqual(["greeter"]);
  expect(await completions(["agent", "get", ""], options)).toEqual(["greeter", "writer"]);
  expect(await completions(["run", "greeter", "hello", "--file", "sa"], options)).toEqual(["sales.csv"]);
  expect(await completions(["agent", "deploy", ""], options)).toEqual(expect.arrayContaining(["agents/", "sales.csv"]));
});

test("completing without a server is quiet", async () => {
  const { code, stderr } = await caxton(["complete", "--", "agent", "get", ""]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});
