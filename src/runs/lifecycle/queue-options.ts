import { LIMITS } from "../../kernel/quantities.ts";
import { DEFAULT_RETRY, type RetryPolicy } from "../turn/index.ts";

/** What the runs of a workspace may do. */
export interface WorkspaceLimits {
  /** Counts a new run. Throws if the workspace may not start another one. */
  admitRun(workspace: string): void;
  /** Maximum number of runs that execute at once; undefined: no limit. */
  concurrentMax(workspace: string): number | undefined;
}

export type QueueOptions = {
  readonly concurrentMax: number;
  readonly queuedMax: number;
  readonly retry: RetryPolicy;
  /** Time that a run whose model failed waits for the choice of a person; then it fails. */
  readonly choiceTimeoutMs: number;
  /** Runs are accepted but none begins before `resumeUnfinished` was called: until then their tools are not there. */
  readonly pauseUntilResumed: boolean;
  /** Default: no limits per workspace. */
  readonly workspaces?: WorkspaceLimits | undefined;
};
export const DEFAULT_QUEUE_OPTIONS: QueueOptions = {
  concurrentMax: LIMITS.runsConcurrentMax,
  queuedMax: LIMITS.runsQueuedMax,
  retry: DEFAULT_RETRY,
  choiceTimeoutMs: 86_400_000,
  pauseUntilResumed: false,
};
