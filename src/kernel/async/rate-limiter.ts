import type { Clock } from "../clock.ts";

type Bucket = { readonly left: number; readonly atMs: number };

const MINUTE_MS = 60_000;
/** Maximum keys with a counter; beyond it, further keys share one. */
const BUCKETS_MAX = 10_000;
const SWEPT_EVERY_MS = 1_000;
const OTHERS = "";

/** Limits operations per minute. In memory: a restart resets the counters. */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();
  #sweptAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether it may be done once more; then it counts. What was used comes back evenly over a minute. */
  take(key: string, perMinute: number): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (this.#buckets.size >= BUCKETS_MAX && nowMs - this.#sweptAtMs >= SWEPT_EVERY_MS) this.#sweep(nowMs);
    const own = this.#buckets.has(key) || this.#buckets.size < BUCKETS_MAX ? key : OTHERS;
    const before = this.#buckets.get(own) ?? { left: perMinute, atMs: nowMs };
    const left = Math.min(perMinute, before.left + ((nowMs - before.atMs) * perMinute) / MINUTE_MS);
    if (left < 1) return false;
    this.#buckets.set(own, { left: left - 1, atMs: nowMs });
    return true;
  }

  /** Deletes the counters that are full again. */
  #sweep(nowMs: number): void {
    this.#sweptAtMs = nowMs;
    for (const [key, { atMs }] of this.#buckets) if (nowMs - atMs >= MINUTE_MS) this.#buckets.delete(key);
  }
}
