import type { DatabaseSync } from "node:sqlite";
import type { EntityId } from "../../../kernel/ids.ts";
import type {
  Entity,
  EntityRestore,
  EntityWrite,
  Forgotten,
  ForgetTarget,
  Passage,
  Provenance,
  Relation,
  RelationWrite,
  ScopeKey,
  StoreFigures,
  StoreHits,
  StoreProblem,
  StoreSearch,
  WriteOutcome,
} from "../../../memory/index.ts";
import { Facts } from "./facts.ts";
import { Indexes } from "./indexes.ts";
import { Lookup } from "./lookup.ts";
import { numberOf, textOf } from "./rows.ts";
import { Reading } from "./reading.ts";
import { openMemoryFile } from "./schema.ts";
import { Vectors } from "./vectors.ts";
import { type Touched, Writing } from "./writing.ts";

/** Entities that are indexed between two looks at who has come meanwhile. */
const INDEXED_AT_ONCE = 256;
const SCANNED_AT_ONCE = 500;

/** One change of the file; several share a transaction. */
export type Job =
  | { readonly type: "write"; readonly writes: readonly (EntityWrite | RelationWrite)[] }
  | { readonly type: "restore"; readonly entities: readonly EntityRestore[]; readonly relations: readonly Relation[] }
  | {
      readonly type: "embedded";
      readonly of: {
        readonly id: EntityId;
        readonly version: number;
        readonly model: string;
        readonly passages: readonly Passage[];
      };
    }
  | { readonly type: "switch-model"; readonly model: string }
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
  readonly #facts: Facts;
  readonly #vectors: Vectors;
  readonly #writing: Writing;
  #indexes: Indexes;
  #lookup: Lookup;
  #reading: Reading;
  /** Up to which row of each table all is indexed; undefined: everything. */
  #indexing: { entity: number; relation: number; readonly rows: number; done: number } | undefined;

  private constructor(db: DatabaseSync) {
    this.#db = db;
    this.#facts = new Facts(db);
    this.#vectors = new Vectors(this.#facts);
    this.#writing = new Writing({ facts: this.#facts, vectors: this.#vectors });
    this.#indexes = new Indexes({ facts: this.#facts, vectors: this.#vectors });
    this.#lookup = new Lookup({ facts: this.#facts, indexes: this.#indexes });
    this.#reading = this.#read();
    this.#indexing = { entity: 0, relation: 0, rows: this.#rows(), done: 0 };
  }

  static open(options: { readonly file: string; readonly synchronous: "normal" | "full" }): EmbeddedMemory {
    const db = openMemoryFile(options.file, options.synchronous);
    try {
      return new EmbeddedMemory(db);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  #rows(): number {
    const row = this.#facts.sql("SELECT (SELECT count(*) FROM entity) + (SELECT count(*) FROM relation) AS n").get();
    return numberOf(row?.["n"]);
  }

  /** Does all jobs in one transaction. When it throws nothing of any is there. */
  run(jobs: readonly Job[]): readonly Done[] {
    const touched: Touched = { entities: new Set(), relations: new Set() };
    const results = this.#transact(() => jobs.map((job) => this.#do(job, touched)));
    this.#learn(touched);
    if (jobs.some(({ type }) => type === "switch-model")) this.#rebuild();
    if (jobs.some(({ type }) => type === "forget")) this.#wipe();
    return results;
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
      case "forget":
        return this.#writing.forget(job.target, job.by, touched);
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
      throw error;
    }
  }

  #learn({ entities, relations }: Touched): void {
    for (const row of entities) {
      // What is not indexed yet will be when its turn comes; indexed early it is only put in twice.
      if (this.#facts.sql("SELECT 1 FROM entity WHERE row = ?").get(row)) this.#indexes.refresh(row);
      else this.#indexes.forget(row);
    }
    for (const row of relations) {
      this.#indexes.graph.remove(row);
      for (const end of this.#ends("WHERE row = ?", row)) this.#indexes.putRelation(row, end, end);
    }
  }

  #ends(rest: string, ...values: number[]) {
    return this.#facts
      .sql(`SELECT row, src, dst, type, strength, is_both FROM relation ${rest}`)
      .all(...values)
      .map((row) => ({
        row: numberOf(row["row"]),
        from: numberOf(row["src"]),
        to: numberOf(row["dst"]),
        type: textOf(row["type"]),
        strength: numberOf(row["strength"]),
        isBidirectional: numberOf(row["is_both"]) === 1,
      }));
  }

  /** What was forgotten is not in the log's old pages either. */
  #wipe(): void {
    this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  #read(): Reading {
    return new Reading({ facts: this.#facts, indexes: this.#indexes, isIndexed: () => this.#indexing === undefined });
  }

  /** What does not change anything. */
  get reading(): Reading {
    return this.#reading;
  }

  /** Throws away what is derived, and begins to make it anew. */
  #rebuild(): void {
    this.#indexes = new Indexes({ facts: this.#facts, vectors: this.#vectors });
    this.#lookup = new Lookup({ facts: this.#facts, indexes: this.#indexes });
    this.#reading = this.#read();
    this.#indexing = { entity: 0, relation: 0, rows: this.#rows(), done: 0 };
  }

  rebuild(): void {
    this.#rebuild();
  }

  /** Indexes some more; false when all is. */
  indexSome(): boolean {
    const at = this.#indexing;
    if (!at) return false;
    const filed = this.#facts.after(at.entity, INDEXED_AT_ONCE);
    for (const one of filed) this.#indexes.refresh(one.row);
    at.entity = filed.at(-1)?.row ?? at.entity;
    at.done += filed.length;
    if (filed.length > 0) return true;
    const ends = this.#ends("WHERE row > ? ORDER BY row LIMIT ?", at.relation, SCANNED_AT_ONCE);
    for (const end of ends) this.#indexes.putRelation(end.row, end, end);
    at.relation = ends.at(-1)?.row ?? at.relation;
    at.done += ends.length;
    if (ends.length === 0) this.#indexing = undefined;
    return ends.length > 0;
  }

  /** 0 to 1. */
  get indexed(): number {
    const at = this.#indexing;
    return at ? Math.min(at.done / Math.max(at.rows, 1), 1) : 1;
  }

  search(search: StoreSearch): StoreHits {
    const active = this.#vectors.active?.name;
    const found = this.#lookup.search(search.model === active ? search : { ...search, vector: undefined });
    return { hits: found.hits, isPartial: found.isPartial || this.#indexing !== undefined };
  }

  unembedded(model: string, limit: number): readonly Entity[] {
    return this.#vectors.lacking(model, limit);
  }

  model(): string | undefined {
    return this.#vectors.active?.name;
  }

  figures(): StoreFigures {
    const entities = this.#count(
      "SELECT s.key, count(*) AS n FROM entity e JOIN scope s ON s.n = e.scope GROUP BY s.key",
    );
    const observations = this.#count(
      `SELECT s.key, count(*) AS n FROM observation o JOIN entity e ON e.row = o.entity JOIN scope s ON s.n = e.scope
       WHERE o.until IS NULL GROUP BY s.key`,
    );
    const relations = this.#count(
      "SELECT s.key, count(*) AS n FROM relation r JOIN entity e ON e.row = r.src JOIN scope s ON s.n = e.scope GROUP BY s.key",
    );
    const { byModel, without } = this.#vectors.counts();
    const pages = this.#facts
      .sql("SELECT page_count * page_size AS n FROM pragma_page_count(), pragma_page_size()")
      .get();
    return {
      scopes: [...entities].map(([scope, n]) => ({
        scope,
        entities: n,
        observations: observations.get(scope) ?? 0,
        relations: relations.get(scope) ?? 0,
      })),
      bytes: numberOf(pages?.["n"]),
      passagesByModel: byModel,
      passagesWithoutVector: without,
      indexed: this.indexed,
    };
  }

  #count(query: string): ReadonlyMap<ScopeKey, number> {
    return new Map(
      this.#facts
        .sql(query)
        .all()
        .map((row) => [textOf(row["key"]), numberOf(row["n"])]),
    );
  }

  check(mend: boolean): readonly StoreProblem[] {
    const said = this.#facts
      .sql("PRAGMA integrity_check")
      .all()
      .map((row) => textOf(Object.values(row)[0]))
      .filter((text) => text !== "ok");
    const foreign = this.#facts.sql("PRAGMA foreign_key_check").all().length;
    const bare = numberOf(
      this.#facts
        .sql("SELECT count(*) AS n FROM entity e WHERE NOT EXISTS (SELECT 1 FROM passage p WHERE p.entity = e.row)")
        .get()?.["n"],
    );
    if (bare > 0 && mend) this.#giveRoom();
    return [
      ...said.map((text) => ({
        what: `the file is damaged: ${text}`,
        hint: "Restore the latest snapshot.",
        isMended: false,
      })),
      ...(foreign > 0
        ? [{ what: `${foreign} rows refer to what is gone`, hint: "Restore the latest snapshot.", isMended: false }]
        : []),
      ...(bare > 0
        ? [
            {
              what: `${bare} entities cannot be found by searches`,
              hint: "`caxton memory doctor --mend` indexes them.",
              isMended: mend,
            },
          ]
        : []),
    ];
  }

  #giveRoom(): void {
    const bare = this.#facts.heads("WHERE NOT EXISTS (SELECT 1 FROM passage p WHERE p.entity = e.row)");
    this.#transact(() => {
      for (const filed of bare) this.#vectors.makeRoom(filed);
    });
    for (const { row } of bare) this.#indexes.refresh(row);
  }

  /** Writes the log back into the file. */
  close(): void {
    this.#db.close();
  }
}
