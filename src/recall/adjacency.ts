import * as z from "zod";
import { SavedInts, SavedNumbers } from "./saved.ts";

const WORDS = 2;
const CAPACITY_MIN = 2;

/**
 * Lists of pairs (neighbour, entry) in one typed array, each list in one piece. A list that is full moves to a place twice
 * as large; the place it leaves is used again.
 */
export class Adjacency {
  #pool = new Int32Array(64);
  #used = 0;
  /** Lists that were ever added to end before this one. */
  #lists = 0;
  #starts = new Int32Array(16);
  #lengths = new Int32Array(16);
  #capacities = new Int32Array(16);
  readonly #free = new Map<number, number[]>();

  static readonly Saved = z.object({
    pool: SavedInts,
    used: z.number(),
    starts: SavedInts,
    lengths: SavedInts,
    capacities: SavedInts,
    free: z.map(z.number(), SavedNumbers),
  });

  save(): z.infer<typeof Adjacency.Saved> {
    const free = new Map(this.#free);
    const pool = this.#pool.subarray(0, this.#used);
    const lists = this.#lists;
    const [starts, lengths] = [this.#starts.subarray(0, lists), this.#lengths.subarray(0, lists)];
    return { pool, used: this.#used, starts, lengths, capacities: this.#capacities.subarray(0, lists), free };
  }

  /** Into one that is empty. */
  load({ pool, used, starts, lengths, capacities, free }: z.infer<typeof Adjacency.Saved>): void {
    this.#pool = pool;
    this.#used = used;
    this.#starts = starts;
    this.#lists = starts.length;
    this.#lengths = lengths;
    this.#capacities = capacities;
    for (const [capacity, places] of free) this.#free.set(capacity, places);
  }

  get bytes(): number {
    return this.#pool.byteLength + this.#starts.byteLength * 3;
  }

  /** The array the lists are in; it is replaced when a list is added to. */
  get pool(): Int32Array {
    return this.#pool;
  }

  /** The index of a list's first pair in `pool`. */
  startOf(list: number): number {
    return this.#starts[list] ?? 0;
  }

  lengthOf(list: number): number {
    return this.#lengths[list] ?? 0;
  }

  /** Appends a pair; its position in the list. */
  push(list: number, neighbour: number, entry: number): number {
    if (list >= this.#starts.length) this.#widen(list);
    if (list >= this.#lists) this.#lists = list + 1;
    const length = this.#lengths[list] ?? 0;
    if (length === this.#capacities[list]) this.#move(list, Math.max(CAPACITY_MIN, length * 2));
    const at = (this.#starts[list] ?? 0) + length * WORDS;
    this.#pool[at] = neighbour;
    this.#pool[at + 1] = entry;
    this.#lengths[list] = length + 1;
    return length;
  }

  /** Takes the pair at a position out; the last one moves there. The entry that moved, or -1. */
  remove(list: number, position: number): number {
    const last = (this.#lengths[list] ?? 0) - 1;
    const start = this.#starts[list] ?? 0;
    const to = start + position * WORDS;
    const from = start + last * WORDS;
    this.#pool[to] = this.#pool[from] ?? 0;
    const moved = this.#pool[from + 1] ?? 0;
    this.#pool[to + 1] = moved;
    this.#lengths[list] = last;
    if (last === 0) this.#give(list);
    return last === position ? -1 : moved;
  }

  #give(list: number): void {
    const capacity = this.#capacities[list] ?? 0;
    if (capacity === 0) return;
    const free = this.#free.get(capacity);
    if (free === undefined) this.#free.set(capacity, [this.#starts[list] ?? 0]);
    else free.push(this.#starts[list] ?? 0);
    this.#capacities[list] = 0;
  }

  #move(list: number, capacity: number): void {
    const start = this.#free.get(capacity)?.pop() ?? this.#extend(capacity * WORDS);
    const from = this.#starts[list] ?? 0;
    this.#pool.copyWithin(start, from, from + (this.#lengths[list] ?? 0) * WORDS);
    this.#give(list);
    this.#starts[list] = start;
    this.#capacities[list] = capacity;
  }

  #extend(words: number): number {
    const start = this.#used;
    this.#used += words;
    if (this.#used > this.#pool.length) this.#pool = grown(this.#pool, this.#used);
    return start;
  }

  #widen(list: number): void {
    this.#starts = grown(this.#starts, list + 1);
    this.#lengths = grown(this.#lengths, list + 1);
    this.#capacities = grown(this.#capacities, list + 1);
  }
}

/** The same numbers in an array of at least `least`, half as long again as before. */
export function grown(array: Int32Array, least: number): Int32Array<ArrayBuffer> {
  const wider = new Int32Array(Math.max(least, Math.ceil(array.length * 1.5)));
  wider.set(array);
  return wider;
}
