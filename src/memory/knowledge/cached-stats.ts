import type { Clock } from "../../kernel/clock.ts";
import type { StoreStats } from "./memory-store.ts";

/** Minimum interval between two counts, as a multiple of the duration of the last one. Frequent callers do not load the backend. */
const REST_FACTOR = 20;
const REST_MS_MIN = 1_000;

/** Size of memory, with the age of the count. */
export type MemorySize = { readonly stats: StoreStats; readonly ageMs: number };

/** Caches the size of memory for callers that must not wait: counts on demand, and returns the last count. */
export class CachedStats {
  readonly #count: () => Promise<StoreStats>;
  readonly #clock: Clock;
  #reading: Promise<void> | undefined;
  #last: { readonly figures: StoreStats; readonly atMs: number } | undefined;
  #nextAtMs = -Infinity;

  constructor(count: () => Promise<StoreStats>, clock: Clock) {
    this.#count = count;
    this.#clock = clock;
  }

  /** Waits at most `waitMs`. Returns undefined if nothing is counted yet, or if the last count failed. Never rejects. */
  async now(waitMs: number): Promise<MemorySize | undefined> {
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
    return this.#last && { stats: this.#last.figures, ageMs: clock.monotonicMs() - this.#last.atMs };
  }

  async #read(): Promise<void> {
    const clock = this.#clock;
    const startedMs = clock.monotonicMs();
    try {
      this.#last = { figures: await this.#count(), atMs: clock.monotonicMs() };
    } catch {
      // Users of memory receive the cause; old counts would suggest that memory works.
      this.#last = undefined;
    }
    const tookMs = clock.monotonicMs() - startedMs;
    this.#nextAtMs = clock.monotonicMs() + Math.max(REST_MS_MIN, REST_FACTOR * tookMs);
  }
}
