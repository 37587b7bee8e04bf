import { type Clock } from "../clock.ts";

type Ring = { readonly atMs: number; readonly order: number; readonly wake: () => void };
type Sleep = { readonly untilMs: number; readonly stop: AbortController };

/**
 * Wakes callers at moments of the monotonic clock, with one timer for all of them. A timer cannot be cancelled: the
 * caller checks on wake-up whether there is still work.
 */
export class TimerQueue implements Disposable {
  readonly #clock: Clock;
  /** A binary heap, the next one first. */
  readonly #rings: Ring[] = [];
  #order = 0;
  #sleep: Sleep | undefined;
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `wake` is called at `atMs` or soon after; at once is never. It must not throw. */
  at(atMs: number, wake: () => void): void {
    if (this.#isClosed) return;
    this.#push({ atMs, order: this.#order++, wake });
    this.#rest();
  }

  #rest(): void {
    const [next] = this.#rings;
    if (next === undefined || this.#isClosed) return;
    if (this.#sleep !== undefined && this.#sleep.untilMs <= next.atMs) return;
    this.#sleep?.stop.abort();
    const sleep = { untilMs: next.atMs, stop: new AbortController() };
    this.#sleep = sleep;
    const ms = Math.max(0, next.atMs - this.#clock.monotonicMs());
    void this.#sleepFor(ms, sleep);
  }

  async #sleepFor(ms: number, sleep: Sleep): Promise<void> {
    try {
      await this.#clock.sleep(ms, sleep.stop.signal);
    } catch {
      return;
    }
    if (this.#sleep === sleep) this.#ring();
  }

  #ring(): void {
    this.#sleep = undefined;
    const nowMs = this.#clock.monotonicMs();
    const due: Ring[] = [];
    // Timers may be early by a fraction of a millisecond.
    for (let next = this.#rings[0]; next !== undefined && next.atMs <= nowMs + 1; next = this.#rings[0]) {
      this.#pop();
      due.push(next);
    }
    // Who finds itself early sets a ring a millisecond on: that one waits for its time.
    for (const { wake } of due) wake();
    this.#rest();
  }

  #push(ring: Ring): void {
    const rings = this.#rings;
    let at = rings.push(ring) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfBefore(at, parent)) break;
      at = parent;
    }
  }

  #pop(): void {
    const rings = this.#rings;
    const last = rings.pop();
    if (last === undefined || rings.length === 0) return;
    rings[0] = last;
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      const least = this.#isBefore(left + 1, left) ? left + 1 : left;
      if (!this.#swapIfBefore(least, at)) return;
      at = least;
    }
  }

  #isBefore(at: number, other: number): boolean {
    const [one, two] = [this.#rings[at], this.#rings[other]];
    if (one === undefined || two === undefined) return false;
    return one.atMs < two.atMs || (one.atMs === two.atMs && one.order < two.order);
  }

  #swapIfBefore(at: number, other: number): boolean {
    const [one, two] = [this.#rings[at], this.#rings[other]];
    if (one === undefined || two === undefined || !this.#isBefore(at, other)) return false;
    this.#rings[at] = two;
    this.#rings[other] = one;
    return true;
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#rings.length = 0;
    this.#sleep?.stop.abort();
  }
}
