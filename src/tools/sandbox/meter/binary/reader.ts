import { malformed } from "../errors.ts";

/** Fatal, and deaf to byte order marks: a name must come out as what the module says, to the byte. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * A cursor over a range of a module's bytes. It only moves forward, and every read is checked against the range: what is
 * cut short, or an integer longer than its type, is refused as malformed.
 */
export class Reader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  byte(): number {
    const value = this.at < this.end ? this.bytes[this.at] : undefined;
    if (value === undefined) throw malformed("it ends too soon", this.at);
    this.at += 1;
    return value;
  }

  /** An unsigned LEB128 integer of 32 bits, in at most five bytes. */
  u32(): number {
    const first = this.byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      const next = this.byte();
      value |= (next & 0x7f) << shift;
      if (next < 0x80) return value;
    }
    const last = this.byte();
    if (last > 0x0f) throw malformed("an integer has more than 32 bits", this.at - 1);
    return (value | (last << 28)) >>> 0;
  }

  /** Steps over a signed LEB128 integer of that many bits: 32, 33 or 64. */
  skipSigned(bits: 32 | 33 | 64): void {
    for (let left = bits; left > 7; left -= 7) if (this.byte() < 0x80) return;
    // The last byte has room for more bits than are left; those must repeat the sign.
    const sign = 0x80 - (1 << ((bits - 1) % 7));
    const last = this.byte();
    if (last >= 0x80 || ((last & sign) !== 0 && (last & sign) !== sign))
      throw malformed(`an integer has more than ${bits} bits`, this.at - 1);
  }

  skip(count: number): void {
    if (count > this.end - this.at) throw malformed("it ends too soon", this.at);
    this.at += count;
  }

  /** A reader of the next `count` bytes, which this one steps over. */
  take(count: number): Reader {
    const start = this.at;
    this.skip(count);
    return new Reader(this.bytes, start, this.at);
  }

  /** The next `count` bytes as UTF-8. */
  text(count: number): string {
    const start = this.at;
    this.skip(count);
    try {
      return utf8.decode(this.bytes.subarray(start, this.at));
    } catch {
      throw malformed("a name is not UTF-8", start);
    }
  }

  /** Refuses bytes left over in the range. */
  finish(what: string): void {
    if (this.at !== this.end) throw malformed(`${what} has ${this.end - this.at} bytes too many`, this.at);
  }
}
