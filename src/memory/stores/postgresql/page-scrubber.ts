import { log } from "../../../kernel/log.ts";
import type { Clock } from "../../../kernel/clock.ts";
import type { Connections } from "./connections.ts";
import { isLocked, unavailable } from "./errors.ts";
import { numberOf, textOf } from "./rows.ts";
import type { Session } from "./session.ts";

/** Tables with texts. They are rewritten with their indexes, so that no page contains deleted data. */
const TEXT_TABLES = ["observation", "entity", "relation", "change"] as const;
/** Tables with numbers only; their rows are vacuumed from pages and indexes. */
const NUMBER_TABLES = ["posting", "passage"] as const;

/** Which tables of texts have what was deleted, by the setting that notes it. */
const MARKS = { wipe: TEXT_TABLES, wipe_observations: ["observation"] } as const;
type Mark = keyof typeof MARKS;
const DUE = "SELECT key, value FROM setting WHERE key IN ('wipe', 'wipe_observations')";

export const SCRUB_LIMITS = {
  /** Maximum wait of a deletion for a pass; then the pass continues in the background. */
  waitMs: 2_000,
  /** Minimum pause between two passes, as a multiple of the duration of the first, */
  restFactor: 4,
  /** and at least so long. */
  restMs: 1_000,
  /** The same after one that failed. */
  againMs: 60_000,
  /** How long readers are waited for that may still see what was deleted. */
  readersMs: 10_000,
  lookMs: 50,
  /** Timeout of a table lock, for which later readers wait too; and attempts. */
  lockMs: 1_000,
  lockAttempts: 10,
} as const;

