import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { forgetLocalServer } from "../kernel/local-server.ts";
import { LostFile, OpenedDatabase } from "../kernel/files/opened-file.ts";
import { makePrivateDirectory, makePrivateFile, PRIVATE_FILE } from "../kernel/files/private-files.ts";
import { Checkpointer } from "../kernel/sqlite/checkpointer.ts";
import { dataDirectoryInUse, isBusy, isFileFault, storageError, wrongSchema } from "../kernel/sqlite/errors.ts";
import { log } from "../kernel/log.ts";
import type { Synchronous } from "../kernel/sqlite/synchronous.ts";
import { FIRST_SCHEMA, MIGRATIONS, SCHEMA } from "./migrations/index.ts";

export type DatabaseOptions = {
  readonly directory: string;
  readonly synchronous: Synchronous;
  /** Pages of the log from which on it is carried over; for tests. */
  readonly checkpointPages?: number;
};

type Job = {
  readonly run: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};

const FILE = "caxton.db";
const CACHE_KIB = 16_384;
/** No other process should hold the database; this is the wait for a person who inspects it. */
const BUSY_MS = 1_000;
/** Maximum delay of a deferrable job, so that it shares a commit. */
const SOON_MS = 5;
/** 32 MiB of log. */
const CHECKPOINT_PAGES = 8_000;

/**
 * The one connection to `caxton.db`.
 * storage.database.D1. One process has the directory: a lock on `caxton.lock` is held as long as the database is
 *   open, and ends with the process.
 * storage.database.D2. Every write goes through `write`; all writes of one turn of the event loop share one
 *   transaction.
 * storage.database.D3. What is written is committed only while the file is at its path: nothing that would be lost is
 *   acknowledged.
 * storage.database.D4. A job that fails takes no other job with it: its batch is rolled back and the others are run
 *   again without it.
 */
export class Database implements Disposable {
  readonly directory: string;
  readonly #db: DatabaseSync;
  readonly #lock: DatabaseSync;
  readonly #opened: OpenedDatabase;
  readonly #checkpointer: Checkpointer;
  readonly #statements = new Map<string, StatementSync>();
  #jobs: Job[] = [];
  #scheduled = false;
  #isClosing = false;
  /** Has what may wait written, when nothing else came in time. */
  #lazy: NodeJS.Timeout | undefined;

