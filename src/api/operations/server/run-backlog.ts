import type { RunId } from "../../../kernel/ids.ts";
import type { JournalEntry } from "../../../runs/index.ts";

/** Events by which people are asked, or a question to them is settled. */
const ASKS: ReadonlySet<string> = new Set([
  "run-ask",
  "run-answer",
  "approval-ask",
  "approval-answer",
  "reply-wait",
  "reply-end",
]);

/** A changed run: its first unsent journal entry, and whether a question may have been asked since. */
export type Backlog = { readonly runId: RunId; readonly seq: number; readonly asked: boolean };

/** Changed runs that are not sent yet, in the order of their first unsent entry. */
export class RunBacklog {
  readonly #max: number;
  #waiting = new Map<RunId, Backlog>();
  #heard = 0;
  #overflown = false;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#waiting.size;
  }

  get hasOverflown(): boolean {
    return this.#overflown;
  }

  add({ runId, seq, event }: JournalEntry): void {
    const asked = ASKS.has(event.type);
    const before = this.#waiting.get(runId);
    this.#heard = Math.max(this.#heard, seq);
    if (before !== undefined) this.#waiting.set(runId, { ...before, asked: before.asked || asked });
    else if (this.#waiting.size < this.#max) this.#waiting.set(runId, { runId, seq, asked });
    else this.#overflown = true;
  }

  /** Inserts the runs that changed before this client connected, up to entry `heard`, at the front. */
  refill(runs: readonly Backlog[], heard: number): void {
    const later = this.#waiting;
    this.#waiting = new Map(runs.map((run) => [run.runId, run]));
    for (const [id, run] of later) if (!this.#waiting.has(id)) this.#waiting.set(id, run);
    this.#heard = Math.max(this.#heard, heard);
  }

  clear(): void {
    this.#waiting.clear();
    this.#overflown = false;
  }

  /** Removes and yields the oldest runs. */
  *take(count: number): Generator<Backlog> {
    let taken = 0;
    for (const run of this.#waiting.values()) {
      if (taken++ === count) return;
      this.#waiting.delete(run.runId);
      yield run;
    }
  }

  /** Returns the last entry up to which everything is sent, if that is true of `before`. */
  sentUpTo(before: number): number {
    const [oldest] = this.#waiting.values();
    return Math.max(before, oldest === undefined ? this.#heard : oldest.seq - 1);
  }
}
