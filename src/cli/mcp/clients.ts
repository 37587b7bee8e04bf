import { posix, win32 } from "node:path";
import type { Json } from "../../kernel/json.ts";

export const CLIENTS = ["claude-desktop", "claude-code", "cursor", "vscode", "windsurf", "zed", "gemini"] as const;
export type ClientName = (typeof CLIENTS)[number];

export type Machine = {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly directory: string;
};

type Place = {
  /** The object of the file that has the servers. */
  readonly section: string;
  /** Below the directory of the settings of programs, or of the user. */
  readonly user: { readonly below: "settings" | "home"; readonly path: string };
  /** Below the directory of a project; undefined if the client reads none there. */
  readonly project?: string;
  /** Whether an entry names its transport. */
  readonly isTyped?: boolean;
};

const PLACES: Readonly<Record<ClientName, Place>> = {
  "claude-desktop": { section: "mcpServers", user: { below: "settings", path: "Claude/claude_desktop_config.json" } },
  "claude-code": {
    section: "mcpServers",
    user: { below: "home", path: ".claude.json" },
    project: ".mcp.json",
    isTyped: true,
  },
  cursor: { section: "mcpServers", user: { below: "home", path: ".cursor/mcp.json" }, project: ".cursor/mcp.json" },
  vscode: {
    section: "servers",
    user: { below: "settings", path: "Code/User/mcp.json" },
    project: ".vscode/mcp.json",
    isTyped: true,
  },
  windsurf: { section: "mcpServers", user: { below: "home", path: ".codeium/windsurf/mcp_config.json" } },
  zed: {
    section: "context_servers",
    user: { below: "home", path: ".config/zed/settings.json" },
    project: ".zed/settings.json",
  },
  gemini: {
    section: "mcpServers",
    user: { below: "home", path: ".gemini/settings.json" },
    project: ".gemini/settings.json",
  },
};

/** The file in which a client reads its servers; undefined if it reads none in projects. */
export function fileOf(
  client: ClientName,
  { platform, home, directory }: Machine,
  isProject: boolean,
): string | undefined {
  const { join } = platform === "win32" ? win32 : posix;
  const { user, project } = PLACES[client];
  if (isProject) return project === undefined ? undefined : join(directory, project);
  const roaming = join(home, "AppData", "Roaming");
  if (client === "zed" && platform === "win32") return join(roaming, "Zed", "settings.json");
  if (user.below === "home") return join(home, user.path);
  const settings = { win32: roaming, darwin: join(home, "Library", "Application Support") };
  const base = platform === "win32" || platform === "darwin" ? settings[platform] : join(home, ".config");
  return join(base, user.path);
}

/** The place of an entry in a file, and the entry for a command. */
export const entryOf = (client: ClientName, [command = "", ...args]: readonly string[]) => {
  const { section, isTyped = false } = PLACES[client];
  const entry: Json = { ...(isTyped && { type: "stdio" }), command, args };
  return { section, entry };
};
