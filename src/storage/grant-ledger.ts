import * as z from "zod";
import type { Clock } from "../kernel/clock.ts";
import { log } from "../kernel/log.ts";
import {
  type GrantLedger,
  type GrantUse,
  type StoredUse,
  USE_KINDS,
  USE_OUTCOMES,
  type UseFilter,
} from "../tools/catalogue/index.ts";
import type { Database } from "./database.ts";

const Row = z
  .object({
    seq: z.int(),
    at_ms: z.int(),
    workspace: z.string(),
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
    count: z.int(),
  })
  .transform((row): StoredUse => ({
    seq: row.seq,
    atMs: row.at_ms,
    workspace: row.workspace,
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
    count: row.count,
  }));

const Share = z.object({ workspace: z.string(), server: z.string(), outcome: z.string(), rows: z.int() });

export type GrantLedgerOptions = {
  /** Of all servers; each may have its fair share of them for each outcome, and what others leave of theirs. */
  readonly rowsMax: number;
  readonly ageMsMax: number;
};

const FLUSH_MS = 250;
/** Different uses that wait to be written, and those of one server with one outcome; the rest is left out. */
const WAITING_MAX = 20_000;
const WAITING_OF_ONE_MAX = 4_000;
const TARGET_CHARS_MAX = 1_024;
/** Old uses are looked for after so many new ones, or after this part of what may be kept, if that is more. */
const PRUNE_EVERY = 1_000;
const PRUNE_PART = 100;

type Waiting = { readonly use: GrantUse; count: number; bytes: number; durationMs: number };

/**
 * Uses of grants as rows. They are gathered and written a batch at a time, so that a call never waits for them; what was
 * recorded in the last quarter of a second before the process is killed is lost. Repeats within a batch are one row.
 */
export class SqliteGrantLedger implements GrantLedger, AsyncDisposable {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #options: GrantLedgerOptions;
  readonly #stop = new AbortController();
  #waiting = new Map<string, Waiting>();
  #waitingOf = new Map<string, number>();
  #writing: Promise<void> = Promise.resolve();
  #isDue = false;
  #left = 0;
  #sincePruned = Number.POSITIVE_INFINITY;

  constructor(db: Database, clock: Clock, options: GrantLedgerOptions) {
    this.#db = db;
    this.#clock = clock;
    this.#options = options;
  }

  record(use: GrantUse): void {
    const { workspace, server, agent, session, kind, operation, target, outcome, reason, bytes, durationMs } = use;
    const key = JSON.stringify([workspace, server, agent, session, kind, operation, target, outcome, reason]);
    const known = this.#waiting.get(key);
    if (known !== undefined) {
      known.count += 1;
      known.bytes += bytes;
      known.durationMs += durationMs;
      return;
    }
    const owner = JSON.stringify([workspace, server, outcome]);
    const others = this.#waitingOf.get(owner) ?? 0;
    if (this.#waiting.size >= WAITING_MAX || others >= WAITING_OF_ONE_MAX) {
      this.#left += 1;
      return;
    }
    this.#waitingOf.set(owner, others + 1);
    this.#waiting.set(key, { use, count: 1, bytes, durationMs });
    if (!this.#isDue) void this.#flushSoon();
  }

  async uses(filter: UseFilter): Promise<readonly StoredUse[]> {
    await this.#flush();
    const { workspace, server, outcome, kind, sinceMs, beforeSeq, limit } = filter;
    const conditions = [
      "workspace = ?",
      "server = ?",
      ...(outcome === undefined ? [] : ["outcome = ?"]),
      ...(kind === undefined ? [] : ["kind = ?"]),
      ...(sinceMs === undefined ? [] : ["at_ms >= ?"]),
      ...(beforeSeq === undefined ? [] : ["seq < ?"]),
    ];
    const values = [workspace, server, outcome, kind, sinceMs, beforeSeq].filter((value) => value !== undefined);
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
    if (this.#waiting.size === 0) return this.#writing;
    const batch = [...this.#waiting.values()];
    this.#waiting = new Map();
    this.#waitingOf = new Map();
    this.#writing = this.#write(batch, this.#writing);
    return this.#writing;
  }

  async #write(batch: readonly Waiting[], before: Promise<void>): Promise<void> {
    await before;
    try {
      await this.#db.write(() => this.#insert(batch));
    } catch (error) {
      log.warn({ err: error, uses: batch.length }, "uses of grants could not be kept");
    }
    if (this.#left > 0) log.warn({ uses: this.#left }, "more uses of grants at once than can be kept were left out");
    this.#left = 0;
  }

  #insert(batch: readonly Waiting[]): void {
    const insert = this.#db.sql(
      `INSERT INTO grant_uses (at_ms, workspace, server, agent, session, kind, operation, target, outcome, reason, bytes, duration_ms, count)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    for (const { use, count, bytes, durationMs } of batch) {
      insert.run(
        Math.round(use.atMs),
        use.workspace,
        use.server,
        use.agent ?? null,
        use.session,
        use.kind,
        use.operation,
        use.target.slice(0, TARGET_CHARS_MAX),
        use.outcome,
        use.reason,
        Math.round(bytes),
        durationMs,
        count,
      );
    }
    this.#sincePruned += batch.length;
    if (this.#sincePruned < Math.max(PRUNE_EVERY, this.#options.rowsMax / PRUNE_PART)) return;
    this.#sincePruned = 0;
    this.#prune();
  }

  #prune(): void {
    const { rowsMax, ageMsMax } = this.#options;
    // Rows are in the order of time, so the oldest are found from the front.
    this.#db
      .sql(
        "DELETE FROM grant_uses WHERE seq < coalesce((SELECT seq FROM grant_uses WHERE at_ms >= ? ORDER BY seq LIMIT 1), (SELECT max(seq) + 1 FROM grant_uses))",
      )
      .run(this.#clock.nowMs() - ageMsMax);
    const shares = this.#db
      .sql("SELECT workspace, server, outcome, count(*) AS rows FROM grant_uses GROUP BY workspace, server, outcome")
      .all()
      .map((row) => Share.parse(row));
    const level = fairLevel(
      shares.map(({ rows }) => rows),
      rowsMax,
    );
    for (const { workspace, server, outcome, rows } of shares.filter((share) => share.rows > level)) {
      this.#db
        .sql(
          "DELETE FROM grant_uses WHERE seq IN (SELECT seq FROM grant_uses WHERE workspace = ? AND server = ? AND outcome = ? ORDER BY seq LIMIT ?)",
        )
        .run(workspace, server, outcome, rows - level);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#flush();
  }
}

/** Fair limit per owner with a total of at most `max`; owners below the limit lose nothing. */
function fairLevel(counts: readonly number[], max: number): number {
  let left = max;
  for (const [index, count] of counts.toSorted((one, other) => one - other).entries()) {
    const share = Math.floor(left / (counts.length - index));
    if (count > share) return share;
    left -= count;
  }
  return max;
}
