import type { RunId } from "../../kernel/ids.ts";
import type { Runs } from "../lifecycle/index.ts";
import { isTerminal, RunEndedError, type RunJournal } from "../record/index.ts";
import type { Thread } from "./thread.ts";

type Journal = Pick<RunJournal, "summary">;

/** The last runs of a branch that have not ended, oldest first; also those that a fork shares. */
export function openFrom(journal: Journal, last: RunId | null): readonly RunId[] {
  const open: RunId[] = [];
  for (let run = last === null ? undefined : journal.summary(last); run !== undefined && !isTerminal(run.state);) {
    open.unshift(run.id);
    const parent: RunId | null = run.thread?.parent ?? null;
    run = parent === null ? undefined : journal.summary(parent);
  }
  return open;
}

/** Those from one run on. */
export function since(open: readonly RunId[], first: RunId): readonly RunId[] {
  const at = open.indexOf(first);
  return at < 0 ? [] : open.slice(at);
}

/**
 * Whether a run is a turn of no other thread: turns that a fork shares belong to the thread that it was forked from. A run without a thread
 * belongs to the threads that were made for it.
 */
export function isOwn(journal: Journal, { id }: Pick<Thread, "id">, run: RunId): boolean {
  const owner = journal.summary(run)?.thread?.id;
  return owner === undefined || owner === id;
}

/** Cancels those of these runs that are turns of the thread itself, newest first. Throws storage errors. */
export async function cancelOwn(
  { journal, runs }: { readonly journal: Journal; readonly runs: Pick<Runs, "cancel"> },
  thread: Pick<Thread, "id">,
  open: readonly RunId[],
  reason: string,
): Promise<void> {
  for (const id of open.toReversed()) {
    if (!isOwn(journal, thread, id)) continue;
    try {
      await runs.cancel(id, reason);
    } catch (error) {
      if (!(error instanceof RunEndedError)) throw error;
    }
  }
}
