import { type Message } from "./message.ts";
import { storedText } from "./write-message.ts";

const NEWLINE = 10;
/** UTF-8 of one character of a string. */
const CHAR_BYTES_MAX = 3;

/**
 * Messages as they are kept: a line of canonical JSON each, as bytes that go to disk as they are. Parsed, a line is what
 * `restoreMessage` takes.
 */
export class MessageLines {
  #bytes: Buffer<ArrayBuffer>;
  #length = 0;

  /** `room` is in bytes; it grows. */
  constructor(room: number) {
    this.#bytes = Buffer.allocUnsafeSlow(room);
  }

  /** Bytes that were written. */
  get length(): number {
    return this.#length;
  }

  /** Forgets what was written after the first so many bytes. */
  cut(length: number): void {
    this.#length = length;
  }

  /** Adds a line; the bytes of it, without its end. */
  add(message: Message): number {
    return this.addText(storedText(message));
  }

  /** Adds a line that was written before. */
  addText(text: string): number {
    const from = this.#length;
    this.#makeRoom(from + (text.length + 1) * CHAR_BYTES_MAX);
    const size = this.#bytes.write(text, from);
    this.#bytes[from + size] = NEWLINE;
    this.#length += size + 1;
    return size;
  }

  /** What was written; shares memory with this. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#bytes.buffer, 0, this.#length);
  }

  #makeRoom(needed: number): void {
    if (needed <= this.#bytes.length) return;
    const more = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    more.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = more;
  }
}
