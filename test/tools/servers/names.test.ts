import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { RESERVED_TOOL_SERVERS } from "../../../src/tools/catalogue/index.ts";
import { commandLine } from "../../cli/caxton.ts";
import { startServer } from "../../helpers/server.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { answering, manifest } from "./modules.ts";
import { World } from "./world.ts";

const BUILT = join(import.meta.dirname, "../../../tools/built");

test("every tool server of the package and of the server's own process has a reserved name", async () => {
  await using world = await World.open();
  const native = await world.server.ask("GET", "/api/v1/tools");
  const text = JSON.stringify(native.body);
  const modules = readdirSync(BUILT, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const name of ["memory", "messages"]) expect(text).toContain(`"${name}"`);
  expect([...RESERVED_TOOL_SERVERS].toSorted()).toEqual(
    [
      ...modules.map(({ name }) => name),
      "agent",
      "client",
      "handoff",
      "memory",
      "message",
      "messages",
      "user",
    ].toSorted(),
  );
});

test.each(["memory", "messages", "Calculator"])(
  "no module is deployed as %s, not even where the built-in server is disabled",
  async (name) => {
    const config = "[tool_servers.calculator]\nenabled = false\n";
    await using world = await World.open({ files: { "caxton.toml": config } });
    const refused = await world.send(await answering("ok"), { manifest: manifest(name), accept: true });
    expect(refused).toMatchObject({
      status: 409,
      body: { code: "TOOL_SERVER_BUILT_IN", hint: "Give your tool server another name." },
    });
  },
);

test("a configuration that gives a remote server the name of a built-in one is refused, with a name that is free", async () => {
  using temp = tempDirectory();
  const files = { "caxton.toml": '[mcp_servers.calculator]\ncommand = "x"\n' };
  await expect(startServer({ directory: temp.path, files })).rejects.toThrow(
    /mcp_servers.*calculator.*is the name of a built-in tool server.*mcp_servers\.calculator-mcp/s,
  );
});

const SERVERS = {
  memory: { command: "npx", args: ["-y", "server-memory"] },
  github: { url: "https://example.com/mcp" },
};

test("tool import gives a server whose name is taken another one and says so, and a second import adds nothing", async () => {
  using temp = tempDirectory();
  const file = join(temp.path, "mcp.json");
  writeFileSync(file, JSON.stringify({ mcpServers: SERVERS }));
  const run = (...words: string[]) => commandLine(["tool", "import", file, ...words], { cwd: temp.path });
  const printed = await run();
  expect(printed.stdout).toContain("[mcp_servers.memory-mcp]");
  expect(printed.stderr).toContain('"memory" is called memory-mcp here: a built-in tool server has the name memory');

  const configuration = join(temp.path, "caxton.toml");
  writeFileSync(configuration, '[mcp_servers.github]\nurl = "https://other.example/mcp"\n');
  const written = await run("--write");
  expect(written).toMatchObject({ code: 0, stdout: "added to caxton.toml: memory-mcp, github_2\n" });
  expect(written.stderr).toContain('"github" is called github_2 here: another server has the name github');
  const text = readFileSync(configuration, "utf8");
  expect(text).toContain("[mcp_servers.github_2]");

  const again = await run("--write");
  expect(again.stdout).toBe("added to caxton.toml: nothing\n");
  expect(again.stderr).toContain("skipped 2 servers that caxton.toml already has");
  expect(readFileSync(configuration, "utf8")).toBe(text);
});

test("a server that was deployed under a name before it was reserved is not loaded", async () => {
  using temp = tempDirectory();
  {
    await using world = await World.open({ directory: temp.path });
    await world.deploy(await answering("ok"), manifest("memorx"));
  }
  const database = new DatabaseSync(join(temp.path, ".caxton", "caxton.db"));
  for (const table of ["tool_servers", "tool_server_revisions"])
    database.exec(`UPDATE ${table} SET name_key = 'memory', name = 'memory' WHERE name = 'memorx'`);
  database.exec(`UPDATE tool_server_revisions SET manifest = replace(manifest, 'memorx', 'memory')`);
  database.close();
  await using world = await World.open({ directory: temp.path });
  expect(await world.code("GET", "/memory")).toBe("TOOL_SERVER_NOT_FOUND");
  const listed = JSON.stringify((await world.ask("GET", "")).body);
  expect(listed).not.toContain('"memory"');
});

test("a server of mcp_servers_file with the name of a built-in one is attached under another, with a warning", async () => {
  using temp = tempDirectory();
  writeFileSync(join(temp.path, "mcp.json"), JSON.stringify({ mcpServers: { memory: { command: "true" } } }));
  writeFileSync(join(temp.path, "caxton.toml"), 'mcp_servers_file = "mcp.json"\n');
  const shown = await commandLine(["config", "view", "-o", "json"], { cwd: temp.path });
  expect(shown.stdout).toContain('"memory-mcp"');
  expect(shown.stderr).toContain('"memory" is called memory-mcp here');
});
