import * as z from "zod";
import { Adjacency, grown } from "./adjacency.ts";
import { Names } from "./names.ts";
import { NONE, type Reached, Steps } from "./steps.ts";
import { type Keep, type Row, checkedRow } from "./row.ts";
import { RowTable } from "./row-table.ts";
import { SavedInts, SavedNumbers } from "./saved.ts";

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
  /** Only relations at least so strong, within a ten-millionth. */
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

// What is known of a relation lies together, five numbers each, so that a walk fetches it from memory at once: its id, the nodes
// of its ends, its type's number twice with one more when it goes both ways, and its strength as a float. Of one that is gone the
// type is less than zero by how many lists have it still, and its slot is used again when none has; a walk that meets it there comes
// from its one end to the other, which is where it is.
const FIELDS = 5;
const FROM = 1;
const TO = 2;
const TYPE = 3;
const STRENGTH = 4;

/** Relations between rows, walked in memory. A change costs as much as the relation's own lists; nothing is rebuilt. */
export class GraphIndex {
  readonly #nodeOf = new RowTable((node) => this.#rows[node] ?? -1);
  readonly #slotOf = new RowTable((slot) => this.#edges[slot * FIELDS] ?? -1);
  /** Slots of relations: of a node's outgoing ones, then of its incoming ones. */
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
  /** The same, for their strengths. */
  #floats = new Float32Array(this.#edges.buffer);
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
    edges: SavedInts,
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
      edges: this.#edges.subarray(0, this.#slots * FIELDS),
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

  /** Adds a relation, or replaces the one of the same id. Its slot: a small number that is its own until it is removed. */
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

  /** Forgets a relation; whether it was there. */
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
    this.#types.leave(type >> 1);
    this.#unlink(one);
    if (other !== one) this.#unlink(other);
    return true;
  }

  /** Forgets all relations of a row. */
  removeRow(row: Row): void {
    for (let node = this.#nodeOf.get(row); node >= 0; node = this.#nodeOf.get(row)) {
      const list = this.#lists.lengthOf(node * 2) > 0 ? node * 2 : node * 2 + 1;
      // The last one of the list, which is found first there, and is never one that is gone.
      const slot = this.#lists.pool[this.#lists.startOf(list) + this.#lists.lengthOf(list) - 1] ?? 0;
      this.remove(this.#edges[slot * FIELDS] ?? 0);
    }
  }

  /** The rows within some steps of the starts, each once, by a shortest way. Starts that nothing is related to are told too. */
  walk(start: readonly Row[], options: Walk): Walked {
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

  /** A node without relations is none. */
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

/** The lists that a relation is in: where it goes out, where it comes in, and the other way round when it goes both ways. */
const listsOf = (from: number, to: number, isBoth: boolean): readonly number[] =>
  isBoth ? [from * 2, to * 2 + 1, to * 2, from * 2 + 1] : [from * 2, to * 2 + 1];
