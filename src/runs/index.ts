/** Runs: executions of agents, and the ports that store them. */
export { originOf } from "./conversations/index.ts";
export {
  type ApprovalIndex,
  type MemoryOutbox,
  MemoryOutboxState,
  type ReplyIndex,
  type RunAnswers,
} from "./lifecycle/index.ts";
export { openRuns, ownTools, type RunServices, type RunsOptions, type RunsPorts } from "./open/index.ts";
export {
  type Artifact,
  type ArtifactStore,
  type JournalEntry,
  type RunArchive,
  type RunJournal,
  type RunNews,
  type RunSummary,
  type RunTail,
  type RunView,
  type UploadStore,
  ApprovalState,
  ArtifactNotFoundError,
  coalesced,
  isTerminal,
  ReplyState,
  RunEvent,
  RunFold,
  RunMessage,
  RunNotFoundError,
  RunOriginKind,
  RunState,
  storedApproval,
  UploadNotFoundError,
  UploadTakenError,
} from "./record/index.ts";
export { REDACTION_TARGETS, type Redactors, redactedTools, redactorsOf } from "./redaction/index.ts";
