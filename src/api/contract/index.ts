export {
  type AgentDetail,
  type AgentSummary,
  type DeployAgentBody,
  type DeployOutcome,
  type RevisionSummary,
  type TemplateSummary,
  type ValidationReport,
} from "./agents.ts";
export * as agents from "./agents.ts";
export { type Approval, type ApprovalPage, type ApprovalState } from "./approvals.ts";
export * as approvals from "./approvals.ts";
export {
  type AgentBudget,
  type Budget,
  type BudgetAmount,
  type BudgetList,
  type Cost,
  type Usage,
  type UsageRow,
} from "./budgets.ts";
export * as budgets from "./budgets.ts";
export { type ArchiveReport, type Conversation, type ConversationPage, type Protocol } from "./conversations.ts";
export * as conversations from "./conversations.ts";
export { DOCUMENTS } from "./documents.ts";
export { type GrantUse, type GrantUsePage, type GrantUseQuery, type Observation } from "./grants.ts";
export * as grants from "./grants.ts";
export {
  type BatchReceipt,
  type DeadLetter,
  type DeadLetterPage,
  type Mailbox,
  type MailboxList,
  type MessageCheck,
  type MessageDelivery,
  type MessageEvent,
  type MessagePage,
  type MessageReceipt,
  type NearestCapability,
  type MessageRecord,
  type MessageTrace,
} from "./messages.ts";
export * as messages from "./messages.ts";
export { MESSAGE_SOCKET, SocketEvent, SocketRequest } from "./message-socket.ts";
export {
  type KnownModel,
  type ModelCheck,
  type ModelPage,
  type ModelProvider,
  type ModelProviderPage,
  type ModelQuery,
  type ModelTest,
  type TestModelBody,
} from "./models.ts";
export * as models from "./models.ts";
export {
  type Capability,
  type CapabilityPage,
  type CapabilityProvider,
  type LeasedMessage,
  type LeasedMessages,
  type Participant,
  type ParticipantPage,
  type RegisteredParticipant,
  type Subscription,
  type SubscriptionPage,
} from "./participants.ts";
export * as participants from "./participants.ts";
export { type FileProblem, type ProblemDetails } from "./problem.ts";
export * as problems from "./problem.ts";
export { type ModelCondition } from "./model-condition.ts";
export { type ChooseBody, type RunChoice } from "./model-choice.ts";
export * as modelChoice from "./model-choice.ts";
export * as operations from "./operations.ts";
export { Download, Events, type GivenTo, type InputOf, type Operation, type OutputOf, takes } from "./operation.ts";
export { type Permission, PERMISSIONS } from "./permissions.ts";
export { type Callable, pathOf, split } from "./request.ts";
export {
  type ArtifactSummary,
  type ForkBody,
  type RunDetail,
  type RunEventType,
  type RunQuestion,
  type RunState,
  type RunStreamEvent,
  type RunSummary,
  type StartRunBody,
  type Step,
  type StepContext,
  type Upload,
} from "./runs.ts";
export * as runs from "./runs.ts";
export { type Difference, type ReplayReport, type RunDiff, type RunExport } from "./run-history.ts";
export * as runHistory from "./run-history.ts";
export {
  type CreateTaskBody,
  type DistributeBody,
  type PerformanceList,
  type Task,
  type TaskDistribution,
  type TaskPage,
  type TaskStatus,
} from "./tasks.ts";
export * as tasks from "./tasks.ts";
export { type Ready, type ServerEvent, type Status } from "./system.ts";
export * as system from "./system.ts";
export {
  type ToolCallOutcome,
  type ToolChange,
  type ToolDetail,
  type ToolLog,
  type ToolLogEvent,
  type ToolPublisher,
  type ToolServerDeletion,
  type ToolServerDeployment,
  type ToolServerDetail,
  type ToolServerDifference,
  type ToolServerHealth,
  type ToolServerRecord,
  type ToolServerSummary,
  type ToolServerVersion,
} from "./tools.ts";
export * as tools from "./tools.ts";
export type {
  MemoryChange,
  MemoryChangePage,
  MemoryDiff,
  MemoryEntity,
  MemoryEntityPage,
  MemoryFigures,
  MemoryForgotten,
  MemoryGraph,
  MemoryHistory,
  MemoryObservation,
  MemoryRelation,
  MemoryRelationList,
  MemoryRemembered,
  MemorySearchResult,
  SearchMemoryBody,
} from "./memory.ts";
export * as memory from "./memory.ts";
export { listed, listIn } from "./lists.ts";
export { cutAtWords } from "./matched-words.ts";
export type { MemoryImportEvent, MemoryImportReport } from "./memory-transfer.ts";
export * as memoryTransfer from "./memory-transfer.ts";
export type { MemoryMigrationEvent, MemoryMigrationReport, MemoryLocation } from "./memory-migration.ts";
export * as memoryMigration from "./memory-migration.ts";
export type {
  MemoryChecked,
  MemoryPruned,
  MemoryRestored,
  MemorySnapshot,
  MemorySnapshotPage,
} from "./memory-maintenance.ts";
export * as memoryMaintenance from "./memory-maintenance.ts";
