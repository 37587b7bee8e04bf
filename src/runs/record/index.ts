export * from "./errors.ts";
export { checkedAnswer, outputInstruction, refuseBrokenSchema } from "./answer-check.ts";
export { type Artifact, type ArtifactStore, type RunFiles } from "./artifact-store.ts";
export { inlineContent, ContentDeduplicator, hashesIn } from "./content-deduplicator.ts";
export { type DialogueTurn, lastTurnIsEmpty, messagesOf, sentFiles, turnsSince } from "./dialogue.ts";

export { type Loop, type LoopGuard, DEFAULT_LOOP_GUARD, loopNotes, loopOf } from "./loops.ts";
export { type OpenChoice } from "./fold/model-fold.ts";
export {
  type ExecutionPlan,
  type PlanSource,
  type PromptRequest,
  type Recalled,
  type RunPlan,
  DEFAULT_OUTPUT_LIMITS,
} from "./plan.ts";
export { type RunRecord, Recorder } from "./recorder.ts";
export {
  type ApprovalAnswer,
  type ApprovalAsk,
  type ApprovalState,
  type RunApproval,
  answeredApprovals,
  APPROVAL_STATES,
  askedApproval,
} from "./run-approval.ts";
export { type ExpiredRunsQuery, type RunArchive } from "./run-archive.ts";
export { type Difference, type RunDiff, type StepPair, diffRuns } from "./fold/run-diff.ts";
export {
  type Decision,
  type JournalEntry,
  type QuestionReply,
  type RunArtifact,
  type RunFailure,
  type RunFile,
  type RunNotice,
  type RunOrigin,
  ORIGINS,
  RunEvent,
} from "./run-event.ts";
export { type RunSummaryNote } from "./fold/run-fold-context.ts";
export { foldRun, RunFold } from "./fold/run-fold.ts";
export { type ReplyEnd, type ReplyState, type ReplyWait, type RunReply, REPLY_STATES } from "./run-reply.ts";
export { RunMessage } from "./run-message.ts";
export { canCoalesce } from "./delta-coalescer.ts";
export { type RunListener, type RunNews, RunHub } from "./run-hub.ts";
export {
  type JournalAppend,
  type RunJournal,
  type RunQuery,
  type RunSummary,
  type RunTail,
  type WriteTime,
} from "./run-journal.ts";
export { type SuspendedState, type RunState, isTerminal, RUN_STATES } from "./run-state.ts";
export {
  type FailedAttempt,
  type ModelStep,
  type RunQuestion,
  type RunStep,
  type RunView,
  type ToolStep,
} from "./fold/run-view.ts";
export { SpendMeter } from "./fold/spend-of.ts";
export { type Upload, type UploadStore } from "./upload-store.ts";
