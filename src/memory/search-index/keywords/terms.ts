import * as z from "zod";
import { grown } from "../graph/adjacency.ts";
import { SavedInts, SavedUnits } from "../saved.ts";

const EMPTY = -1;

/** The words of an index, numbered from 0, in typed arrays. */
export class Terms {
  #places = new Int32Array(64).fill(EMPTY);
  #hashes = new Int32Array(48);
  #ends = new Int32Array(48);
  #units = new Uint16Array(256);
  #count = 0;

  static readonly Saved = z.object({
    places: SavedInts,
    hashes: SavedInts,
    ends: SavedInts,
    units: SavedUnits,
    count: z.number(),
  });

  /** Words that are not in use are left out: their numbers stay, but nothing says any more what they were. */
  save(isUsed: (term: number) => boolean): z.infer<typeof Terms.Saved> {
    const units = this.#units.slice(0, this.#startOf(this.#count));
    for (let term = 0; term < this.#count; term += 1)
      if (!isUsed(term)) units.fill(0, this.#startOf(term), this.#ends[term] ?? 0);
    const hashes = this.#hashes.slice(0, this.#count);
    for (let term = 0; term < this.#count; term += 1) if (!isUsed(term)) hashes[term] = EMPTY;
    return { places: this.#places, hashes, ends: this.#ends.slice(0, this.#count), units, count: this.#count };
  }

  load({ places, hashes, ends, units, count }: z.infer<typeof Terms.Saved>): void {
    this.#places = places;
    this.#hashes = hashes;
    this.#ends = ends;
    this.#units = units;
    this.#count = count;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#places.byteLength + this.#hashes.byteLength * 2 + this.#units.byteLength;
  }

  /** The number of a word, or -1. */
  find(units: Uint16Array, length: number): number {
    return this.#places[this.#placeOf(units, length, hashOf(units, length))] ?? EMPTY;
  }

  /** The number of a word, which is new if it is not known. */
  number(units: Uint16Array, length: number): number {
    const hash = hashOf(units, length);
    const place = this.#placeOf(units, length, hash);
    const known = this.#places[place] ?? EMPTY;
    if (known !== EMPTY) return known;
    const term = this.#count;
    if (term >= this.#hashes.length) {
      this.#hashes = grown(this.#hashes, term + 1);
      this.#ends = grown(this.#ends, term + 1);
    }
    const start = this.#startOf(term);
    if (start + length > this.#units.length) {
      const units16 = new Uint16Array(Math.ceil((start + length) * 1.5));
      units16.set(this.#units);
      this.#units = units16;
    }
    for (let at = 0; at < length; at += 1) this.#units[start + at] = units[at] ?? 0;
    this.#hashes[term] = hash;
    this.#ends[term] = start + length;
    this.#places[place] = term;
    this.#count += 1;
    if (this.#count > this.#places.length * 0.75) this.#rehash();
    return term;
  }

  textOf(term: number): string {
    return String.fromCharCode(...this.#units.subarray(this.#startOf(term), this.#ends[term] ?? 0));
  }

  #startOf(term: number): number {
    return term === 0 ? 0 : (this.#ends[term - 1] ?? 0);
  }

  #placeOf(units: Uint16Array, length: number, hash: number): number {
    const mask = this.#places.length - 1;
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const term = this.#places[place] ?? EMPTY;
      if (term === EMPTY || (this.#hashes[term] === hash && this.#is(term, units, length))) return place;
    }
  }

  #is(term: number, units: Uint16Array, length: number): boolean {
    const start = this.#startOf(term);
    if ((this.#ends[term] ?? 0) - start !== length) return false;
    for (let at = 0; at < length; at += 1) if (this.#units[start + at] !== units[at]) return false;
    return true;
  }

  #rehash(): void {
    const places = new Int32Array(this.#places.length * 2).fill(EMPTY);
    const mask = places.length - 1;
    for (let term = 0; term < this.#count; term += 1) {
      let place = (this.#hashes[term] ?? 0) & mask;
      while (places[place] !== EMPTY) place = (place + 1) & mask;
      places[place] = term;
    }
    this.#places = places;
  }
}

function hashOf(units: Uint16Array, length: number): number {
  let hash = 0x811c_9dc5;
  for (let at = 0; at < length; at += 1) hash = Math.imul(hash ^ (units[at] ?? 0), 0x0100_0193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b_3c6d);
  return (hash ^ (hash >>> 13)) & 0x7fff_ffff;
}
