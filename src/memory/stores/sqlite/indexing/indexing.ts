import type { Facts } from "../facts.ts";
import { indexablesAfter } from "./indexable.ts";
import { type IndexableRelation, Indexes } from "./indexes.ts";
import { IndexSnapshot } from "./index-snapshot.ts";
import { numberOf, textOf } from "../rows.ts";
import { CapacityMonitor } from "./vector-capacity.ts";
import type { Vectors } from "./vectors.ts";
import type { Touched } from "../writing.ts";

// The indexes of a memory, on their way to hold what its file holds.
//
// sqlite.indexing.I1. The indexes that are asked never hold what the file does not: those that are read become the
//   ones that are asked when they know of all changes that were made meanwhile. Until then others are asked, which hold
//   next to nothing.
// sqlite.indexing.I2. A change that is made while indexes are read goes into the file, strikes their stamp out
//   (sqlite.index-snapshot.K1), and the rows that it touched are noted; when all is read they are made what the file
//   says. A change that is made then goes into both.
// sqlite.indexing.I3. A process that is killed during this leaves a file that is named and valid, or one that is no longer
//   more.

/** Entities that are indexed between two looks at who has come meanwhile. */
const INDEXED_AT_ONCE = 256;
const SCANNED_AT_ONCE = 1_000;
/** Fewer entities are indexed as fast as indexes are read. */
const KEPT_ENTITIES_MIN = 1_000;

const NO_ID = new Uint8Array(16);
const RELATIONS = "SELECT row, id, src, dst, type, coalesce(strength, 0.5), is_both FROM relation";

/** Kept indexes that are read, and rows that were changed meanwhile. */
type Loading = {
  readonly state: "loading";
  readonly into: Indexes;
  readonly steps: Generator<number, boolean>;
  share: number;
  isRead: boolean;
  readonly entities: Set<number>;
  readonly relations: Set<number>;
};
/** Indexes that are made: up to which row of each table, and how far that goes. */
type Making = { readonly state: "making"; entity: number; relation: number; readonly rows: number };
type At = Loading | Making | { readonly state: "whole" };

export class Indexing {
  readonly #facts: Facts;
  readonly #vectors: Vectors;
  readonly #vectorBytesMax: number | undefined;
  readonly #kept: IndexSnapshot;
  readonly #roomWatch = new CapacityMonitor();
  #indexes: Indexes;
  #at: At = { state: "whole" };
  /** Memory names the file of kept indexes. */
  #isKept = false;
  /** Something was forgotten since the indexes were made. */
  #hasForgotten = false;

  /** `file`: memory's; `vectorBytesMax`: of all vectors. */
  constructor({
    facts,
    vectors,
    file,
    vectorBytesMax,
  }: {
    readonly facts: Facts;
    readonly vectors: Vectors;
    readonly file: string;
    readonly vectorBytesMax: number | undefined;
  }) {
    this.#facts = facts;
    this.#vectors = vectors;
    this.#vectorBytesMax = vectorBytesMax;
    this.#kept = new IndexSnapshot(`${file.replace(/\.db$/u, "")}.index`, facts);
    this.#indexes = this.#none();
  }

  #none(): Indexes {
    return new Indexes({ facts: this.#facts, vectors: this.#vectors, vectorBytesMax: this.#vectorBytesMax });
  }

  /** Begins to read the indexes that were kept, if they are those of the file; or to make them. */
  begin(): void {
    const into = this.#none();
    const steps = this.#kept.read(into);
    const { done, value } = steps.next();
    if (done === true) return this.remake();
    this.#isKept = true;
    const noted = { entities: new Set<number>(), relations: new Set<number>() };
    this.#at = { state: "loading", into, steps, share: value, isRead: false, ...noted };
  }

  /** Those to be asked now; others may take their place with each step. */
  get indexes(): Indexes {
    return this.#indexes;
  }

  /** They hold all that the file holds. */
  get isWhole(): boolean {
    return this.#at.state === "whole";
  }

  /** They will be whole in a moment, and hold nothing till then. */
  get isLoading(): boolean {
    return this.#at.state === "loading";
  }

  /** 0 to 1. */
  get share(): number {
    const at = this.#at;
    if (at.state === "whole") return 1;
    return at.state === "loading" ? at.share : Math.min((at.entity + at.relation) / Math.max(at.rows, 1), 1);
  }

  /** Advances a step; returns false when indexing is complete. Throws the errors of SQLite. */
  some(): boolean {
    const at = this.#at;
    switch (at.state) {
      case "whole":
        return false;
      case "loading":
        return this.#loadSome(at);
      case "making":
        return this.#makeSome(at);
    }
  }

  #loadSome(at: Loading): boolean {
    try {
      if (at.isRead) return this.#catchUp(at);
    } catch (error) {
      // Releases the requests that wait for the indexes.
      this.#begin();
      throw error;
    }
    const { done, value } = at.steps.next();
    if (done !== true) at.share = value;
    else if (value) at.isRead = true;
    else this.remake();
    return !this.isWhole;
  }

