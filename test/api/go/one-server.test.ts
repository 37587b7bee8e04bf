import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { ensureToolchains, GRPCURL_PROGRAM } from "../../../scripts/ensure-toolchains.ts";
import { LAUNCHER } from "../../cli/caxton.ts";
import { repository, startServer, type TestServer } from "../../helpers/server.ts";
import { verifies } from "../../helpers/verifies.ts";
import { startEditor } from "../acp/editor.ts";

verifies("api.openai", "api.mcp-server", "api.acp", "api.a2a", "api.grpc");

const execute = promisify(execFile);
const Entry = z.object({ command: z.string(), args: z.array(z.string()) });
const McpFile = z.object({ mcpServers: z.object({ caxton: Entry }) });
const ZedFile = z.object({ agent_servers: z.object({ Caxton: Entry }) });
const REQUEST = "Describe examples/data/penguins.csv";
const ANSWER = /344/;

let server: TestServer;
let key: string;
let guide: string;
let env: { readonly [name: string]: string };

const blocks = (language: string): readonly string[] =>
  [...guide.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, "g"))].map(([, block = ""]) => block);
/** A block of the guide that contains a text. */
const block = (language: string, text: string): string => {
  const found = blocks(language).find((each) => each.includes(text));
  if (found === undefined) throw new Error(`the guide has no block of ${language} with ${text}`);
  return found;
};
const shell = async (commands: string): Promise<string> =>
  (await execute("/bin/sh", ["-ec", commands], { cwd: server.directory, env })).stdout;
async function javaScript(program: string): Promise<string> {
  const file = join(server.directory, "client.mjs");
  writeFileSync(file, program);
  return (await execute(process.execPath, [file], { cwd: server.directory, env })).stdout;
}

beforeAll(async () => {
  ensureToolchains(["go", "grpcurl"]);
  server = await startServer({ settings: { "access.mode": "required" } });
  guide = readFileSync(join(repository, "docs/guides/protocols.md"), "utf8").replaceAll(
    "http://127.0.0.1:8080",
    server.url,
  );
  guide = guide.replaceAll("127.0.0.1:8080", new URL(server.url).host);
  const bin = join(server.directory, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "caxton"), `#!/bin/sh\nexec '${process.execPath}' '${LAUNCHER}' "$@"\n`, { mode: 0o755 });
  symlinkSync(join(repository, "node_modules"), join(server.directory, "node_modules"));
  env = {
    PATH: `${bin}:${dirname(GRPCURL_PROGRAM)}:/usr/bin:/bin`,
    HOME: server.directory,
    SETUP_TOKEN: server.started.setupToken ?? "",
  };
  const [, created = ""] = (await shell(block("text", "caxton key create"))).match(/CAXTON_TOKEN=(\S+)/) ?? [];
  key = created;
  env = { ...env, KEY: key };
});
afterAll(() => server?.[Symbol.asyncDispose]());

test("the guide turns access control on", async () => {
  expect(block("toml", "[access]")).toContain('mode = "required"');
  expect((await fetch(`${server.url}/v1/models`)).status).toBe(401);
  expect(key).toMatch(/^cax_/);
});

test("an OpenAI client", async () => {
  expect(await javaScript(block("js", 'from "openai"'))).toMatch(ANSWER);
});

test("an editor with MCP, by the entry that the command writes", async () => {
  await shell(block("text", "caxton mcp install"));
  const written: unknown = JSON.parse(readFileSync(join(server.directory, ".cursor/mcp.json"), "utf8"));
  const { command, args } = McpFile.parse(written).mcpServers.caxton;
  await using stack = new AsyncDisposableStack();
  const client = new Client({ name: "editor", version: "1.0.0" }, { versionNegotiation: { mode: "auto" } });
  stack.defer(() => client.close());
  await client.connect(new StdioClientTransport({ command, args, env: { ...env }, stderr: "inherit" }));
  const { content } = await client.callTool({ name: "data-analyzer", arguments: { message: REQUEST } });
  expect(JSON.stringify(content)).toMatch(ANSWER);
});

test("an editor with ACP, by the setting of the guide", async () => {
  const { command, args } = ZedFile.parse(JSON.parse(block("json", "agent_servers"))).agent_servers.Caxton;
  expect([command, args[0]]).toEqual(["caxton", "acp"]);
  await using editor = await startEditor({ server: server.url, directory: server.directory, args: args.slice(1) });
  const session = await editor.open();
  expect(await editor.prompt(session, REQUEST)).toMatchObject({ stopReason: "end_turn" });
  expect(editor.said()).toMatch(ANSWER);
});

test("an agent of another system", async () => {
  expect(await javaScript(block("js", "@a2a-js/sdk"))).toMatch(ANSWER);
});

test("a service with gRPC", async () => {
  expect(await shell(block("text", "grpcurl"))).toMatch(ANSWER);
});

test("every request was a run, of the person who logged in or of the key", async () => {
  const listed = await shell(`${block("text", "caxton run list").trim()} -o json`);
  const { items } = z
    .object({ items: z.array(z.object({ agent: z.string(), state: z.string() })) })
    .parse(JSON.parse(listed));
  expect(items).toHaveLength(5);
  for (const run of items) expect(run).toMatchObject({ agent: "data-analyzer", state: "completed" });
});
