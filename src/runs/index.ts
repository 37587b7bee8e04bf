export { type Answer, artifactLine } from "./calls/index.ts";
export {
  type ApprovalState,
  type Artifact,
  type ArtifactStore,
  type Decision,
  type Difference,
  type ExpiredRunsQuery,
  type JournalAppend,
  type JournalEntry,
  type ModelStep,
  type OpenChoice,
  type PlanSource,
  type PromptRequest,
  type Recalled,
  type QuestionReply,
  type SuspendedState,
  type RunApproval,
  type RunArchive,
  type RunArtifact,
  type RunDiff,
  type RunFailure,
  type RunFile,
  type RunJournal,
  type WriteTime,
  type RunListener,
  canCoalesce,
  type RunNews,
  type RunOrigin,
  type RunPlan,
  type RunQuery,
  type RunQuestion,
  type RunReply,
  type RunState,
  type RunStep,
  type RunSummary,
  type RunSummaryNote,
  type RunTail,
  type RunView,
  type StepPair,
  type ToolStep,
  type Upload,
  type UploadStore,
  answeredApprovals,
  APPROVAL_STATES,
  ArtifactNotFoundError,
  askedApproval,
  inlineContent,
  DEFAULT_LOOP_GUARD,
  DEFAULT_OUTPUT_LIMITS,
  ContentDeduplicator,
  diffRuns,
  foldRun,
  hashesIn,
  isTerminal,
  ORIGINS,
  REPLY_STATES,
  RUN_FAILURE_CODES,
  RUN_STATES,
  RunEvent,
  RunFold,
  RunMessage,
  RunNotFoundError,
  RunNotWaitingError,
  UploadNotFoundError,
  UploadTakenError,
} from "./record/index.ts";
export { type Accounts, openAccounts, OUTPUT_TOKENS_RESERVED, UNKNOWN_PRICE_RULES } from "./spending/index.ts";
export { type ModelChosen, type RetryPolicy } from "./turn/index.ts";
export * from "./approvals/approval-errors.ts";
export { type ApprovalIndex, type ApprovalQuery, type ApprovalRecord } from "./approvals/approval-index.ts";
export { approvalMismatch } from "./approvals/approval-refusals.ts";
export { type ApprovalsDeps, type ApprovalWord, Approvals } from "./approvals/approvals.ts";
export { noticesOf } from "./notices.ts";
export {
  type ReplyResult,
  type RepliesDeps,
  type ReplyIndex,
  type ReplyRecord,
  PendingReplies,
} from "./pending-replies.ts";
export { MEMORY_OUTBOX_STATES, type MemoryOutboxEntry, type MemoryOutbox } from "./memory-outbox.ts";
export { type RunAnswers } from "./run-answers.ts";
export { type RunRetention, Retention } from "./retention.ts";
export { type RunsOptions, DEFAULT_RUNS_OPTIONS } from "./runs-options.ts";
export { Runs } from "./runs.ts";
export { type WorkerPoolOptions, DEFAULT_WORKERS, WorkerPool } from "./workers/index.ts";
export { type StartRequest, renderPrompts } from "./start-request.ts";
export { type RunOutcome } from "./wait-until-settled.ts";
export { type ForkRequest, type MadeRun, TimeTravel } from "./time-travel.ts";
