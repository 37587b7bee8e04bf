import { existsSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import type { EntityId } from "../../../kernel/ids.ts";
import type {
  Forgotten,
  ForgetTarget,
  Provenance,
  Relation,
  RelationWrite,
  StoreFigures,
  StoreProblem,
  StoreSearch,
  WriteOutcome,
} from "../../../memory/index.ts";
import { checked, goneFile } from "./checking.ts";
import { damagedMemory } from "./errors.ts";
import { Facts } from "./facts.ts";
import { figuresOf } from "./figures.ts";
import { Forgetting } from "./forgetting.ts";
import { indexablesAfter } from "./indexable.ts";
import { type IndexableRelation, Indexes } from "./indexes.ts";
import { KeptIndexes } from "./kept-indexes.ts";
import { Lookup } from "./lookup.ts";
import type { PackedHits } from "./packing.ts";
import { KnownNames } from "./name-filter.ts";
import { numberOf, type PackedEntity, textOf } from "./rows.ts";
import { Reading } from "./reading.ts";
import { BUSY_MS, openMemoryFile } from "./schema.ts";
import { type PassagePut, Vectors } from "./vectors.ts";
import { RoomWatch, roomFigures, roomProblems } from "./vector-room.ts";
import { type EntityPut, type EntityPutBack, type Touched, Writing } from "./writing.ts";

/** Entities that are indexed between two looks at who has come meanwhile. */
const INDEXED_AT_ONCE = 256;
const SCANNED_AT_ONCE = 1_000;
/** Fewer entities are indexed as fast as indexes are read. */
const KEPT_ENTITIES_MIN = 1_000;

/** Log that is written back when nobody waits: 16 MiB, in which pages that were written often are written back once. */
const LOG_PAGES_MAX = 4_000;

const NO_ID = new Uint8Array(16);

export type MemoryFileOptions = {
  readonly file: string;
  readonly synchronous: "normal" | "full";
  /** Of all vectors that searches go through; 4 GiB, the most there can be, where it is not said. */
  readonly vectorBytesMax?: number | undefined;
};

/** One change of the file; several share a transaction. */
export type Job =
  | { readonly type: "write"; readonly writes: readonly (EntityPut | RelationWrite)[] }
  | { readonly type: "restore"; readonly entities: readonly EntityPutBack[]; readonly relations: readonly Relation[] }
  | {
      readonly type: "embedded";
      readonly of: {
        readonly id: EntityId;
        readonly version: number;
        readonly model: string;
        readonly passages: readonly PassagePut[];
      };
    }
  | { readonly type: "switch-model"; readonly model: string }
  | { readonly type: "drop-others"; readonly model: string; readonly limit: number }
  | {
      readonly type: "forget";
      readonly target: ForgetTarget;
      readonly by: { readonly provenance: Provenance; readonly atMs: number };
    };

export type Done = readonly WriteOutcome[] | Forgotten | boolean | undefined;

/**
 * Memory in one file, with its indexes. All calls are synchronous; in the server it lives in a thread of its own.
 * X1. The indexes hold what the file holds, once \`indexSome\` has said that all is indexed; a change is in both when it returns.
 */
export class EmbeddedMemory {
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #facts: Facts;
  readonly #vectors: Vectors;
  readonly #names: KnownNames;
  readonly #writing: Writing;
  readonly #forgetting: Forgetting;
  #indexes: Indexes;
  #lookup: Lookup;
  #reading: Reading;
  readonly #vectorBytesMax: number | undefined;
  readonly #roomWatch = new RoomWatch();
  /** Up to which row of each table all is indexed; undefined: everything. */
  #indexing: { entity: number; relation: number; readonly rows: number } | undefined;

  readonly #kept: KeptIndexes;
  /** The indexes are in their file as they are here. */
  #isKept = false;
  /** Something was forgotten since the indexes were made. */
  #hasForgotten = false;
  /** What was forgotten may be in the log still. */
  #owesWipe = false;

  private constructor(db: DatabaseSync, { file, vectorBytesMax }: MemoryFileOptions) {
    this.#db = db;
    this.#file = file;
    this.#vectorBytesMax = vectorBytesMax;
    this.#facts = new Facts(db);
    this.#kept = new KeptIndexes(`${file.replace(/\.db$/u, "")}.index`, this.#facts);
    this.#vectors = new Vectors(this.#facts);
    this.#names = new KnownNames(this.#facts);
    this.#writing = new Writing({
      facts: this.#facts,
      vectors: this.#vectors,
      names: this.#names,
      rowOf: (id) => this.#reading.rowOf(id),
    });
    this.#forgetting = new Forgetting({ facts: this.#facts, vectors: this.#vectors, writing: this.#writing });
    this.#indexes = this.#noIndexes();
    this.#lookup = new Lookup({ facts: this.#facts, indexes: this.#indexes });
    this.#reading = this.#read();
    this.#indexing = { entity: 0, relation: 0, rows: this.#rows() };
  }

  #noIndexes(): Indexes {
    return new Indexes({ facts: this.#facts, vectors: this.#vectors, vectorBytesMax: this.#vectorBytesMax });
  }

  static open(options: MemoryFileOptions): EmbeddedMemory {
    const db = openMemoryFile(options.file, options.synchronous);
    try {
      const memory = new EmbeddedMemory(db, options);
      memory.#recall();
      return memory;
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /** Takes the indexes that were kept, if they are those of the file. */
  #recall(): void {
    this.#isKept = this.#kept.read(this.#indexes);
    if (this.#isKept) this.#indexing = undefined;
    else this.rebuild();
    this.#roomWatch.look(this.#indexes.room);
  }

  /** The last rows that are there; how far indexing has to go. */
  #rows(): number {
    const last = (table: "entity" | "relation") => numberOf(this.#facts.cells(`SELECT max(row) FROM ${table}`)[0]?.[0]);
    return last("entity") + last("relation");
  }

  /**
   * Does all jobs in one transaction, and tells the results as soon as they are on disk: the indexes learn of them before anything
   * else is asked here. When it throws before, nothing of any is there. What is forgotten is to be wiped next.
   */
  run(jobs: readonly Job[], tell: (results: readonly Done[]) => void): void {
    const touched: Touched = { entities: new Map(), relations: new Map() };
    const active = this.#vectors.active?.name;
    // Of vectors that do not count the indexes know nothing.
    const isKept = this.#isKept && jobs.every(({ type }) => type === "drop-others");
    const results = this.#transact(() => {
      if (this.#isKept && !isKept) this.#kept.strikeOut();
      return jobs.map((job) => this.#do(job, touched));
    });
    this.#isKept = isKept;
    tell(results);
    if (this.#vectors.active?.name === active) this.#learn(touched);
    else this.#rebuild();
  }

  #do(job: Job, touched: Touched): Done {
    switch (job.type) {
      case "write":
        return job.writes.map((write) =>
          write.type === "entity" ? this.#writing.entity(write, touched) : this.#writing.relation(write, touched),
        );
      case "restore":
        for (const entity of job.entities) this.#writing.restore(entity, touched);
        for (const relation of job.relations) this.#writing.restoreRelation(relation, touched);
        return undefined;
      case "embedded":
        return this.#writing.embedded(job.of, touched);
      case "switch-model":
        this.#vectors.activate(job.model);
        return undefined;
      case "drop-others":
        return this.#vectors.dropOthers(job.model, job.limit);
      case "forget":
        return this.#forgetting.forget(job.target, job.by, touched);
    }
  }

  #transact<Result>(work: () => Result): Result {
    this.#facts.sql("BEGIN IMMEDIATE").run();
    try {
      const result = work();
      this.#facts.sql("COMMIT").run();
      return result;
    } catch (error) {
      // SQLite has already rolled back after some errors (a full disk among them).
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      this.#facts.rolledBack();
      this.#vectors.rolledBack();
      this.#writing.rolledBack();
      throw error;
    }
  }

  #learn({ entities, relations }: Touched): void {
    for (const [row, known] of entities) {
      if (!known) this.#indexes.refresh(row);
      // What is not indexed yet will be when its turn comes.
      else if (this.#indexing && row > this.#indexing.entity) continue;
      else {
        this.#indexes.takeOut(row);
        this.#indexes.put(known);
      }
    }
    for (const [row, known] of relations) {
      this.#indexes.graph.remove(row);
      if (known) this.#indexes.putRelation(known);
    }
    this.#roomWatch.look(this.#indexes.room);
  }

  #relationsAfter(row: number): readonly IndexableRelation[] {
    return this.#facts
      .cells(
        "SELECT row, id, src, dst, type, coalesce(strength, 0.5), is_both FROM relation WHERE row > ? ORDER BY row LIMIT ?",
        row,
        SCANNED_AT_ONCE,
      )
      .map(([at = 0, id, src = 0, dst = 0, type, strength = 0, both]) => ({
        row: numberOf(at),
        id: id instanceof Uint8Array ? id : NO_ID,
        from: numberOf(src),
        to: numberOf(dst),
        type: textOf(type),
        strength: numberOf(strength),
        both: both === 1,
      }));
  }

  /**
   * What was forgotten is not in the kept indexes and in the log's old pages either. Where another program reads the file for
   * longer than five seconds, its log is emptied with one of the next changes, or when it is closed. Throws what SQLite throws.
   */
  wipe(): void {
    this.#hasForgotten = true;
    this.#owesWipe = true;
    this.#wipe();
  }

  #wipe(): void {
    this.#kept.remove();
    const [state = []] = this.#facts.cells("PRAGMA wal_checkpoint(TRUNCATE)");
    this.#owesWipe = numberOf(state[0]) !== 0;
  }

  #read(): Reading {
    return new Reading({ facts: this.#facts, indexes: this.#indexes, isIndexed: () => this.#indexing === undefined });
  }

  /** What does not change anything. */
  get reading(): Reading {
    return this.#reading;
  }

  /** Which names may be taken. */
  get names(): Pick<KnownNames, "filter" | "readSome"> {
    return this.#names;
  }

  /** Throws away what is derived, and begins to make it anew. */
  #rebuild(): void {
    this.#indexes = this.#noIndexes();
    this.#lookup = new Lookup({ facts: this.#facts, indexes: this.#indexes });
    this.#reading = this.#read();
    const rows = this.#rows();
    this.#indexing = { entity: 0, relation: 0, rows };
    // A memory of a few is whole at once: nobody has to be told that something may be missing.
    let isMore = rows <= INDEXED_AT_ONCE;
    while (isMore) isMore = this.indexSome();
  }

  rebuild(): void {
    this.#kept.remove();
    this.#isKept = false;
    this.#rebuild();
  }

  /** Indexes some more; false when all is. */
  indexSome(): boolean {
    const at = this.#indexing;
    if (!at) return false;
    const known = indexablesAfter(this.#facts, at.entity, INDEXED_AT_ONCE);
    for (const one of known) {
      // A change may have put it in already.
      this.#indexes.takeOut(one.row);
      this.#indexes.put(one);
    }
    at.entity = known.at(-1)?.row ?? at.entity;
    this.#roomWatch.look(this.#indexes.room);
    if (known.length > 0) return true;
    const relations = this.#relationsAfter(at.relation);
    for (const relation of relations) this.#indexes.putRelation(relation);
    at.relation = relations.at(-1)?.row ?? at.relation;
    if (relations.length === 0) this.#indexing = undefined;
    return relations.length > 0;
  }

  /** 0 to 1. */
  get indexed(): number {
    const at = this.#indexing;
    return at ? Math.min((at.entity + at.relation) / Math.max(at.rows, 1), 1) : 1;
  }

  search(search: StoreSearch): PackedHits {
    const active = this.#vectors.active?.name;
    const found = this.#lookup.search(search.model === active ? search : { ...search, vector: undefined });
    const isPartial = found.isPartial || this.#indexing !== undefined;
    return { ...found, isPartial, lacksVectors: this.#indexes.room?.hasRefused ?? false };
  }

  unembedded(model: string, limit: number): readonly PackedEntity[] {
    return this.#facts.packed(this.#vectors.lacking(model, limit)).filter((one) => one !== undefined);
  }

  model(): string | undefined {
    return this.#vectors.active?.name;
  }

  figures(): StoreFigures {
    const figures = figuresOf(this.#facts, this.#vectors);
    return { ...figures, indexed: this.indexed, vectorRoom: this.#roomOf(figures.passagesByModel) };
  }

  /** How many have found no room is known when all is indexed. */
  #roomOf(passagesByModel: StoreFigures["passagesByModel"]): StoreFigures["vectorRoom"] {
    const indexed = this.#indexing ? 0 : (passagesByModel[this.#vectors.active?.name ?? ""] ?? 0);
    return roomFigures(this.#indexes.room, indexed);
  }

  check(mend: boolean): readonly StoreProblem[] {
    const { hint: remedy } = damagedMemory(this.#file, "");
    const { problems, bare } = checked(this.#facts, { mend, remedy });
    if (mend && bare.length > 0) {
      this.#transact(() => {
        this.#kept.strikeOut();
        for (const [row, count] of bare) this.#vectors.makeRoom(row, count);
      });
      this.#isKept = false;
      for (const [row] of bare) this.#indexes.refresh(row);
    }
    const cramped = roomProblems(this.#roomOf(this.#vectors.counts().byModel));
    return [...(existsSync(this.#file) ? [] : [goneFile(this.#file)]), ...problems, ...cramped];
  }

  /** Writes the log back into the file when it is long, or has what was forgotten; waits for nobody. Throws what SQLite throws. */
  carryLog(): void {
    if (!this.#owesWipe) {
      const [state = []] = this.#facts.cells("PRAGMA wal_checkpoint(NOOP)");
      if (numberOf(state[1]) - numberOf(state[2]) >= LOG_PAGES_MAX) this.#facts.cells("PRAGMA wal_checkpoint(PASSIVE)");
      return;
    }
    this.#db.exec("PRAGMA busy_timeout=0");
    try {
      this.#wipe();
    } finally {
      this.#db.exec(`PRAGMA busy_timeout=${BUSY_MS}`);
    }
  }

  /** Keeps the indexes for the next start, and writes the log back into the file. */
  close(): void {
    try {
      if (!this.#isKept && !this.#indexing && this.#indexes.size >= KEPT_ENTITIES_MIN)
        this.#kept.write(this.#indexes, { thoroughly: this.#hasForgotten });
    } catch {
      // They are made anew at the next start: nobody is kept from closing.
      this.#kept.remove();
    }
    this.#db.close();
  }
}
