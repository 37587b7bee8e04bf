/** Deployment, replacement, pause and deletion of tool servers. */
export { type Inspection, type ToolHost, type ToolModule } from "./tool-host.ts";
export { SignInNotConfiguredError, ToolModuleDamagedError, ToolServerSharedError } from "./errors.ts";
export { type Health } from "./health.ts";
export { type UpdatePolicy, ACCEPTANCES, type ToolServerChange } from "./pin-difference.ts";
export { PinnedTool, toolHash } from "./pin.ts";
export { manifestOf, type OperatorOverrides, type Publisher, SIGNATURE_RULES, type Trust } from "./active-revision.ts";
export { checkSignature, generateSigningKey, signModule } from "./signature.ts";
export { type ToolServerEntry } from "./tool-server-entry.ts";
export {
  type HealthReport,
  type RemoteAnswer,
  type ToolServerRecord,
  ToolServerRecords,
  type ToolServerVersion,
} from "./tool-server-records.ts";
export {
  type RevisionPage,
  TOOL_SERVER_ORIGINS,
  type ToolServerCandidate,
  type ToolServerHead,
  type ToolServerOrigin,
  type ToolServerRevision,
  type ToolServerStore,
} from "./tool-server-store.ts";
export { type Deployed, ToolServers, type ToolServersOptions } from "./tool-servers.ts";
export { failedCount, type ToolUsageStats } from "./usage.ts";
