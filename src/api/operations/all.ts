import type { Operation, operations } from "../contract/index.ts";
import { addedMessageOperations } from "./threads/added-message-operations.ts";
import { agentOperations } from "./agents/agent-operations.ts";
import { approvalOperations } from "./runs/approval-operations.ts";
import { auditOperations } from "./access/audit-operations.ts";
import { budgetOperations } from "./agents/budget-operations.ts";
import { capabilityOperations } from "./messaging/capability-operations.ts";
import { conversationOperations } from "./messaging/conversation-operations.ts";
import { deadLetterOperations } from "./messaging/dead-letter-operations.ts";
import { embeddingOperations } from "./models/embedding-operations.ts";
import { grantOperations } from "./tools/grant-operations.ts";
import { keyOperations } from "./access/key-operations.ts";
import { metricsOperations } from "./server/metrics.ts";
import { mailboxOperations } from "./messaging/mailbox-operations.ts";
import { memoryOperations } from "./memory/memory-operations.ts";
import { memoryTransferOperations } from "./memory/memory-transfer-operations.ts";
import { memoryMaintenanceOperations } from "./memory/memory-maintenance-operations.ts";
import { messageKeyOperations } from "./messaging/message-key-operations.ts";
import { messageOperations } from "./messaging/message-operations.ts";
import { modelOperations } from "./models/model-operations.ts";
import { notificationOperations } from "./runs/notification-operations.ts";
import { participantOperations } from "./messaging/participant-operations.ts";
import { inputOperations } from "./runs/input-operations.ts";
import { replayOperations } from "./runs/replay-run.ts";
import { runHistoryOperations } from "./runs/run-history.ts";
import { runOperations } from "./runs/run-operations.ts";
import { secretOperations } from "./access/secret-operations.ts";
import { serverEventOperations } from "./server/server-events.ts";
import { subscriptionOperations } from "./messaging/subscription-operations.ts";
import { serverOperations } from "./server/system-operations.ts";
import { taskOperations } from "./messaging/task-operations.ts";
import { threadOperations } from "./threads/thread-operations.ts";
import { toolOperations } from "./tools/tool-operations.ts";
import { triggerOperations } from "./triggers/trigger-operations.ts";
import { remoteAgentOperations } from "./messaging/remote-agent-operations.ts";
import { webhookOperations } from "./webhooks/webhook-operations.ts";
import { workspaceOperations } from "./access/workspace-operations.ts";
import { toolServerOperations } from "./tools/tool-server-operations.ts";
import { userOperations } from "./access/user-operations.ts";

/** Every operation with its implementation. */
export const OPERATIONS = [
  ...addedMessageOperations,
  ...agentOperations,
  ...approvalOperations,
  ...auditOperations,
  ...budgetOperations,
  ...capabilityOperations,
  ...conversationOperations,
  ...deadLetterOperations,
  ...grantOperations,
  ...embeddingOperations,
  ...keyOperations,
  ...mailboxOperations,
  ...memoryOperations,
  ...memoryTransferOperations,
  ...memoryMaintenanceOperations,
  ...messageKeyOperations,
  ...messageOperations,
  ...metricsOperations,
  ...modelOperations,
  ...notificationOperations,
  ...participantOperations,
  ...replayOperations,
  ...inputOperations,
  ...runHistoryOperations,
  ...runOperations,
  ...secretOperations,
  ...serverEventOperations,
  ...serverOperations,
  ...subscriptionOperations,
  ...taskOperations,
  ...threadOperations,
  ...toolOperations,
  ...toolServerOperations,
  ...triggerOperations,
  ...remoteAgentOperations,
  ...webhookOperations,
  ...workspaceOperations,
  ...userOperations,
] as const;

type DeclaredIn<Noun> = { [Verb in keyof Noun]: Noun[Verb] extends Operation<infer Name> ? Name : never }[keyof Noun];
type Declared = { [Noun in keyof typeof operations]: DeclaredIn<(typeof operations)[Noun]> }[keyof typeof operations];
type Implemented = (typeof OPERATIONS)[number]["operation"]["name"];

// Does not compile if a declared operation has no implementation; the error names it.
const missing: readonly Exclude<Declared, Implemented>[] = [];
const none: readonly never[] = missing;
void none;
