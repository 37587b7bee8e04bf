import { randomUUID } from "node:crypto";
import * as z from "zod";
import { LIMITS } from "../kernel/quantities.ts";
import type { Database } from "./database.ts";

const Answer = z.object({ status: z.int(), headers: z.record(z.string(), z.string()), body: z.string() });
type Answer = z.infer<typeof Answer>;
const Row = z.object({
  request: z.string(),
  process: z.string(),
  answer: z.string().nullable(),
  subject: z.string().nullable(),
});

/** Hash of the request, and the id under which it can be executed again, if it has one. */
type RequestFingerprint = { readonly hash: string; readonly subject: string | undefined };

type Key = { readonly workspace: string; readonly key: string };

/** Process of a failed request that is not executing. */
const NO_PROCESS = "";

/** Old answers that are dropped with each new key, at most. */
const DROPPED_MAX = 100;

/**
 * Answers by the keys of their requests, in `caxton.db`, for `LIMITS.idempotencyKeysMs`.
 * storage.sqlite-idempotency-store.I1. A key is on disk before its request is begun, so of two requests with one key one
 *   is executed, also over a restart.
 * storage.sqlite-idempotency-store.I2. So is the id under which it makes what it makes: after a crash or a failure the
 *   same request gets it again, and is executed by one process at a time.
 */
export class SqliteIdempotencyStore {
  readonly #db: Database;
  /** Whatever another process has begun and not answered, it never will. */
  readonly #process = randomUUID();

  constructor(db: Database) {
    this.#db = db;
  }

  /** Reserves a key for a request, or returns the state of the request that has it. */
  claim({ workspace, key }: Key, { hash, subject }: RequestFingerprint, nowMs: number) {
    return this.#db.write(() => {
      const oldestMs = nowMs - LIMITS.idempotencyKeysMs;
      this.#db
        .sql(
          `DELETE FROM kept_answers WHERE (workspace, "key") IN
           (SELECT workspace, "key" FROM kept_answers WHERE created_at_ms < ? LIMIT ?)`,
        )
        .run(oldestMs, DROPPED_MAX);
      const before = this.#db
        .sql(
          'SELECT request, process, answer, subject FROM kept_answers WHERE workspace = ? AND "key" = ? AND created_at_ms >= ?',
        )
        .get(workspace, key, oldestMs);
      if (before) return this.#found({ workspace, key }, Row.parse(before), hash);
      this.#db
        .sql(
          'INSERT OR REPLACE INTO kept_answers (workspace, "key", request, process, subject, created_at_ms) VALUES (?, ?, ?, ?, ?, ?)',
        )
        .run(workspace, key, hash, this.#process, subject ?? null, nowMs);
      return { type: "new" } as const;
    });
  }

  #found({ workspace, key }: Key, row: z.infer<typeof Row>, hash: string) {
    if (row.request !== hash) return { type: "other-request" } as const;
    if (row.answer !== null) return { type: "kept", answer: Answer.parse(JSON.parse(row.answer)) } as const;
    if (row.process === this.#process) return { type: "in-progress" } as const;
    if (row.subject === null) return { type: "unfinished" } as const;
    this.#db
      .sql('UPDATE kept_answers SET process = ? WHERE workspace = ? AND "key" = ?')
      .run(this.#process, workspace, key);
    return { type: "begun", subject: row.subject } as const;
  }

  async keep({ workspace, key }: Key, answer: Answer): Promise<void> {
    await this.#db.write(
      () =>
        void this.#db
          .sql('UPDATE kept_answers SET answer = ? WHERE workspace = ? AND "key" = ?')
          .run(JSON.stringify(answer), workspace, key),
    );
  }

  /** The request failed, perhaps after it had effects: it can be executed again under its id, if it has one. */
  async leave({ workspace, key }: Key): Promise<void> {
    await this.#db.write(
      () =>
        void this.#db
          .sql('UPDATE kept_answers SET process = ? WHERE workspace = ? AND "key" = ?')
          .run(NO_PROCESS, workspace, key),
    );
  }

  /** The request did nothing, and the key can be used again. */
  async release({ workspace, key }: Key): Promise<void> {
    await this.#db.write(
      () => void this.#db.sql('DELETE FROM kept_answers WHERE workspace = ? AND "key" = ?').run(workspace, key),
    );
  }
}
