import type { Clock } from "../../../kernel/clock.ts";

const WAIT_MS = [0, 100, 500, 2_000, 5_000] as const;
/** A child that lived this long did not end because of how it was started. */
const STABLE_MS = 30_000;

/** Backoff before the next child is started: the delay grows with each child that ends at once. */
export class Backoff {
  readonly #clock: Clock;
  #startedAtMs = 0;
  #quickEnds = 0;
  #waiting: AbortController | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** During the delay no child may be started, or a machine without room for children would be asked without end. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  started(): void {
    this.#startedAtMs = this.#clock.monotonicMs();
  }

  ended(): void {
    this.#quickEnds = this.#clock.monotonicMs() - this.#startedAtMs < STABLE_MS ? this.#quickEnds + 1 : 0;
  }

  /** Resolves when the next may be started, or after `stop`. */
  async wait(): Promise<void> {
    const ms = WAIT_MS[Math.min(this.#quickEnds, WAIT_MS.length) - 1] ?? 0;
    if (ms === 0) return;
    this.#waiting = new AbortController();
    // A clock keeps no program alive, but a child does, and so has to do the wait for one.
    const alive = setInterval(() => {}, ms);
    await this.#clock.sleep(ms, this.#waiting.signal).catch(() => {});
    clearInterval(alive);
    this.#waiting = undefined;
  }

  stop(): void {
    this.#waiting?.abort();
  }
}
