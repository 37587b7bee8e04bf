import * as z from "zod";
import { Adjacency, grown } from "./adjacency.ts";
import { Names } from "./names.ts";
import { NONE, type Reached, Steps } from "./steps.ts";
import { type Keep, type Row, checkedRow } from "./row.ts";
import { RowTable } from "./row-table.ts";
import { SavedFloats, SavedInts, SavedNumbers } from "./saved.ts";

/** A typed relation. `id` is the store's, an integer below 2^31; `both` means that it can be walked either way. */
export type GraphEdge = {
  readonly id: number;
  readonly from: Row;
  readonly to: Row;
  readonly type: string;
  readonly strength: number;
  readonly both: boolean;
};

/** How far and along which relations a walk goes. */
export type Walk = {
  /** Steps from the nearest start. */
  readonly depth: number;
  readonly direction: "out" | "in" | "both";
  /** Only relations of these types. */
  readonly types?: readonly string[] | undefined;
  /** Only relations at least so strong. */
  readonly strengthMin?: number | undefined;
  /** Rows visited, the starts among them. */
  readonly visitsMax: number;
  /** In which order the rows are told; `breadth` by default. Which rows they are does not depend on it. */
  readonly order?: "breadth" | "depth" | undefined;
  /** Rows that it refuses are neither visited nor passed. */
  readonly keep?: Keep | undefined;
};

/** A row that a walk reached: in how many steps, and by which relation; `undefined` for a start. */
export type Visit = { readonly row: Row; readonly depth: number; readonly via: number | undefined };

/** What a walk reached. `cut` means that there was more than it was allowed to visit. */
export type Walked = { readonly visited: readonly Visit[]; readonly cut: boolean };

/** Relations a walk may look at for each row it may visit. */
const LOOKS_PER_VISIT = 64;
// Where a relation is listed: at `from` as outgoing, at `to` as incoming, and the other way round when it goes both ways.
const PLACES = 4;

/** Relations between rows, walked in memory. A change costs as much as the relation's own lists; nothing is rebuilt. */
export class GraphIndex {
  readonly #nodeOf = new RowTable();
  readonly #slotOf = new RowTable();
  readonly #lists = new Adjacency();
  readonly #types = new Names();
  readonly #freeNodes: number[] = [];
  readonly #freeSlots: number[] = [];
  #rows = new Int32Array(16);
  #degrees = new Int32Array(16);
  #nodes = 0;
  #ids = new Int32Array(16);
  #ends = new Int32Array(32);
  #typeOf = new Int32Array(16);
  #strengths = new Float64Array(16);
  #positions = new Int32Array(16 * PLACES);
  #slots = 0;
  #marks = new Int32Array(16);
  #mark = 0;
  readonly #steps = new Steps();

  static readonly Saved = z.object({
    nodeOf: RowTable.Saved,
    slotOf: RowTable.Saved,
    lists: Adjacency.Saved,
    types: Names.Saved,
    freeNodes: SavedNumbers,
    freeSlots: SavedNumbers,
    rows: SavedInts,
    degrees: SavedInts,
    nodes: z.number(),
    ids: SavedInts,
    ends: SavedInts,
    typeOf: SavedInts,
    strengths: SavedFloats,
    positions: SavedInts,
    slots: z.number(),
  });

  /** All of it as data, which is right until the next change. */
  save(): z.infer<typeof GraphIndex.Saved> {
    return {
      nodeOf: this.#nodeOf.save(),
      slotOf: this.#slotOf.save(),
      lists: this.#lists.save(),
      types: this.#types.save(),
      freeNodes: this.#freeNodes,
      freeSlots: this.#freeSlots,
      rows: this.#rows.subarray(0, this.#nodes),
      degrees: this.#degrees.subarray(0, this.#nodes),
      nodes: this.#nodes,
      ids: this.#ids.subarray(0, this.#slots),
      ends: this.#ends.subarray(0, this.#slots * 2),
      typeOf: this.#typeOf.subarray(0, this.#slots),
      strengths: this.#strengths.subarray(0, this.#slots),
      positions: this.#positions.subarray(0, this.#slots * PLACES),
      slots: this.#slots,
    };
  }