  /** What was changed meanwhile; then they are the ones that are asked. */
  #catchUp({ into, entities, relations }: Loading): boolean {
    for (const row of [...entities].slice(0, INDEXED_AT_ONCE)) {
      into.refresh(row);
      entities.delete(row);
    }
    if (entities.size > 0) return true;
    for (const row of [...relations].slice(0, SCANNED_AT_ONCE)) {
      const [known] = this.#relations(`${RELATIONS} WHERE row = ?`, row);
      into.graph.remove(row);
      if (known) into.putRelation(known);
      relations.delete(row);
    }
    if (relations.size > 0) return true;
    this.#indexes = into;
    this.#at = { state: "whole" };
    this.#roomWatch.look(into.room);
    return false;
  }

  #makeSome(at: Making): boolean {
    const known = indexablesAfter(this.#facts, at.entity, INDEXED_AT_ONCE);
    for (const one of known) {
      // A change may have put it in already.
      this.#indexes.takeOut(one.row);
      this.#indexes.put(one);
    }
    at.entity = known.at(-1)?.row ?? at.entity;
    this.#roomWatch.look(this.#indexes.room);
    if (known.length > 0) return true;
    const relations = this.#relations(`${RELATIONS} WHERE row > ? ORDER BY row LIMIT ${SCANNED_AT_ONCE}`, at.relation);
    for (const relation of relations) this.#indexes.putRelation(relation);
    at.relation = relations.at(-1)?.row ?? at.relation;
    if (relations.length === 0) this.#at = { state: "whole" };
    return relations.length > 0;
  }

  #relations(query: string, row: number): readonly IndexableRelation[] {
    return this.#facts.cells(query, row).map(([at = 0, id, from = 0, to = 0, type, strength = 0, both]) => ({
      row: numberOf(at),
      id: id instanceof Uint8Array ? id : NO_ID,
      from: numberOf(from),
      to: numberOf(to),
      type: textOf(type),
      strength: numberOf(strength),
      both: both === 1,
    }));
  }

  /** Throws away what there is, and begins to make it of the file. */
  make(): void {
    const { rows } = this.#begin();
    // A small memory is indexed at once, so no search has to be partial.
    let isMore = rows <= INDEXED_AT_ONCE;
    while (isMore) isMore = this.some();
  }

  #begin(): Making {
    if (this.#at.state === "loading") this.#at.steps.return(false);
    this.#indexes = this.#none();
    const last = (table: "entity" | "relation") => numberOf(this.#facts.cells(`SELECT max(row) FROM ${table}`)[0]?.[0]);
    const at: Making = { state: "making", entity: 0, relation: 0, rows: last("entity") + last("relation") };
    this.#at = at;
    return at;
  }

  /** The same, and what was kept is removed. */
  remake(): void {
    this.#kept.remove();
    this.#isKept = false;
    this.make();
  }

  /** Inside the transaction of a change. */
  strikeOut(): void {
    if (this.#isKept) this.#kept.strikeOut();
  }

  /** That transaction is done: what is kept is not what the file holds. */
  changed(): void {
    this.#isKept = false;
  }

  /** Makes what is known of rows what a change made of them. */
  learn({ entities, relations }: Touched): void {
    const at = this.#at;
    const isLoading = at.state === "loading";
    // A list may have looked it up there.
    if (isLoading) for (const row of entities.keys()) this.#indexes.takeOut(row);
    if (isLoading && !at.isRead) {
      for (const row of entities.keys()) at.entities.add(row);
      for (const row of relations.keys()) at.relations.add(row);
      return;
    }
    // Once all is read, changes are no longer recorded, or continuous writes would delay searches.
    const indexes = isLoading ? at.into : this.#indexes;
    for (const [row, known] of entities) {
      if (!known) indexes.refresh(row);
      // What is not indexed yet will be when its turn comes.
      else if (at.state === "making" && row > at.entity) continue;
      else {
        indexes.takeOut(row);
        indexes.put(known);
      }
    }
    for (const [row, known] of relations) {
      indexes.graph.remove(row);
      if (known) indexes.putRelation(known);
    }
    this.#roomWatch.look(indexes.room);
  }

  /** Something was forgotten: nothing of it is in what was kept, and will be in what is. */
  forgot(): void {
    this.#hasForgotten = true;
    this.#kept.remove();
  }

  /** Keeps the indexes for the next start, where that is worth it. */
  keep(): void {
    if (this.#at.state === "loading") this.#at.steps.return(false);
    try {
      if (!this.#isKept && this.isWhole && this.#indexes.size >= KEPT_ENTITIES_MIN)
        this.#kept.write(this.#indexes, { thoroughly: this.#hasForgotten });
    } catch {
      // They are rebuilt at the next start; closing does not fail.
      this.#kept.remove();
    }
  }
}
