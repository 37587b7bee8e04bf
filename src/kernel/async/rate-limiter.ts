import type { Clock } from "../clock.ts";

/** Maximum operations at once; what was used comes back evenly over the window. */
export type Quota = { readonly max: number; readonly windowMs: number };
type Bucket = { left: number; atMs: number; quota: Quota };

const MINUTE_MS = 60_000;
/** Maximum keys with a counter; beyond it, further keys share one. */
const BUCKETS_MAX = 10_000;
const SWEPT_EVERY_MS = 1_000;
const OTHERS = "";

/** Limits operations per time: a token bucket for each key. In memory: a restart resets the counters. */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();
  #sweptAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether it may be done once more; then it counts. What was used comes back evenly over a minute. */
  take(key: string, perMinute: number): boolean {
    return this.spend(key, { max: perMinute, windowMs: MINUTE_MS }) >= 0;
  }

  /** Counts an operation. Returns what is left of the quota; below 0, it is used up and the operation does not count. */
  spend(key: string, quota: Quota): number {
    const nowMs = this.#clock.monotonicMs();
    const bucket = this.#buckets.get(key) ?? this.#add(key, { left: quota.max, atMs: nowMs, quota });
    bucket.left = leftIn(bucket, nowMs);
    bucket.atMs = nowMs;
    if (bucket.left >= 1) return (bucket.left -= 1);
    return bucket.left - 1;
  }

  #add(key: string, bucket: Bucket): Bucket {
    const { atMs } = bucket;
    if (this.#buckets.size >= BUCKETS_MAX && atMs - this.#sweptAtMs >= SWEPT_EVERY_MS) this.#sweep(atMs);
    return this.#buckets.getOrInsert(this.#buckets.size < BUCKETS_MAX ? key : OTHERS, bucket);
  }

  /** Deletes the counters that are full again. */
  #sweep(nowMs: number): void {
    this.#sweptAtMs = nowMs;
    for (const [key, bucket] of this.#buckets) if (leftIn(bucket, nowMs) >= bucket.quota.max) this.#buckets.delete(key);
  }
}

const leftIn = ({ left, atMs, quota: { max, windowMs } }: Bucket, nowMs: number): number =>
  Math.min(max, left + ((nowMs - atMs) * max) / windowMs);
