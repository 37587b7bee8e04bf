/** What tools there are, who may use which, and checked calls. */
export { answerProblems, withDefaults } from "./elicitation-schema.ts";
export {
  type AnsweredRound,
  type AttachedFile,
  type AwaitReply,
  type ExpectedInput,
  type ExpectedReply,
  type CallContext,
  type CallRestrictions,
  type ServerRestrictions,
  type ContentPart,
  type Round,
  type ToolCall,
  type ToolFailureReason,
  type ToolProgress,
  type ToolQuestion,
  type ToolReply,
  type ToolResult,
  type ToolUsage,
  failedCall,
  signInWait,
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
  CLIENT_TOOLS,
  HANDOFF,
  NO_LIMITS,
  TOOL_SERVER_INTERFACES,
  type ToolServerState,
  type ToolSignIn,
  modelToolName,
  toolId,
} from "./tool.ts";
export { isReservedToolServer, RESERVED_TOOL_SERVERS } from "./reserved-names.ts";
export { systemNote } from "./system-notes.ts";
export { type NativeTools, type OnRefused, withNativeTools, withSharedTools } from "./native-tools.ts";
export { type ToolLogLine, type ToolRunner } from "./tool-runner.ts";
export { type ToolList, ToolCatalogue } from "./catalogue.ts";
export { ToolCatalogues } from "./catalogues.ts";
export { toolCaller } from "./tool-caller.ts";
export {
  applyOverrides,
  type DeclaredTool,
  DEFAULT_LIMITS,
  MANIFEST_MAXIMA,
  GrantsTable,
  type ManifestOverrides,
  manifestFor,
  readManifest,
  type ToolManifest,
} from "./manifest.ts";
export { schemaCheck } from "./schema-check.ts";
export { toolsTokens, toolTokens } from "./tokens.ts";
export * from "./grants/index.ts";
export { ToolManifestInvalidError, ToolServerNotFoundError } from "./errors.ts";
