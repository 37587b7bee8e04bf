export { answerProblems, withDefaults } from "./answer-form.ts";
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
export type { Inspection, ToolHost, ToolModule } from "./tool-host.ts";
export { ToolModuleDamagedError } from "./errors.ts";
export { type Health, type HealthCheck } from "./health.ts";
export { type Acceptance, ACCEPTANCES, type ToolServerChange } from "./pin-difference.ts";
export { PinnedTool, toolHash, type ToolServerPin } from "./pin.ts";
export {
  manifestOf,
  type OperatorWord,
  type Publisher,
  SIGNATURE_RULES,
  type SignatureRule,
  type Trust,
} from "./served.ts";
export { checkSignature, generateSigningKey, type SignatureCheck, signModule, type TrustedKey } from "./signature.ts";
export type { ToolServerEntry } from "./tool-server-entry.ts";
export {
  type CheckedRunner,
  type HealthReport,
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
export { type Deployed, type DeployRequest, ToolServers, type ToolServersOptions } from "./tool-servers.ts";
export { failedCount, type ToolUsageFigures, type UsageTotals } from "./usage.ts";
export { ToolRunners } from "./tool-runners.ts";
export { type ToolList, ToolCatalogue } from "./catalogue.ts";
export {
  describeGrants,
  type FileAccess,
  type FileGrant,
  type Grants,
  type HttpGrant,
  NO_GRANTS,
  permissiveGrants,
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
export { type GrantProposal, proposeGrants } from "./grant-proposal.ts";
export { grantsToml, unifiedDiff } from "./grants-toml.ts";
export { GrantWatch, type Watch } from "./grant-watch.ts";
export { patternAllows, readUrlPattern, targetOf, type UrlPattern, type UrlTarget } from "./url-pattern.ts";
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
export { toolsTokens, toolTokens } from "./tokens.ts";
