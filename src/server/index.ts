export {
  type Config,
  type Flags,
  type ImportedServer,
  type LoadedConfig,
  type Origins,
  ConfigInvalidError,
  ConfigNotFoundError,
  configPlaces,
  configSchema,
  loadConfig,
  readMcpJson,
} from "./config/index.ts";
export { type FileDeployment, definitionFiles } from "../agents/files/index.ts";
export type { Overrides } from "./compose.ts";
export { type ServeOptions, type Started, serve } from "./serve.ts";
export type { ReadyReport } from "./start.ts";
export { readCertificate, validityOf } from "./tls/index.ts";
export { installModel } from "./install-model.ts";
export type { ToolDeployment } from "../tools/index.ts";
export { type ConfinementReport, probeConfinement } from "../tools/sandbox/index.ts";
