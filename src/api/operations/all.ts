import type { Operation, operations } from "../contract/index.ts";
import { agentOperations } from "./agent-operations.ts";
import { approvalOperations } from "./approval-operations.ts";
import { budgetOperations } from "./budget-operations.ts";
import { capabilityOperations } from "./capability-operations.ts";
import { conversationOperations } from "./conversation-operations.ts";
import { deadLetterOperations } from "./dead-letter-operations.ts";
import { grantOperations } from "./grant-operations.ts";
import { mailboxOperations } from "./mailbox-operations.ts";
import { memoryOperations } from "./memory-operations.ts";
import { memoryTransferOperations } from "./memory-transfer-operations.ts";
import { memoryMaintenanceOperations } from "./memory-maintenance-operations.ts";
import { messageOperations } from "./message-operations.ts";
import { modelOperations } from "./model-operations.ts";
import { participantOperations } from "./participant-operations.ts";
import type { ServicesOf } from "./perform.ts";
import { replayOperations } from "./replay-run.ts";
import { runHistoryOperations } from "./run-history.ts";
import { runOperations } from "./run-operations.ts";
import { serverEventOperations } from "./server-events.ts";
import { subscriptionOperations } from "./subscription-operations.ts";
import { serverOperations } from "./system-operations.ts";
import { taskOperations } from "./task-operations.ts";
import { toolOperations } from "./tool-operations.ts";
import { toolServerOperations } from "./tool-server-operations.ts";

/** Every operation with its implementation. */
export const OPERATIONS = [
  ...agentOperations,
  ...approvalOperations,
  ...budgetOperations,
  ...capabilityOperations,
  ...conversationOperations,
  ...deadLetterOperations,
  ...grantOperations,
  ...mailboxOperations,
  ...memoryOperations,
  ...memoryTransferOperations,
  ...memoryMaintenanceOperations,
  ...messageOperations,
  ...modelOperations,
  ...participantOperations,
  ...replayOperations,
  ...runHistoryOperations,
  ...runOperations,
  ...serverEventOperations,
  ...serverOperations,
  ...subscriptionOperations,
  ...taskOperations,
  ...toolOperations,
  ...toolServerOperations,
] as const;

/** The services that operations need. */
export type OperationServices = ServicesOf<typeof OPERATIONS>;

type DeclaredIn<Noun> = { [Verb in keyof Noun]: Noun[Verb] extends Operation<infer Name> ? Name : never }[keyof Noun];
type Declared = { [Noun in keyof typeof operations]: DeclaredIn<(typeof operations)[Noun]> }[keyof typeof operations];
type Implemented = (typeof OPERATIONS)[number]["operation"]["name"];

// Does not compile if a declared operation has no implementation; the error names it.
const missing: readonly Exclude<Declared, Implemented>[] = [];
const none: readonly never[] = missing;
void none;
