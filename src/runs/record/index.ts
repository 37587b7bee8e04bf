export {
  RunNotFoundError,
  RunQueueFullError,
  RunEndedError,
  RunNotEndedError,
  RunStepNotFoundError,
  RunNotWaitingError,
  InputTooLargeError,
  ModelHostRestrictedError,
  ServerStoppingError,
  UploadNotFoundError,
  UploadTakenError,
  ArtifactNotFoundError,
  InputNotFoundError,
  NoChoiceOpenError,
  InputClosedError,
  AnswerInvalidError,
  ClientToolTakenError,
  HandoffLimitError,
  RUN_FAILURE_CODES,
} from "./errors.ts";
export { checkedAnswer, outputInstruction, refuseBrokenSchema } from "./answer-check.ts";
export { artifactLine, type RunArtifact, type Artifact, type ArtifactStore, type RunFiles } from "./artifact-store.ts";
export {
  type DialogueTurn,
  hasUnreadInput,
  lastTurnIsEmpty,
  messagesOf,
  type OwnTurn,
  pendingInputs,
  sentFiles,
  turnsSince,
} from "./dialogue.ts";
export { type History, historyOf, keptResults, NO_HISTORY, PastRun, pastRunOf, withFiles } from "./history/history.ts";

export { type Loop, type LoopGuard, DEFAULT_LOOP_GUARD, loopNotes, loopOf } from "./loops.ts";
export { type ExecutionPlan, type PlanSource, type Recalled, type RunPlan, DEFAULT_OUTPUT_LIMITS } from "./plan.ts";
export { type RunRecord, Recorder } from "./recorder.ts";
export {
  type ApprovalAnswer,
  type ApprovalAsk,
  type RunApproval,
  ApprovalState,
  storedApproval,
} from "./run-approval.ts";
export { type RunArchive } from "./run-archive.ts";
export { type RunDiff, diffRuns } from "./fold/run-diff.ts";
export {
  type ClientTool,
  type Decision,
  type EventOf,
  type HandedFrom,
  type HandedTo,
  type JournalEntry,
  type QuestionReply,
  type RunFailure,
  type RunNotice,
  type RunOrigin,
  type RunParent,
  type RunThread,
  RunOriginKind,
  RunEvent,
} from "./run-event.ts";
export { foldRun, RunFold } from "./fold/run-fold.ts";
export { isInBackground, isMissed, type ReplyEnd, type ReplyWait, type RunReply, ReplyState } from "./run-reply.ts";
export { filesOf, type RunFile, TranscriptMessage } from "./history/transcript.ts";
export { RunMessage } from "./run-message.ts";
export { coalesced } from "./delta-coalescer.ts";
export { RunHub } from "./run-hub.ts";
export { type DraftPiece, type RunNews } from "./run-news.ts";
export { type JournalAppend, type RunJournal, type RunSummary, type RunTail } from "./run-journal.ts";
export { type SuspendedState, isTerminal, isWithdrawn, RunState, waitsForPerson } from "./run-state.ts";
export {
  type FailedAttempt,
  type ModelStep,
  type RunInput,
  type RunStep,
  type RunView,
  type ToolStep,
} from "./fold/run-view.ts";
export { SpendMeter } from "./fold/spend-of.ts";
export { type UploadStore } from "./upload-store.ts";
