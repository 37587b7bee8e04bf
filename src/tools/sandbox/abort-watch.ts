type Entry = { count: number; readonly abort: () => void };

/** Reports when a signal is aborted: one listener for each signal, however many calls of a run share it. */
export class AbortWatch {
  readonly #onAbort: (signal: AbortSignal) => void;
  readonly #entries = new Map<AbortSignal, Entry>();

  constructor(onAbort: (signal: AbortSignal) => void) {
    this.#onAbort = onAbort;
  }

  add(signal: AbortSignal): void {
    const known = this.#entries.get(signal);
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    const abort = (): void => this.#onAbort(signal);
    this.#entries.set(signal, { count: 1, abort });
    signal.addEventListener("abort", abort, { once: true });
  }

  /** Once for each `add`. */
  remove(signal: AbortSignal): void {
    const entry = this.#entries.get(signal);
    if (entry === undefined) return;
    entry.count -= 1;
    if (entry.count > 0) return;
    this.#entries.delete(signal);
    signal.removeEventListener("abort", entry.abort);
  }
}
