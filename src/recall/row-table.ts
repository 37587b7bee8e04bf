import * as z from "zod";
import { SavedInts } from "./saved.ts";

const EMPTY = -1;

/**
 * A map of rows to small integers in two typed arrays: 8 bytes a place, at most three quarters of them taken. Keys and values
 * are integers from 0 to 2^31 - 1.
 */
export class RowTable {
  #keys: Int32Array<ArrayBuffer>;
  #values: Int32Array<ArrayBuffer>;
  #size = 0;

  constructor(capacity = 16) {
    let places = 16;
    while (places * 0.75 < capacity) places *= 2;
    this.#keys = new Int32Array(places).fill(EMPTY);
    this.#values = new Int32Array(places);
  }

  static readonly Saved = z.object({ keys: SavedInts, values: SavedInts, size: z.number() });

  save(): z.infer<typeof RowTable.Saved> {
    return { keys: this.#keys, values: this.#values, size: this.#size };
  }

  load({ keys, values, size }: z.infer<typeof RowTable.Saved>): void {
    this.#keys = keys;
    this.#values = values;
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#keys.byteLength * 2;
  }

  /** The value of a key, or -1. */
  get(key: number): number {
    const at = this.#find(key);
    return this.#keys[at] === EMPTY ? -1 : (this.#values[at] ?? -1);
  }

  /** Sets or replaces. */
  set(key: number, value: number): void {
    const at = this.#find(key);
    this.#values[at] = value;
    if (this.#keys[at] === key) return;
    this.#keys[at] = key;
    this.#size += 1;
    if (this.#size > this.#keys.length * 0.75) this.#grow();
  }

  /** Forgets a key; whether it was there. */
  delete(key: number): boolean {
    const keys = this.#keys;
    const mask = keys.length - 1;
    let gap = this.#find(key);
    if (keys[gap] === EMPTY) return false;
    this.#size -= 1;
    // What follows moves up, so that no key is behind an empty place.
    for (let at = (gap + 1) & mask; keys[at] !== EMPTY; at = (at + 1) & mask) {
      const home = spread(keys[at] ?? 0) & mask;
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      keys[gap] = keys[at] ?? 0;
      this.#values[gap] = this.#values[at] ?? 0;
      gap = at;
    }
    keys[gap] = EMPTY;
    return true;
  }

  #find(key: number): number {
    const keys = this.#keys;
    const mask = keys.length - 1;
    let at = spread(key) & mask;
    while (keys[at] !== EMPTY && keys[at] !== key) at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#keys = new Int32Array(keys.length * 2).fill(EMPTY);
    this.#values = new Int32Array(keys.length * 2);
    for (let at = 0; at < keys.length; at += 1) {
      const key = keys[at] ?? EMPTY;
      if (key === EMPTY) continue;
      const to = this.#find(key);
      this.#keys[to] = key;
      this.#values[to] = values[at] ?? 0;
    }
  }
}

function spread(key: number): number {
  const mixed = Math.imul(key ^ (key >>> 16), 0x45d9f3b);
  return mixed ^ (mixed >>> 15);
}
