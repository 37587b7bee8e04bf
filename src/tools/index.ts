export {
  type AttachedFile,
  type CallContext,
  type ContentPart,
  type ToolCall,
  type ToolFailureReason,
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
  type ToolServerState,
  modelToolName,
  toolId,
} from "./tool.ts";
export type { ToolLogLine, ToolRunner } from "./tool-runner.ts";
export { type ToolList, ToolCatalogue } from "./catalogue.ts";
export { describeGrants, type FileAccess, type FileGrant, type Grants } from "./grants.ts";
export {
  applyOverrides,
  DEFAULT_LIMITS,
  type ManifestOverrides,
  readManifest,
  type ReadManifest,
  type ToolManifest,
} from "./manifest.ts";
