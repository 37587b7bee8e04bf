import { randomUUID } from "node:crypto";
import * as z from "zod";
import { LIMITS } from "../../kernel/quantities.ts";
import type { Database } from "./database.ts";

const Answer = z.object({ status: z.int(), headers: z.record(z.string(), z.string()), body: z.string() });
type Answer = z.infer<typeof Answer>;
const Row = z.object({ request: z.string(), process: z.string(), answer: z.string().nullable() });

type Key = { readonly workspace: string; readonly key: string };

/** Old answers that are dropped with each new key, at most. */
const DROPPED_MAX = 100;

/**
 * Answers by the keys of their requests, in `caxton.db`, for `LIMITS.keptAnswersMs`.
 * I1. A key is on disk before its request is begun, so of two requests with one key one is carried out, also over a restart.
 */
export class SqliteKeptAnswers {
  readonly #db: Database;
  /** Whatever another process has begun and not answered, it never will. */
  readonly #process = randomUUID();

  constructor(db: Database) {
    this.#db = db;
  }

  /** Takes a key for a request, given as its hash, or says what became of the one that has it. */
  claim({ workspace, key }: Key, request: string, nowMs: number) {
    return this.#db.write(() => {
      const oldestMs = nowMs - LIMITS.keptAnswersMs;
      this.#db
        .sql(
          `DELETE FROM kept_answers WHERE (workspace, "key") IN
           (SELECT workspace, "key" FROM kept_answers WHERE created_at_ms < ? LIMIT ?)`,
        )
        .run(oldestMs, DROPPED_MAX);
      const before = this.#db
        .sql(
          'SELECT request, process, answer FROM kept_answers WHERE workspace = ? AND "key" = ? AND created_at_ms >= ?',
        )
        .get(workspace, key, oldestMs);
      if (before) return this.#found(Row.parse(before), request);
      this.#db
        .sql(
          'INSERT OR REPLACE INTO kept_answers (workspace, "key", request, process, created_at_ms) VALUES (?, ?, ?, ?, ?)',
        )
        .run(workspace, key, request, this.#process, nowMs);
      return { type: "new" } as const;
    });
  }

  #found(row: z.infer<typeof Row>, request: string) {
    if (row.request !== request) return { type: "other-request" } as const;
    if (row.answer !== null) return { type: "kept", answer: Answer.parse(JSON.parse(row.answer)) } as const;
    return { type: row.process === this.#process ? "under-way" : "unfinished" } as const;
  }

  async keep({ workspace, key }: Key, answer: Answer): Promise<void> {
    await this.#db.write(
      () =>
        void this.#db
          .sql('UPDATE kept_answers SET answer = ? WHERE workspace = ? AND "key" = ?')
          .run(JSON.stringify(answer), workspace, key),
    );
  }

  /** The request did nothing, and the key can be used again. */
  async release({ workspace, key }: Key): Promise<void> {
    await this.#db.write(
      () => void this.#db.sql('DELETE FROM kept_answers WHERE workspace = ? AND "key" = ?').run(workspace, key),
    );
  }
}
