/** Streams of credentials that are revoked or have expired end after at most this time. */
const CHECKED_EVERY_MS = 500;

/** Signals that abort when credentials end, by id. */
export class EndSignals implements Disposable {
  readonly #isOver: (id: string) => boolean;
  readonly #ends = new Map<string, AbortController>();
  #timer: NodeJS.Timeout | undefined;

  constructor(isOver: (id: string) => boolean) {
    this.#isOver = isOver;
  }

  /** Returns the signal that aborts when the credentials are over. */
  of(id: string): AbortSignal {
    const end = this.#ends.getOrInsertComputed(id, () => new AbortController());
    this.#timer ??= setInterval(() => this.check(), CHECKED_EVERY_MS).unref();
    return end.signal;
  }

  /** Aborts the signals of credentials that are over. */
  check(): void {
    for (const [id, end] of this.#ends) {
      if (!this.#isOver(id)) continue;
      this.#ends.delete(id);
      end.abort();
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
