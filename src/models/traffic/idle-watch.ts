import type { Clock } from "../../kernel/clock.ts";

/** Detects a stalled stream. Uses one timer per stream, however many parts it has. */
export class IdleWatch implements Disposable {
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #stalled: () => void;
  readonly #over = new AbortController();
  #lastMs: number | undefined;

  /** `stalled` is called at most once. */
  constructor(clock: Clock, idleMs: number, stalled: () => void) {
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#stalled = stalled;
  }

  /** Records activity. The first call starts the timer. */
  touch(): void {
    const isFirst = this.#lastMs === undefined;
    this.#lastMs = this.#clock.monotonicMs();
    if (isFirst) void this.#watch(this.#idleMs);
  }

  async #watch(waitMs: number): Promise<void> {
    try {
      await this.#clock.sleep(waitMs, this.#over.signal);
    } catch {
      return;
    }
    const leftMs = (this.#lastMs ?? 0) + this.#idleMs - this.#clock.monotonicMs();
    if (leftMs <= 0) return this.#stalled();
    await this.#watch(leftMs);
  }

  [Symbol.dispose](): void {
    this.#over.abort("the stream is over");
  }
}
