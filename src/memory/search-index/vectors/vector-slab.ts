import * as z from "zod";
import { RecallFullError } from "../errors.ts";
import { type Kernel, type KernelChoice, openKernel } from "../kernel.ts";
import { MEMORY_BYTES_MAX, MemoryPart, SavedInts, SavedMemory, SavedNumbers } from "../saved.ts";

// The memory of a vector index.
//
// search-index.vector-slab.S1. A slot holds one row; it lies in a slab of 4,096 slots, and a slab never moves.
// search-index.vector-slab.S2. Slots are handed out in blocks of 4, 16, 64, 256 or 1,024; a block starts at a multiple of
//   its size.
// search-index.vector-slab.S3. A free block whose three siblings are free is joined with them.

const PAGE = 65_536;
const SLAB_SLOTS = 4_096;
/** Rows in a block of each class. */
export const BLOCK_SIZES = [4, 16, 64, 256, 1_024] as const;
export type BlockClass = 0 | 1 | 2 | 3 | 4;
const LARGEST = 1_024;

/** Places below the first slab, in bytes: the query in its forms, the answers, candidates. */
export const HEADER_LAYOUT = {
  query: 1_024,
  exactQuery: 2_048,
  /** What the query's distance from a row is made of: sixteen bytes for each four signs. */
  distances: 6_144,
  /** A vector being rotated, as f32. */
  work: 12_288,
  best: 16_384,
  bestMax: 1_024,
  /** A row's bytes before they have a slot. */
  packed: 32_768,
  /** The factors of the rotation's rounds, f32. */
  rotation: 40_960,
  list: 65_536,
  listMax: 65_536,
  histogram: 327_680,
  slabs: 393_216,
} as const;

/** Rows of equal width in slabs of one WebAssembly memory. */
export class VectorSlab {
  /** Bytes of a row: a multiple of 16. */
  readonly width: number;
  /** Bytes of a row's sign bits: a multiple of 8. */
  readonly signBytes: number;
  readonly #choice: KernelChoice;
  readonly #bytesMax: number;
  #kernel: Kernel;
  #memory: WebAssembly.Memory;
  readonly #slabBytes: number;
  readonly #idsAt: number;
  readonly #scalesAt: number;
  readonly #sumsAt: number;
  readonly #scratchAt: number;
  readonly #signsAt: number;
  readonly #free: readonly Set<number>[] = BLOCK_SIZES.map(() => new Set<number>());
  /** For each four slots, the number of the scope that owns them. */
  #owners = new Int32Array(0);
  #slabs = 0;
  signed8 = new Int8Array(0);
  ints = new Int32Array(0);
  floats = new Float32Array(0);

  /** `bytesMax`: of all rows together; as much as a WebAssembly memory can have, where it is not said. */
  constructor(width: number, choice: KernelChoice, bytesMax: number = MEMORY_BYTES_MAX) {
    this.width = width;
    this.#bytesMax = bytesMax;
    this.signBytes = Math.ceil(width / 64) * 8;
    this.#sumsAt = SLAB_SLOTS * width;
    this.#scalesAt = this.#sumsAt + SLAB_SLOTS * 4;
    this.#idsAt = this.#scalesAt + SLAB_SLOTS * 4;
    this.#scratchAt = this.#idsAt + SLAB_SLOTS * 4;
    this.#signsAt = this.#scratchAt + SLAB_SLOTS * 4;
    this.#slabBytes = this.#signsAt + SLAB_SLOTS * this.signBytes;
    this.#choice = choice;
    this.#memory = MemoryPart.of(HEADER_LAYOUT.slabs, 0).memory;
    this.#kernel = this.#open();
  }

