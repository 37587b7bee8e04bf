/** The server's configuration: its schema, how it is read, and what it means to the modules. */
export {
  type Flags,
  type LoadedConfig,
  type Origins,
  configPlaces,
  configSchema,
  isReferable,
  loadConfig,
} from "./config.ts";
export type { Config } from "./config-schema.ts";
export { ConfigInvalidError, ConfigNotFoundError } from "./errors.ts";
export type { McpServerTable } from "./protocols-config.ts";
export { limitsOf } from "./listener-config.ts";
export { baseOf } from "./mcp-file.ts";
export { type ImportedServer, readMcpJson } from "./mcp-json.ts";
export { retentionPolicy, searchDefaults, snapshotOptions } from "./memory-config.ts";
export { conversationTerms, routerOptions } from "./messages-config.ts";
export { patternsOf } from "./redaction-config.ts";
export { publicConfig } from "./public-config.ts";
export { tasksOptions } from "./tasks-config.ts";
export { trafficOptions } from "./traffic-config.ts";
