export type { AnswerKey, KeptAnswer, KeptAnswers, KeptAnswerServices } from "./kept-answers.ts";
export { AskedIds } from "./asked-ids.ts";
export { type AgentFile, type AgentFiles, type AgentServices } from "./agent-operations.ts";
export { DEFAULT_WORKSPACE } from "./default-workspace.ts";
export { type RunServices } from "./stored-run.ts";
export { type AgentLimits, type BudgetServices } from "./budget-operations.ts";
export { checkInput } from "./check-input.ts";
export { RequestInvalidError } from "./errors.ts";
export { OPERATIONS, type OperationServices } from "./all.ts";
export type { Call, Implementation, ReceivedBody, ReceivedParts, Streamed, Streaming } from "./perform.ts";
export { type Access, OPEN_ACCESS, type Principal } from "./principal.ts";
export { type ModelServices } from "./model-operations.ts";
export { watchServer } from "./server-events.ts";
export { getReadiness, type PartCheck, type ServerFacts, type SystemServices } from "./system-operations.ts";
export {
  cancelTask,
  createTask,
  distributeTask,
  getTask,
  listPerformance,
  listTasks,
  type TaskServices,
} from "./task-operations.ts";
export { watchRun } from "./watch-run.ts";
export { messageSchema } from "./message-schema.ts";
export { UPLOAD_WAIT_MS } from "./receive-upload.ts";
export { acknowledge, fetchMessages, type MailboxServices, Receiving } from "./mailbox-operations.ts";
export { listConversations } from "./conversation-operations.ts";
export type { MessageServices } from "./message-operations.ts";
export { Speaker, type SpeakerServices } from "./speaker.ts";
export { sendMessage, sendMessages } from "./send-message.ts";
export {
  getCapability,
  getParticipant,
  getRegistration,
  listCapabilities,
  listMailboxes,
  listParticipants,
  type ParticipantServices,
  registerCapability,
  registerParticipant,
  revokeParticipantToken,
  rotateParticipantToken,
  removeParticipant,
  removeRegistration,
  updateRegistration,
} from "./participant-operations.ts";
export { metrics, type MetricsServices } from "./metrics.ts";
export { listSubscriptions, subscribe, type SubscriptionServices, unsubscribe } from "./subscription-operations.ts";
export { type MemoryMigrationServices, memoryWhereabouts, migrateMemory } from "./memory-migration-operations.ts";
export { exportMemory, importMemory, type MemoryTransferServices } from "./memory-transfer-operations.ts";
