import * as z from "zod";
import { Adjacency, grown } from "./adjacency.ts";
import { Names } from "../names.ts";
import { NONE, type TraversalResult, TraversalBuffer } from "./traversal-buffer.ts";
import { type RowFilter, type Row, checkedRow } from "../row.ts";
import { RowTable } from "../row-table.ts";
import { SavedInts, SavedNumbers } from "../saved.ts";

/** A typed relation. `id` is the store's, an integer below 2^31; `both`: bidirectional. */
export type GraphEdge = {
  readonly id: number;
  readonly from: Row;
  readonly to: Row;
  readonly type: string;
  readonly strength: number;
  readonly both: boolean;
};

/** Depth, filters and order of a walk. */
export type Traversal = {
  /** Maximum distance from the nearest start. */
  readonly depth: number;
  readonly direction: "out" | "in" | "both";
  /** Only relations of these types. */
  readonly types?: readonly string[] | undefined;
  /** Minimum strength of relations, within a ten-millionth. */
  readonly strengthMin?: number | undefined;
  /** Maximum rows visited, including the starts. */
  readonly visitsMax: number;
  /** Order of the returned rows, `breadth` by default; it does not affect which rows are returned. */
  readonly order?: "breadth" | "depth" | undefined;
  /** Rows that it rejects are neither visited nor passed. */
  readonly keep?: RowFilter | undefined;
};

/** A visited row with its depth and the relation that led to it; `undefined` for a start. */
export type Visit = { readonly row: Row; readonly depth: number; readonly via: number | undefined };

/** Rows that a walk visited. `cut`: there were more than it may visit. */
export type Walked = { readonly visited: readonly Visit[]; readonly cut: boolean };

/** Relations that a walk may read for each row it may visit. */
const LOOKS_PER_VISIT = 64;

// The data of a relation is contiguous, five numbers each, so that a walk loads it in one memory access: its id, the nodes of its ends,
// its type's number times two plus one if it is bidirectional, and its strength as a float. A deleted relation has a negative type, the
// number of lists that still contain it; its slot is reused when none does. A walk that meets it there stays at the node.
const FIELDS = 5;
const FROM = 1;
const TO = 2;
const TYPE = 3;
const STRENGTH = 4;

/** In-memory graph of relations between rows. A change takes time proportional to the relation's own lists; nothing is rebuilt. */
export class GraphIndex {
  readonly #nodeOf = new RowTable((node) => this.#rows[node] ?? -1);
  readonly #slotOf = new RowTable((slot) => this.#edges[slot * FIELDS] ?? -1);
  /** Slots of relations: a node's outgoing ones, then its incoming ones. */
  readonly #lists = new Adjacency({
    isGone: (slot) => (this.#edges[slot * FIELDS + TYPE] ?? 0) < 0,
    left: (slot) => {
      const at = slot * FIELDS + TYPE;
      const others = (this.#edges[at] ?? 0) + 1;
      this.#edges[at] = others;
      if (others === 0) this.#freeSlots.push(slot);
    },
  });
  readonly #types = new Names();
  readonly #freeNodes: number[] = [];
  readonly #freeSlots: number[] = [];
  #rows = new Int32Array(16);
  #nodes = 0;
  #edges = new Int32Array(16 * FIELDS);
  /** The strengths of the same array. */
  #floats = new Float32Array(this.#edges.buffer);
  #slots = 0;
  #marks = new Int32Array(16);
  #mark = 0;
  readonly #steps = new TraversalBuffer();

  static readonly Saved = z.object({
    nodeOf: RowTable.Saved,
    slotOf: RowTable.Saved,
    lists: Adjacency.Saved,
    types: Names.Saved,
    freeNodes: SavedNumbers,
    freeSlots: SavedNumbers,
    rows: SavedInts,
    edges: SavedInts,
  });

  /** Returns the state as data, valid until the next change. */
  save(): z.infer<typeof GraphIndex.Saved> {
    return {
      nodeOf: this.#nodeOf.save(),
      slotOf: this.#slotOf.save(),
      lists: this.#lists.save(),
      types: this.#types.save(),
      freeNodes: this.#freeNodes,
      freeSlots: this.#freeSlots,
      rows: this.#rows.subarray(0, this.#nodes),
      edges: this.#edges.subarray(0, this.#slots * FIELDS),
    };
  }

  /** Requires an empty instance. */
  load(saved: z.infer<typeof GraphIndex.Saved>): void {
    this.#nodeOf.load(saved.nodeOf);
    this.#slotOf.load(saved.slotOf);
    this.#lists.load(saved.lists);
    this.#types.load(saved.types);
    for (const node of saved.freeNodes) this.#freeNodes.push(node);
    for (const slot of saved.freeSlots) this.#freeSlots.push(slot);
    this.#rows = saved.rows;
    this.#nodes = saved.rows.length;
    this.#setEdges(saved.edges);
    this.#slots = saved.edges.length / FIELDS;
    this.#marks = new Int32Array(saved.rows.length);
  }

  /** Relations held. */
  get size(): number {
    return this.#slotOf.size;
  }

  /** Memory taken, in bytes. */
  get bytes(): number {
    const nodes = this.#rows.byteLength + this.#marks.byteLength + this.#nodeOf.bytes;
    return nodes + this.#edges.byteLength + this.#slotOf.bytes + this.#lists.bytes;
  }

