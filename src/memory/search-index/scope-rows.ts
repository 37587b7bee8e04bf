import * as z from "zod";
import { SavedNumbers } from "./saved.ts";
import { BLOCK_SIZES, type BlockClass, type VectorSlab } from "./vectors/vector-slab.ts";

/** Past this class blocks are added; below it one block is replaced by a larger one. */
const GROWN: BlockClass = 2;

/** The rows of one scope: full blocks, and a last one that is full up to `fill`. */
export class ScopeRows {
  readonly #slots: VectorSlab;
  readonly #owner: number;
  readonly #starts: number[] = [];
  readonly #classes: BlockClass[] = [];
  #fill = 0;
  #count = 0;

  constructor(slots: VectorSlab, owner: number) {
    this.#slots = slots;
    this.#owner = owner;
  }

  static readonly Saved = z.object({
    starts: SavedNumbers,
    classes: z.array(z.literal([0, 1, 2, 3, 4])),
    fill: z.number(),
    count: z.number(),
  });

  save(): z.infer<typeof ScopeRows.Saved> {
    return { starts: this.#starts, classes: this.#classes, fill: this.#fill, count: this.#count };
  }

  /** Into one that is empty, of the same slots. */
  load({ starts, classes, fill, count }: z.infer<typeof ScopeRows.Saved>): void {
    for (const start of starts) this.#starts.push(start);
    for (const size of classes) this.#classes.push(size);
    this.#fill = fill;
    this.#count = count;
  }

  get count(): number {
    return this.#count;
  }

  /** A slot for one more row. `moved` is called for rows that change their slots for it. */
  append(moved: (row: number, slot: number) => void): number {
    const size = this.#classes.at(-1);
    if (size === undefined) this.#push(0);
    else if (this.#fill === BLOCK_SIZES[size]) {
      if (this.#starts.length === 1 && size < GROWN) this.#replace(nextClass(size), moved);
      else this.#push(classFor(this.#count));
    }
    const slot = (this.#starts.at(-1) ?? 0) + this.#fill;
    this.#fill += 1;
    this.#count += 1;
    return slot;
  }

  /** Takes a slot out: the last row moves into it. */
  remove(slot: number, moved: (row: number, slot: number) => void): void {
    const last = (this.#starts.at(-1) ?? 0) + this.#fill - 1;
    if (last !== slot) moved(this.#slots.copy(last, slot), slot);
    this.#slots.clear(last);
    this.#fill -= 1;
    this.#count -= 1;
    const size = this.#classes.at(-1) ?? 0;
    if (this.#fill === 0) this.#pop();
    else if (this.#starts.length === 1 && size > 0 && this.#fill <= BLOCK_SIZES[size] / 8)
      this.#replace(smallerClass(size), moved);
  }

  /** Calls `visit` with each run of neighbouring slots inside one slab. */
  runs(visit: (slot: number, count: number) => void): void {
    let from = -1;
    let count = 0;
    const last = this.#starts.length - 1;
    for (const [index, start] of this.#starts.entries()) {
      const size = index === last ? this.#fill : BLOCK_SIZES[this.#classes[index] ?? 0];
      if (from + count === start && (start & 4_095) !== 0) count += size;
      else {
        if (count > 0) visit(from, count);
        from = start;
        count = size;
      }
    }
    if (count > 0) visit(from, count);
  }

  #push(size: BlockClass): void {
    this.#starts.push(this.#slots.take(size, this.#owner));
    this.#classes.push(size);
    this.#fill = 0;
  }

  #pop(): void {
    const start = this.#starts.pop();
    const size = this.#classes.pop();
    if (start !== undefined && size !== undefined) this.#slots.release(start, size);
    this.#fill = BLOCK_SIZES[this.#classes.at(-1) ?? 0];
  }

  #replace(size: BlockClass, moved: (row: number, slot: number) => void): void {
    const [from = 0] = this.#starts;
    const [was = 0] = this.#classes;
    const to = this.#slots.take(size, this.#owner);
    for (let index = 0; index < this.#fill; index += 1) {
      moved(this.#slots.copy(from + index, to + index), to + index);
      this.#slots.clear(from + index);
    }
    this.#slots.release(from, was);
    this.#starts[0] = to;
    this.#classes[0] = size;
  }
}

const nextClass = (size: BlockClass): BlockClass => (size === 0 ? 1 : 2);
const smallerClass = (size: BlockClass): BlockClass => (size === 1 ? 0 : size === 2 ? 1 : 2);

/** Blocks of a large scope are larger, at most an eighth of its rows. */
const classFor = (count: number): BlockClass => (count >= 8_192 ? 4 : count >= 2_048 ? 3 : GROWN);