  /** Into one that is empty. */
  load(saved: z.infer<typeof GraphIndex.Saved>): void {
    this.#nodeOf.load(saved.nodeOf);
    this.#slotOf.load(saved.slotOf);
    this.#lists.load(saved.lists);
    this.#types.load(saved.types);
    for (const node of saved.freeNodes) this.#freeNodes.push(node);
    for (const slot of saved.freeSlots) this.#freeSlots.push(slot);
    this.#rows = saved.rows;
    this.#degrees = saved.degrees;
    this.#nodes = saved.nodes;
    this.#ids = saved.ids;
    this.#ends = saved.ends;
    this.#typeOf = saved.typeOf;
    this.#strengths = saved.strengths;
    this.#positions = saved.positions;
    this.#slots = saved.slots;
    this.#marks = new Int32Array(saved.rows.length);
  }

  /** Relations held. */
  get size(): number {
    return this.#slotOf.size;
  }

  /** Memory taken, in bytes. */
  get bytes(): number {
    const nodes = this.#rows.byteLength + this.#degrees.byteLength + this.#marks.byteLength;
    const edges = this.#ids.byteLength * (2 + 2 + PLACES) + this.#strengths.byteLength;
    return nodes + edges + this.#lists.bytes + this.#nodeOf.bytes + this.#slotOf.bytes;
  }

  /** Adds a relation, or replaces the one of the same id. Its slot: a small number that is its own until it is removed. */
  put({ id, from, to, type, strength, both }: GraphEdge): number {
    this.remove(checkedRow(id));
    const slot = this.#freeSlots.pop() ?? this.#addSlot();
    const one = this.#node(checkedRow(from));
    this.#degrees[one] = (this.#degrees[one] ?? 0) + 1;
    const other = this.#node(checkedRow(to));
    this.#degrees[other] = (this.#degrees[other] ?? 0) + 1;
    this.#slotOf.set(id, slot);
    this.#ids[slot] = id;
    this.#ends[slot * 2] = one;
    this.#ends[slot * 2 + 1] = other;
    this.#typeOf[slot] = this.#types.use(type);
    this.#strengths[slot] = strength;
    this.#enter(slot, 0, one * 2, other);
    this.#enter(slot, 1, other * 2 + 1, one);
    this.#positions[slot * PLACES + 2] = -1;
    this.#positions[slot * PLACES + 3] = -1;
    if (!both || one === other) return slot;
    this.#enter(slot, 2, other * 2, one);
    this.#enter(slot, 3, one * 2 + 1, other);
    return slot;
  }

  /** Forgets a relation; whether it was there. */
  remove(id: number): boolean {
    const slot = this.#slotOf.get(id);
    if (slot < 0) return false;
    this.#slotOf.delete(id);
    const one = this.#ends[slot * 2] ?? 0;
    const other = this.#ends[slot * 2 + 1] ?? 0;
    this.#leave(slot, 0, one * 2);
    this.#leave(slot, 1, other * 2 + 1);
    this.#leave(slot, 2, other * 2);
    this.#leave(slot, 3, one * 2 + 1);
    this.#types.leave(this.#typeOf[slot] ?? 0);
    this.#freeSlots.push(slot);
    this.#unlink(one);
    this.#unlink(other);
    return true;
  }

