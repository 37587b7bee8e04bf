import type { RunId } from "../../../kernel/ids.ts";
import { log } from "../../../kernel/log.ts";
import {
  foldRun,
  type History,
  historyOf,
  isTerminal,
  isWithdrawn,
  PastRun,
  pastRunOf,
  type RunJournal,
  type RunPlan,
  type RunView,
} from "../../record/index.ts";

/** Histories of runs in threads, from what earlier runs left. A dormant thread takes no memory. */
export class ThreadHistory {
  readonly #journal: RunJournal;

  constructor(journal: RunJournal) {
    this.#journal = journal;
  }

  /** What a run's model is shown of the earlier runs of its thread; undefined for a run without a thread. */
  of({ id, thread, message }: Pick<RunView, "id" | "thread" | "message">, plan: RunPlan): History | undefined {
    if (thread === null) return undefined;
    const runsMax = message === null ? undefined : plan.earlierTurnsMax;
    // If the run that it continued was deleted, its predecessor.
    const isThere = thread.parent === null || this.past(thread.parent) !== undefined;
    const parent = isThere ? thread.parent : this.parentOf({ id, thread });
    return historyOf(parent, (each) => this.past(each), { runsMax, isWhole: thread.isWhole });
  }

  /** Returns the nearest run from one back that has ended and was not withdrawn; null without one. */
  endedFrom(id: RunId | null): RunId | null {
    for (let at = id; at !== null;) {
      const run = this.#journal.summary(at);
      if (run === undefined || (isTerminal(run.state) && !isWithdrawn(run))) return at;
      at = run.thread?.parent ?? null;
    }
    return null;
  }

  /** What an ended run left; undefined for any other. */
  past(id: RunId): PastRun | undefined {
    const missing: RunView[] = [];
    let past: PastRun | undefined;
    for (let at: RunId | null = id; at !== null && past === undefined;) {
      past = this.#kept(at);
      const view: RunView | undefined = past ? undefined : foldRun(this.#journal.read(at, 0));
      if (view === undefined || !isTerminal(view.state)) break;
      missing.push(view);
      at = this.parentOf(view);
    }
    for (const view of missing.toReversed()) {
      past = { ...pastRunOf(view, past, this.#sharedTurns(view, past)), parent: this.parentOf(view) };
      this.#journal
        .keepPast(view.id, JSON.stringify(past))
        .catch((error: unknown) => log.warn({ err: error, run: view.id }, "what a run left could not be kept"));
    }
    return past;
  }

  #kept(id: RunId): PastRun | undefined {
    const kept = this.#journal.past(id);
    // One that an older version kept in another form is derived again.
    const past = kept === undefined ? undefined : PastRun.safeParse(JSON.parse(kept)).data;
    const row = this.#journal.summary(id);
    return past && row ? { ...past, parent: row.thread?.parent ?? null } : past;
  }

  /** The run that precedes a run in its branch: not the one that it continued, if that was deleted or if others passed this run. */
  parentOf({ id, thread }: Pick<RunView, "id" | "thread">): RunId | null {
    const row = this.#journal.summary(id);
    return (row ? row.thread?.parent : thread?.parent) ?? null;
  }

  /** The last turn up to which the numbers of a run's reports mean the turns of its branch. */
  #sharedTurns(view: RunView, before: PastRun | undefined): number {
    const continued = view.thread?.parent ?? null;
    if (continued === this.parentOf(view)) return Infinity;
    const turns = continued === null ? 0 : (this.past(continued)?.to.turns ?? Infinity);
    return Math.min(turns, before?.to.turns ?? 0);
  }
}
