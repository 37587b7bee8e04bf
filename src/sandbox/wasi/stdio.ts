export type StdioEvents = {
  /** One line without its end; the bytes may be the guest's memory, so they are good for the duration of the call only. */
  readonly onLine: (line: Uint8Array) => void;
  /** A line grew past `lineBytesMax`; the guest is to be ended. */
  readonly onLineTooLong: () => void;
  /** Something was written to standard error; a view, as for lines. */
  readonly onError: (bytes: Uint8Array) => void;
  /** The guest is about to wait for input that is not there; `hasTimer` when a clock may wake it too. True lets the clock run. */
  readonly onWaiting: (hasTimer: boolean) => boolean;
};

const NEWLINE = 0x0a;

/** The guest's three streams: input as it is pushed, output cut into lines. */
export class Stdio {
  readonly #events: StdioEvents;
  readonly #lineBytesMax: number;
  readonly #input: Uint8Array[] = [];
  #consumed = 0;
  #line: Uint8Array[] = [];
  #lineBytes = 0;
  #wake: (() => void) | undefined;

  constructor(events: StdioEvents, lineBytesMax: number) {
    this.#events = events;
    this.#lineBytesMax = lineBytesMax;
  }

  get hasInput(): boolean {
    return this.#input.length > 0;
  }

  /** Gives the guest input, and wakes it when it waits for some. */
  push(...parts: readonly Uint8Array[]): void {
    for (const part of parts) if (part.length > 0) this.#input.push(part);
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Copies waiting input into the target; the number of bytes, 0 when there is none. */
  take(target: Uint8Array): number {
    let filled = 0;
    while (filled < target.length) {
      const head = this.#input[0];
      if (head === undefined) break;
      const count = Math.min(target.length - filled, head.length - this.#consumed);
      target.set(head.subarray(this.#consumed, this.#consumed + count), filled);
      filled += count;
      this.#consumed += count;
      if (this.#consumed === head.length) {
        this.#input.shift();
        this.#consumed = 0;
      }
    }
    return filled;
  }

  /** Says that the guest waits for input; `wake` is called when some comes. Whether a timer may wake it as well. */
  await(hasTimer: boolean, wake: () => void): boolean {
    this.#wake = wake;
    return this.#events.onWaiting(hasTimer);
  }

  forgetWaiter(): void {
    this.#wake = undefined;
  }

  write(bytes: Uint8Array): void {
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      if (!this.#finishLine(bytes.subarray(start, end))) return;
      start = end + 1;
    }
    if (start === bytes.length) return;
    this.#lineBytes += bytes.length - start;
    if (this.#lineBytes > this.#lineBytesMax) return this.#events.onLineTooLong();
    this.#line.push(bytes.slice(start));
  }

  writeError(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#events.onError(bytes);
  }

  #finishLine(end: Uint8Array): boolean {
    if (this.#lineBytes + end.length > this.#lineBytesMax) {
      this.#events.onLineTooLong();
      return false;
    }
    if (this.#line.length === 0) {
      this.#events.onLine(end);
      return true;
    }
    const line = Buffer.concat([...this.#line, end]);
    this.#line = [];
    this.#lineBytes = 0;
    this.#events.onLine(line);
    return true;
  }
}
