import { strict as assert } from "node:assert";
import type { RunId } from "../../kernel/ids.ts";
import {
  foldRun,
  isTerminal,
  type JournalAppend,
  type JournalEntry,
  type RunEvent,
  type RunJournal,
} from "../record/index.ts";

/** Longer than any wait before an attempt. */
const PAST_MS = 3_600_000;

/**
 * The journal of one replayed run: in memory, discarded afterwards. Emits each event as it is written. Failures of
 * models are dated back, so that the wait before the next attempt is over.
 */
export class MemoryJournal implements RunJournal {
  readonly entries: JournalEntry[] = [];
  readonly #runId: RunId;
  readonly #onEvent: (event: RunEvent) => void;

  constructor(runId: RunId, onEvent: (event: RunEvent) => void, past: RunJournal["past"]) {
    this.#runId = runId;
    this.past = past;
    this.#onEvent = onEvent;
  }

  async append(entries: readonly JournalAppend[]): Promise<readonly JournalEntry[]> {
    const written = entries.map(({ runId, atMs, event }, index) => {
      const at = event.type === "model-fail" ? atMs - PAST_MS : atMs;
      return { seq: this.entries.length + index + 1, runId, atMs: at, event };
    });
    // One run is played; the run that it is handed off to is not.
    const own = written.filter(({ runId }) => runId === this.#runId);
    this.entries.push(...own);
    for (const { event } of own) this.#onEvent(event);
    return written;
  }

  read(runId: RunId, afterSeq: number): readonly JournalEntry[] {
    return runId === this.#runId ? this.entries.slice(afterSeq) : [];
  }

  spent(): undefined {
    return undefined;
  }

  /** Earlier runs of the thread, from the journal of the server. */
  readonly past: RunJournal["past"];

  async keepPast(): Promise<void> {}

  async tag(): Promise<void> {}

  summary(): undefined {
    return undefined;
  }

  predecessor(): undefined {
    return undefined;
  }

  list(): readonly [] {
    return [];
  }

  madeFrom(): readonly [] {
    return [];
  }

  below(): readonly [] {
    return [];
  }

  unfinished(): readonly RunId[] {
    const view = foldRun(this.entries);
    return view === undefined || isTerminal(view.state) ? [] : [this.#runId];
  }

  inState(): readonly RunId[] {
    return [];
  }

  counts(): never {
    assert.fail("counts of many runs are not available in a replay");
  }
}
