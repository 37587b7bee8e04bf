import * as z from "zod";
import { VectorInvalidError } from "../errors.ts";
import type { Run } from "./binary-quantization.ts";
import { bestKernel, type KernelChoice } from "../kernel.ts";
import { Rotation } from "./rotation.ts";
import { type Row, type ScopeKey, checkedRow } from "../row.ts";
import { RowTable } from "../row-table.ts";
import { SavedNumbers } from "../saved.ts";
import { ScopeRows } from "../scope-rows.ts";
import { HEADER_LAYOUT, VectorSlab } from "./vector-slab.ts";
import { type SearchBounds, search } from "./vector-search.ts";

/** A row as it is kept on disk: `bytes` times `scale` is the rotated vector; as many bytes as `VectorIndex.width` says. */
export type Quantised = { readonly scale: number; readonly bytes: Int8Array };

/** What is searched for in a vector index. */
export type VectorSearch = Partial<Omit<SearchBounds, "limit">> & {
  readonly scopes: readonly ScopeKey[];
  readonly limit: number;
};

/** A row and the cosine of its vector and the query's. */
export type VectorHit = { readonly row: Row; readonly similarity: number };

type Scope = { readonly key: ScopeKey; readonly rows: ScopeRows };

const DIMS_MIN = 64;
const DIMS_MAX = 1_024;

/**
 * Vectors of one length, searched by cosine within scopes. Rows are kept as signed bytes of their rotated vectors in one
 * WebAssembly memory. Few visible rows (20,000 of 384 parts) are all compared; of more, those whose signs are near to the query's.
 */
export class VectorIndex {
  /** Parts of a vector. */
  readonly dims: number;
  /** Bytes of a quantised row: `dims`, up to a multiple of 16. */
  readonly width: number;
  readonly #slots: VectorSlab;
  readonly #rotation: Rotation;
  readonly #slotOf = new RowTable((slot) => this.#slots.rowOf(slot));
  readonly #scopes = new Map<ScopeKey, number>();
  readonly #byOwner: (Scope | undefined)[] = [];
  readonly #freeOwners: number[] = [];
  readonly #moved = (row: number, slot: number) => this.#slotOf.set(row, slot);

  /**
   * Vectors have 64 to 1,024 parts. Without a kernel's name the fastest one is taken; all give the same answers. `bytesMax`: of
   * all rows together, 4 GiB where it is not said.
   */
  constructor({
    dims,
    kernel,
    bytesMax,
  }: {
    readonly dims: number;
    readonly kernel?: KernelChoice | undefined;
    readonly bytesMax?: number | undefined;
  }) {
    if (!Number.isInteger(dims) || dims < DIMS_MIN || dims > DIMS_MAX)
      throw new RangeError(`vectors of 64 to 1024 parts can be searched, not of ${dims}`);
    this.dims = dims;
    this.width = Math.ceil(dims / 16) * 16;
    this.#slots = new VectorSlab(this.width, kernel ?? bestKernel(), bytesMax);
    this.#rotation = new Rotation(this.#slots);
  }

  static readonly Saved = z.object({
    dims: z.number(),
    slots: VectorSlab.Saved,
    slotOf: RowTable.Saved,
    scopes: z.array(z.object({ key: z.string(), owner: z.number(), rows: ScopeRows.Saved })),
    freeOwners: SavedNumbers,
  });

  save(): z.infer<typeof VectorIndex.Saved> {
    const scopes = this.#byOwner.flatMap((scope, owner) =>
      scope ? [{ key: scope.key, owner, rows: scope.rows.save() }] : [],
    );
    const { dims } = this;
    return { dims, slots: this.#slots.save(), slotOf: this.#slotOf.save(), scopes, freeOwners: this.#freeOwners };
  }

