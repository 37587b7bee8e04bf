export {
  type Config,
  type Environment,
  type Flags,
  type LoadedConfig,
  type Origins,
  configPlaces,
  configSchema,
  loadConfig,
} from "./config/config.ts";
export { type ImportedServer, readMcpJson } from "./config/mcp-json.ts";
export { type FileDeployment, definitionFiles } from "./definitions.ts";
export { ConfigInvalidError, ConfigNotFoundError } from "./errors.ts";
export type { Overrides } from "./compose.ts";
export { type ReadyReport, type ServeOptions, type Started, serve } from "./serve.ts";
export { installModel } from "./install-model.ts";
export type { ToolDeployment } from "./tool-servers.ts";
