import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { caxton, commandLine, type Ended } from "../cli/caxton.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";

const home = tempDirectory();
const keys: Record<string, string> = {};
let server: TestServer;

/** A command of a person whose stored contexts are in a directory of that name. */
const as = (
  person: string,
  line: string,
  more: { readonly environment?: Record<string, string>; readonly input?: string } = {},
): Promise<Ended> =>
  commandLine(line.split(" "), {
    ...(more.input !== undefined && { input: more.input }),
    environment: { XDG_CONFIG_HOME: join(home.path, person), CAXTON_SERVER: "", ...more.environment },
  });

/** Its output. A command that fails ends the test. */
async function output(person: string, line: string, input?: string): Promise<string> {
  const { code, stdout, stderr } = await as(person, line, input === undefined ? {} : { input });
  expect({ line, code, stderr: code === 0 ? "" : stderr }).toEqual({ line, code: 0, stderr: "" });
  return stdout;
}

beforeAll(async () => {
  server = await startServer({ settings: { "access.mode": "required" } });
  await output("admin", `login ${server.url} --name office --key-stdin`, server.started.setupToken ?? "");
  for (const [name, person] of [
    ["red", "ann"],
    ["blue", "bob"],
  ] as const) {
    await output("admin", `workspace create ${name} --description Team`);
    keys[person] = (await output("admin", `key create ${person} --role operator --workspace ${name} -o name`)).trim();
    await output(person, `login ${server.url} --name office --key-stdin`, keys[person]);
  }
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

const definition = (name: string) => `name = "${name}"
version = "1.0.0"
capabilities = ["answer"]
system_prompt = "Answer."
`;
const agentsOf = async (person: string, more = "") => (await output(person, `agent list -o name${more}`)).trim();

test("two people in two workspaces see their own agents, runs and keys alone", async () => {
  for (const [person, name] of [
    ["ann", "red-agent"],
    ["bob", "blue-agent"],
  ] as const) {
    const file = join(home.path, `${name}.toml`);
    writeFileSync(file, definition(name));
    await output(person, `agent deploy ${file}`);
  }
  expect(await agentsOf("ann")).toBe("red-agent");
  expect(await agentsOf("bob")).toBe("blue-agent");
  await output("ann", "run red-agent hello");
  expect((await output("ann", "run list -o name")).trim()).toMatch(/^[0-9a-f-]{36}$/);
  expect(await output("bob", "run list -o name")).toBe("");
  expect(await as("bob", "run red-agent hello")).toMatchObject({ code: 3 });
  expect(await output("ann", "workspace list -o name")).toBe("red\n");
  expect(await as("ann", "agent list --workspace blue")).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(
      /no workspace blue for these credentials\n {2}caxton workspace list .*\[WORKSPACE_NOT_FOUND\]/,
    ),
  });
});

test("the option has precedence over the environment, and that over the context", async () => {
  const workspaceOf = async (line: string, environment: Record<string, string> = {}) =>
    /"workspace": "(\w+)",\n {2}"grants"/.exec(
      (await as("admin", `whoami -o json${line}`, { environment })).stdout,
    )?.[1];
  expect(await workspaceOf("")).toBe("default");
  expect(await output("admin", "workspace use blue")).toBe("commands on office use the workspace blue\n");
  expect(await workspaceOf("")).toBe("blue");
  expect(await workspaceOf("", { CAXTON_WORKSPACE: "red" })).toBe("red");
  expect(await workspaceOf(" --workspace default", { CAXTON_WORKSPACE: "red" })).toBe("default");
  expect(await agentsOf("admin")).toBe("blue-agent");
  expect(await agentsOf("admin", " --workspace red")).toBe("red-agent");
  // A stored workspace is that of the stored key.
  expect(await workspaceOf("", { CAXTON_TOKEN: keys["ann"] ?? "" })).toBe("red");
  expect(await as("admin", "workspace use none")).toMatchObject({ code: 3 });
  expect(await output("admin", "workspace use --none")).toBe("commands on office use the workspace of the key\n");
  expect(await workspaceOf("")).toBe("default");
  expect(await as("nowhere", "workspace use red")).toMatchObject({ code: 2 });
});

