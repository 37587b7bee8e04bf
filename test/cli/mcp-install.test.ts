import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { CLIENTS, fileOf } from "../../src/cli/mcp/clients.ts";
import { memberIn, withMember } from "../../src/cli/mcp/jsonc.ts";
import { startServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";
import { caxton } from "./caxton.ts";

verifies("api.mcp-server");

const Entry = z.object({ command: z.string(), args: z.array(z.string()) });

test.each(CLIENTS)("the entry of %s is added beside what is there, and removed again", async (client) => {
  using temp = tempDirectory();
  const home = temp.path;
  const file = fileOf(client, { platform: process.platform, home, directory: home }, false) ?? "";
  const before = '{\n  // mine\n  "theme": "dark", /* kept */\n}\n';
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, before);
  const run = (...args: string[]) => caxton(["mcp", ...args], { environment: { HOME: home }, cwd: home });

  expect(await run("install", client, "--print")).toMatchObject({ code: 0, stdout: expect.stringContaining("+") });
  expect(await run("install", client)).toMatchObject({ code: 2, stderr: expect.stringContaining("add --yes") });
  expect(readFileSync(file, "utf8")).toBe(before);

  expect(await run("install", client, "--yes")).toMatchObject({ code: 0 });
  const after = readFileSync(file, "utf8");
  expect(after).toContain("// mine\n");
  expect(after).toContain('"theme": "dark", /* kept */');
  expect(after).toContain('"serve"');
  const [backup = ""] = readdirSync(dirname(file)).filter((name) => name.endsWith(".bak"));
  expect(readFileSync(join(dirname(file), backup), "utf8")).toBe(before);
  expect((await run("install", client, "--yes")).stderr).toContain("already so");

  expect(await run("uninstall", client, "--yes")).toMatchObject({ code: 0 });
  expect(readFileSync(file, "utf8")).not.toContain("caxton");
});

test("the command of an entry connects a client to the server", async () => {
  await using server = await startServer({ script: [{ text: "Hello there." }] });
  const home = server.directory;
  const installed = await caxton(["mcp", "install", "cursor", "--yes", "--server", server.url], {
    environment: { HOME: home },
  });
  expect(installed.code).toBe(0);
  const text = readFileSync(join(home, ".cursor/mcp.json"), "utf8");
  const { command, args } = Entry.parse(memberIn(text, ["mcpServers", "caxton"]));
  const client = new Client({ name: "test", version: "1.0.0" });
  await client.connect(new StdioClientTransport({ command, args, env: { PATH: "", HOME: home }, cwd: home }));
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain("greeter");
  await client.close();
});

test("a clone that npx starts is named by its path", async () => {
  using temp = tempDirectory();
  const environment = { HOME: temp.path, npm_lifecycle_event: "npx" };
  expect(await caxton(["mcp", "install", "cursor", "--yes"], { environment })).toMatchObject({ code: 0 });
  const text = readFileSync(join(temp.path, ".cursor/mcp.json"), "utf8");
  const { command, args } = Entry.parse(memberIn(text, ["mcpServers", "caxton"]));
  expect(command).toBe(process.execPath);
  expect(args.slice(1)).toEqual(["mcp", "serve"]);
});

test("no secret is written, and a file that is not valid stays as it is", async () => {
  using temp = tempDirectory();
  const home = temp.path;
  const run = (...args: string[]) =>
    caxton(["mcp", "install", "cursor", "--yes", ...args], { environment: { HOME: home } });
  expect(await run("--token", "cax_secret")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("caxton login"),
  });
  for (const server of ["https://ann:pw@caxton.example.com", "ann:pw@caxton.example.com"])
    expect((await run("--server", server)).code).toBe(2);
  expect(existsSync(join(home, ".cursor"))).toBe(false);
  mkdirSync(join(home, ".cursor"));
  const file = join(home, ".cursor/mcp.json");
  for (const broken of ['{\n  "mcpServers": {', '{ "mcpServers": [] }', "[]"]) {
    writeFileSync(file, broken);
    expect(await run()).toMatchObject({ code: 2, stderr: expect.stringContaining("nothing was changed") });
    expect(readFileSync(file, "utf8")).toBe(broken);
  }
});

test("the file of a project names the command alone", async () => {
  using temp = tempDirectory();
  const directory = temp.path;
  const context = { cwd: directory, environment: { HOME: directory } };
  expect(await caxton(["mcp", "install", "claude-code", "--project", "--yes"], context)).toMatchObject({ code: 0 });
  expect(JSON.parse(readFileSync(join(directory, ".mcp.json"), "utf8"))).toEqual({
    mcpServers: { caxton: { type: "stdio", command: "caxton", args: ["mcp", "serve"] } },
  });
  expect((await caxton(["mcp", "install", "windsurf", "--project", "--yes"], context)).code).toBe(2);
});

test.each([
  ["win32", "claude-desktop", String.raw`C:\Users\ann\AppData\Roaming\Claude\claude_desktop_config.json`],
  ["darwin", "claude-desktop", "/Users/ann/Library/Application Support/Claude/claude_desktop_config.json"],
  ["linux", "vscode", "/home/ann/.config/Code/User/mcp.json"],
  ["win32", "zed", String.raw`C:\Users\ann\AppData\Roaming\Zed\settings.json`],
  ["darwin", "zed", "/Users/ann/.config/zed/settings.json"],
  ["win32", "gemini", String.raw`C:\Users\ann\.gemini\settings.json`],
] as const)("on %s, the file of %s is %s", (platform, client, file) => {
  const home = { win32: String.raw`C:\Users\ann`, darwin: "/Users/ann", linux: "/home/ann" }[platform];
  expect(fileOf(client, { platform, home, directory: home }, false)).toBe(file);
});

describe("a member of a file", () => {
  const place = ["servers", "x"] as const;
  test.each([
    ["", '{\n  "servers": {\n    "x": 1\n  }\n}\n'],
    ["{}", '{\n  "servers": {\n    "x": 1\n  }\n}'],
    ['{"a":{}}', '{"a":{},\n  "servers": {\n    "x": 1\n  }\n}'],
    [
      '{\r\n\t"servers": {\r\n\t\t"y": 2 // two\r\n\t}\r\n}',
      '{\r\n\t"servers": {\r\n\t\t"y": 2, // two\r\n\t\t"x": 1\r\n\t}\r\n}',
    ],
    ['{\n  "servers": { "x": { "old": true }, "y": 2 }\n}', '{\n  "servers": { "x": 1, "y": 2 }\n}'],
  ])("is set in %j", (before, after) => {
    expect(withMember(before, place, 1)).toBe(after);
  });

  test.each([
    ['{\n  "servers": {\n    "y": 2,\n    "x": 1\n  }\n}', '{\n  "servers": {\n    "y": 2\n  }\n}'],
    [
      '{\n  "servers": {\n    "x": 1, // mine\n    "y": 2,\n  }\n}',
      '{\n  "servers": {\n     // mine\n    "y": 2,\n  }\n}',
    ],
    ['{ "servers": { "x": "a\\"}" } }', '{ "servers": {  } }'],
  ])("is removed from %j", (before, after) => {
    const done = withMember(before, place, undefined);
    expect(memberIn(done, place)).toBeUndefined();
    expect(done).toBe(after);
  });
});
