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
import { RecentPasts } from "./recent-pasts.ts";

/** Characters of JSON: some thousand turns, about three times as many bytes of memory. */
const RECENT_CHARS_MAX = 16 * 2 ** 20;

type Continued = Pick<RunView, "thread" | "handedFrom">;

/** The run that a run continues, as its journal has it. */
const continuedBy = ({ thread, handedFrom }: Continued): RunId | null =>
  thread === null ? (handedFrom?.run ?? null) : thread.parent;

/**
 * Histories of runs in threads, from what earlier runs left. What those that were used last left stays in memory, up to a
 * bound for all threads together.
 */
export class ThreadHistory {
  readonly #journal: RunJournal;
  readonly #recent = new RecentPasts(RECENT_CHARS_MAX);

  constructor(journal: RunJournal) {
    this.#journal = journal;
  }

  /**
   * What a run's model is shown of the dialogue that came with its request, of the earlier runs of its thread and of those
   * that were handed off to it; undefined for a run without any.
   */
  of(
    {
      id,
      thread,
      message,
      handedFrom,
      transcript,
    }: Pick<RunView, "id" | "thread" | "message" | "handedFrom" | "transcript">,
    plan: RunPlan,
  ): History | undefined {
    if (transcript === null && thread === null && handedFrom === null) return undefined;
    const runsMax = message === null || handedFrom !== null ? undefined : plan.earlierTurnsMax;
    const continued = continuedBy({ thread, handedFrom });
    // If the run that it continued was deleted, its predecessor.
    const isThere = continued === null || this.past(continued) !== undefined;
    const parent = isThere ? continued : this.parentOf({ id, thread, handedFrom });
    return historyOf(parent, (each) => this.past(each), { runsMax, isWhole: thread?.isWhole, transcript });
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
      const text = JSON.stringify(past);
      this.#recent.set(view.id, past, text.length);
      this.#journal
        .keepPast(view.id, text)
        .catch((error: unknown) => log.warn({ err: error, run: view.id }, "what a run left could not be kept"));
    }
    return past;
  }

  #kept(id: RunId): PastRun | undefined {
    const parent = this.#journal.predecessor(id);
    // The run may have been deleted since, or the run before it.
    const past = (parent === undefined ? undefined : this.#recent.get(id)) ?? this.#read(id);
    return past === undefined || parent === undefined || parent === past.parent ? past : { ...past, parent };
  }

  #read(id: RunId): PastRun | undefined {
    const kept = this.#journal.past(id);
    // One that an older version kept in another form is derived again.
    const past = kept === undefined ? undefined : PastRun.safeParse(JSON.parse(kept)).data;
    if (kept !== undefined && past !== undefined) this.#recent.set(id, past, kept.length);
    return past;
  }

  /** The run that precedes a run in its branch: not the one that it continued, if that was deleted or if others passed this run. */
  parentOf({ id, ...run }: Continued & Pick<RunView, "id">): RunId | null {
    const parent = this.#journal.predecessor(id);
    return parent === undefined ? continuedBy(run) : parent;
  }

  /** The last turn up to which the numbers of a run's reports mean the turns of its branch. */
  #sharedTurns(view: RunView, before: PastRun | undefined): number {
    const continued = continuedBy(view);
    if (continued === this.parentOf(view)) return Infinity;
    const turns = continued === null ? 0 : (this.past(continued)?.to.turns ?? Infinity);
    return Math.min(turns, before?.to.turns ?? 0);
  }
}
