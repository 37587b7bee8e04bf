import * as z from "zod";
import { RunId } from "../../kernel/ids.ts";
import { type MemoryOutbox, MemoryOutboxState } from "../../runs/index.ts";
import type { Database } from "../database.ts";

type MemoryOutboxEntry = Parameters<MemoryOutbox["upsert"]>[0];

const Row = z
  .object({
    run_id: RunId,
    state: MemoryOutboxState,
    attempts: z.int(),
    entity: z.string().nullable(),
    extraction: RunId.nullable(),
    problem: z.string(),
  })
  .transform(({ run_id: runId, entity, extraction, ...row }): MemoryOutboxEntry => ({
    ...row,
    runId,
    entity: entity ?? undefined,
    extraction: extraction ?? undefined,
  }));

/** Memory outbox of runs, in `caxton.db`. The journal creates its rows. */
export class SqliteMemoryOutbox implements MemoryOutbox {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  due(nowMs: number, limit: number): readonly MemoryOutboxEntry[] {
    return this.#db.read(() =>
      this.#db
        .sql(
          `SELECT * FROM memory_outbox WHERE state IN ('pending', 'extracting') AND due_at_ms <= ?
           ORDER BY due_at_ms LIMIT ?`,
        )
        .all(nowMs, limit)
        .map((row) => Row.parse(row)),
    );
  }

  nextAtMs(): number | undefined {
    const row = this.#db.read(() =>
      this.#db.sql("SELECT min(due_at_ms) AS at FROM memory_outbox WHERE state IN ('pending', 'extracting')").get(),
    );
    const at = row?.["at"];
    return typeof at === "number" ? at : undefined;
  }

  get(runId: RunId): MemoryOutboxEntry | undefined {
    const row = this.#db.read(() => this.#db.sql("SELECT * FROM memory_outbox WHERE run_id = ?").get(runId));
    return row && Row.parse(row);
  }

  async upsert(
    { runId, state, attempts, entity, extraction, problem }: MemoryOutboxEntry,
    dueAtMs: number,
  ): Promise<void> {
    await this.#db.write(
      () =>
        void this.#db
          .sql(
            `UPDATE memory_outbox SET state = ?, due_at_ms = ?, attempts = ?, entity = ?, extraction = ?, problem = ?
             WHERE run_id = ?`,
          )
          .run(state, dueAtMs, attempts, entity ?? null, extraction ?? null, problem, runId),
    );
  }
}
