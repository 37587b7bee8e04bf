import type { RunId } from "../../kernel/ids.ts";
import { log } from "../../kernel/log.ts";
import { isTerminal, type RunHub, type RunJournal, type RunState } from "../record/index.ts";

/** State in which this process released a run: ended, suspended, or left for the next start. */
export type RunOutcome = { readonly state: RunState | "left" };

const STOPPED = { state: "left" } as const;

/**
 * Resolves when a run has ended or is suspended for a person; a run that waits for another agent is still in progress,
 * since it resumes automatically.
 */
export async function waitUntilSettled(
  { hub, journal }: { readonly hub: RunHub; readonly journal: RunJournal },
  runId: RunId,
  stopped: AbortSignal,
): Promise<RunOutcome> {
  const outcome = Promise.withResolvers<RunOutcome>();
  const check = (): void => {
    try {
      const summary = journal.summary(runId);
      if (summary === undefined) outcome.resolve(STOPPED);
      else if (isTerminal(summary.state) || (summary.resting && summary.state !== "awaiting-reply"))
        outcome.resolve({ state: summary.state });
    } catch (error) {
      log.error({ runId, err: error }, "a run cannot be read; its waiters are released");
      outcome.resolve(STOPPED);
    }
  };
  const stop = (): void => outcome.resolve(STOPPED);
  using watching = hub.watch(runId, ({ type }) => {
    if (type === "entry") check();
  });
  void watching;
  stopped.addEventListener("abort", stop, { once: true });
  check();
  if (stopped.aborted) stop();
  try {
    return await outcome.promise;
  } finally {
    stopped.removeEventListener("abort", stop);
  }
}
