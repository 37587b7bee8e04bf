import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import * as z from "zod";
import { parseToml, writeToml } from "../../documents/index.ts";
import {
  act,
  type Context,
  examples,
  FileExistsError,
  type Invocation,
  ONE_FORMATS,
  showOne,
  UsageError,
} from "../frame/index.ts";

const CONFIG = "caxton.toml";

/** `caxton tool import` */
export function toolImport(command: Command, invocation: Invocation): void {
  command
    .summary("take over MCP servers from another program's file")
    .description(
      "Reads a JSON file of MCP servers, as Claude Desktop, Cursor and VS Code write it, and prints what caxton.toml " +
        "needs for them. Nothing of it is sandboxed: such servers may do what their user may. No server is asked.",
    )
    .argument("<file>", "claude_desktop_config.json, .cursor/mcp.json, .vscode/mcp.json ...")
    .option("--write", `add them to ${CONFIG} in this directory instead`);
  examples(command, [
    ["caxton tool import ~/.cursor/mcp.json", "what caxton.toml needs"],
    ["caxton tool import .vscode/mcp.json --write", ""],
  ]);
  act(command, invocation, {
    input: z.object({ file: z.string(), write: z.boolean().default(false) }),
    formats: ONE_FORMATS,
    run: async (context, { file, write }) => {
      const { readMcpJson } = await import("../../server/index.ts");
      const servers = readMcpJson(readFile(file), file);
      for (const { remarks } of servers) for (const remark of remarks) context.terminal.note(remark);
      const tables = Object.fromEntries(servers.map(({ name, table }) => [name, table]));
      const text = servers.map(({ name, table }) => writeToml({ mcp_servers: { [name]: table } })).join("\n");
      if (write) return add(context, text, Object.keys(tables));
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

/** Adds tables at the end of the file. Throws FileExistsError when it has one of them. */
async function add(context: Context, text: string, names: readonly string[]): Promise<void> {
  const file = resolve(CONFIG);
  const before = existsSync(file) ? readFile(file) : "";
  const parsed = parseToml(before, CONFIG);
  const known = parsed.type === "parsed" ? parsed.document.data["mcp_servers"] : undefined;
  const taken = names.filter((name) => typeof known === "object" && known !== null && name in known);
  if (taken.length > 0) {
    throw new FileExistsError(
      taken.map((name) => `mcp_servers.${name} in ${CONFIG}`),
      "Take them out of one of the files, or give them other names.",
    );
  }
  writeFileSync(file, before === "" || before.endsWith("\n") ? `${before}\n${text}` : `${before}\n\n${text}`);
  await showOne(context, {
    raw: { file, servers: [...names] },
    name: names.join("\n"),
    human: () => `added to ${CONFIG}: ${names.join(", ")}\n`,
  });
}
