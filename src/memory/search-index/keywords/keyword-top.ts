import type { Scene, VisiblePart } from "./keyword-search.ts";
import { type RowFilter, RECALL_LIMITS, type Row } from "../row.ts";

/** A text with its score. */
export type Candidate = {
  readonly part: VisiblePart;
  readonly local: number;
  readonly row: Row;
  readonly score: number;
};

/** The best texts that live and are kept. The filter is asked only for texts that would be among them. */
export class Top {
  readonly #scene: Scene;
  readonly #limit: number;
  readonly #keep: RowFilter | undefined;
  readonly #kept = new Map<Row, boolean>();
  readonly #entries: Candidate[] = [];
  #least = 0;

  constructor(scene: Scene, { limit, keep }: { readonly limit: number; readonly keep: RowFilter | undefined }) {
    this.#scene = scene;
    this.#limit = limit;
    this.#keep = keep;
  }

  /** The least score among the best; 0 while there are fewer than wanted. */
  get least(): number {
    return this.#least;
  }

  /** A text with its whole score. */
  offer(part: VisiblePart, local: number, score: number): void {
    if (score < this.#least) return;
    const text = part.texts[local] ?? -1;
    if (!this.#scene.isAlive(text)) return;
    const row = this.#scene.rowOf(text);
    if (!this.#isKept(row)) return;
    this.#add({ part, local, row, score });
    if (this.#entries.length >= this.#limit) this.#least = this.#entries[0]?.score ?? 0;
  }

  /** Best first, equal ones by row. */
  candidates(): Candidate[] {
    return this.#entries.toSorted((one, other) => (isBetter(one, other) ? -1 : 1));
  }

  #isKept(row: Row): boolean {
    if (this.#keep === undefined) return true;
    const known = this.#kept.get(row);
    if (known !== undefined) return known;
    if (this.#kept.size >= RECALL_LIMITS.keepVisitsMax) return false;
    const isKept = this.#keep(row);
    this.#kept.set(row, isKept);
    return isKept;
  }

  /** A heap with the worst on top. */
  #add(candidate: Candidate): void {
    const entries = this.#entries;
    const [worst] = entries;
    if (entries.length >= this.#limit) {
      if (worst === undefined || !isBetter(candidate, worst)) return;
      sink(entries, candidate);
      return;
    }
    let at = entries.length;
    entries.push(candidate);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = entries[above];
      if (parent === undefined || !isBetter(parent, candidate)) break;
      entries[at] = parent;
      at = above;
    }
    entries[at] = candidate;
  }
}

/** Puts a candidate in the place of the worst. */
function sink(entries: Candidate[], candidate: Candidate): void {
  let at = 0;
  for (;;) {
    let below = at * 2 + 1;
    let child = entries[below];
    if (child === undefined) break;
    const sibling = entries[below + 1];
    if (sibling !== undefined && isBetter(child, sibling)) {
      child = sibling;
      below += 1;
    }
    if (!isBetter(candidate, child)) break;
    entries[at] = child;
    at = below;
  }
  entries[at] = candidate;
}

const isBetter = (one: Candidate, other: Candidate): boolean =>
  one.score > other.score || (one.score === other.score && one.row < other.row);
