import { dirname, join, resolve } from "node:path";
import { DEFAULT_WORKSPACE } from "../../access/index.ts";
import { PACKAGE_DIRECTORY } from "../../kernel/package.ts";
import type { ToolsOptions } from "../../tools/index.ts";
import type { LoadedConfig } from "../config/index.ts";
import { mcpSettings } from "./remote.ts";
import { keyFile } from "./secrets.ts";

/** `builtIn` is the directory of the package's tool servers, unless tests name another. */
export function toolsOptions(loaded: LoadedConfig, builtIn = join(PACKAGE_DIRECTORY, "tools", "built")): ToolsOptions {
  const { config, environment } = loaded;
  const { sandbox, tools } = config;
  return {
    servers: {
      workspace: DEFAULT_WORKSPACE,
      trust: {
        keys: Object.entries(tools.trusted_keys).map(([name, key]) => ({ name, key })),
        require: tools.require_signature,
      },
      revisionsMax: tools.revisions_max,
      drainMs: tools.drain_timeout,
    },
    accept: tools.accept,
    sources: { builtIn, directory: tools.directory, configured: config.tool_servers },
    sandbox: {
      processes: sandbox.processes,
      standby: sandbox.standby,
      isolation: sandbox.isolation,
      confinement: sandbox.confinement,
      instanceIdleMs: sandbox.instance_idle,
      moduleIdleMs: sandbox.module_idle,
      childIdleMs: sandbox.child_idle,
      packagedDirectory: join(PACKAGE_DIRECTORY, "dist", "modules"),
      cacheDirectory: sandbox.cache_directory ?? join(config.data.directory, "modules"),
    },
    broker: {
      workspace: DEFAULT_WORKSPACE,
      filesRoot: config.files.root,
      closedPaths: closedPaths(loaded),
      contentBytesMax: config.messages.message_bytes_max,
      environment,
    },
    remote: {
      servers: mcpSettings(loaded),
      environment,
      secretsDirectories: config.secrets.directories,
    },
  };
}

/** Files and directories with secrets, of tools or of this server. */
const closedPaths = (loaded: LoadedConfig): readonly string[] => [keyFile(loaded), ...configuredPaths(loaded)];

const configuredPaths = ({ config, file }: LoadedConfig): readonly string[] => [
  config.data.directory,
  ...config.secrets.directories,
  ...(config.models.secrets_directories ?? []),
  ...[file, config.mcp_servers_file].flatMap((path) =>
    path === undefined ? [] : [resolve(dirname(file ?? ""), path)],
  ),
];
