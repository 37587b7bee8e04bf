import type { Clock } from "../../../kernel/clock.ts";

export type PaceLimits = {
  /** Turns that may follow each other at once. */
  readonly burst: number;
  /** After those, one more in this time. */
  readonly everyMs: number;
};

/** Limits a rate: allows a burst, then one use per interval. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #limits: PaceLimits;
  #left: number;
  #sinceMs: number;

  constructor(clock: Clock, limits: PaceLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#left = limits.burst;
    this.#sinceMs = clock.monotonicMs();
  }

  /** Takes the next turn if it is due. */
  take(): boolean {
    const { burst, everyMs } = this.#limits;
    const nowMs = this.#clock.monotonicMs();
    const earned = Math.floor((nowMs - this.#sinceMs) / everyMs);
    this.#left = Math.min(burst, this.#left + earned);
    this.#sinceMs = this.#left === burst ? nowMs : this.#sinceMs + earned * everyMs;
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }

  /** Resolves when the next turn is due. Rejects when aborted before. */
  async turn(signal: AbortSignal): Promise<void> {
    while (!this.take())
      await this.#clock.sleep(this.#sinceMs + this.#limits.everyMs - this.#clock.monotonicMs(), signal);
  }
}
