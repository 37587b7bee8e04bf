/** Agents in conversations: what messages do to runs, and the tools by which runs send them. */

export { AgentTools, agentTool } from "./agent-tools.ts";
export { Agreements } from "./agreements.ts";
export { Cancellations } from "./cancellations.ts";
export { type Delegated } from "./delegations.ts";
export { Correspondence } from "./handler.ts";
export { MessageTools } from "./message-tools.ts";
export { Outbox } from "./outbox.ts";
export { TaskWaits } from "./task-waits.ts";
export { type ConversationMessages, type RemoteLookup, type SentRecords } from "./ports.ts";
export { originOf } from "./trigger.ts";
