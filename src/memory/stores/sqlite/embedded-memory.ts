import { rmSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { type FileNow, OpenedFile } from "../../../kernel/files/opened-file.ts";
import type {
  Forgotten,
  ForgetTarget,
  Relation,
  RelationWrite,
  StoreStats,
  StoreProblem,
  StoreSearch,
  WriteOutcome,
  ForgetBy,
  PassageUpdate,
} from "../../knowledge/index.ts";
import { checked } from "./checking.ts";
import { damagedMemory } from "./errors.ts";
import { Facts } from "./facts.ts";
import { figuresOf } from "./stats.ts";
import { Forgetting } from "./forgetting.ts";
import { Indexing } from "./indexing/indexing.ts";
import { Lookup } from "./lookup.ts";
import type { PackedHits } from "./files/packing.ts";
import { KnownNames } from "./name-filter.ts";
import { copyDatabase, flushDirectory, LOG_ENDINGS, makeDirectory, nameFile, savedFile } from "./files/on-disk.ts";
import { numberOf, type PackedEntity } from "./rows.ts";
import { Reading } from "./reading.ts";
import { BUSY_MS, openMemoryFile } from "./schema.ts";
import { type PassagePut, Vectors } from "./indexing/vectors.ts";
import { capacityStats, capacityProblems } from "./indexing/vector-capacity.ts";
import { type EntityPut, type RestoredEntity, type Touched, Writing } from "./writing.ts";

/** WAL size of a checkpoint while idle: 16 MiB, so that pages written repeatedly are checkpointed once. */
const LOG_PAGES_MAX = 4_000;

/** One change of the file; several share a transaction. */
export type Job =
  | { readonly type: "write"; readonly writes: readonly (EntityPut | RelationWrite)[] }
  | { readonly type: "restore"; readonly entities: readonly RestoredEntity[]; readonly relations: readonly Relation[] }
  | {
      readonly type: "embedded";
      readonly of: PassageUpdate<PassagePut>;
    }
  | { readonly type: "switch-model"; readonly model: string }
  | { readonly type: "drop-others"; readonly model: string; readonly limit: number }
  | {
      readonly type: "forget";
      readonly target: ForgetTarget;
      readonly by: ForgetBy;
    };

export type Done = readonly WriteOutcome[] | Forgotten | boolean | undefined;

export type MemoryFileOptions = {
  readonly file: string;
  readonly synchronous: "normal" | "full";
  /** Of all vectors that searches go through; 4 GiB, the most there can be, where it is not said. */
  readonly vectorBytesMax?: number | undefined;
};

/**
 * Memory in one file, with its indexes. What changes it is synchronous; in the server it lives in a thread of its own.
 * sqlite.embedded-memory.X1. The indexes hold what the file holds, once `indexSome` has said that all is indexed. A
 *   change is in both when it returns, or is noted for indexes that are read.
 */
export class EmbeddedMemory {
  #db: DatabaseSync;
  readonly #file: string;
  readonly #synchronous: "normal" | "full";
  #opened: OpenedFile;
  readonly #facts: Facts;
  readonly #vectors: Vectors;
  readonly #names: KnownNames;
  readonly #writing: Writing;
  readonly #forgetting: Forgetting;
  readonly #indexing: Indexing;
  readonly #lookup: Lookup;
  readonly #reading: Reading;
  /** What was forgotten may be in the log still. */
  #isScrubDue = false;

  private constructor(db: DatabaseSync, { file, synchronous, vectorBytesMax }: MemoryFileOptions) {
    const facts = new Facts(db);
    const vectors = new Vectors(facts);
    const names = new KnownNames(facts);
    this.#db = db;
    this.#file = file;
    this.#synchronous = synchronous;
    this.#opened = new OpenedFile(file);
    this.#facts = facts;
    this.#vectors = vectors;
    this.#names = names;
    this.#writing = new Writing({ facts, vectors, names, rowOf: (id) => this.#reading.rowOf(id) });
    this.#forgetting = new Forgetting({ facts, vectors, writing: this.#writing });
    this.#indexing = new Indexing({ facts, vectors, file, vectorBytesMax });
    this.#lookup = new Lookup({ facts, indexing: this.#indexing });
    this.#reading = new Reading({ facts, indexing: this.#indexing });
  }

  static open(options: MemoryFileOptions): EmbeddedMemory {
    const db = openMemoryFile(options.file, options.synchronous, { isNew: true });
    try {
      const memory = new EmbeddedMemory(db, options);
      memory.#indexing.begin();
      return memory;
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /**
   * Runs all jobs in one transaction, and reports the results as soon as they are on disk: the indexes are updated before any
   * other request. If it throws before, no job is stored. Call `scrub` after a deletion.
   */
  run(jobs: readonly Job[], report: (results: readonly Done[]) => void): void {
    const touched: Touched = { entities: new Map(), relations: new Map() };
    const active = this.#vectors.active?.name;
    // Of vectors that do not count the indexes know nothing.
    const isKnown = jobs.some(({ type }) => type !== "drop-others");
    const results = this.#transact(() => {
      if (isKnown) this.#indexing.strikeOut();
      return jobs.map((job) => this.#do(job, touched));
    });
    if (isKnown) this.#indexing.changed();
    report(results);
    if (this.#vectors.active?.name === active) this.#indexing.learn(touched);
    else this.#indexing.make();
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

  /**
   * What was forgotten is not in the kept indexes and in the log's old pages either. Where another program reads the file for
   * longer than five seconds, its log is emptied with one of the next changes, or when it is closed. Throws what SQLite throws.
   */
  scrub(): void {
    this.#isScrubDue = true;
    this.#scrub();
  }

  #scrub(): void {
    this.#indexing.forgot();
    this.#isScrubDue = !this.#emptyLog();
  }

  /** Whether nothing is left in it; not where another program reads the file. */
  #emptyLog(): boolean {
    const [state = []] = this.#facts.cells("PRAGMA wal_checkpoint(TRUNCATE)");
    return numberOf(state[0]) === 0;
  }

  /** What does not change anything. */
  get reading(): Reading {
    return this.#reading;
  }

  /** Which names may be taken. */
  get names(): Pick<KnownNames, "filter" | "readSome"> {
    return this.#names;
  }

  /** Discards derived data, and starts to rebuild it. */
  rebuild(): void {
    this.#indexing.remake();
  }

  /** Indexes some more; false when all is. */
  indexSome(): boolean {
    return this.#indexing.some();
  }

  /** Searches and walks find nothing yet, and everything in a moment: kept indexes are being read. */
  get isLoading(): boolean {
    return this.#indexing.isLoading;
  }

  /** 0 to 1. */
  get indexed(): number {
    return this.#indexing.share;
  }

  search(search: StoreSearch): PackedHits {
    const active = this.#vectors.active?.name;
    const found = this.#lookup.search(search.model === active ? search : { ...search, vector: undefined });
    const isPartial = found.isPartial || !this.#indexing.isWhole;
    return { ...found, isPartial, lacksVectors: this.#indexing.indexes.room?.hasRefused ?? false };
  }

  unembedded(model: string, limit: number): readonly PackedEntity[] {
    return this.#facts.packed(this.#vectors.lacking(model, limit)).filter((one) => one !== undefined);
  }

  model(): string | undefined {
    return this.#vectors.active?.name;
  }

  stats(): StoreStats {
    const figures = figuresOf(this.#facts, this.#vectors);
    return { ...figures, indexed: this.indexed, vectorRoom: this.#roomOf(figures.passagesByModel) };
  }

  /** How many have found no room is known when all is indexed. */
  #roomOf(passagesByModel: StoreStats["passagesByModel"]): StoreStats["vectorRoom"] {
    const indexed = this.#indexing.isWhole ? (passagesByModel[this.#vectors.active?.name ?? ""] ?? 0) : 0;
    return capacityStats(this.#indexing.indexes.room, indexed);
  }

  check(repair: boolean): readonly StoreProblem[] {
    const { hint: remedy } = damagedMemory(this.#file, "");
    const { problems, bare } = checked(this.#facts, { repair, remedy });
    if (repair && bare.length > 0) {
      this.#transact(() => {
        this.#indexing.strikeOut();
        for (const [row, count] of bare) this.#vectors.makeRoom(row, count);
      });
      this.#indexing.changed();
      this.#indexing.learn({ entities: new Map(bare.map(([row]) => [row, undefined])), relations: new Map() });
    }
    return [...problems, ...capacityProblems(this.#roomOf(this.#vectors.counts().byModel))];
  }

  /** Checkpoints the WAL if it is long or contains deleted data; does not block. Throws the errors of SQLite. */
  carryLog(): void {
    if (!this.#isScrubDue) {
      const [state = []] = this.#facts.cells("PRAGMA wal_checkpoint(NOOP)");
      if (numberOf(state[1]) - numberOf(state[2]) >= LOG_PAGES_MAX) this.#facts.cells("PRAGMA wal_checkpoint(PASSIVE)");
      return;
    }
    this.#withoutWaiting(() => this.#scrub());
  }

  #withoutWaiting<Result>(work: () => Result): Result {
    this.#db.exec("PRAGMA busy_timeout=0");
    try {
      return work();
    } finally {
      this.#db.exec(`PRAGMA busy_timeout=${BUSY_MS}`);
    }
  }

  /** What is at the path of its file. */
  get fileNow(): FileNow {
    return this.#opened.now();
  }

  /** Copies all there is at this moment, wherever its file is. Nothing is changed meanwhile. */
  async copyTo(file: string): Promise<void> {
    makeDirectory(dirname(file));
    await copyDatabase(this.#db, file, { isAlone: true });
  }

  /**
   * Writes a memory whose file was removed back to its path, and switches to that file. Writes are blocked during this. Rejects
   * with the errors of SQLite and of the file system, including EEXIST if another file is there; then nothing changes.
   */
  async writeBack(): Promise<void> {
    const fresh = savedFile(this.#file);
    // Says plainly when the directory is gone too.
    flushDirectory(dirname(this.#file));
    rmSync(fresh, { force: true });
    try {
      await copyDatabase(this.#db, fresh, { isAlone: true });
      // Where the removed file has another name, it is whole too.
      this.#emptyLog();
      // Never in the place of another.
      nameFile(fresh, this.#file);
      this.#switchToNamed(new OpenedFile(this.#file));
    } finally {
      rmSync(fresh, { force: true });
    }
    flushDirectory(dirname(this.#file));
  }

  /** The old file is closed once the new one is open, which may have been removed again. */
  #switchToNamed(named: OpenedFile): void {
    const former = this.#db;
    try {
      flushDirectory(dirname(this.#file));
      // The new file contains all of their changes, which must not be applied to it again.
      for (const ending of LOG_ENDINGS) rmSync(this.#file + ending, { force: true });
      const db = openMemoryFile(this.#file, this.#synchronous, { isNew: false });
      if (named.now() === "there") this.#db = db;
      else {
        db.close();
        throw new Error("it was removed again");
      }
    } catch (error) {
      // It is written back again.
      if (named.now() === "there") rmSync(this.#file);
      throw error;
    }
    this.#facts.switchTo(this.#db);
    this.#opened = named;
    former.close();
  }

  /**
   * Writes the log back into the file that is open, so that it says nothing to one that has come to its path. False where another
   * program still reads the open one, for which it waits up to five seconds when `waits`. Throws what SQLite throws.
   */
  settleLog({ waits }: { readonly waits: boolean }): boolean {
    return waits ? this.#emptyLog() : this.#withoutWaiting(() => this.#emptyLog());
  }

  /** Keeps the indexes for the next start, and writes the log back into the file. Beside a file of others nothing is written. */
  close(): void {
    if (this.fileNow === "there") this.#indexing.keep();
    this.#db.close();
  }
}
