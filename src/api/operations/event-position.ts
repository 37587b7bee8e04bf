import type { RunId } from "../../kernel/ids.ts";
import type { JournalEntry } from "../../runs/index.ts";

/** Up to where a reader has been told: in the journal of runs, and in the log of other changes. */
export type Position = { readonly run: number; readonly change: number };

const ID = /^(\d{1,15})-(\d{1,15})$/;

export const showPosition = ({ run, change }: Position): string => `${run}-${change}`;

/** Undefined for what this server never sent. */
export function parsePosition(id: string): Position | undefined {
  const [, run, change] = ID.exec(id) ?? [];
  return run === undefined ? undefined : { run: Number(run), change: Number(change) };
}

/** Events by which people are asked, or a question to them is settled. */
const ASKS: ReadonlySet<string> = new Set(["run-ask", "run-answer", "approval-ask", "approval-answer"]);

/** A run to tell of: the first entry of it that was not told, and whether a person may have been asked since. */
export type Backlog = { readonly runId: RunId; readonly seq: number; readonly asked: boolean };

/** Runs that changed and are not told yet, in the order of their first such entry. */
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

  /** Puts what came before this reader, up to entry `heard`, in front of what it has heard itself. */
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

  /** The oldest, each taken out as it is given. */
  *take(count: number): Generator<Backlog> {
    let taken = 0;
    for (const run of this.#waiting.values()) {
      if (taken++ === count) return;
      this.#waiting.delete(run.runId);
      yield run;
    }
  }

  /** Every entry up to this one has been told, if `before` had. */
  toldUpTo(before: number): number {
    const [oldest] = this.#waiting.values();
    return Math.max(before, oldest === undefined ? this.#heard : oldest.seq - 1);
  }
}
