import type { RunSummary } from "./runs.ts";

const WAITING: ReadonlySet<RunSummary["state"]> = new Set([
  "awaiting-approval",
  "awaiting-choice",
  "awaiting-input",
  "needs-decision",
]);
/** Whether a run waits for a person. */
export const waitsForPerson = ({ state }: Pick<RunSummary, "state">): boolean => WAITING.has(state);
