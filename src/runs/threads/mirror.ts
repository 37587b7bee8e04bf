import type { RunId } from "../../kernel/ids.ts";
import { type JournalEntry, type RunEvent, RunFold, type RunRecord, type RunView } from "../record/index.ts";
import type { Asker } from "./asker.ts";
import type { FromThread } from "./protocol.ts";

/**
 * A run's record as its thread has it.
 * threads.mirror.M1. Its view holds an entry only after the server said that it is on disk, and before the answer to
 *   who recorded it.
 */
export class Mirror implements RunRecord {
  readonly runId: RunId;
  readonly #fold: RunFold;
  readonly #asker: Asker;
  readonly #post: (message: FromThread) => void;

  constructor(view: RunView, asker: Asker, post: (message: FromThread) => void) {
    this.runId = view.id;
    this.#fold = RunFold.from(view);
    this.#asker = asker;
    this.#post = post;
  }

  view(): RunView {
    return this.#fold.view();
  }

  async record(...events: readonly RunEvent[]): Promise<void> {
    await this.#asker.ask({ type: "record", events });
  }

  note(...events: readonly RunEvent[]): void {
    this.#post({ type: "note", events });
  }

  tell(step: number, offset: number, text: string): void {
    this.#post({ type: "tell", step, offset, text });
  }

  apply(entries: readonly JournalEntry[]): void {
    for (const entry of entries) this.#fold.apply(entry);
  }
}