  /** Adds a relation, or replaces the one with the same id. Returns its slot: a small number that is its own until it is removed. */
  put({ id, from, to, type, strength, both }: GraphEdge): number {
    this.remove(checkedRow(id));
    const slot = this.#freeSlots.pop() ?? this.#addSlot();
    const one = this.#node(checkedRow(from));
    const other = this.#node(checkedRow(to));
    const isBoth = both && one !== other;
    const at = slot * FIELDS;
    this.#edges[at] = id;
    this.#edges[at + FROM] = one;
    this.#edges[at + TO] = other;
    this.#edges[at + TYPE] = this.#types.use(type) * 2 + (isBoth ? 1 : 0);
    this.#floats[at + STRENGTH] = strength;
    this.#slotOf.set(id, slot);
    for (const list of listsOf(one, other, isBoth)) this.#lists.push(list, slot);
    return slot;
  }

  /** Removes a relation; returns whether it existed. */
  remove(id: number): boolean {
    const slot = this.#slotOf.get(id);
    if (slot < 0) return false;
    this.#slotOf.delete(id);
    const at = slot * FIELDS;
    const one = this.#edges[at + FROM] ?? 0;
    const other = this.#edges[at + TO] ?? 0;
    const type = this.#edges[at + TYPE] ?? 0;
    const lists = listsOf(one, other, type % 2 === 1);
    this.#edges[at + FROM] = 0;
    this.#edges[at + TO] = 0;
    this.#edges[at + TYPE] = -lists.length;
    for (const list of lists) this.#lists.remove(list, slot);
    this.#types.release(type >> 1);
    this.#unlink(one);
    if (other !== one) this.#unlink(other);
    return true;
  }

  /** Removes all relations of a row. */
  removeRow(row: Row): void {
    for (let node = this.#nodeOf.get(row); node >= 0; node = this.#nodeOf.get(row)) {
      const list = this.#lists.lengthOf(node * 2) > 0 ? node * 2 : node * 2 + 1;
      // The last entry of the list is found first there, and is never a deleted one.
      const slot = this.#lists.pool[this.#lists.startOf(list) + this.#lists.lengthOf(list) - 1] ?? 0;
      this.remove(this.#edges[slot * FIELDS] ?? 0);
    }
  }

  /** Returns the rows within some steps of the starts, each once, by a shortest path. Includes starts without relations. */
  walk(start: readonly Row[], options: Traversal): Walked {
    const { count, rows, depths, slots, cut } = this.reach(start, options);
    const visited = Array.from({ length: count }, (_none, at): Visit => {
      const slot = slots[at] ?? NONE;
      return {
        row: rows[at] ?? 0,
        depth: depths[at] ?? 0,
        via: slot === NONE ? undefined : this.#edges[slot * FIELDS],
      };
    });
    return { visited, cut };
  }

  /** The same in buffers that the next walk overwrites: rows, depths, and slots of relations, -1 for starts. */
  reach(start: readonly Row[], options: Traversal): TraversalResult {
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

  /** Visits the neighbours of each step; returns whether the limit was reached. */
  #follow(steps: TraversalBuffer, mark: number, options: Traversal): boolean {
    const { keep, visitsMax } = options;
    const strengthMin = Math.fround(options.strengthMin ?? -Infinity);
    const allowed = options.types && this.#typeFlags(options.types);
    const [first, last] = options.direction === "both" ? [0, 1] : options.direction === "out" ? [0, 0] : [1, 1];
    const { pool } = this.#lists;
    const edges = this.#edges;
    let looks = visitsMax * LOOKS_PER_VISIT;
    for (let next = 0; next < steps.count; next += 1) {
      const node = steps.nodes[next] ?? NONE;
      const depth = (steps.depths[next] ?? 0) + 1;
      if (node < 0 || depth > options.depth) continue;
      for (let list = node * 2 + first; list <= node * 2 + last; list += 1) {
        const from = this.#lists.startOf(list);
        for (let at = from, end = from + this.#lists.lengthOf(list); at < end; at += 1) {
          const slot = pool[at] ?? 0;
          const edge = slot * FIELDS;
          // The end that is not the node.
          const neighbour = (edges[edge + FROM] ?? 0) ^ (edges[edge + TO] ?? 0) ^ node;
          if ((looks -= 1) < 0) return true;
          if (this.#marks[neighbour] === mark) continue;
          if (allowed !== undefined && allowed[(edges[edge + TYPE] ?? 0) >> 1] !== 1) continue;
          if ((this.#floats[edge + STRENGTH] ?? 0) < strengthMin) continue;
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

  #node(row: Row): number {
    const known = this.#nodeOf.get(row);
    if (known >= 0) return known;
    const node = this.#freeNodes.pop() ?? this.#nodes++;
    if (node >= this.#rows.length) {
      this.#rows = grown(this.#rows, node + 1);
      this.#marks = grown(this.#marks, node + 1);
    }
    this.#rows[node] = row;
    this.#nodeOf.set(row, node);
    return node;
  }

  /** Removes a node without relations. */
  #unlink(node: number): void {
    if (this.#lists.lengthOf(node * 2) + this.#lists.lengthOf(node * 2 + 1) > 0) return;
    this.#nodeOf.delete(this.#rows[node] ?? 0);
    this.#freeNodes.push(node);
  }

  #addSlot(): number {
    const slot = this.#slots++;
    const end = this.#slots * FIELDS;
    if (end > this.#edges.length) this.#setEdges(grown(this.#edges, end));
    return slot;
  }

  #setEdges(edges: Int32Array<ArrayBuffer>): void {
    this.#edges = edges;
    this.#floats = new Float32Array(edges.buffer, edges.byteOffset, edges.length);
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

/** The lists that contain a relation: outgoing and incoming, and the reverse for a bidirectional one. */
const listsOf = (from: number, to: number, isBoth: boolean): readonly number[] =>
  isBoth ? [from * 2, to * 2 + 1, to * 2, from * 2 + 1] : [from * 2, to * 2 + 1];
