import { damaged } from "./errors.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });
const NAME_BYTES_MAX = 1_024;

/** Reads a stretch of a component from front to back; throws ComponentRefusedError where it ends too soon. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    const value = this.at < this.end ? this.bytes[this.at] : undefined;
    if (value === undefined) throw damaged("it ends too soon", this.at);
    this.at += 1;
    return value;
  }

  /** The next byte, which stays. */
  peek(): number {
    const value = this.byte();
    this.at -= 1;
    return value;
  }

  /** An unsigned number of at most 32 bits. */
  u32(): number {
    const start = this.at;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (value > 0xffff_ffff) break;
        return value;
      }
    }
    throw damaged("a number is too long", start);
  }

  /** A count of things that take at least one byte each. */
  count(): number {
    const start = this.at;
    const value = this.u32();
    if (value > this.end - this.at) throw damaged("a list is longer than its file", start);
    return value;
  }

  name(): string {
    const start = this.at;
    const length = this.u32();
    if (length > NAME_BYTES_MAX) throw damaged("a name is too long", start);
    const part = this.take(length);
    try {
      return decoder.decode(part.bytes.subarray(part.at, part.end));
    } catch {
      throw damaged("a name is not UTF-8", start);
    }
  }

  /** The next bytes as a reader of their own. */
  take(length: number): ByteReader {
    if (length > this.end - this.at) throw damaged("it ends too soon", this.at);
    const part = new ByteReader(this.bytes, this.at, this.at + length);
    this.at += length;
    return part;
  }
}
