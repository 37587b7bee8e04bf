import * as z from "zod";
import { SavedBytes, SavedInts } from "../../search-index/index.ts";
import { grownBytes } from "./columns.ts";

const BYTES = 16;
const EMPTY = -1;
const TAIL = 12;

/** Ids in 16 bytes, by the number that something has; with `isFound` also numbers by ids. Numbers are used again. */
export class Ids {
  #bytes = new Uint8Array(BYTES * 64);
  /** Indexes of numbers by the last, random bytes of their ids; undefined until ids are looked up. */
  #places: Int32Array<ArrayBuffer> | undefined;
  #count = 0;
  /** What `write` read in advance; kept, so that it is read. */
  #met = 0;
  /** Behind the last byte that was ever written. */
  #end = 0;

  constructor({ isFound }: { readonly isFound: boolean }) {
    if (isFound) this.#places = new Int32Array(64).fill(EMPTY);
  }

  /** Ids that can be found. */
  get size(): number {
    return this.#count;
  }

  static readonly Saved = z.object({ bytes: SavedBytes, places: SavedInts.optional(), count: z.number() });

  /** Right until the next change. */
  save(): z.infer<typeof Ids.Saved> {
    return { bytes: this.#bytes.subarray(0, this.#end), places: this.#places, count: this.#count };
  }

  load({ bytes, places, count }: z.infer<typeof Ids.Saved>): void {
    this.#bytes = bytes;
    this.#end = bytes.length;
    this.#places = places;
    this.#count = count;
  }

  /** A number that had another id is deleted first. */
  set(number: number, id: Uint8Array): void {
    this.delete(number);
    const end = (number + 1) * BYTES;
    if (end > this.#bytes.length) this.#bytes = grownBytes(this.#bytes, end);
    this.#bytes.set(id, number * BYTES);
    this.#end = Math.max(this.#end, end);
    const places = this.#places;
    if (!places) return;
    this.#place(places, number);
    this.#count += 1;
    if (this.#count > places.length * 0.7) this.#grow(places.length * 2);
  }

  /** Its id is looked for no more. */
  delete(number: number): void {
    const places = this.#places;
    if (!places || (number + 1) * BYTES > this.#bytes.length) return;
    const mask = places.length - 1;
    let gap = this.#home(number) & mask;
    while (places[gap] !== EMPTY && places[gap] !== number) gap = (gap + 1) & mask;
    if (places[gap] === EMPTY) return;
    this.#count -= 1;
    // What follows moves up, so that none is behind an empty place.
    for (let at = (gap + 1) & mask; places[at] !== EMPTY; at = (at + 1) & mask) {
      const other = places[at] ?? EMPTY;
      if (((at - (this.#home(other) & mask)) & mask) < ((at - gap) & mask)) continue;
      places[gap] = other;
      gap = at;
    }
    places[gap] = EMPTY;
    this.#bytes.fill(0, number * BYTES, (number + 1) * BYTES);
  }

  /** The number of an id, or -1. */
  find(id: Uint8Array): number {
    const places = this.#places;
    if (!places || id.length !== BYTES) return EMPTY;
    const mask = places.length - 1;
    for (let at = tailOf(id, 0) & mask; places[at] !== EMPTY; at = (at + 1) & mask) {
      const number = places[at] ?? EMPTY;
      if (this.#is(number, id)) return number;
    }
    return EMPTY;
  }

  /** Writes the ids of the first `count` numbers as text of 36 characters, one every `every` bytes from `at` on; none of -1. */
  write(
    numbers: Int32Array,
    into: Uint8Array,
    { count, at, every }: { readonly count: number; readonly at: number; readonly every: number },
  ): void {
    const bytes = this.#bytes;
    // Ids are scattered: all are read before the first write, so that page reads are not serialized.
    let met = this.#met;
    for (let index = 0; index < count; index += 1) met ^= bytes[Math.max(0, numbers[index] ?? 0) * BYTES] ?? 0;
    this.#met = met;
    for (let index = 0, to = at; index < count; index += 1, to += every) {
      const number = numbers[index] ?? EMPTY;
      if (number !== EMPTY) writeId(bytes, number * BYTES, into, to);
    }
  }

  #is(number: number, id: Uint8Array): boolean {
    for (let at = 0, from = number * BYTES; at < BYTES; at += 1) if (this.#bytes[from + at] !== id[at]) return false;
    return true;
  }

  #home(number: number): number {
    return tailOf(this.#bytes, number * BYTES);
  }

  #place(places: Int32Array, number: number): void {
    const mask = places.length - 1;
    let at = this.#home(number) & mask;
    while (places[at] !== EMPTY) at = (at + 1) & mask;
    places[at] = number;
  }

  #grow(length: number): void {
    const before = this.#places ?? new Int32Array(0);
    const places = new Int32Array(length).fill(EMPTY);
    for (const number of before) if (number !== EMPTY) this.#place(places, number);
    this.#places = places;
  }
}

/** Characters of an id as text. */
export const ID_CHARACTERS = 36;
const DASH = "-".charCodeAt(0);
const DIGITS = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));

function writeId(bytes: Uint8Array, from: number, into: Uint8Array, at: number): void {
  writeDigits(bytes, { from, count: 4 }, into, at);
  into[at + 8] = DASH;
  writeDigits(bytes, { from: from + 4, count: 2 }, into, at + 9);
  into[at + 13] = DASH;
  writeDigits(bytes, { from: from + 6, count: 2 }, into, at + 14);
  into[at + 18] = DASH;
  writeDigits(bytes, { from: from + 8, count: 2 }, into, at + 19);
  into[at + 23] = DASH;
  writeDigits(bytes, { from: from + 10, count: 6 }, into, at + 24);
}

function writeDigits(
  bytes: Uint8Array,
  { from, count }: { readonly from: number; readonly count: number },
  into: Uint8Array,
  at: number,
): void {
  for (let index = 0; index < count; index += 1) {
    const value = bytes[from + index] ?? 0;
    into[at + index * 2] = DIGITS[value >> 4] ?? 0;
    into[at + index * 2 + 1] = DIGITS[value & 15] ?? 0;
  }
}

const tailOf = (bytes: Uint8Array, at: number): number =>
  (bytes[at + TAIL] ?? 0) |
  ((bytes[at + TAIL + 1] ?? 0) << 8) |
  ((bytes[at + TAIL + 2] ?? 0) << 16) |
  ((bytes[at + TAIL + 3] ?? 0) << 24);
