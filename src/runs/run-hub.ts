import type { RunId } from "../kernel/ids.ts";
import type { JournalEntry } from "./run-event.ts";

/** What a watcher of runs hears: what is in the journal, once it is on disk, and text as it streams, which never is. */
export type RunNews =
  | { readonly type: "entry"; readonly entry: JournalEntry }
  | { readonly type: "text-delta"; readonly runId: RunId; readonly step: number; readonly text: string };

export type RunListener = (news: RunNews) => void;

/** Tells watchers what happens in runs. A listener must be quick and never throw; slow readers buffer on their own side. */
export class RunHub {
  readonly #ofRun = new Map<RunId, Set<RunListener>>();
  readonly #ofAll = new Set<RunListener>();

  /** Listens to one run until the disposable is disposed. */
  watch(runId: RunId, listener: RunListener): Disposable {
    const listeners = this.#ofRun.get(runId) ?? new Set();
    this.#ofRun.set(runId, listeners.add(listener));
    return {
      [Symbol.dispose]: () => {
        listeners.delete(listener);
        if (listeners.size === 0) this.#ofRun.delete(runId);
      },
    };
  }

  /** Listens to every run. */
  watchAll(listener: RunListener): Disposable {
    this.#ofAll.add(listener);
    return { [Symbol.dispose]: () => void this.#ofAll.delete(listener) };
  }

  publish(runId: RunId, news: RunNews): void {
    for (const listener of this.#ofRun.get(runId) ?? []) listener(news);
    for (const listener of this.#ofAll) listener(news);
  }
}
