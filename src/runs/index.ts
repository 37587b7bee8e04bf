export { type Answer, artifactLine } from "./calls/index.ts";
export {
  type ApprovalState,
  type Artifact,
  type ArtifactStore,
  type Decision,
  type Difference,
  type EndedRuns,
  type JournalAppend,
  type JournalEntry,
  type ModelStep,
  type OpenChoice,
  type PlanSource,
  type PromptRequest,
  type Recalled,
  type QuestionReply,
  type RestingState,
  type RunApproval,
  type RunArchive,
  type RunArtifact,
  type RunDiff,
  type RunFailure,
  type RunFile,
  type RunJournal,
  type WriteTime,
  type RunListener,
  joins,
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
  attachContent,
  DEFAULT_LOOP_GUARD,
  DEFAULT_RUN_SIZES,
  Detacher,
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
export * from "./approval-errors.ts";
export { type ApprovalIndex, type ApprovalQuery, type ApprovalRecord } from "./approval-index.ts";
export { approvalMismatch } from "./approval-refusals.ts";
export { type ApprovalsDeps, type ApprovalWord, Approvals } from "./approvals.ts";
export { noticesOf } from "./notices.ts";
export { type GivenReply, type RepliesDeps, type ReplyIndex, type ReplyRecord, Replies } from "./replies.ts";
export { KEEPING_STATES, type RunKeeping, type RunKeepings } from "./run-keepings.ts";
export { type RunAnswers } from "./run-answers.ts";
export { type RunsKept, Retention } from "./retention.ts";
export { type RunsOptions, DEFAULT_RUNS_OPTIONS } from "./runs-options.ts";
export { Runs } from "./runs.ts";
export { type ThreadPoolOptions, DEFAULT_THREADS, ThreadPool } from "./threads/index.ts";
export { type StartRequest, renderPrompts } from "./start-request.ts";
export { type RunOutcome } from "./until-still.ts";
export { type ForkRequest, type MadeRun, TimeTravel } from "./time-travel.ts";
