/** The life of runs: start, queue, approvals, replies, forks, retention. */
export { type ApprovalIndex } from "./approvals/approval-index.ts";
export { Approvals } from "./approvals/approvals.ts";
export { takesText } from "./input-answers.ts";
export { type MemoryOutbox, type MemoryOutboxEntry, MemoryOutboxState } from "./memory-outbox.ts";
export { type ReplyIndex, type ReplyRecord, type ReplyResult, PendingReplies } from "./pending-replies.ts";
export { type RunRetention, Retention } from "./retention.ts";
export { type RunAnswers } from "./run-answers.ts";
export { type QueueOptions, DEFAULT_QUEUE_OPTIONS } from "./queue-options.ts";
export { Runs } from "./runs.ts";
export { inputTooLarge } from "./refusals.ts";
export { type StartRequest, mayJoin, renderPrompts, requestedPlan } from "./start-request.ts";
export { ThreadHistory } from "./turns/thread-history.ts";
export { firstOf } from "./wait-until-settled.ts";
export { TimeTravel } from "./time-travel.ts";
