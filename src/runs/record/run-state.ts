import * as z from "zod";

export const RunState = z.enum([
  "queued",
  "running",
  "awaiting-approval",
  "awaiting-choice",
  "awaiting-input",
  "awaiting-reply",
  "needs-decision",
  "completed",
  "failed",
  "cancelled",
]);
export type RunState = z.infer<typeof RunState>;
/**
 * States in which a run may be suspended: it waits for a person or for another agent, executes nothing, holds no place
 * in the queue and no memory, and is not resumed at a start of the server; an answer resumes it. A run is also in one
 * of these states without being suspended, while another part of it still executes; `RunView.resting` distinguishes
 * them.
 */
export const SUSPENDED_STATES = [
  "awaiting-approval",
  "awaiting-choice",
  "awaiting-input",
  "awaiting-reply",
  "needs-decision",
] as const satisfies readonly RunState[];
export type SuspendedState = (typeof SUSPENDED_STATES)[number];
/** Whether a run waits for a person; other parts of it may still execute. */
export const waitsForPerson = (state: RunState): boolean =>
  state !== "awaiting-reply" && SUSPENDED_STATES.some((suspended) => suspended === state);
/** Whether a run was cancelled before it began: nothing of it is part of a dialogue. */
export const isWithdrawn = (run: { readonly state: RunState; readonly startedAtMs: number | null }): boolean =>
  run.state === "cancelled" && run.startedAtMs === null;
export const isTerminal = (state: RunState): boolean =>
  state === "completed" || state === "failed" || state === "cancelled";
