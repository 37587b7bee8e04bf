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
  type RunSummary,
  type RunView,
} from "../../record/index.ts";

/** Histories of runs in threads, from what earlier runs left. A dormant thread takes no memory. */
export class ThreadHistory {
  readonly #journal: RunJournal;

  constructor(journal: RunJournal) {
    this.#journal = journal;
  }

  /** What a run's model is shown of the earlier runs of its thread; undefined for a run without a thread. */
  of({ thread, message }: Pick<RunSummary, "thread" | "message">, { earlierTurnsMax }: RunPlan): History | undefined {
    const runsMax = message === null ? undefined : earlierTurnsMax;
    return thread === null ? undefined : historyOf(thread.parent, (id) => this.#past(id), runsMax);
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

  #past(id: RunId): PastRun | undefined {
    const missing: RunView[] = [];
    let past: PastRun | undefined;
    for (let at: RunId | null = id; at !== null && past === undefined;) {
      const kept = this.#journal.past(at);
      // One that an older version kept in another form is derived again.
      past = kept === undefined ? undefined : PastRun.safeParse(JSON.parse(kept)).data;
      const view: RunView | undefined = past ? undefined : foldRun(this.#journal.read(at, 0));
      if (view === undefined || !isTerminal(view.state)) break;
      missing.push(view);
      at = view.thread?.parent ?? null;
    }
    for (const view of missing.toReversed()) {
      past = pastRunOf(view, past);
      this.#journal
        .keepPast(view.id, JSON.stringify(past))
        .catch((error: unknown) => log.warn({ err: error, run: view.id }, "what a run left could not be kept"));
    }
    return past;
  }
}
