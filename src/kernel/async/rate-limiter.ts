import type { Clock } from "../clock.ts";

type Bucket = { readonly left: number; readonly atMs: number };

const MINUTE_MS = 60_000;
/** Beyond so many, those that are full again are forgotten. */
const BUCKETS_MAX = 10_000;

/** Limits operations per minute. In memory: a restart resets the counters. */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether it may be done once more; then it counts. What was used comes back evenly over a minute. */
  take(key: string, perMinute: number): boolean {
    const nowMs = this.#clock.monotonicMs();
    const before = this.#buckets.get(key) ?? { left: perMinute, atMs: nowMs };
    const left = Math.min(perMinute, before.left + ((nowMs - before.atMs) * perMinute) / MINUTE_MS);
    if (left < 1) return false;
    // Ordered by time.
    this.#buckets.delete(key);
    this.#buckets.set(key, { left: left - 1, atMs: nowMs });
    if (this.#buckets.size > BUCKETS_MAX) this.#forget(nowMs);
    return true;
  }

  #forget(nowMs: number): void {
    for (const [key, { atMs }] of this.#buckets) {
      if (nowMs - atMs < MINUTE_MS) return;
      this.#buckets.delete(key);
    }
  }
}
