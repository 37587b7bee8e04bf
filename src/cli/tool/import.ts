import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Command } from "commander";
import * as z from "zod";
import { parseToml, writeToml } from "../../text/documents/index.ts";
import { act, type Context, examples, type Invocation, ONE_FORMATS, showOne, UsageError } from "../frame/index.ts";
import { countOf } from "../terminal/index.ts";

const CONFIG = "caxton.toml";

/** `caxton tool import` */
export function toolImport(command: Command, invocation: Invocation): void {
  command
    .summary("import MCP servers from another client's config")
    .description(
      "Read a JSON file of MCP servers, as Claude Desktop, Cursor and VS Code write it, and print the equivalent caxton.toml. A server whose name is in use gets another one. These servers are not sandboxed: they may do what their user may. No server is contacted.",
    )
    .argument("<file>", "claude_desktop_config.json, .cursor/mcp.json, .vscode/mcp.json ...")
    .option("--write", `add the servers to ${CONFIG} in this directory instead`);
  examples(command, [
    ["caxton tool import ~/.cursor/mcp.json", "what caxton.toml needs"],
    ["caxton tool import .vscode/mcp.json --write", ""],
  ]);
  act(command, invocation, {
    input: z.object({ file: z.string(), write: z.boolean().default(false) }),
    formats: ONE_FORMATS,
    run: async (context, { file, write }) => {
      const { readMcpJson } = await import("../../server/index.ts");
      const before = existsSync(CONFIG) ? readFile(CONFIG) : "";
      const parsed = parseToml(before, CONFIG);
      if (parsed.type === "malformed") throw new UsageError(`${CONFIG} is not valid TOML`, "caxton tool import");
      const known = z.record(z.string(), z.unknown()).safeParse(parsed.document.data["mcp_servers"]).data ?? {};
      const source = readFile(file);
      const tablesThere = Object.values(known);
      const isThere = readMcpJson(source, file).map(({ table }) =>
        tablesThere.some((each) => isDeepStrictEqual(each, table)),
      );
      const servers = readMcpJson(source, file, Object.keys(known)).filter((_server, index) => isThere[index] !== true);
      for (const { remarks } of servers) for (const remark of remarks) context.terminal.note(remark);
      if (isThere.includes(true)) {
        context.terminal.note(
          `skipped ${countOf(isThere.filter(Boolean).length, "server")} that ${CONFIG} already has`,
        );
      }
      const tables = Object.fromEntries(servers.map(({ name, table }) => [name, table]));
      const text = servers.map(({ name, table }) => writeToml({ mcp_servers: { [name]: table } })).join("\n");
      if (write) return add(context, { before, text, names: Object.keys(tables) });
      await showOne(context, { raw: { mcp_servers: tables }, name: Object.keys(tables).join("\n"), human: () => text });
    },
  });
}

function readFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${file} cannot be read: ${why}`, "caxton tool import");
  }
}

/** Adds tables at the end of the file. */
async function add(
  context: Context,
  { before, text, names }: { readonly before: string; readonly text: string; readonly names: readonly string[] },
): Promise<void> {
  const file = resolve(CONFIG);
  const gap = before === "" || before.endsWith("\n") ? "\n" : "\n\n";
  if (names.length > 0) writeFileSync(file, `${before}${gap}${text}`);
  await showOne(context, {
    raw: { file, servers: [...names] },
    name: names.join("\n"),
    human: () => `added to ${CONFIG}: ${names.join(", ") || "nothing"}\n`,
  });
}
