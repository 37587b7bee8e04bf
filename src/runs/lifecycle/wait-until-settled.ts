import type { RunId } from "../../kernel/ids.ts";
import { log } from "../../kernel/log.ts";
import {
  isTerminal,
  type RunHub,
  type RunJournal,
  type RunState,
  type RunSummary,
  waitsForPerson,
} from "../record/index.ts";

/** State in which this process released a run: ended, suspended, or left for the next start. */
export type RunOutcome = {
  readonly state: RunState | "left";
  /** The run that continues it after a hand-off. */
  readonly next?: RunId | undefined;
};

const STOPPED = { state: "left" } as const;

type Deps = { readonly hub: RunHub; readonly journal: RunJournal };

/**
 * Resolves when a run, or the last one that it was handed off to, has ended or is suspended for a person. A run that waits
 * for another agent is still in progress, since it resumes automatically, unless a run below it waits for a person.
 */
export async function waitUntilSettled(deps: Deps, runId: RunId, stopped: AbortSignal): Promise<RunOutcome> {
  for (let id = runId; ;) {
    const { state, next } = await runUntilSettled(deps, id, stopped);
    if (next === undefined) return { state };
    id = next;
  }
}

/** The run that a run was handed off to, and so on; the run itself if it was not. */
export function lastOf(journal: Pick<RunJournal, "summary">, runId: RunId): RunId {
  let last = runId;
  for (let run = journal.summary(runId); run !== undefined;) {
    last = run.id;
    run = run.handedTo === null ? undefined : journal.summary(run.handedTo);
  }
  return last;
}

/** The run that was handed off to a run, and so on back; the run itself if it was not. */
export function firstOf(journal: Pick<RunJournal, "summary">, runId: RunId): RunId {
  let first = runId;
  for (let run = journal.summary(runId); run !== undefined;) {
    first = run.id;
    run = run.handedFrom === null ? undefined : journal.summary(run.handedFrom);
  }
  return first;
}

/** Whether a run that rests continues without a person. */
const isInProgress = (journal: RunJournal, { id, state }: RunSummary): boolean =>
  state === "awaiting-reply" && !journal.below(id).some((run) => waitsForPerson(run.state));

async function runUntilSettled({ hub, journal }: Deps, runId: RunId, stopped: AbortSignal): Promise<RunOutcome> {
  const outcome = Promise.withResolvers<RunOutcome>();
  const check = (): void => {
    try {
      const summary = journal.summary(runId);
      if (summary === undefined) outcome.resolve(STOPPED);
      else if (isTerminal(summary.state) || (summary.resting && !isInProgress(journal, summary)))
        outcome.resolve({ state: summary.state, next: summary.handedTo ?? undefined });
    } catch (error) {
      log.error({ runId, err: error }, "a run cannot be read; its waiters are released");
      outcome.resolve(STOPPED);
    }
  };
  const stop = (): void => outcome.resolve(STOPPED);
  using watching = hub.watch(runId, ({ type }) => {
    if (type === "entry" || type === "below") check();
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