  private constructor(db: DatabaseSync, lock: DatabaseSync, options: DatabaseOptions) {
    this.#db = db;
    this.#lock = lock;
    this.directory = options.directory;
    this.#opened = new OpenedDatabase(join(options.directory, FILE));
    this.#checkpointer = new Checkpointer({
      file: join(options.directory, FILE),
      pagesMax: options.checkpointPages ?? CHECKPOINT_PAGES,
      state: () => {
        const state = this.sql("PRAGMA wal_checkpoint(NOOP)").get();
        return { log: Number(state?.["log"] ?? 0), carried: Number(state?.["checkpointed"] ?? 0) };
      },
      carryHere: () => void this.sql("PRAGMA wal_checkpoint(PASSIVE)").get(),
      released: () => this.#flush(),
    });
  }

  /** Opens, locks and migrates. Throws DataDirectoryInUseError, DatabaseTooNewError, DatabaseTooOldError, StorageReadOnlyError, StorageFullError. */
  static open(options: DatabaseOptions): Database {
    const { directory } = options;
    try {
      makePrivateDirectory(directory);
      const lock = lockDirectory(directory);
      try {
        makePrivateFile(join(directory, FILE));
        using opening = new DisposableStack();
        const db = opening.use(new DatabaseSync(join(directory, FILE), { timeout: BUSY_MS }));
        db.exec(
          `PRAGMA journal_mode=WAL; PRAGMA synchronous=${options.synchronous}; PRAGMA foreign_keys=ON;
           PRAGMA cache_size=-${CACHE_KIB}; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=0;`,
        );
        migrate(db, join(directory, FILE));
        opening.move();
        return new Database(db, lock, options);
      } catch (error) {
        lock.close();
        throw error;
      }
    } catch (error) {
      throw storageError(error, directory);
    }
  }

  /** A prepared statement, made once. For reading anywhere, for writing inside a `write` job. */
  sql(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (!statement) {
      statement = this.#read(() => this.#db.prepare(text));
      this.#explain(statement);
      this.#statements.set(text, statement);
    }
    return statement;
  }

  /** Has a statement throw ours where the file or the disk is to blame; what the statement itself is to blame for stays SQLite's. */
  #explain(statement: StatementSync): void {
    const explained =
      (work: (...given: never[]) => unknown) =>
      (...given: never[]): unknown =>
        this.#read(() => work(...given));
    Object.assign(statement, {
      get: explained(statement.get.bind(statement)),
      all: explained(statement.all.bind(statement)),
      run: explained(statement.run.bind(statement)),
    });
  }

  #read<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw isFileFault(error) ? storageError(error, this.directory) : error;
    }
  }

  /** Throws DatabaseFileGoneError or DatabaseFileForeignError when the file is not at its path any more. */
  look(): void {
    this.read(() => this.#opened.mustBeThere());
  }

  /** Writes to the database and creates a file beside it. Rejects with the reason that this fails. */
  async probe(): Promise<void> {
    await this.write(() => this.#db.exec(`PRAGMA user_version=${SCHEMA}`));
    const file = join(this.directory, `.probe-${process.pid}`);
    this.read(() => {
      writeFileSync(file, "caxton", { mode: PRIVATE_FILE });
      rmSync(file);
    });
  }

  /**
   * Runs `job` in the next transaction; on disk when resolved. The job may be run twice, so it only touches the database. One
   * that may be written `soon` causes no transaction of its own for some milliseconds; jobs run in the order they came.
   */
  write<Result>(job: () => Result, when?: "now" | "soon"): Promise<Result>;
  write(job: () => unknown, when: "now" | "soon" = "now"): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#jobs.push({ run: job, resolve, reject });
    if (when === "soon") this.#lazy ??= setTimeout(() => this.#flush(), SOON_MS);
    else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.#flush());
    }
    return promise;
  }

  /** Runs a reading query, its errors made ours. */
  read<Result>(query: () => Result): Result {
    try {
      return query();
    } catch (error) {
      throw storageError(error, this.directory);
    }
  }

  #flush(): void {
    this.#scheduled = false;
    clearTimeout(this.#lazy);
    this.#lazy = undefined;
    const jobs = this.#jobs;
    // Those that wait for the log are written once it is short again.
    if (jobs.length === 0 || (this.#checkpointer.isHolding && !this.#isClosing)) return;
    this.#jobs = [];
    let results: readonly unknown[];
    try {
      results = this.#transact(jobs);
    } catch (error) {
      // If no transaction can begin, trying each job separately would only block repeatedly.
      const hopeless = jobs.length === 1 || isBusy(error) || error instanceof LostFile;
      if (!hopeless) return this.#flushApart(jobs);
      for (const job of jobs) job.reject(storageError(error, this.directory));
      return;
    }
    for (const [index, job] of jobs.entries()) job.resolve(results[index]);
    try {
      this.#checkpointer.committed();
    } catch (error) {
      // The jobs are committed and must not run again.
      log.warn({ err: error }, "the size of the write-ahead log is unknown");
    }
  }

  #flushApart(jobs: readonly Job[]): void {
    for (const job of jobs) {
      try {
        job.resolve(this.#transact([job])[0]);
      } catch (error) {
        job.reject(storageError(error, this.directory));
      }
    }
  }

  #transact(jobs: readonly Job[]): unknown[] {
    this.sql("BEGIN IMMEDIATE").run();
    try {
      const results = jobs.map((job) => job.run());
      this.#opened.mustBeThere();
      this.sql("COMMIT").run();
      return results;
    } catch (error) {
      // SQLite has already rolled back after some errors (a full disk among them); a second rollback would hide the first error.
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  /** Bytes of the database, without what its log still holds. */
  bytes(): number {
    const row = this.sql("SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()").get();
    return Number(row?.["bytes"] ?? 0);
  }

  [Symbol.dispose](): void {
    this.#isClosing = true;
    this.#checkpointer[Symbol.dispose]();
    this.#flush();
    this.#statements.clear();
    this.#db.close();
    this.#lock.close();
  }
}

function lockDirectory(directory: string): DatabaseSync {
  const file = join(directory, "caxton.lock");
  makePrivateFile(file);
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    lock.exec("PRAGMA journal_mode=DELETE; BEGIN EXCLUSIVE");
    forgetLocalServer(directory);
    return lock;
  } catch (error) {
    lock.close();
    if (isBusy(error)) throw dataDirectoryInUse(directory, error);
    throw error;
  }
}

function migrate(db: DatabaseSync, file: string): void {
  const found = Number(db.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
  const isKnown = found >= FIRST_SCHEMA && found <= SCHEMA;
  if (found !== 0 && !isKnown) throw wrongSchema(file, { found, known: SCHEMA });
  for (const [index, migration] of MIGRATIONS.entries()) {
    const version = FIRST_SCHEMA + index;
    if (version <= found) continue;
    db.exec("BEGIN IMMEDIATE");
    try {
      db.exec(migration);
      db.exec(`PRAGMA user_version=${version}`);
      db.exec("COMMIT");
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      throw error;
    }
  }
}
