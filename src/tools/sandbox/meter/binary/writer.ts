const utf8 = new TextEncoder();

/** Room of a length whose value is not known yet: LEB128 in five bytes, whatever the value. */
const LENGTH_BYTES = 5;

/** Below this many bytes a loop copies faster than `set`. */
const LOOP_BYTES = 48;

/** A growing buffer for one module or one function body. */
export class Writer {
  #buffer: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(capacity: number) {
    this.#buffer = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }

  /** Forgets what was written and keeps the room. */
  clear(): void {
    this.#length = 0;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length] = value;
    this.#length += 1;
  }

  copy(source: Uint8Array, start: number, end: number): void {
    const count = end - start;
    this.#reserve(count);
    if (count < LOOP_BYTES) {
      const buffer = this.#buffer;
      const shift = this.#length - start;
      for (let index = start; index < end; index += 1) buffer[index + shift] = source[index] ?? 0;
    } else {
      this.#buffer.set(source.subarray(start, end), this.#length);
    }
    this.#length += count;
  }

  /** All of what another writer holds. */
  append(other: Writer): void {
    this.copy(other.#buffer, 0, other.#length);
  }

  u32(value: number): void {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  /** A signed LEB128 integer; `value` fits 32 bits. */
  s32(value: number): void {
    let rest = value | 0;
    while (rest < -64 || rest > 63) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.byte(rest & 0x7f);
  }

  name(text: string): void {
    const bytes = utf8.encode(text);
    this.u32(bytes.length);
    this.copy(bytes, 0, bytes.length);
  }

  /** Leaves room for a length and returns its place for `closeLength`. */
  openLength(): number {
    this.#reserve(LENGTH_BYTES);
    this.#length += LENGTH_BYTES;
    return this.#length;
  }

  /** Fills the room with the number of bytes written since. */
  closeLength(place: number): void {
    let rest = this.#length - place;
    for (let index = place - LENGTH_BYTES; index < place - 1; index += 1) {
      this.#buffer[index] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#buffer[place - 1] = rest;
  }

  /** A copy of what was written, without the spare room. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(0, this.#length);
  }
}