  /** The kernel over the memory. */
  #open(): Kernel {
    const kernel = openKernel(this.#choice, this.#memory);
    const places = [this.#sumsAt, this.#scalesAt, this.#idsAt, this.#scratchAt, this.#signsAt];
    kernel.layout(this.width, HEADER_LAYOUT.slabs, this.#slabBytes, ...places, this.signBytes);
    this.#view();
    return kernel;
  }

  get kernel(): Kernel {
    return this.#kernel;
  }

  static readonly Saved = z.object({
    rows: SavedMemory,
    owners: SavedInts,
    slabs: z.number(),
    free: z.array(SavedNumbers),
  });

  save(): z.infer<typeof VectorSlab.Saved> {
    const rows = new MemoryPart(this.#memory, HEADER_LAYOUT.slabs, this.#slabs * this.#slabBytes);
    return { rows, owners: this.#owners, slabs: this.#slabs, free: this.#free.map((starts) => [...starts]) };
  }

  /** Into those of an index that is empty, and of the same width. The memory of what was saved is theirs from now on. */
  load({ rows, owners, slabs, free }: z.infer<typeof VectorSlab.Saved>): void {
    if (rows.from !== HEADER_LAYOUT.slabs || rows.length !== slabs * this.#slabBytes)
      throw new RangeError("the rows that were saved are of another width");
    const before = this.signed8;
    this.#memory = rows.memory;
    this.#kernel = this.#open();
    this.signed8.set(before.subarray(0, HEADER_LAYOUT.slabs));
    this.#slabs = slabs;
    this.#owners = owners;
    for (const [size, starts] of free.entries()) for (const start of starts) this.#free[size]?.add(start);
  }

  /** Bytes that are taken from the machine. */
  get bytes(): number {
    return this.#memory.buffer.byteLength + this.#owners.byteLength;
  }

  /** Slots that scopes have, and how many there can be. Each scope has a few more than it has rows. */
  get places(): { readonly taken: number; readonly max: number } {
    const free = this.#free.reduce((sum, starts, size) => sum + starts.size * (BLOCK_SIZES[size] ?? 0), 0);
    const slabsMax = Math.floor((this.#bytesMax - HEADER_LAYOUT.slabs - PAGE) / this.#slabBytes);
    return { taken: this.#slabs * SLAB_SLOTS - free, max: slabsMax * SLAB_SLOTS };
  }

  /** The first slot of a new block for a scope. Throws RECALL_FULL when no memory is left. */
  take(size: BlockClass, owner: number): number {
    const start = this.#split(size);
    const slots = BLOCK_SIZES[size];
    this.#owners.fill(owner, start >> 2, (start + slots) >> 2);
    return start;
  }

  /** Gives a block back. */
  release(start: number, size: BlockClass): void {
    let at = start;
    let level: number = size;
    for (; level < BLOCK_SIZES.length - 1; level += 1) {
      const slots = BLOCK_SIZES[level] ?? 0;
      const free = this.#free[level];
      const parent = at - (at % (slots * 4));
      const siblings = [0, 1, 2, 3].map((index) => parent + index * slots).filter((sibling) => sibling !== at);
      if (free === undefined || !siblings.every((sibling) => free.has(sibling))) break;
      for (const sibling of siblings) free.delete(sibling);
      at = parent;
    }
    this.#free[level]?.add(at);
  }

  ownerOf(slot: number): number {
    return this.#owners[slot >> 2] ?? -1;
  }

  rowOf(slot: number): number {
    return this.ints[(this.#side(slot) + this.#idsAt) >> 2] ?? -1;
  }

  /** Writes a row, whose bytes are at `PLACES.packed`. */
  write(slot: number, row: number, scale: number): void {
    this.signed8.copyWithin(this.rowAt(slot), HEADER_LAYOUT.packed, HEADER_LAYOUT.packed + this.width);
    const side = this.#side(slot);
    this.ints[(side + this.#idsAt) >> 2] = row;
    this.floats[(side + this.#scalesAt) >> 2] = scale;
    this.kernel.admit(slot);
  }

  /** Leaves nothing of a row that was there. */
  clear(slot: number): void {
    const at = this.rowAt(slot);
    this.signed8.fill(0, at, at + this.width);
    this.kernel.admit(slot);
  }

  /** Copies a row to another slot; returns which row it is. */
  copy(from: number, to: number): number {
    const { width, ints } = this;
    this.signed8.copyWithin(this.rowAt(to), this.rowAt(from), this.rowAt(from) + width);
    for (const place of [this.#idsAt, this.#scalesAt])
      ints[(this.#side(to) + place) >> 2] = ints[(this.#side(from) + place) >> 2] ?? 0;
    this.kernel.admit(to);
    return this.rowOf(to);
  }

  /** The address of a row's bytes. */
  rowAt(slot: number): number {
    return HEADER_LAYOUT.slabs + (slot >>> 12) * this.#slabBytes + (slot & 4_095) * this.width;
  }

  /** The index in `floats` of a run's scores, as the kernel's `score` leaves them. */
  scoresAt(slot: number): number {
    return (this.#side(slot) + this.#scratchAt) >> 2;
  }

  #side(slot: number): number {
    return HEADER_LAYOUT.slabs + (slot >>> 12) * this.#slabBytes + (slot & 4_095) * 4;
  }

  #split(size: number): number {
    const free = this.#free[size];
    const slots = BLOCK_SIZES[size];
    if (free === undefined || slots === undefined) return this.#addSlab();
    const [ready] = free;
    if (ready !== undefined) {
      free.delete(ready);
      return ready;
    }
    const whole = this.#split(size + 1);
    const parts = size === BLOCK_SIZES.length - 1 ? SLAB_SLOTS / LARGEST : 4;
    // Sets give what was put in first, so neighbours are handed out one after the other.
    for (let index = 1; index < parts; index += 1) free.add(whole + index * slots);
    return whole;
  }

  #addSlab(): number {
    const first = this.#slabs * SLAB_SLOTS;
    const needed = HEADER_LAYOUT.slabs + (this.#slabs + 1) * this.#slabBytes + PAGE;
    const missing = needed - this.#memory.buffer.byteLength;
    if (missing > 0) {
      if (needed > this.#bytesMax) throw new RecallFullError("the index of vectors", first);
      try {
        this.#memory.grow(Math.ceil(missing / PAGE));
      } catch {
        throw new RecallFullError("the index of vectors", first);
      }
      this.#view();
    }
    this.#slabs += 1;
    const units = this.#slabs * (SLAB_SLOTS / 4);
    if (units > this.#owners.length) {
      const owners = new Int32Array(Math.max(units, this.#owners.length * 2)).fill(-1);
      owners.set(this.#owners);
      this.#owners = owners;
    }
    return first;
  }

  #view(): void {
    const { buffer } = this.#memory;
    this.signed8 = new Int8Array(buffer);
    this.ints = new Int32Array(buffer);
    this.floats = new Float32Array(buffer);
  }
}
