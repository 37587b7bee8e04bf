import assert from "node:assert/strict";

/** One section of a WebAssembly module: its number and what is in it. */
export type Section = { readonly id: number; readonly bytes: Uint8Array };

export const SECTION = {
  custom: 0,
  import: 2,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  data: 11,
  dataCount: 12,
} as const;

const PREAMBLE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/** Sections of a core module that has been validated, in their order. */
export function sectionsOf(module: Uint8Array): readonly Section[] {
  assert.ok(
    PREAMBLE.every((byte, index) => module[index] === byte),
    "a core WebAssembly module",
  );
  const sections: Section[] = [];
  const reader = new Reader(module, PREAMBLE.length);
  while (!reader.isAtEnd) {
    const id = reader.byte();
    sections.push({ id, bytes: reader.bytes(reader.u32()) });
  }
  return sections;
}

export const moduleOf = (sections: readonly Section[]): Uint8Array<ArrayBuffer> =>
  joined([PREAMBLE, ...sections.flatMap(({ id, bytes }) => [Uint8Array.of(id), u32(bytes.length), bytes])]);

/** Reads what a section holds. */
export class Reader {
  readonly #bytes: Uint8Array;
  #at: number;
  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }
  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }
  get rest(): Uint8Array {
    return this.#bytes.subarray(this.#at);
  }
  byte(): number {
    const byte = this.#bytes[this.#at];
    assert.ok(byte !== undefined, "the module ends where more was announced");
    this.#at += 1;
    return byte;
  }
  u32(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }
  bytes(length: number): Uint8Array {
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    assert.equal(bytes.length, length, "the module ends where more was announced");
    this.#at += length;
    return bytes;
  }
  name(): string {
    return Buffer.from(this.bytes(this.u32())).toString("utf8");
  }
}

/** LEB128 of a number without sign, below 2 ** 32. */
export function u32(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest % 128) + (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Uint8Array.from(bytes);
}

/** LEB128 of a number with sign, as i32.const takes it. */
export function i32(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return Uint8Array.from(bytes);
  }
}

export const text = (value: string): Uint8Array => joined([u32(Buffer.byteLength(value)), Buffer.from(value)]);

export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
