/**
 * Who runs: guests of one child take turns on its one thread.
 *
 * T1. At most one guest runs at a time: between `enter` and `parked` no other entry is made.
 * T2. Entries are made in the order they were asked for.
 * T3. After `SLICE_MS` of guests running without a pause the event loop gets a turn, so that results leave, and pings
 *     and cancellations are heard.
 */
const SLICE_MS = 5;
/** Entries made before their places in the list are given back. */
const COMPACT_AT = 1_024;

export class Turns {
  readonly #entries: (() => void)[] = [];
  readonly #onPause: () => void;
  #first = 0;
  #isRunning = false;
  #isPaused = false;
  #sliceStartMs = 0;

  /** `onPause` is called before the event loop gets a turn while guests wait for theirs. */
  constructor(onPause: () => void) {
    this.#onPause = onPause;
  }

  /** Asks for a turn. `resume` must make a guest run, in this or the next microtask, and lead to one `parked`. */
  enter(resume: () => void): void {
    this.#entries.push(resume);
    if (!this.#isRunning && !this.#isPaused) this.#next();
  }

  /** Says that the guest whose turn it was waits or has ended. */
  parked(): void {
    this.#isRunning = false;
    if (!this.#isPaused) this.#next();
  }

  #next(): void {
    const resume = this.#entries[this.#first];
    if (resume === undefined) {
      this.#entries.length = 0;
      this.#first = 0;
      this.#sliceStartMs = 0;
      return;
    }
    const nowMs = performance.now();
    if (this.#sliceStartMs === 0) this.#sliceStartMs = nowMs;
    if (nowMs - this.#sliceStartMs > SLICE_MS) return this.#pause();
    this.#first += 1;
    if (this.#first > COMPACT_AT) {
      this.#entries.splice(0, this.#first);
      this.#first = 0;
    }
    this.#isRunning = true;
    resume();
  }

  #pause(): void {
    this.#isPaused = true;
    this.#sliceStartMs = 0;
    this.#onPause();
    setImmediate(() => {
      this.#isPaused = false;
      if (!this.#isRunning) this.#next();
    });
  }
}
