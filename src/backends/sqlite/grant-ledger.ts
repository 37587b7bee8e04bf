import * as z from "zod";
import type { Clock } from "../../kernel/clock.ts";
import { log } from "../../kernel/log.ts";
import {
  type GrantLedger,
  type GrantUse,
  type StoredUse,
  USE_KINDS,
  USE_OUTCOMES,
  type UseFilter,
} from "../../tools/index.ts";
import type { Database } from "./database.ts";

const Row = z
  .object({
    seq: z.int(),
    at_ms: z.int(),
    server: z.string(),
    agent: z.string().nullable(),
    session: z.string(),
    kind: z.enum(USE_KINDS),
    operation: z.string(),
    target: z.string(),
    outcome: z.enum(USE_OUTCOMES),
    reason: z.string(),
    bytes: z.int(),
    duration_ms: z.number(),
  })
  .transform((row): StoredUse => ({
    seq: row.seq,
    atMs: row.at_ms,
    server: row.server,
    agent: row.agent ?? undefined,
    session: row.session,
    kind: row.kind,
    operation: row.operation,
    target: row.target,
    outcome: row.outcome,
    reason: row.reason,
    bytes: row.bytes,
    durationMs: row.duration_ms,
  }));

export type GrantLedgerOptions = {
  readonly rowsMax: number;
  readonly ageMsMax: number;
};

const FLUSH_MS = 250;
/** Uses that wait to be written; a tool that asks for more than that between two writes has the rest left out. */
const WAITING_MAX = 20_000;
const TARGET_CHARS_MAX = 1_024;
/** Old uses are looked for after so many new ones. */
const PRUNE_EVERY = 1_000;

/**
 * Uses of grants as rows. They are gathered and written a batch at a time, so that a call never waits for them; what was
 * recorded in the last quarter of a second before the process is killed is lost.
 */
export class SqliteGrantLedger implements GrantLedger, AsyncDisposable {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #options: GrantLedgerOptions;
  readonly #stop = new AbortController();
  #waiting: GrantUse[] = [];
  #writing: Promise<void> = Promise.resolve();
  #isDue = false;
  #left = 0;
  #sincePruned = PRUNE_EVERY;

  constructor(db: Database, clock: Clock, options: GrantLedgerOptions) {
    this.#db = db;
    this.#clock = clock;
    this.#options = options;
  }

  record(use: GrantUse): void {
    if (this.#waiting.length >= WAITING_MAX) {
      this.#left += 1;
      return;
    }
    this.#waiting.push(use);
    if (!this.#isDue) void this.#flushSoon();
  }

  async uses(filter: UseFilter): Promise<readonly StoredUse[]> {
    await this.#flush();
    const { server, outcome, kind, sinceMs, beforeSeq, limit } = filter;
    const conditions = [
      "server = ?",
      // Written out, so that the index of refused uses serves.
      ...(outcome === undefined ? [] : [`outcome = '${outcome}'`]),
      ...(kind === undefined ? [] : ["kind = ?"]),
      ...(sinceMs === undefined ? [] : ["at_ms >= ?"]),
      ...(beforeSeq === undefined ? [] : ["seq < ?"]),
    ];
    const values = [server, kind, sinceMs, beforeSeq].filter((value) => value !== undefined);
    return this.#db.read(() =>
      this.#db
        .sql(`SELECT * FROM grant_uses WHERE ${conditions.join(" AND ")} ORDER BY seq DESC LIMIT ?`)
        .all(...values, limit)
        .map((row) => Row.parse(row)),
    );
  }

  async #flushSoon(): Promise<void> {
    this.#isDue = true;
    await this.#clock.sleep(FLUSH_MS, this.#stop.signal).catch(() => {});
    this.#isDue = false;
    await this.#flush();
  }

  /** Never rejects: what cannot be written is left out, and the log says so. */
  #flush(): Promise<void> {
    const batch = this.#waiting;
    if (batch.length === 0) return this.#writing;
    this.#waiting = [];
    this.#writing = this.#write(batch, this.#writing);
    return this.#writing;
  }

  async #write(batch: readonly GrantUse[], before: Promise<void>): Promise<void> {
    await before;
    try {
      await this.#db.write(() => this.#insert(batch));
    } catch (error) {
      log.warn({ err: error, uses: batch.length }, "uses of grants could not be kept");
    }
    if (this.#left > 0) log.warn({ uses: this.#left }, "more uses of grants at once than can be kept were left out");
    this.#left = 0;
  }

  #insert(batch: readonly GrantUse[]): void {
    const insert = this.#db.sql(
      `INSERT INTO grant_uses (at_ms, server, agent, session, kind, operation, target, outcome, reason, bytes, duration_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    for (const use of batch) {
      insert.run(
        Math.round(use.atMs),
        use.server,
        use.agent ?? null,
        use.session,
        use.kind,
        use.operation,
        use.target.slice(0, TARGET_CHARS_MAX),
        use.outcome,
        use.reason,
        Math.round(use.bytes),
        use.durationMs,
      );
    }
    this.#sincePruned += batch.length;
    if (this.#sincePruned < PRUNE_EVERY) return;
    this.#sincePruned = 0;
    const { rowsMax, ageMsMax } = this.#options;
    this.#db.sql("DELETE FROM grant_uses WHERE seq <= (SELECT max(seq) FROM grant_uses) - ?").run(rowsMax);
    // Rows are in the order of time, so the oldest are found from the front.
    this.#db
      .sql(
        "DELETE FROM grant_uses WHERE seq < coalesce((SELECT seq FROM grant_uses WHERE at_ms >= ? ORDER BY seq LIMIT 1), (SELECT max(seq) + 1 FROM grant_uses))",
      )
      .run(this.#clock.nowMs() - ageMsMax);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#flush();
  }
}
