import type { RunId } from "../../../kernel/ids.ts";
import { isTerminal, isWithdrawn, type RunSummary } from "../../record/index.ts";

type TurnRun = Pick<RunSummary, "thread" | "startedAtMs"> & { readonly message: object | null };
type Runs = { readonly summary: (id: RunId) => (TurnRun & Pick<RunSummary, "id" | "state">) | undefined };

/**
 * Turns of threads that wait until the run that they continue has ended.
 * runs.turn-queue.U1. The runs of one branch of a thread execute one after the other, in the order of the branch.
 * runs.turn-queue.U2. A message passes a run that waits for a reply: the reply may depend on it.
 */
export class TurnQueue {
  readonly #journal: Runs;
  readonly #held = new Set<RunId>();
  /** Runs that continue a run, by that run. */
  readonly #after = new Map<RunId, Set<RunId>>();

  constructor(journal: Runs) {
    this.#journal = journal;
  }

  get size(): number {
    return this.#held.size;
  }

  has(runId: RunId): boolean {
    return this.#held.has(runId);
  }

  /** Holds a run that may not start yet; false for any other. */
  hold(runId: RunId, run: TurnRun | undefined): boolean {
    const parent = this.#waitsFor(run);
    if (parent === undefined) return false;
    this.#held.add(runId);
    this.#add(parent, runId);
    return true;
  }

  drop(runId: RunId): void {
    if (!this.#held.delete(runId)) return;
    for (const [parent, runs] of this.#after) if (runs.delete(runId) && runs.size === 0) this.#after.delete(parent);
  }

  /** Takes those that waited for a run and may start now. */
  freed(runId: RunId): readonly RunId[] {
    const waiting = this.#after.get(runId);
    if (waiting === undefined) return [];
    this.#after.delete(runId);
    // One whose predecessor was withdrawn waits for the run before that.
    return [...waiting].filter((id) => {
      const before = this.#waitsFor(this.#journal.summary(id));
      if (before === undefined) this.#held.delete(id);
      else this.#add(before, id);
      return before === undefined;
    });
  }

  /** Takes all. */
  clear(): readonly RunId[] {
    const all = [...this.#held];
    this.#held.clear();
    this.#after.clear();
    return all;
  }

  #add(parent: RunId, runId: RunId): void {
    this.#after.set(parent, (this.#after.get(parent) ?? new Set()).add(runId));
  }

  /** Returns the run that has to end before this one starts; undefined if it may start. */
  #waitsFor(run: TurnRun | undefined): RunId | undefined {
    // A run that has started continues.
    if (!run?.thread || run.startedAtMs !== null) return undefined;
    for (let at = run.thread.parent; at !== null;) {
      const before = this.#journal.summary(at);
      if (before === undefined) return undefined;
      const isPassed = run.message !== null && before.state === "awaiting-reply";
      if (!isTerminal(before.state) && !isPassed) return before.id;
      if (!isWithdrawn(before) && !isPassed) return undefined;
      at = before.thread?.parent ?? null;
    }
    return undefined;
  }
}
