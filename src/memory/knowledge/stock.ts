import type { Clock } from "../../kernel/clock.ts";
import type { StoreFigures } from "./memory-store.ts";

/** Between two readings lies at least so many times what the last one took, so that nobody who asks often burdens the place. */
const REST_FACTOR = 20;
const REST_MS_MIN = 1_000;

/** What memory holds, with how long ago it was counted. */
export type Stock = { readonly figures: StoreFigures; readonly ageMs: number };

/** What memory holds, for those who must not wait for it: counted now and then, told as it was known last. */
export class StockTaking {
  readonly #count: () => Promise<StoreFigures>;
  readonly #clock: Clock;
  #reading: Promise<void> | undefined;
  #last: { readonly figures: StoreFigures; readonly atMs: number } | undefined;
  #nextAtMs = -Infinity;

  constructor(count: () => Promise<StoreFigures>, clock: Clock) {
    this.#count = count;
    this.#clock = clock;
  }

  /** Waits at most `waitMs`. Undefined when nothing is known yet, or memory could not say the last time. Never rejects. */
  async now(waitMs: number): Promise<Stock | undefined> {
    const clock = this.#clock;
    if (clock.monotonicMs() >= this.#nextAtMs)
      this.#reading ??= this.#read().finally(() => {
        this.#reading = undefined;
      });
    if (this.#reading) {
      const enough = new AbortController();
      const patience = clock.sleep(waitMs, enough.signal).catch(() => undefined);
      await Promise.race([this.#reading, patience]);
      enough.abort();
    }
    return this.#last && { figures: this.#last.figures, ageMs: clock.monotonicMs() - this.#last.atMs };
  }

  async #read(): Promise<void> {
    const clock = this.#clock;
    const startedMs = clock.monotonicMs();
    try {
      this.#last = { figures: await this.#count(), atMs: clock.monotonicMs() };
    } catch {
      // Why is told to those who use memory; old figures would say that all is well.
      this.#last = undefined;
    }
    const tookMs = clock.monotonicMs() - startedMs;
    this.#nextAtMs = clock.monotonicMs() + Math.max(REST_MS_MIN, REST_FACTOR * tookMs);
  }
}
