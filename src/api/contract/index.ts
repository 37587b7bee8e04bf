export {
  type AgentDetail,
  type AgentSummary,
  type DeployAgentBody,
  type DeployOutcome,
  type RevisionSummary,
  type ValidationReport,
  type WhenBusy,
} from "./agents/agents.ts";
export * as agents from "./agents/agents.ts";
export type { Notification } from "./runs/notifications.ts";
export * as notifications from "./runs/notifications.ts";
export { type Approval } from "./runs/approvals.ts";
export { waitsForPerson } from "./runs/waiting.ts";
export * as approvals from "./runs/approvals.ts";
export { type Budget, type BudgetAmount, type Cost, type Usage, type UsageRow } from "./agents/budgets.ts";
export * as budgets from "./agents/budgets.ts";
export { type Conversation, type ConversationPage, type Protocol } from "./messaging/conversations.ts";
export * as conversations from "./messaging/conversations.ts";
export { DOCUMENTS, HOOK_PATH, LOGIN_PATHS } from "./documents.ts";
export type { Workspace } from "./access/workspaces.ts";
export * as workspaces from "./access/workspaces.ts";
export { type GrantUse, type Observation } from "./tools/grants.ts";
export * as grants from "./tools/grants.ts";
export {
  type BatchReceipt,
  type DeadLetter,
  type DeadLetterPage,
  type Mailbox,
  type MessageCheck,
  type MessageDelivery,
  type MessageEvent,
  type MessagePage,
  type MessageReceipt,
  type NearestCapability,
  type MessageRecord,
  type VerifiedMessage,
} from "./messaging/messages.ts";
export { type MessageKey } from "./messaging/message-keys.ts";
export * as messageKeys from "./messaging/message-keys.ts";
export * as messages from "./messaging/messages.ts";
export { MESSAGE_SOCKET, SocketEvent, SocketRequest } from "./messaging/message-socket.ts";
export {
  type KnownModel,
  type ModelCheck,
  type ModelPage,
  type ModelProvider,
  type ModelTest,
} from "./models/models.ts";
export * as models from "./models/models.ts";
export type { Embeddings } from "./models/embeddings.ts";
export {
  type Capability,
  type CapabilityProvider,
  type LeasedMessage,
  type LeasedMessages,
  type Participant,
  type RegisteredParticipant,
  type Subscription,
} from "./messaging/participants.ts";
export * as participants from "./messaging/participants.ts";
export { type FileProblem, type ProblemDetails } from "./problem.ts";
export * as problems from "./problem.ts";
export { type ModelCondition } from "./models/model-condition.ts";
export { type ChooseBody, type RunChoice } from "./models/model-choice.ts";
export * as modelChoice from "./models/model-choice.ts";
export * as operations from "./operations.ts";
export { Download, Events, type GivenTo, type InputOf, type Operation, type OutputOf, takes } from "./operation.ts";
export { type AuditEntry, type AuditVerification } from "./access/audit.ts";
export * as audit from "./access/audit.ts";
export { type ApiKey, type CreatedApiKey, type Identity } from "./access/keys.ts";
export * as keys from "./access/keys.ts";
export { LoginProviders } from "./access/logins.ts";
export { type User } from "./access/users.ts";
export * as users from "./access/users.ts";
export { type Secret } from "./access/secrets.ts";
export * as secrets from "./access/secrets.ts";
export { effectsOf } from "./threads/effects.ts";
export { type Thread, type Turn } from "./threads/threads.ts";
export * as threads from "./threads/threads.ts";
export * as questionForm from "./runs/question-form.ts";
export { type Callable, requestPath, split } from "./request.ts";
export {
  type ArtifactSummary,
  type ForkBody,
  type RunDetail,
  type RunEventType,
  type RunState,
  type RunStreamEvent,
  type HandOff,
  type RunSummary,
  type Step,
  type Upload,
} from "./runs/runs.ts";
export * as runs from "./runs/runs.ts";
export { SideEffects, type StartRunBody, type StartRunInput } from "./runs/start-run.ts";
export { type ClientCall, type RunInput, type RunQuestion } from "./runs/inputs.ts";
export { type StepContext } from "./runs/step-context.ts";
export { withoutContent } from "./runs/run-content.ts";
export { type Difference, type ReplayReport, type RunDiff, type RunExport } from "./runs/run-history.ts";
export * as runHistory from "./runs/run-history.ts";
export {
  type CreateTaskBody,
  type DistributeBody,
  type PerformanceList,
  type Task,
  type TaskDistribution,
  type TaskStatus,
} from "./messaging/tasks.ts";
export * as tasks from "./messaging/tasks.ts";
export { type Trigger, type TriggerFire } from "./triggers/triggers.ts";
export * as triggers from "./triggers/triggers.ts";
export { type RemoteAgent } from "./messaging/remote-agents.ts";
export { type Webhook, type WebhookDelivery } from "./webhooks/webhooks.ts";
export * as webhooks from "./webhooks/webhooks.ts";
export { type Ready, type ServerEvent, type Status } from "./server/system.ts";
export * as system from "./server/system.ts";
export {
  type ToolCallOutcome,
  type ToolChange,
  type ToolDetail,
  type ToolLog,
  type ToolLogEvent,
  type ToolPublisher,
  type ToolCallProgress,
  type ToolServerDeployment,
  type ToolServerDetail,
  type ToolServerDifference,
  type ToolServerHealth,
  type ToolServerRecord,
  type ToolServerSummary,
  type ToolServerVersion,
} from "./tools/tools.ts";
export { type ToolSignIn } from "./tools/sign-in.ts";
export * as tools from "./tools/tools.ts";
export type {
  MemoryChange,
  MemoryEntity,
  MemoryFigures,
  MemoryForgotten,
  MemoryGraph,
  MemoryHistory,
  MemoryObservation,
  MemoryRelation,
  MemoryRemembered,
  MemorySearchResult,
  SearchMemoryBody,
} from "./memory/memory.ts";
export * as memory from "./memory/memory.ts";
export { listed, listIn } from "./lists.ts";
export { cutAtWords } from "./memory/matched-words.ts";
export type { MemoryImportEvent, MemoryImportReport } from "./memory/memory-transfer.ts";
export * as memoryTransfer from "./memory/memory-transfer.ts";
export type { MemoryMigrationEvent, MemoryMigrationReport, MemoryLocation } from "./memory/memory-migration.ts";
export * as memoryMigration from "./memory/memory-migration.ts";
export type { MemoryChecked, MemoryPruned, MemorySnapshot } from "./memory/memory-maintenance.ts";
export * as memoryMaintenance from "./memory/memory-maintenance.ts";
