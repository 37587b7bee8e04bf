import type { Row } from "../row.ts";

/** No relation, no node. */
export const NONE = -1;

/** What a walk reached; of each array the first `count` count, until the next walk. */
export type TraversalResult = {
  readonly count: number;
  readonly rows: Int32Array;
  readonly depths: Int32Array;
  readonly slots: Int32Array;
  /** There was more than it was allowed to visit. */
  readonly cut: boolean;
};

/** The steps of one walk, in arrays that the next uses again. */
export class TraversalBuffer {
  count = 0;
  rows = new Int32Array(0);
  depths = new Int32Array(0);
  slots = new Int32Array(0);
  nodes = new Int32Array(0);
  #parents = new Int32Array(0);

  /** Without steps, with room for so many. */
  cleared(most: number): this {
    this.count = 0;
    if (this.rows.length < most) {
      this.rows = new Int32Array(most);
      this.depths = new Int32Array(most);
      this.slots = new Int32Array(most);
      this.nodes = new Int32Array(most);
      this.#parents = new Int32Array(most);
    }
    return this;
  }

  add(step: {
    readonly row: Row;
    readonly depth: number;
    readonly slot: number;
    readonly node: number;
    readonly parent: number;
  }): void {
    const at = this.count;
    this.rows[at] = step.row;
    this.depths[at] = step.depth;
    this.slots[at] = step.slot;
    this.nodes[at] = step.node;
    this.#parents[at] = step.parent;
    this.count = at + 1;
  }

  reached(cut: boolean): TraversalResult {
    const { count, rows, depths, slots } = this;
    return { count, rows, depths, slots, cut };
  }

  /** Each step is followed by those that were reached from it. */
  orderByDepth(): void {
    const { count } = this;
    const firstChild = new Int32Array(count).fill(NONE);
    const nextSibling = new Int32Array(count).fill(NONE);
    let first = NONE;
    // From the last on, so that each list has them in their order.
    for (let at = count - 1; at >= 0; at -= 1) {
      const parent = this.#parents[at] ?? NONE;
      nextSibling[at] = parent < 0 ? first : (firstChild[parent] ?? NONE);
      if (parent < 0) first = at;
      else firstChild[parent] = at;
    }
    const order = new Int32Array(count);
    const stack = [first];
    for (let written = 0; written < count;) {
      const at = stack.pop() ?? NONE;
      if (at < 0) continue;
      order[written++] = at;
      stack.push(nextSibling[at] ?? NONE, firstChild[at] ?? NONE);
    }
    for (const array of [this.rows, this.depths, this.slots]) {
      const before = array.slice(0, count);
      for (let at = 0; at < count; at += 1) array[at] = before[order[at] ?? 0] ?? 0;
    }
  }
}
