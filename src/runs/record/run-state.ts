export const RUN_STATES = [
  "queued",
  "running",
  "awaiting-approval",
  "awaiting-choice",
  "awaiting-reply",
  "needs-decision",
  "completed",
  "failed",
  "cancelled",
] as const;
export type RunState = (typeof RUN_STATES)[number];
/**
 * States in which a run may rest: it waits for a person or for another agent, has nothing under way, holds no place in the
 * queue and none in memory, and is not begun at a start of the server; whoever answers wakes it. A run is in one of these
 * states also without resting, while something else of it is still under way; `RunView.resting` tells.
 */
export const SUSPENDED_STATES = [
  "awaiting-approval",
  "awaiting-choice",
  "awaiting-reply",
  "needs-decision",
] as const satisfies readonly RunState[];
export type SuspendedState = (typeof SUSPENDED_STATES)[number];
export const isTerminal = (state: RunState): boolean =>
  state === "completed" || state === "failed" || state === "cancelled";
