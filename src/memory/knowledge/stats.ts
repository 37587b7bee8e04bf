import type { Clock } from "../../kernel/clock.ts";
import { Histogram, type HistogramNow } from "../../kernel/histogram.ts";

const DURATION_BOUNDS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const RESULTS_BOUNDS = [0, 1, 2, 5, 10, 20, 50, 100];

/** Operations on memory since the server started. */
export type MemoryStats = {
  readonly entitiesCreated: number;
  /** Includes relations that replaced an equal one. */
  readonly relationsCreated: number;
  /** Duration of searches in seconds, including failed ones. */
  readonly searches: HistogramNow;
  /** Entities in one result. */
  readonly results: HistogramNow;
  /** Duration of an embedder call in seconds; one call can have several texts. */
  readonly embedding: HistogramNow;
};

/** Counts operations on memory. */
export class MemoryCounts {
  readonly #clock: Clock;
  readonly #searches = new Histogram(DURATION_BOUNDS_S);
  readonly #results = new Histogram(RESULTS_BOUNDS);
  readonly #embedding = new Histogram(DURATION_BOUNDS_S);
  #entities = 0;
  #relations = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  entitiesCreated(count: number): void {
    this.#entities += count;
  }

  relationsCreated(count: number): void {
    this.#relations += count;
  }

  found(results: number): void {
    this.#results.add(results);
  }

  /** Runs `work` and records its duration, also if it rejects. */
  async timed<Value>(what: "search" | "embedding", work: () => Promise<Value>): Promise<Value> {
    const startedMs = this.#clock.monotonicMs();
    try {
      return await work();
    } finally {
      const took = what === "search" ? this.#searches : this.#embedding;
      took.add((this.#clock.monotonicMs() - startedMs) / 1_000);
    }
  }

  now(): MemoryStats {
    return {
      entitiesCreated: this.#entities,
      relationsCreated: this.#relations,
      searches: this.#searches.now(),
      results: this.#results.now(),
      embedding: this.#embedding.now(),
    };
  }
}
