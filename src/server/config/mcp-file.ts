import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Config } from "./config-schema.ts";
import { ConfigInvalidError } from "./errors.ts";
import { McpServerTable } from "./protocols-config.ts";
import { readMcpJson } from "./mcp-json.ts";

/**
 * Adds the servers of `mcp_servers_file` to those of the configuration itself, which win; warns of each that has another
 * name than in its file. Throws ConfigInvalidError, McpFileInvalidError.
 */
export function withMcpFile(
  config: Config,
  file: string | undefined,
): { readonly config: Config; readonly warnings: readonly string[] } {
  if (config.mcp_servers_file === undefined) return { config, warnings: [] };
  const place = resolve(baseOf({ file }), config.mcp_servers_file);
  let text: string;
  try {
    text = readFileSync(place, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigInvalidError(`mcp_servers_file ${place} cannot be read: ${why}`, "Check the path.", {
      problems: [why],
    });
  }
  const servers = readMcpJson(text, place);
  const imported = servers.map(({ name, table }) => [name, McpServerTable.parse(table)] as const);
  return {
    config: { ...config, mcp_servers: { ...Object.fromEntries(imported), ...config.mcp_servers } },
    warnings: servers.flatMap(({ renamed }) => (renamed === undefined ? [] : [`${place}: ${renamed}`])),
  };
}

/** Base of relative paths of servers: the directory of the configuration, or the working directory. */
export const baseOf = ({ file }: { readonly file: string | undefined }): string =>
  file === undefined ? process.cwd() : dirname(file);
