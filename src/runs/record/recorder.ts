import type { Spend } from "../../agents/budgets/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { RunId, ToolCallId } from "../../kernel/ids.ts";
import type { ToolLogLine, ToolProgress } from "../../tools/catalogue/index.ts";
import type { JournalEntry, RunEvent } from "./run-event.ts";
import { RunFold } from "./fold/run-fold.ts";
import type { RunHub } from "./run-hub.ts";
import type { DraftPiece } from "./run-news.ts";
import type { RunJournal, WriteTime } from "./run-journal.ts";
import type { RunView } from "./fold/run-view.ts";
import { waitsForPerson } from "./run-state.ts";

/** Receives each event before it is written and its spending afterwards, so that the counts match the journal. */
export interface SpendCounter {
  spendOf(event: RunEvent, atMs: number): Spend | undefined;
  spent(spend: Spend): void;
}

/**
 * One run's writer to its journal.
 * record.recorder.R1. An event is durable before the view holds it and before any watcher is notified.
 * record.recorder.R2. Events are written in the order they are recorded; `enqueue` differs from `append` only in
 *   that its caller does not wait.
 */
export class Recorder {
  readonly runId: RunId;
  readonly #journal: RunJournal;
  readonly #hub: RunHub;
  readonly #clock: Clock;
  readonly #fold: RunFold;
  #noted: Promise<void> = Promise.resolve();
  /** Writes that are noted and not on disk yet. */
  #unwritten = 0;
  #counter: SpendCounter | undefined;

  constructor(runId: RunId, deps: { journal: RunJournal; hub: RunHub; clock: Clock }, fold: RunFold) {
    this.runId = runId;
    this.#journal = deps.journal;
    this.#hub = deps.hub;
    this.#clock = deps.clock;
    this.#fold = fold;
  }

  view(): RunView {
    return this.#fold.view();
  }

  /** Hears each entry once the view holds it, until the disposable is disposed. */
  watch(listener: (entry: JournalEntry) => void): Disposable {
    return this.#hub.watch(this.runId, (news) => {
      if (news.type === "entry") listener(news.entry);
    });
  }

  /** Sets the counter of later writes; undefined removes it. */
  countWith(counter: SpendCounter | undefined): void {
    this.#counter = counter;
  }

  /** On disk when resolved, with all noted before. */
  async append(...events: readonly RunEvent[]): Promise<void> {
    // Enqueued events wait for a batch; a caller that waits for them has them written now.
    if (events.length === 0 && this.#unwritten === 0) return this.#noted;
    await allSettled(this.#noted, this.#write(events, "now"));
  }

  /** Writes events, and in the same transaction the first event of another run. On disk when resolved. */
  async appendWith(events: readonly RunEvent[], next: Recorder, first: RunEvent): Promise<void> {
    await allSettled(this.#noted, this.#write(events, "now", { next, first }));
  }

  /** Written soon; its failure is thrown by the next `record`. For what nothing has to wait for. */
  enqueue(...events: readonly RunEvent[]): void {
    this.#unwritten += 1;
    const written = this.#write(events, "soon").finally(() => (this.#unwritten -= 1));
    this.#noted = allSettled(this.#noted, written);
    // The failure is not lost: `record` awaits it. This only keeps it from being called unhandled until then.
    this.#noted.catch(() => undefined);
  }

  /** A piece of a turn's text or reasoning as it streams; never stored. */
  emit({ type, step, offset, text }: DraftPiece): void {
    this.#hub.publish(this.runId, { type, runId: this.runId, step, offset, text });
  }

  /** Log lines of a tool during a call; never stored. */
  emitLog({ step, callId }: { step: number; callId: ToolCallId }, lines: readonly ToolLogLine[]): void {
    this.#hub.publish(this.runId, { type: "tool-log", runId: this.runId, step, callId, lines });
  }

  /** Progress of a call; never stored. */
  emitProgress({ step, callId }: { step: number; callId: ToolCallId }, progress: ToolProgress): void {
    this.#hub.publish(this.runId, { type: "tool-progress", runId: this.runId, step, callId, progress });
  }

  async #write(
    events: readonly RunEvent[],
    when: WriteTime,
    other?: { readonly next: Recorder; readonly first: RunEvent },
  ): Promise<void> {
    const atMs = this.#clock.nowMs();
    const counter = this.#counter;
    const appends = events.map((event) => ({ runId: this.runId, atMs, event, spend: counter?.spendOf(event, atMs) }));
    const begin = other && { runId: other.next.runId, atMs, event: other.first };
    const waited = this.#waits();
    const entries = await this.#journal.append(begin ? [...appends, begin] : appends, when);
    for (const { spend } of appends) if (spend) counter?.spent(spend);
    for (const entry of entries) {
      const { runId } = entry;
      (runId === other?.next.runId ? other.next : this).#fold.apply(entry);
    }
    for (const entry of entries) this.#hub.publish(entry.runId, { type: "entry", entry });
    if (this.#waits() !== waited) this.#notifyAbove();
  }

  #waits(): boolean {
    const { state } = this.#fold;
    return state !== undefined && waitsForPerson(state);
  }

  #notifyAbove(): void {
    let above = this.view().parent?.run;
    while (above !== undefined) {
      this.#hub.publish(above, { type: "below", runId: this.runId });
      above = this.#journal.summary(above)?.parent ?? undefined;
    }
  }
}

/** The record of a run for its execution: writes events, and reads the run's view. */
export type RunRecord = Pick<Recorder, "runId" | "view" | "append" | "enqueue" | "emit">;

/** Waits for all writes, even if one fails: a write still in progress when a run is retried would be there twice. */
async function allSettled(...writes: readonly Promise<void>[]): Promise<void> {
  for (const write of await Promise.allSettled(writes)) if (write.status === "rejected") throw write.reason;
}
