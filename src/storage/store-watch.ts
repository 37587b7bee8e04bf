import type { Database } from "./database.ts";
import { storageError } from "../kernel/sqlite/errors.ts";
import { toFault } from "../kernel/errors.ts";
import { log } from "../kernel/log.ts";

/** Interval of checks that the database file exists, without writes. */
const LOOK_MS = 2_000;
/** Time for which the result of a write check is reused. */
const FRESH_MS = 500;

/** Whether the database can be written, and where or why not. */
type StoreCheck = { readonly ok: boolean; readonly note: string };

/** Watches whether the database can be written and found again, and logs when that changes. */
export class StoreWatch implements Disposable {
  readonly #database: Database;
  readonly #timer: NodeJS.Timeout;
  #problem: string | undefined;
  #last: { readonly atMs: number; readonly check: Promise<StoreCheck> } | undefined;

  constructor(database: Database) {
    this.#database = database;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
  }

  /** Writes to the database. Never rejects. */
  async check(): Promise<StoreCheck> {
    const atMs = performance.now();
    if (this.#last === undefined || atMs - this.#last.atMs > FRESH_MS) this.#last = { atMs, check: this.#write() };
    return this.#last.check;
  }

  async #write(): Promise<StoreCheck> {
    try {
      await this.#database.probe();
      this.#is(undefined);
      return { ok: true, note: `${this.#database.directory} can be written` };
    } catch (error) {
      this.#is(error);
      const { code, message, hint } = toFault(error);
      return { ok: false, note: `${message}. ${hint} [${code}]` };
    }
  }

  #look(): void {
    try {
      this.#database.look();
      // Only a write shows whether the problem is over: a disk that was full looks like any other.
      if (this.#problem !== undefined) void this.check();
    } catch (error) {
      this.#is(error);
    }
  }

  #is(error: unknown): void {
    const problem = error === undefined ? undefined : toFault(error).message;
    if (problem === this.#problem) return;
    this.#problem = problem;
    if (error === undefined) log.info({ directory: this.#database.directory }, "the database can be written again");
    else log.error({ err: error, hint: toFault(error).hint }, "nothing can be stored");
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** Converts a start failure that the data directory or its disk caused. */
export function startFailure(error: unknown, directory: string): unknown {
  const path = error instanceof Error && "path" in error && typeof error.path === "string" ? error.path : undefined;
  const isElsewhere = path !== undefined && !path.startsWith(directory);
  return isElsewhere ? error : storageError(error, directory);
}
