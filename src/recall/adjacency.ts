import * as z from "zod";
import { SavedBytes, SavedInts, SavedNumbers } from "./saved.ts";

/** What a list has room for, by its class: each half as long again as the one before, or a third. */
const roomOf = (size: number): number => (size % 2 === 0 ? 2 << (size >> 1) : 3 << (size >> 1));

/**
 * Lists of entries in one typed array, each list in one piece. A list that is full moves to a longer place; the place it leaves
 * is used again.
 */
export class Adjacency {
  #pool = new Int32Array(64);
  #used = 0;
  /** Lists that were ever added to end before this one. */
  #lists = 0;
  #starts = new Int32Array(16);
  #lengths = new Int32Array(16);
  /** Of each list: the class of its place, plus one; 0 without a place. */
  #sizes = new Uint8Array(16);
  /** Places that were left, by their classes. */
  readonly #free: number[][] = [];

  static readonly Saved = z.object({
    pool: SavedInts,
    starts: SavedInts,
    lengths: SavedInts,
    sizes: SavedBytes,
    free: z.array(SavedNumbers),
  });

  save(): z.infer<typeof Adjacency.Saved> {
    const lists = this.#lists;
    return {
      pool: this.#pool.subarray(0, this.#used),
      starts: this.#starts.subarray(0, lists),
      lengths: this.#lengths.subarray(0, lists),
      sizes: this.#sizes.subarray(0, lists),
      free: this.#free,
    };
  }

  /** Into one that is empty. */
  load({ pool, starts, lengths, sizes, free }: z.infer<typeof Adjacency.Saved>): void {
    this.#pool = pool;
    this.#used = pool.length;
    this.#starts = starts;
    this.#lists = starts.length;
    this.#lengths = lengths;
    this.#sizes = sizes;
    for (const places of free) this.#free.push(places);
  }

  get bytes(): number {
    return this.#pool.byteLength + this.#starts.byteLength * 2 + this.#sizes.byteLength;
  }

  /** The array the lists are in; it is replaced when a list is added to. */
  get pool(): Int32Array {
    return this.#pool;
  }

  /** The index of a list's first entry in `pool`. */
  startOf(list: number): number {
    return this.#starts[list] ?? 0;
  }

  lengthOf(list: number): number {
    return this.#lengths[list] ?? 0;
  }

  push(list: number, entry: number): void {
    if (list >= this.#starts.length) this.#widen(list);
    if (list >= this.#lists) this.#lists = list + 1;
    const length = this.#lengths[list] ?? 0;
    const size = this.#sizes[list] ?? 0;
    if (size === 0 || length === roomOf(size - 1)) this.#move(list, size);
    this.#pool[(this.#starts[list] ?? 0) + length] = entry;
    this.#lengths[list] = length + 1;
  }

  /** Takes an entry out, looking from the last one on; the last one comes to its place. */
  remove(list: number, entry: number): void {
    const start = this.#starts[list] ?? 0;
    const last = start + (this.#lengths[list] ?? 0) - 1;
    let at = last;
    while (at >= start && this.#pool[at] !== entry) at -= 1;
    if (at < start) return;
    this.#pool[at] = this.#pool[last] ?? 0;
    this.#lengths[list] = last - start;
    if (last === start) this.#leave(list);
  }

  #leave(list: number): void {
    const size = this.#sizes[list] ?? 0;
    if (size === 0) return;
    while (this.#free.length < size) this.#free.push([]);
    this.#free[size - 1]?.push(this.#starts[list] ?? 0);
    this.#sizes[list] = 0;
  }

  /** To a place of a class. */
  #move(list: number, to: number): void {
    const start = this.#free[to]?.pop() ?? this.#extend(roomOf(to));
    const from = this.#starts[list] ?? 0;
    this.#pool.copyWithin(start, from, from + (this.#lengths[list] ?? 0));
    this.#leave(list);
    this.#starts[list] = start;
    this.#sizes[list] = to + 1;
  }

  #extend(entries: number): number {
    const start = this.#used;
    this.#used += entries;
    if (this.#used > this.#pool.length) this.#pool = grown(this.#pool, this.#used);
    return start;
  }

  #widen(list: number): void {
    this.#starts = grown(this.#starts, list + 1);
    const { length } = this.#starts;
    this.#lengths = grown(this.#lengths, length);
    this.#sizes = new Uint8Array(this.#sizes.buffer.transfer(length));
  }
}

/**
 * The same numbers in an array of at least `least`, half as long again as before. The one before is empty from now on, since
 * its memory is given back at once.
 */
export function grown(array: Int32Array<ArrayBuffer>, least: number): Int32Array<ArrayBuffer> {
  const length = Math.max(least, Math.ceil(array.length * 1.5));
  return new Int32Array(array.buffer.transfer(length * Int32Array.BYTES_PER_ELEMENT));
}
