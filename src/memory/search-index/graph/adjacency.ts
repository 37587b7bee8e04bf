import * as z from "zod";
import { SavedBytes, SavedInts, SavedNumbers } from "../saved.ts";

/** Capacity of a list by its size class: each half as large again as the previous one, or a third. */
const roomOf = (size: number): number => (size % 2 === 0 ? 2 << (size >> 1) : 3 << (size >> 1));

/** Entries that are scanned for a removed one. */
const LOOKED_THROUGH_MAX = 32;
/** One in this many entries of a list may be deleted. */
const GONE_SHARE = 4;

/** Callbacks about entries: whether one is deleted, and that a list no longer contains it. */
export type Entries = {
  readonly isGone: (entry: number) => boolean;
  readonly left: (entry: number) => void;
};

/**
 * Lists of entries in one typed array, each contiguous. A full list moves to a larger block; its old block is reused.
 * Lists with thousands of entries lose them one by one, and no index gives their positions: a scan would take time, and an index memory,
 * for every relation. So deleted entries stay in a long list until a quarter of it is deleted, and one pass then removes all of them. The
 * last entry of a list is never a deleted one.
 */
export class Adjacency {
  readonly #entries: Entries;
  /** Number of deleted entries, by list. */
  readonly #gone = new Map<number, number>();
  #pool = new Int32Array(64);
  #used = 0;
  /** Highest list that was ever added to, plus one. */
  #lists = 0;
  #starts = new Int32Array(16);
  #lengths = new Int32Array(16);
  /** Size class of each list's block, plus one; 0 without a block. */
  #sizes = new Uint8Array(16);
  /** Free blocks by size class. */
  readonly #free: number[][] = [];

  constructor(entries: Entries) {
    this.#entries = entries;
  }

  static readonly Saved = z.object({
    pool: SavedInts,
    starts: SavedInts,
    lengths: SavedInts,
    sizes: SavedBytes,
    free: z.array(SavedNumbers),
  });

  /** Contains no deleted entries. */
  save(): z.infer<typeof Adjacency.Saved> {
    for (const list of this.#gone.keys()) this.#sweep(list);
    const lists = this.#lists;
    return {
      pool: this.#pool.subarray(0, this.#used),
      starts: this.#starts.subarray(0, lists),
      lengths: this.#lengths.subarray(0, lists),
      sizes: this.#sizes.subarray(0, lists),
      free: this.#free,
    };
  }

  /** Requires an empty instance. */
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

  /** The array of all lists; it is replaced when a list is added to. */
  get pool(): Int32Array {
    return this.#pool;
  }

  /** The index of a list's first entry in `pool`. */
  startOf(list: number): number {
    return this.#starts[list] ?? 0;
  }

  /** Includes deleted entries; 0 only if there is no other entry either. */
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

  /** Removes a deleted entry, immediately or, in a long list, later. May reorder the list. */
  remove(list: number, entry: number): void {
    const start = this.#starts[list] ?? 0;
    const last = start + (this.#lengths[list] ?? 0) - 1;
    if (last - start < LOOKED_THROUGH_MAX || this.#pool[last] === entry) {
      let at = last;
      while (at >= start && this.#pool[at] !== entry) at -= 1;
      if (at < start) return;
      this.#pool[at] = this.#pool[last] ?? 0;
      this.#lengths[list] = last - start;
      this.#entries.left(entry);
    } else this.#gone.set(list, (this.#gone.get(list) ?? 0) + 1);
    this.#tidy(list);
  }

  #tidy(list: number): void {
    let gone = this.#gone.get(list) ?? 0;
    if (gone * GONE_SHARE > this.lengthOf(list)) this.#sweep(list);
    else if (gone > 0) {
      let last = this.startOf(list) + this.lengthOf(list) - 1;
      for (; gone > 0 && this.#entries.isGone(this.#pool[last] ?? 0); gone -= 1, last -= 1)
        this.#entries.left(this.#pool[last] ?? 0);
      this.#lengths[list] = last + 1 - this.startOf(list);
      if (gone > 0) this.#gone.set(list, gone);
      else this.#gone.delete(list);
    }
    if (this.lengthOf(list) === 0) this.#freeBlock(list);
  }

  /** Removes all deleted entries. */
  #sweep(list: number): void {
    const start = this.startOf(list);
    const end = start + this.lengthOf(list);
    let to = start;
    for (let at = start; at < end; at += 1) {
      const entry = this.#pool[at] ?? 0;
      if (this.#entries.isGone(entry)) this.#entries.left(entry);
      else this.#pool[to++] = entry;
    }
    this.#lengths[list] = to - start;
    this.#gone.delete(list);
  }

  #freeBlock(list: number): void {
    const size = this.#sizes[list] ?? 0;
    if (size === 0) return;
    while (this.#free.length < size) this.#free.push([]);
    this.#free[size - 1]?.push(this.#starts[list] ?? 0);
    this.#sizes[list] = 0;
  }

  /** Moves a list to a block of a size class. */
  #move(list: number, to: number): void {
    const start = this.#free[to]?.pop() ?? this.#extend(roomOf(to));
    const from = this.#starts[list] ?? 0;
    this.#pool.copyWithin(start, from, from + (this.#lengths[list] ?? 0));
    this.#freeBlock(list);
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
 * Copies the numbers into an array of at least `least`, half as large again as before. The old array is detached, so that its memory is
 * freed at once.
 */
export function grown(array: Int32Array<ArrayBuffer>, least: number): Int32Array<ArrayBuffer> {
  const length = Math.max(least, Math.ceil(array.length * 1.5));
  return new Int32Array(array.buffer.transfer(length * Int32Array.BYTES_PER_ELEMENT));
}
