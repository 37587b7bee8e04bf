export type { Artifact, ArtifactStore } from "./artifact-store.ts";
export {
  type DiscoveredServer,
  type FinishReason,
  type HoldReason,
  type KnownModel,
  type LanguageModel,
  type ModelCatalogue,
  type ModelChoice,
  type ModelFailure,
  type ModelFailureClass,
  type ModelImage,
  type ModelLimits,
  type ModelMessage,
  type ModelPart,
  type ModelProvider,
  type ModelRequest,
  type ModelRole,
  type ModelSettings,
  type ModelTool,
  type ModelToolCall,
  type ModelToolResult,
  type ModelUsage,
  type RoleModels,
  DEFAULT_MODEL_LIMITS,
  FINISH_REASONS,
  MODEL_FAILURES,
} from "./language-model.ts";
export {
  type Decision,
  type QuestionReply,
  type JournalEntry,
  type RunArtifact,
  type RunFailure,
  type RunFile,
  type RunOrigin,
  ORIGINS,
  RunEvent,
} from "./run-event.ts";
export { type JournalAppend, type RunJournal, type RunQuery, type RunSummary, type RunTail } from "./run-journal.ts";
export { type RestingState, type RunState, isTerminal, RUN_STATES } from "./run-state.ts";
export { attachContent, Detacher, hashesIn } from "./detached-content.ts";
export type { EndedRuns, RunArchive } from "./run-archive.ts";
export { Retention, type RunsKept } from "./retention.ts";
export type { ApprovalIndex, ApprovalQuery, ApprovalRecord } from "./approval-index.ts";
export { type ApprovalsDeps, type ApprovalWord, Approvals } from "./approvals.ts";
export {
  answeredApprovals,
  APPROVAL_STATES,
  type ApprovalState,
  askedApproval,
  type RunApproval,
} from "./run-approval.ts";
export * from "./approval-errors.ts";
export * from "./errors.ts";
export { type Accounts, OUTPUT_TOKENS_RESERVED, UNKNOWN_PRICE_RULES } from "./accounts.ts";
export type { Upload, UploadStore } from "./upload-store.ts";
export { type RetryPolicy } from "./model-turn.ts";
export { DEFAULT_LOOP_GUARD } from "./loops.ts";
export { DEFAULT_RUN_SIZES } from "./plan.ts";
export type { PlanSource, PromptRequest, RunPlan } from "./plan.ts";
export {
  type ModelStep,
  type RunQuestion,
  type RunStep,
  type RunView,
  type ToolStep,
  foldRun,
  RunFold,
} from "./run-fold.ts";
export { type ForkRequest, type MadeRun, TimeTravel } from "./time-travel.ts";
export { type Difference, type RunDiff, type StepPair, diffRuns } from "./run-diff.ts";
export { artifactLine } from "./tool-calls.ts";
export { renderPrompts } from "./start-request.ts";
export { noticesOf } from "./notices.ts";
export type { RunSummaryNote } from "./run-fold-context.ts";
export type { Answer } from "./questions.ts";
export type { RunListener, RunNews } from "./run-hub.ts";
export { type RunOutcome, type RunsOptions, DEFAULT_RUNS_OPTIONS, Runs } from "./runs.ts";
export { type StartRequest } from "./start-request.ts";
export { type ModelChosen } from "./model-choice.ts";
export { type OpenChoice } from "./model-fold.ts";
