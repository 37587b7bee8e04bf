import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { join } from "node:path";
import { expect, test } from "vitest";
import { REVISIONS } from "../helpers/mcp.ts";
import { repository, startServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("api.mcp-server");

test.each(REVISIONS)(
  "revision %s: caxton mcp serve passes calls to the server, also after a restart",
  async (revision) => {
    const first = await startServer({ script: [{ text: "Hello there." }] });
    const mode = revision === "2026-07-28" ? { pin: revision } : "legacy";
    await using stack = new AsyncDisposableStack();
    const client = new Client({ name: "test", version: "1.0.0" }, { versionNegotiation: { mode } });
    stack.defer(() => client.close());
    await client.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [join(repository, "bin/caxton.mjs"), "mcp", "serve", "--server", first.url],
        env: { PATH: process.env["PATH"] ?? "", HOME: first.directory },
        cwd: first.directory,
        stderr: "inherit",
      }),
    );
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
