import * as z from "zod";
import { SavedInts } from "./saved.ts";

const EMPTY = -1;

/**
 * Finds integers by the rows that they stand for. Only the integers are here, 4 bytes a place with at most three quarters of
 * them taken: which row one stands for is asked each time. Rows and integers are from 0 to 2^31 - 1.
 */
export class RowTable {
  readonly #rowOf: (value: number) => number;
  #values: Int32Array<ArrayBuffer> = new Int32Array(16).fill(EMPTY);
  #size = 0;

  /** `rowOf` is right for each value from before it is set until after it is deleted. */
  constructor(rowOf: (value: number) => number) {
    this.#rowOf = rowOf;
  }

  static readonly Saved = z.object({ values: SavedInts, size: z.number() });

  save(): z.infer<typeof RowTable.Saved> {
    return { values: this.#values, size: this.#size };
  }

  load({ values, size }: z.infer<typeof RowTable.Saved>): void {
    this.#values = values;
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#values.byteLength;
  }

  /** The value of a row, or -1. */
  get(row: number): number {
    return this.#values[this.#find(row)] ?? EMPTY;
  }

  /** Sets or replaces. */
  set(row: number, value: number): void {
    const at = this.#find(row);
    const isNew = this.#values[at] === EMPTY;
    this.#values[at] = value;
    if (isNew) this.#size += 1;
    if (this.#size > this.#values.length * 0.75) this.#grow();
  }

  /** Forgets a row; whether it was there. */
  delete(row: number): boolean {
    const values = this.#values;
    const mask = values.length - 1;
    let gap = this.#find(row);
    if (values[gap] === EMPTY) return false;
    this.#size -= 1;
    // What follows moves up, so that no row is behind an empty place.
    for (let at = (gap + 1) & mask; values[at] !== EMPTY; at = (at + 1) & mask) {
      const value = values[at] ?? EMPTY;
      if (((at - this.#homeOf(value)) & mask) < ((at - gap) & mask)) continue;
      values[gap] = value;
      gap = at;
    }
    values[gap] = EMPTY;
    return true;
  }

  #homeOf(value: number): number {
    return spread(this.#rowOf(value)) & (this.#values.length - 1);
  }

  #find(row: number): number {
    const values = this.#values;
    const mask = values.length - 1;
    let at = spread(row) & mask;
    for (let value = values[at] ?? EMPTY; value !== EMPTY && this.#rowOf(value) !== row; value = values[at] ?? EMPTY)
      at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const before = this.#values;
    const values = new Int32Array(before.length * 2).fill(EMPTY);
    const mask = values.length - 1;
    this.#values = values;
    for (const value of before) {
      if (value === EMPTY) continue;
      let at = this.#homeOf(value);
      while (values[at] !== EMPTY) at = (at + 1) & mask;
      values[at] = value;
    }
  }
}

function spread(row: number): number {
  const mixed = Math.imul(row ^ (row >>> 16), 0x45d9f3b);
  return mixed ^ (mixed >>> 15);
}