  /** Forgets all relations of a row. */
  removeRow(row: Row): void {
    for (let node = this.#nodeOf.get(row); node >= 0; node = this.#nodeOf.get(row)) {
      const list = this.#lists.lengthOf(node * 2) > 0 ? node * 2 : node * 2 + 1;
      const entry = this.#lists.pool[this.#lists.startOf(list) + 1] ?? 0;
      this.remove(this.#ids[Math.floor(entry / PLACES)] ?? 0);
    }
  }

  /** The rows within some steps of the starts, each once, by a shortest way. Starts that nothing is related to are told too. */
  walk(start: readonly Row[], options: Walk): Walked {
    const { count, rows, depths, slots, cut } = this.reach(start, options);
    const visited = Array.from({ length: count }, (_none, at): Visit => {
      const slot = slots[at] ?? NONE;
      return { row: rows[at] ?? 0, depth: depths[at] ?? 0, via: slot === NONE ? undefined : this.#ids[slot] };
    });
    return { visited, cut };
  }

  /** The same in arrays that the next walk writes over: rows, their depths, and the slots of relations, -1 for starts. */
  reach(start: readonly Row[], options: Walk): Reached {
    const steps = this.#steps.cleared(Math.max(0, options.visitsMax));
    const mark = this.#nextMark();
    const { keep, visitsMax } = options;
    const unrelated = new Set<Row>();
    for (const row of start) {
      const node = this.#nodeOf.get(row);
      if (node < 0 ? unrelated.has(row) : this.#marks[node] === mark) continue;
      if (keep !== undefined && !keep(row)) continue;
      if (steps.count >= visitsMax) return steps.reached(true);
      if (node < 0) unrelated.add(row);
      else this.#marks[node] = mark;
      steps.add({ row, depth: 0, slot: NONE, node, parent: NONE });
    }
    const cut = this.#follow(steps, mark, options);
    if (options.order === "depth") steps.orderByDepth();
    return steps.reached(cut);
  }

  /** From each step to what is next to it; whether there was more than it might visit. */
  #follow(steps: Steps, mark: number, options: Walk): boolean {
    const { keep, strengthMin = -Infinity, visitsMax } = options;
    const allowed = options.types && this.#typeFlags(options.types);
    const [first, last] = options.direction === "both" ? [0, 1] : options.direction === "out" ? [0, 0] : [1, 1];
    const { pool } = this.#lists;
    let looks = visitsMax * LOOKS_PER_VISIT;
    for (let next = 0; next < steps.count; next += 1) {
      const node = steps.nodes[next] ?? NONE;
      const depth = (steps.depths[next] ?? 0) + 1;
      if (node < 0 || depth > options.depth) continue;
      for (let list = node * 2 + first; list <= node * 2 + last; list += 1) {
        const from = this.#lists.startOf(list);
        for (let at = from, end = from + this.#lists.lengthOf(list) * 2; at < end; at += 2) {
          const neighbour = pool[at] ?? 0;
          if ((looks -= 1) < 0) return true;
          if (this.#marks[neighbour] === mark) continue;
          const slot = (pool[at + 1] ?? 0) >> 2;
          if (allowed !== undefined && allowed[this.#typeOf[slot] ?? 0] !== 1) continue;
          if ((this.#strengths[slot] ?? 0) < strengthMin) continue;
          const row = this.#rows[neighbour] ?? 0;
          if (keep !== undefined && !keep(row)) continue;
          if (steps.count >= visitsMax) return true;
          this.#marks[neighbour] = mark;
          steps.add({ row, depth, slot, node: neighbour, parent: next });
        }
      }
    }
    return false;
  }

  #enter(slot: number, place: number, list: number, neighbour: number): void {
    this.#positions[slot * PLACES + place] = this.#lists.push(list, neighbour, slot * PLACES + place);
  }

  #leave(slot: number, place: number, list: number): void {
    const position = this.#positions[slot * PLACES + place] ?? -1;
    if (position < 0) return;
    const moved = this.#lists.remove(list, position);
    if (moved >= 0) this.#positions[moved] = position;
  }

  #node(row: Row): number {
    const known = this.#nodeOf.get(row);
    if (known >= 0) return known;
    const node = this.#freeNodes.pop() ?? this.#nodes++;
    if (node >= this.#rows.length) {
      this.#rows = grown(this.#rows, node + 1);
      this.#degrees = grown(this.#degrees, node + 1);
      this.#marks = grown(this.#marks, node + 1);
    }
    this.#rows[node] = row;
    this.#degrees[node] = 0;
    this.#nodeOf.set(row, node);
    return node;
  }

  #unlink(node: number): void {
    const degree = (this.#degrees[node] ?? 0) - 1;
    this.#degrees[node] = degree;
    if (degree > 0) return;
    this.#nodeOf.delete(this.#rows[node] ?? 0);
    this.#freeNodes.push(node);
  }

  #addSlot(): number {
    const slot = this.#slots++;
    if (slot >= this.#ids.length) {
      this.#ids = grown(this.#ids, slot + 1);
      const { length } = this.#ids;
      this.#ends = grown(this.#ends, length * 2);
      this.#typeOf = grown(this.#typeOf, length);
      this.#positions = grown(this.#positions, length * PLACES);
      const strengths = new Float64Array(length);
      strengths.set(this.#strengths);
      this.#strengths = strengths;
    }
    return slot;
  }

  #nextMark(): number {
    if (this.#mark >= 0x7fff_fffe) {
      this.#marks.fill(0);
      this.#mark = 0;
    }
    return (this.#mark += 1);
  }

  #typeFlags(types: readonly string[]): Uint8Array {
    const flags = new Uint8Array(this.#types.length);
    for (const type of types) {
      const number = this.#types.find(type);
      if (number >= 0) flags[number] = 1;
    }
    return flags;
  }
}