test("two contexts of one server have a key and a workspace each", async () => {
  await output("both", `login ${server.url} --name red --key-stdin`, keys["ann"]);
  await output("both", `login ${server.url} --name blue --key-stdin`, keys["bob"]);
  expect(await agentsOf("both")).toBe("blue-agent");
  expect(await agentsOf("both", " --context red")).toBe("red-agent");
  await output("admin", `login ${server.url} --name office --workspace red --token ${storedKey("admin")}`);
  expect(await agentsOf("admin")).toBe("red-agent");
  expect(await output("admin", "workspace list -o name")).toBe("blue\ndefault\nred\n");
  await output("admin", "workspace use --none");
});

const storedKey = (person: string): string =>
  JSON.parse(readFileSync(join(home.path, person, "caxton", "contexts.json"), "utf8")).contexts.office.key;

test("whoami and lists of keys show the workspaces", async () => {
  expect(await output("ann", "whoami")).toMatch(/workspace +red\ngrants +operator in red\n/);
  expect(await output("admin", "whoami")).toMatch(/workspace +default\ngrants +admin in every workspace\n/);
  expect(await output("ann", "auth can-i runs:execute")).toBe("yes (workspace red)\n");
  const created = await output("admin", "key create auditor --role readonly --all-workspaces");
  expect(created).toContain("auditor has the role readonly in every workspace; its id is");
  const listed = await output("admin", "key list");
  expect(listed).toMatch(/ann +operator +red /);
  expect(listed).toMatch(/auditor +readonly +\* /);
});

test("quotas are set, changed one by one and removed", async () => {
  await output("admin", "workspace create limited --quota agents=1 --quota runs_per_minute=60");
  await output("admin", "workspace update limited --quota runs_per_minute=none --quota tool_servers=2");
  const found = JSON.parse(await output("admin", "workspace get limited -o json"));
  expect(found).toMatchObject({ name: "limited", state: "active", quotas: { agents: 1, tool_servers: 2 } });
  expect(found.quotas).not.toHaveProperty("runs_per_minute");
  await output("admin", "workspace update limited --description small");
  expect(await output("admin", "workspace get limited")).toMatch(
    /description +small\n(?:.*\n)*quotas +agents=1 tool_servers=2/,
  );
  for (const wrong of ["agent=1", "agents=many", "agents"])
    expect(await as("admin", `workspace create other --quota ${wrong}`)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("tool_servers"),
    });
  expect(await as("ann", "workspace create other")).toMatchObject({ code: 4 });
  expect(await as("ann", "workspace get blue")).toMatchObject({ code: 3 });
});

test("a workspace is deleted by those who confirm it, with its keys", async () => {
  await output("admin", "workspace create brief");
  const key = (await output("admin", "key create short --role user --workspace brief -o name")).trim();
  expect(await as("admin", "workspace delete brief")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--yes"),
  });
  expect(await as("ann", "workspace delete brief --yes")).toMatchObject({ code: 4 });
  expect(await output("admin", "workspace delete brief --yes")).toBe("the workspace brief is deleted\n");
  expect(await output("admin", "workspace list -o name")).not.toContain("brief");
  const environment = { CAXTON_TOKEN: key, CAXTON_SERVER: server.url };
  expect(await as("nowhere", "agent list", { environment })).toMatchObject({ code: 4 });
  expect(await as("admin", "workspace delete default --yes")).toMatchObject({ code: 6 });
});

test("a workspace is exported to a file", async () => {
  const file = join(home.path, "red.jsonl");
  const { code, stderr } = await as("admin", `workspace export red ${file}`);
  expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringMatching(/exported to .*: \d+ lines/) });
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line).type).at(-1)).toBe("end");
  expect(lines.join("\n")).toContain("red-agent");
  expect(lines.join("\n")).not.toContain("blue-agent");
  expect(await as("ann", "workspace export red")).toMatchObject({ code: 4 });
});

/** The command prints completions to the standard output of its process. */
const completions = async (words: readonly string[]) =>
  (
    await caxton(["complete", "--", ...words], {
      environment: { XDG_CONFIG_HOME: join(home.path, "admin"), CAXTON_SERVER: "" },
    })
  ).stdout;

test("the shell completes the names of workspaces", async () => {
  // On a busy machine the server's answer may come too late for a shell that waits.
  const poll = { timeout: 60_000 };
  await expect.poll(() => completions(["workspace", "use", "r"]), poll).toContain("red");
  await expect.poll(() => completions(["agent", "list", "--workspace", "b"]), poll).toContain("blue");
});
