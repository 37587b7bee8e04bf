import type { RunId } from "../kernel/ids.ts";

/**
 * Who has a run to themselves: what people do to one run happens one after the other, in the order they came.
 * Nothing is kept of runs that nobody claims.
 */
export class Claims {
  readonly #last = new Map<RunId, Promise<void>>();

  /** Whether someone has the run now. */
  has(runId: RunId): boolean {
    return this.#last.has(runId);
  }

  /** Does the work once those who came before are through; what it returns or throws is the caller's. */
  async claim<Result>(runId: RunId, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(runId);
    const mine = Promise.withResolvers<void>();
    this.#last.set(runId, mine.promise);
    try {
      await before;
      return await work();
    } finally {
      if (this.#last.get(runId) === mine.promise) this.#last.delete(runId);
      mine.resolve();
    }
  }
}
