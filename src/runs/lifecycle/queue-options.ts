import { LIMITS } from "../../kernel/quantities.ts";
import { DEFAULT_RETRY, type RetryPolicy } from "../turn/index.ts";

export type QueueOptions = {
  readonly concurrentMax: number;
  readonly queuedMax: number;
  readonly retry: RetryPolicy;
  /** Time that a run whose model failed waits for the choice of a person; then it fails. */
  readonly choiceTimeoutMs: number;
  /** Runs are accepted but none begins before `resumeUnfinished` was called: until then their tools are not there. */
  readonly pauseUntilResumed: boolean;
};
export const DEFAULT_QUEUE_OPTIONS: QueueOptions = {
  concurrentMax: LIMITS.runsConcurrentMax,
  queuedMax: LIMITS.runsQueuedMax,
  retry: DEFAULT_RETRY,
  choiceTimeoutMs: 86_400_000,
  pauseUntilResumed: false,
};
