import { type Tool, type ToolList, type ToolServer, toolId } from "../../tools/catalogue/index.ts";

/** The tool servers that a plan's tools are of, as plain data. */
export function snapshotOf(
  servers: readonly ToolServer[],
  list: ToolList,
  agentTools: readonly Tool[] = [],
): readonly ToolServer[] {
  const listed = new Set([...(list === "all" ? [] : list), ...agentTools.map(({ server }) => server)]);
  const isListed = ({ name, tools }: ToolServer): boolean =>
    list === "all" || listed.has(name) || tools.some((tool) => listed.has(toolId(tool)));
  return servers.filter(isListed).map(plainServer);
}

/** Another text once something has changed that a run goes by. */
export const fingerprintOf = (servers: readonly ToolServer[]): string =>
  servers
    .map(({ name, version, moduleHash, grants, limits }) =>
      [name, version, moduleHash, grants.join(" "), limits.fuelPerCall].join("\t"),
    )
    .join("\n");

const plainServer = (server: ToolServer): ToolServer => ({
  name: server.name,
  interface: server.interface,
  isSandboxed: server.isSandboxed,
  version: server.version,
  description: server.description,
  state: server.state,
  reason: server.reason,
  tools: server.tools.map(plainTool),
  grants: [...server.grants],
  limits: { ...server.limits },
  moduleHash: server.moduleHash,
  calls: { ...server.calls },
});

const plainTool = ({ server, name, title, description, inputSchema, outputSchema, effects }: Tool): Tool => ({
  server,
  name,
  title,
  description,
  inputSchema,
  outputSchema,
  effects: { ...effects },
});
