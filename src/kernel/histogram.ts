/** How many values lay between bounds; counting one allocates nothing. */
export class Histogram {
  /** Upper bounds, ascending, each still within; one more bucket is for what is above the last. */
  readonly bounds: readonly number[];
  readonly #buckets: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#buckets = new Float64Array(bounds.length + 1);
  }

  add(value: number): void {
    const { bounds } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket += 1;
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  /** As it is now: counts by bucket, not cumulative, and the sum of all values. */
  now(): HistogramNow {
    return { bounds: this.bounds, buckets: [...this.#buckets], sum: this.#sum };
  }
}

/** A histogram at one moment; `buckets` has one more than `bounds`, and is not cumulative. */
export type HistogramNow = {
  readonly bounds: readonly number[];
  readonly buckets: readonly number[];
  readonly sum: number;
};
