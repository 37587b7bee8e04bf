import * as z from "zod";
import type { SessionStore, StoredSession } from "../access/index.ts";
import type { Database } from "./database.ts";

const Row = z
  .object({ id_hash: z.string(), key_id: z.string(), created_at_ms: z.int(), used_at_ms: z.int() })
  .transform((row): StoredSession => ({
    idHash: row.id_hash,
    keyId: row.key_id,
    createdAtMs: row.created_at_ms,
    usedAtMs: row.used_at_ms,
  }));

const SAVE = `INSERT INTO sessions (id_hash, key_id, created_at_ms, used_at_ms) VALUES (?, ?, ?, ?)
  ON CONFLICT (id_hash) DO UPDATE SET used_at_ms = excluded.used_at_ms`;

/** Browser sessions in `caxton.db`. */
export class SqliteSessionStore implements SessionStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  load(): readonly StoredSession[] {
    const rows = this.#db.read(() => this.#db.sql("SELECT * FROM sessions ORDER BY created_at_ms").all());
    return rows.map((row) => Row.parse(row));
  }

  async save({ idHash, keyId, createdAtMs, usedAtMs }: StoredSession): Promise<void> {
    await this.#db.write(() => this.#db.sql(SAVE).run(idHash, keyId, createdAtMs, usedAtMs));
  }

  async delete(idHashes: readonly string[]): Promise<void> {
    await this.#db.write(() => {
      for (const idHash of idHashes) this.#db.sql("DELETE FROM sessions WHERE id_hash = ?").run(idHash);
    });
  }
}
