import type { Clock } from "../../src/kernel/clock.ts";

type Sleeper = { readonly atMs: number; readonly order: number; readonly wake: () => void };

/** Time that passes only when a test says so. */
export class ManualClock implements Clock {
  #nowMs: number;
  #order = 0;
  readonly #sleepers = new Set<Sleeper>();

  constructor(startMs = 1_000_000) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  /** How many sleep. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sleeper = { atMs: this.#nowMs + ms, order: this.#order++, wake: resolve };
    this.#sleepers.add(sleeper);
    signal?.addEventListener(
      "abort",
      () => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason);
      },
      { once: true },
    );
    await promise;
  }

  /** Advances time: each sleeper wakes at its own moment, and its consequences finish before time advances further. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settled();
    for (let next = this.#next(untilMs); next; next = this.#next(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.#sleepers.delete(next);
      next.wake();
      await settled();
    }
    this.#nowMs = untilMs;
  }

  #next(untilMs: number): Sleeper | undefined {
    const [first] = [...this.#sleepers]
      .filter(({ atMs }) => atMs <= untilMs)
      .toSorted((one, other) => one.atMs - other.atMs || one.order - other.order);
    return first;
  }
}

/** All that waits for nothing but its turn has had it. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