/** Notes, in the transaction that deletes, that pages still have what was deleted: in which tables. */
export async function markForScrub(session: Session, mark: Mark): Promise<void> {
  await session.rows(
    `INSERT INTO setting (key, value) VALUES ($1, pg_current_xact_id()::text)
     ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
    [mark],
  );
}

/** When pages lose what was forgotten: by which pass, and why the last one did not do it. */
export type ScrubStatus =
  | { readonly type: "running" }
  | { readonly type: "planned"; readonly atMs: number }
  | { readonly type: "failed"; readonly why: string; readonly atMs: number }
  /** By the server that forgot it, or the next one that opens memory. */
  | { readonly type: "elsewhere" };

/**
 * Overwrites deleted data. PostgreSQL leaves deleted rows in place until it needs the space; here tables with
 * texts are rewritten, and the vector indexes set theirs to zero. That takes time proportional to the tables, so one pass serves
 * many deletions:
 * postgresql.page-scrubber.W1. A pass covers all deletions before its start; passes take at most a fifth of the time.
 * postgresql.page-scrubber.W2. A deletion is recorded in its transaction, and overwritten by the next server that opens memory
 *   if its server stopped before.
 * postgresql.page-scrubber.W3. A reader waits at most `lockMs` for a table that a pass waits for.
 */
export class PageScrubber {
  readonly #connections: Connections;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #planned: Promise<void> | undefined;
  #restUntilMs = 0;
  /** Why the last pass failed. */
  #failure: string | undefined;

  constructor(deps: { readonly connections: Connections; readonly clock: Clock }) {
    this.#connections = deps.connections;
    this.#clock = deps.clock;
  }

  async #isDue(): Promise<boolean> {
    return this.#connections.read(async (session) => (await session.rows(DUE)).length > 0);
  }

  /** The status of deleted texts that are still in pages; undefined: there are none. */
  async due(): Promise<ScrubStatus | undefined> {
    if (!(await this.#isDue())) return undefined;
    if (this.#running) return { type: "running" };
    if (!this.#planned) return { type: "elsewhere" };
    const atMs = this.#clock.nowMs() + Math.max(0, this.#restUntilMs - this.#clock.monotonicMs());
    return this.#failure === undefined ? { type: "planned", atMs } : { type: "failed", why: this.#failure, atMs };
  }

  /** Resolves when nothing is in any page that was deleted before the call. Throws MemoryUnavailableError. */
  async wipe(): Promise<void> {
    while (this.#running) await this.#running.catch(() => undefined);
    await this.#run();
  }

  /**
   * Sees to it that what was deleted before the call is overwritten. Resolves when it is, or when that takes longer than `waitMs`; at
   * once when others have just forgotten something: then one pass comes for all. Throws MemoryUnavailableError.
   */
  async begin(): Promise<void> {
    const isResting = this.#running !== undefined || this.#clock.monotonicMs() < this.#restUntilMs;
    const pass = this.#plan();
    if (isResting) return;
    const stop = new AbortController();
    const waited = this.#clock.sleep(SCRUB_LIMITS.waitMs, stop.signal).catch(() => undefined);
    await Promise.race([pass, waited]).finally(() => stop.abort());
  }

  /** Resumes an interrupted pass of this or another server, in the background. */
  async resume(): Promise<void> {
    if (await this.#isDue().catch(() => false)) void this.#plan();
  }

  close(): void {
    this.#stop.abort();
  }

  #plan(): Promise<void> {
    this.#planned ??= this.#whenRested().then(() => {
      this.#planned = undefined;
      return this.#run();
    });
    this.#planned.catch(() => undefined);
    return this.#planned;
  }

  async #whenRested(): Promise<void> {
    for (;;) {
      // A repair does not pause: another pass may have started and ended in the meantime.
      while (this.#running) await this.#running.catch(() => undefined);
      const restMs = this.#restUntilMs - this.#clock.monotonicMs();
      if (restMs <= 0) return;
      await this.#clock.sleep(restMs, this.#stop.signal);
    }
  }

  async #run(): Promise<void> {
    const from = this.#clock.monotonicMs();
    this.#running = this.#wipe();
    const rest = (leastMs: number): void => {
      this.#running = undefined;
      const now = this.#clock.monotonicMs();
      this.#restUntilMs = now + Math.max(leastMs, SCRUB_LIMITS.restFactor * (now - from));
    };
    try {
      await this.#running;
      this.#failure = undefined;
      rest(SCRUB_LIMITS.restMs);
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error);
      rest(SCRUB_LIMITS.againMs);
      if (!this.#stop.signal.aborted) void this.#plan();
      throw error;
    }
  }

  async #wipe(): Promise<void> {
    try {
      await this.#connections.maintain((session) =>
        this.overwriting(session, async (marks) => {
          if (marks.size > 0) await this.#overwrite(session, marks.has("wipe") ? MARKS.wipe : MARKS.wipe_observations);
        }),
      );
    } catch (error) {
      log.warn({ err: error }, "what was forgotten is deleted, but not yet overwritten in the pages of the database");
      throw unavailable(
        this.#connections.place,
        `has deleted what was to be forgotten, but its pages still have it: ${error instanceof Error ? error.message : ""}`,
        "It is tried again after a minute or more; `caxton memory doctor --repair` does so at once.",
      );
    }
  }

  /** Runs work that overwrites all marked data. Concurrent deletions have their own marks, which stay. */
  async overwriting(session: Session, work: (marks: ReadonlySet<string>) => Promise<void>): Promise<void> {
    const due = await session.rows(DUE);
    for (const { value } of due) await this.#waitForReaders(session, textOf(value));
    await work(new Set(due.map(({ key }) => textOf(key))));
    for (const { key, value } of due) {
      await session.rows("DELETE FROM setting WHERE key = $1 AND value = $2", [textOf(key), textOf(value)]);
    }
  }

  /** Rewrites a table by a statement. PostgreSQL skips a table of another user with a warning. Throws MemoryUnavailableError then. */
  async rewriteTable(session: Session, table: string, run: () => Promise<void>): Promise<void> {
    const fileOf = async () =>
      (await session.rows("SELECT pg_relation_filenode(quote_ident($1)::regclass)::text AS file", [table]))[0]?.[
        "file"
      ];
    const before = await fileOf();
    await run();
    if ((await fileOf()) !== before) return;
    const { place } = this.#connections;
    throw unavailable(
      place,
      `cannot rewrite the table ${table} as ${place.user}: it belongs to another user`,
      `Name its owner in memory.postgresql.url, or say there: ALTER TABLE ${table} OWNER TO ${place.user}, and so for each table of the schema.`,
    );
  }

  async #overwrite(session: Session, tables: readonly string[]): Promise<void> {
    await session.run(`SET lock_timeout = ${SCRUB_LIMITS.lockMs}`);
    const full = (table: string) =>
      this.rewriteTable(session, table, () => this.#patiently(session, `VACUUM (FULL) ${table}`));
    for (const table of tables) await full(table);
    for (const table of NUMBER_TABLES) await this.#patiently(session, `VACUUM ${table}`);
    // Rewriting it rebuilds its vector index too, which takes minutes if there is one.
    const indexed = await session.rows(
      "SELECT 1 FROM pg_indexes WHERE schemaname = current_schema() AND indexdef LIKE '%USING hnsw%'",
    );
    if (indexed.length > 0) await this.#patiently(session, "VACUUM embedding");
    else await full("embedding");
  }

  /** A reader of a table, for example a backup, blocks rewriting it, and later readers would wait too. */
  async #patiently(session: Session, statement: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await session.run(statement);
        return;
      } catch (error) {
        if (!isLocked(error) || attempt >= SCRUB_LIMITS.lockAttempts) throw error;
        await this.#clock.sleep(SCRUB_LIMITS.lockMs, this.#stop.signal);
      }
    }
  }

  /** Rows stay as long as a transaction runs that began before they were deleted. */
  async #waitForReaders(session: Session, deletedBy: string): Promise<void> {
    const end = this.#clock.monotonicMs() + SCRUB_LIMITS.readersMs;
    while (this.#clock.monotonicMs() < end) {
      const [row] = await session.rows(
        `SELECT count(*) AS n FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND datname = current_database()
         AND age(backend_xmin) >= age(($1::xid8)::xid)`,
        [deletedBy],
      );
      if (numberOf(row?.["n"]) === 0) return;
      await this.#clock.sleep(SCRUB_LIMITS.lookMs, this.#stop.signal);
    }
    log.warn("a transaction that began before something was forgotten is still open in memory's database");
  }
}