  /** Into one that is empty, of the same dims. */
  load(saved: z.infer<typeof VectorIndex.Saved>): void {
    this.#slots.load(saved.slots);
    this.#slotOf.load(saved.slotOf);
    for (const { key, owner, rows } of saved.scopes) {
      const scope = { key, rows: new ScopeRows(this.#slots, owner) };
      scope.rows.load(rows);
      this.#byOwner[owner] = scope;
      this.#scopes.set(key, owner);
    }
    for (const owner of saved.freeOwners) this.#freeOwners.push(owner);
  }

  get size(): number {
    return this.#slotOf.size;
  }

  /** Places for rows: how many scopes have taken, a few more each than it has rows, and how many there can be. */
  get places(): { readonly taken: number; readonly max: number } {
    return this.#slots.places;
  }

  /** Memory taken, in bytes. */
  get bytes(): number {
    return this.#slots.bytes + this.#slotOf.bytes;
  }

  /** Adds or replaces a row, and moves it when its scope is another. Throws VECTOR_INVALID for a zero or unfit vector, RECALL_FULL. */
  put(row: Row, scope: ScopeKey, vector: Float32Array): void {
    this.#place(row, scope, this.#pack(vector));
  }

  /** The same with what `quantise` gave. After RECALL_FULL the row is not there. */
  putQuantised(row: Row, scope: ScopeKey, scale: number, bytes: Int8Array): void {
    if (bytes.length !== this.width)
      throw new VectorInvalidError(`has ${bytes.length} bytes instead of ${this.width}`, this.dims);
    if (!(scale > 0 && scale < Infinity)) throw new VectorInvalidError(`has the scale ${scale}`, this.dims);
    this.#slots.signed8.set(bytes, HEADER_LAYOUT.packed);
    this.#place(row, scope, scale);
  }

  /** A vector rotated and rounded: what the store keeps. Its length does not matter; zero and what is not finite is refused. */
  quantise(vector: Float32Array): Quantised {
    const scale = this.#pack(vector);
    return { scale, bytes: this.#slots.signed8.slice(HEADER_LAYOUT.packed, HEADER_LAYOUT.packed + this.width) };
  }

  /** Forgets a row; whether it was there. */
  remove(row: Row): boolean {
    const slot = this.#slotOf.get(row);
    if (slot < 0) return false;
    this.#takeOut(row, slot);
    return true;
  }

  /** The scope of a row, or undefined. */
  scopeOf(row: Row): ScopeKey | undefined {
    const slot = this.#slotOf.get(row);
    return slot < 0 ? undefined : this.#byOwner[this.#slots.ownerOf(slot)]?.key;
  }

  /**
   * The rows of the scopes that are most similar to a vector: best first, equal ones by row. `floor` leaves out what is less
   * similar; `keep` says which rows may be answers and is asked for the best rows only, until there are enough; `isExact`
   * compares all, however many they are.
   */
  search(query: Float32Array, options: VectorSearch): readonly VectorHit[] {
    this.#setQuery(query);
    const runs: Run[] = [];
    let visible = 0;
    for (const key of new Set(options.scopes)) {
      const scope = this.#byOwner[this.#scopes.get(key) ?? -1];
      if (scope === undefined) continue;
      visible += scope.rows.count;
      scope.rows.runs((slot, count) => runs.push({ slot, count }));
    }
    return search(this.#slots, { runs, visible }, options);
  }

  /** The similarity of single rows to a vector: NaN for rows that are not in the index. */
  similaritiesOf(query: Float32Array, rows: readonly Row[]): Float64Array {
    this.#setQuery(query);
    const { kernel } = this.#slots;
    return Float64Array.from(rows, (row) => {
      const slot = this.#slotOf.get(row);
      return slot < 0 ? Number.NaN : clamp(kernel.exact(slot, HEADER_LAYOUT.exactQuery));
    });
  }

  #place(row: Row, key: ScopeKey, scale: number): void {
    let slot = this.#slotOf.get(checkedRow(row));
    if (slot >= 0 && this.#byOwner[this.#slots.ownerOf(slot)]?.key !== key) {
      this.#takeOut(row, slot);
      slot = -1;
    }
    const isNew = slot < 0;
    if (isNew) slot = this.#scopeFor(key).rows.append(this.#moved);
    this.#slots.write(slot, row, scale);
    if (isNew) this.#slotOf.set(row, slot);
  }

  #takeOut(row: Row, slot: number): void {
    const owner = this.#slots.ownerOf(slot);
    const scope = this.#byOwner[owner];
    this.#slotOf.delete(row);
    scope?.rows.remove(slot, this.#moved);
    if (scope === undefined || scope.rows.count > 0) return;
    this.#scopes.delete(scope.key);
    this.#byOwner[owner] = undefined;
    this.#freeOwners.push(owner);
  }

  #scopeFor(key: ScopeKey): Scope {
    const known = this.#byOwner[this.#scopes.get(key) ?? -1];
    if (known !== undefined) return known;
    const owner = this.#freeOwners.pop() ?? this.#byOwner.length;
    const scope = { key, rows: new ScopeRows(this.#slots, owner) };
    this.#byOwner[owner] = scope;
    this.#scopes.set(key, owner);
    return scope;
  }

  /** Rounds a vector to the bytes at `PLACES.packed`; their scale. */
  #pack(vector: Float32Array): number {
    this.#rotate(vector);
    const { kernel } = this.#slots;
    const along = kernel.pack(
      HEADER_LAYOUT.work,
      HEADER_LAYOUT.packed,
      this.width,
      127 / kernel.peak(HEADER_LAYOUT.work, this.width),
      0,
    );
    // With this scale a vector's similarity to itself is 1, and that to others is off by chance only.
    return 1 / along;
  }

  /** Leaves the vector, made as long as 1 and rotated, at `PLACES.work`. */
  #rotate(vector: Float32Array): void {
    if (vector.length !== this.dims)
      throw new VectorInvalidError(`has ${vector.length} parts instead of ${this.dims}`, this.dims);
    const { kernel, floats } = this.#slots;
    const work = HEADER_LAYOUT.work >> 2;
    floats.set(vector, work);
    floats.fill(0, work + this.dims, work + this.width);
    const squares = kernel.unit(HEADER_LAYOUT.work, this.width);
    if (!Number.isFinite(squares)) throw new VectorInvalidError("has parts that are no finite numbers", this.dims);
    if (squares === 0) throw new VectorInvalidError("is zero, which is like nothing", this.dims);
    this.#rotation.apply();
  }

  /** Leaves the query in the kernel's memory: as it is, and in seven bits. */
  #setQuery(query: Float32Array): void {
    this.#rotate(query);
    const { kernel, floats } = this.#slots;
    const { width } = this;
    floats.copyWithin(HEADER_LAYOUT.exactQuery >> 2, HEADER_LAYOUT.work >> 2, (HEADER_LAYOUT.work >> 2) + width);
    kernel.pack(HEADER_LAYOUT.work, HEADER_LAYOUT.query, width, 63 / kernel.peak(HEADER_LAYOUT.work, width), 64);
  }
}

/** Rounding may leave the range of a cosine. */
const clamp = (similarity: number): number => Math.min(1, Math.max(-1, similarity));
