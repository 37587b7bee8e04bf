export {
  type AttachedFile,
  type CallContext,
  type ContentPart,
  type ToolCall,
  type ToolFailureReason,
  type ToolProgress,
  type ToolQuestion,
  type ToolReply,
  type ToolResult,
  type ToolUsage,
  failedCall,
  NO_USAGE,
  TOOL_FAILURES,
} from "./call.ts";
export {
  type Tool,
  type ToolCounters,
  type ToolEffects,
  type ToolLimits,
  type ToolServer,
  type ToolServerInterface,
  TOOL_SERVER_INTERFACES,
  TOOL_SERVER_STATES,
  type ToolServerState,
  modelToolName,
  toolId,
} from "./tool.ts";
export type { ToolLogLine, ToolRunner } from "./tool-runner.ts";
export { ToolRunners } from "./tool-runners.ts";
export { type ToolList, ToolCatalogue } from "./catalogue.ts";
export {
  describeGrants,
  type FileAccess,
  type FileGrant,
  type Grants,
  type HttpGrant,
  NO_GRANTS,
  type SecretGrant,
} from "./grants.ts";
export {
  type GrantLedger,
  type GrantUse,
  type StoredUse,
  USE_KINDS,
  USE_OUTCOMES,
  type UseFilter,
  type UseKind,
  type UseOutcome,
} from "./grant-use.ts";
export { type GrantChange, grantsDifference, wantsMore } from "./grants-difference.ts";
export {
  patternAllows,
  patternCovers,
  readUrlPattern,
  targetOf,
  type UrlPattern,
  type UrlTarget,
} from "./url-pattern.ts";
export {
  applyOverrides,
  type DeclaredTool,
  DEFAULT_LIMITS,
  GrantsTable,
  type ManifestOverrides,
  readManifest,
  type ReadManifest,
  type ToolManifest,
} from "./manifest.ts";
