type Listener = (event: { readonly type: "abort"; readonly target: AbortSignal }) => void;

/** As on the web, as far as it can matter where one thing happens at a time. */
export class AbortSignal {
  #reason: unknown;
  #isAborted = false;
  #listeners: Listener[] = [];
  /** Milliseconds after which it would abort what waits; what asks the server hands them on. */
  timeoutMs: number | undefined;
  onabort: Listener | null = null;

  get aborted(): boolean {
    return this.#isAborted;
  }
  get reason(): unknown {
    return this.#reason;
  }
  throwIfAborted(): void {
    if (this.#isAborted) throw this.#reason;
  }
  addEventListener(type: string, listener: Listener): void {
    if (type === "abort") this.#listeners.push(listener);
  }
  removeEventListener(_type: string, listener: Listener): void {
    this.#listeners = this.#listeners.filter((held) => held !== listener);
  }
  /** Only for AbortController. */
  static end(signal: AbortSignal, reason: unknown): void {
    if (signal.#isAborted) return;
    signal.#isAborted = true;
    signal.#reason = reason;
    const event = { type: "abort", target: signal } as const;
    signal.onabort?.(event);
    for (const listener of signal.#listeners.splice(0)) listener(event);
  }
  static abort(reason: unknown = new DOMException("This operation was aborted", "AbortError")): AbortSignal {
    const signal = new AbortSignal();
    AbortSignal.end(signal, reason);
    return signal;
  }
  static timeout(ms: number): AbortSignal {
    const signal = new AbortSignal();
    signal.timeoutMs = ms;
    return signal;
  }
}

export class AbortController {
  readonly signal = new AbortSignal();
  abort(reason: unknown = new DOMException("This operation was aborted", "AbortError")): void {
    AbortSignal.end(this.signal, reason);
  }
}
