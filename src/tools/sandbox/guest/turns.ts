/**
 * Who runs: guests of one child take turns on its one thread.
 *
 * guest.turns.T1. At most one guest runs at a time: between `enter` and `parked` no other entry is made.
 * guest.turns.T2. Entries are made in the order they were asked for.
 * guest.turns.T3. After `FLUSH_MS` of guests running what they have answered leaves; after `SLICE_MS` the event loop
 *   gets a turn, so that pings and cancellations are heard.
 */
const SLICE_MS = 5;
const FLUSH_MS = 0.2;
/** Entries made before their places in the list are used again. */
const COMPACT_AT = 1_024;

export class Turns {
  /** Entries that wait are from `#first` to before `#last`. */
  readonly #entries: ((() => void) | undefined)[] = [];
  readonly #flush: () => void;
  #first = 0;
  #last = 0;
  #isRunning = false;
  #isPaused = false;
  #sliceStartMs = 0;
  #flushedAtMs = 0;

  /** `flush` sends away what guests have answered so far. */
  constructor(flush: () => void) {
    this.#flush = flush;
  }

  /** Asks for a turn. `resume` must make a guest run, in this or the next microtask, and lead to one `parked`. */
  enter(resume: () => void): void {
    this.#entries[this.#last] = resume;
    this.#last += 1;
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
      this.#first = 0;
      this.#last = 0;
      this.#sliceStartMs = 0;
      return;
    }
    if (!this.#mayContinue()) return;
    this.#entries[this.#first] = undefined;
    this.#first += 1;
    if (this.#first > COMPACT_AT) this.#compact();
    this.#isRunning = true;
    resume();
  }

  #mayContinue(): boolean {
    const nowMs = performance.now();
    if (this.#sliceStartMs === 0) {
      this.#sliceStartMs = nowMs;
      this.#flushedAtMs = nowMs;
    } else if (nowMs - this.#sliceStartMs > SLICE_MS) {
      this.#pause();
      return false;
    } else if (nowMs - this.#flushedAtMs > FLUSH_MS) {
      this.#flushedAtMs = nowMs;
      this.#flush();
    }
    return true;
  }

  #compact(): void {
    this.#entries.copyWithin(0, this.#first, this.#last);
    this.#entries.fill(undefined, this.#last - this.#first, this.#last);
    this.#last -= this.#first;
    this.#first = 0;
  }

  #pause(): void {
    this.#isPaused = true;
    this.#sliceStartMs = 0;
    this.#flush();
    const resume = (): void => {
      this.#isPaused = false;
      if (!this.#isRunning) this.#next();
    };
    // The first comes before anything is read when it is asked for while something is, the second after.
    setImmediate(() => void setImmediate(resume));
  }
}
