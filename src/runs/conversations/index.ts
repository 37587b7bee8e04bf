/** Agents in conversations: what messages do to runs, and the tools by which runs send them. */

export { Agreements } from "./agreements.ts";
export { Cancellations } from "./cancellations.ts";
export { Correspondence, type CorrespondenceDeps } from "./handler.ts";
export { type MessageToolsDeps, MessageTools } from "./message-tools.ts";
export { type OutboxDeps, Outbox } from "./outbox.ts";
export { TaskWaits } from "./task-waits.ts";
export { type ConversationHistory, type MessageSender, type SentRecords, type TaskInterceptor } from "./ports.ts";
export { originOf } from "./trigger.ts";
