import { Client, type ClientOptions } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { REVISIONS, type Revision } from "../helpers/mcp.ts";
import { repository, startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";
import { WorkspaceServer } from "../helpers/workspaces.ts";

verifies("api.mcp-server");

/** The command, as a client starts it. */
const commandFor = ({ url, directory }: TestServer) => ({
  command: process.execPath,
  args: [join(repository, "bin/caxton.mjs"), "mcp", "serve", "--server", url],
  env: { PATH: process.env["PATH"] ?? "", HOME: directory },
  cwd: directory,
});

const clientOf = (revision: Revision, options: ClientOptions = {}): Client => {
  const mode = revision === "2026-07-28" ? { pin: revision } : "legacy";
  return new Client({ name: "test", version: "1.0.0" }, { ...options, versionNegotiation: { mode } });
};

test.each(REVISIONS)(
  "revision %s: caxton mcp serve passes calls to the server, also after a restart",
  async (revision) => {
    const first = await startServer({ script: [{ text: "Hello there." }] });
    await using stack = new AsyncDisposableStack();
    const client = clientOf(revision);
    stack.defer(() => client.close());
    await client.connect(new StdioClientTransport({ ...commandFor(first), stderr: "inherit" }));
    const call = async () => (await client.callTool({ name: "greeter", arguments: { message: "Hello" } })).content;
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain("greeter");
    expect(await call()).toMatchObject([{ text: "Hello there." }]);
    const { port } = new URL(first.url);
    await first[Symbol.asyncDispose]();
    await using second = await startServer({
      script: [{ text: "Hello again." }],
      settings: { "server.port": Number(port) },
    });
    expect(second.url).toBe(first.url);
    expect(await call()).toMatchObject([{ text: "Hello again." }]);
  },
);

test.each(REVISIONS)("revision %s: caxton mcp serve passes on notifications of changed lists", async (revision) => {
  await using server = await startServer();
  await using stack = new AsyncDisposableStack();
  const changed: string[] = [];
  const client = clientOf(revision, {
    listChanged: { tools: { autoRefresh: false, onChanged: () => void changed.push("tools") } },
  });
  stack.defer(() => client.close());
  await client.connect(new StdioClientTransport({ ...commandFor(server), stderr: "inherit" }));
  const source = `name = "added"\nversion = "1.0.0"\ncapabilities = ["answers"]\ntools = []\nsystem_prompt = "Answer."\n`;
  await server.ask("POST", "/api/v1/agents", { source });
  await expect
    .poll(
      async () => {
        // The stream of notifications opens after the connection.
        if (changed.length === 0)
          await server.ask("POST", "/api/v1/agents", { source: `${source}# ${Math.random()}\n` });
        return changed;
      },
      { timeout: 20_000, interval: 500 },
    )
    .toContain("tools");
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain("added");
});

/** What the command answers to messages that are piped to it at once, by the ids of the requests. */
async function answersTo(server: TestServer, messages: readonly object[]): Promise<ReadonlyMap<unknown, object>> {
  const { command, args, ...options } = commandFor(server);
  const child = spawn(command, args, { ...options, stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(messages.map((message) => `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`).join(""));
  const lines = (await text(child.stdout)).trim().split("\n");
  return new Map(lines.map((line) => JSON.parse(line)).map((answer) => [answer.id, answer]));
}

const initialize = {
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1.0.0" } },
};
const discover = {
  method: "server/discover",
  params: {
    _meta: {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "test", version: "1.0.0" },
      "io.modelcontextprotocol/clientCapabilities": {},
    },
  },
};

test("without a login, each request is answered by an error that says how to log in", async () => {
  await using server = await WorkspaceServer.start();
  const answers = await answersTo(server.server, [
    { id: 1, ...initialize },
    { id: "two", ...discover },
  ]);
  for (const id of [1, "two"])
    expect(answers.get(id)).toMatchObject({ error: { message: expect.stringContaining("caxton login") } });
  await using stack = new AsyncDisposableStack();
  const client = clientOf("2025-11-25");
  stack.defer(() => client.close());
  const connected = client.connect(new StdioClientTransport({ ...commandFor(server.server), stderr: "inherit" }));
  await expect(connected).rejects.toThrow("caxton login");
});

test("requests of tasks of 2026-07-28 have the headers that the server demands", async () => {
  await using server = await startServer();
  const { _meta: meta } = discover.params;
  const clientCapabilities = { extensions: { "io.modelcontextprotocol/tasks": {} } };
  const given = { ...meta, "io.modelcontextprotocol/clientCapabilities": clientCapabilities };
  const answers = await answersTo(server, [
    { id: 1, method: "tasks/get", params: { taskId: "unknown", _meta: given } },
  ]);
  expect(answers.get(1)).toMatchObject({ error: { code: -32_602, data: { code: "RUN_NOT_FOUND" } } });
});

test("requests that are piped at once are answered before the command ends", async () => {
  await using server = await startServer({ script: [{ text: "Hello there.", delayMs: 500 }] });
  const answers = await answersTo(server, [
    { id: 1, ...initialize },
    { method: "notifications/initialized" },
    { id: 2, method: "tools/list" },
    { id: 3, method: "tools/call", params: { name: "greeter", arguments: { message: "Hello" } } },
    { id: 4, method: "tasks/get", params: { taskId: "unknown" } },
  ]);
  expect(answers.get(1)).toMatchObject({ result: { protocolVersion: "2025-11-25" } });
  expect(answers.get(2)).toMatchObject({ result: { tools: expect.any(Array) } });
  expect(answers.get(3)).toMatchObject({ result: { content: [{ type: "text", text: "Hello there." }] } });
  expect(answers.get(4)).toMatchObject({ error: { code: -32_602 } });
});
