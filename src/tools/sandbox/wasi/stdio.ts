export type StdioEvents = {
  /** One line without its end, at `start` to `end` of bytes that are good for the duration of the call only. */
  readonly onLine: (bytes: Buffer, start: number, end: number) => void;
  /** A line grew past `lineBytesMax`; the guest is to be ended. */
  readonly onLineTooLong: () => void;
  /** Something was written to standard error; a view, good for the duration of the call. */
  readonly onError: (bytes: Uint8Array) => void;
  /** The guest is about to wait for input that is not there; `hasTimer` when a clock may wake it too. True lets the clock run. */
  readonly onWaiting: (hasTimer: boolean) => boolean;
};

/** A guest's standard streams, as its WASI sees them. */
export interface Streams {
  /** Whether a read would not wait: there is input, or there will never be any more. */
  readonly hasInput: boolean;
  /** Bytes that can be read now; 0 with `hasInput` is the end. */
  readonly inputBytes: number;
  /** Copies waiting input to a position in memory; returns the number of bytes, 0 without input. */
  take(memory: Uint8Array, at: number, length: number): number;
  /** Says that the guest waits for input; `wake` is called when some comes. Whether a timer may wake it as well. */
  await(hasTimer: boolean, wake: () => void): boolean;
  forgetWaiter(): void;
  /** Takes output from a place in memory. */
  write(memory: Uint8Array, at: number, length: number): void;
  writeError(bytes: Uint8Array): void;
}

const NEWLINE = 0x0a;
/** Bytes that are taken from the guest at once, and kept room for between lines. */
const PIECE_BYTES = 64 * 1024;
/** Below this a loop copies faster than making a view does. */
const LOOP_BYTES = 128;

/** The guest's three streams: input as it is pushed, output cut into lines. */
export class Stdio implements Streams {
  readonly #events: StdioEvents;
  readonly #lineBytesMax: number;
  /** What the guest reads next, and what comes after; most of the time there is one piece at most. */
  #head: Uint8Array | undefined;
  readonly #input: Uint8Array[] = [];
  #consumed = 0;
  /** The line that has begun, at its start. */
  #line: Buffer = Buffer.alloc(0);
  #filled = 0;
  #wake: (() => void) | undefined;

  constructor(events: StdioEvents, lineBytesMax: number) {
    this.#events = events;
    this.#lineBytesMax = lineBytesMax;
  }

  get hasInput(): boolean {
    return this.#head !== undefined;
  }

  get inputBytes(): number {
    const waiting = this.#input.reduce((sum, { length }) => sum + length, this.#head?.length ?? 0);
    return waiting - this.#consumed;
  }

  /** Gives the guest input, and wakes it when it waits for some. */
  push(bytes: Uint8Array): void {
    if (this.#head !== undefined) this.#input.push(bytes);
    else if (bytes.length > 0) this.#head = bytes;
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  take(memory: Uint8Array, at: number, length: number): number {
    let filled = 0;
    while (filled < length) {
      const head = this.#head;
      if (head === undefined) break;
      const count = Math.min(length - filled, head.length - this.#consumed);
      const isWhole = count === head.length;
      memory.set(isWhole ? head : head.subarray(this.#consumed, this.#consumed + count), at + filled);
      filled += count;
      this.#consumed += count;
      if (this.#consumed === head.length) {
        this.#head = this.#input.length === 0 ? undefined : this.#input.shift();
        this.#consumed = 0;
      }
    }
    return filled;
  }

  await(hasTimer: boolean, wake: () => void): boolean {
    this.#wake = wake;
    return this.#events.onWaiting(hasTimer);
  }

  forgetWaiter(): void {
    this.#wake = undefined;
  }

  /** Each line is handed on when its end comes. */
  write(memory: Uint8Array, at: number, length: number): void {
    for (let from = at; from < at + length; from += PIECE_BYTES) {
      this.#append(memory, from, Math.min(PIECE_BYTES, at + length - from));
      if (!this.#deliver()) return;
    }
  }

  writeError(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#events.onError(bytes);
  }

  #append(memory: Uint8Array, at: number, length: number): void {
    const needed = this.#filled + length;
    if (needed > this.#line.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, Math.min(2 * this.#line.length, this.#lineBytesMax)));
      this.#line.copy(grown, 0, 0, this.#filled);
      this.#line = grown;
    }
    const line = this.#line;
    if (length > LOOP_BYTES) line.set(memory.subarray(at, at + length), this.#filled);
    else for (let index = 0; index < length; index += 1) line[this.#filled + index] = memory[at + index] ?? 0;
    this.#scanned = this.#filled;
    this.#filled = needed;
  }

  /** Up to where the line that has begun is known to have no end. */
  #scanned = 0;

  /** Hands on the lines that are whole. False when one is too long. */
  #deliver(): boolean {
    let start = 0;
    let end = this.#lineEnd(this.#scanned);
    while (end !== -1) {
      if (end - start > this.#lineBytesMax) return this.#tooLong();
      this.#events.onLine(this.#line, start, end);
      start = end + 1;
      end = this.#lineEnd(start);
    }
    if (start > 0) this.#line.copyWithin(0, start, this.#filled);
    this.#filled -= start;
    if (this.#filled === 0 && this.#line.length > PIECE_BYTES) this.#line = Buffer.alloc(0);
    return this.#filled > this.#lineBytesMax ? this.#tooLong() : true;
  }

  #lineEnd(from: number): number {
    const end = this.#line.indexOf(NEWLINE, from);
    return end >= this.#filled ? -1 : end;
  }

  #tooLong(): false {
    this.#filled = 0;
    this.#events.onLineTooLong();
    return false;
  }
}
