import * as z from "zod";
import type { SessionStore, StoredSession } from "../access/index.ts";
import type { Database } from "./database.ts";
import { StoredGrants } from "./narrowing.ts";

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? undefined);

const User = z.object({
  id: z.string(),
  issuer: z.string(),
  subject: z.string(),
  name: z.string(),
  grants: StoredGrants,
  issuerSession: text,
});

const Row = z
  .object({
    id_hash: z.string(),
    key_id: z.string().nullable(),
    user_json: z.string().nullable(),
    created_at_ms: z.int(),
    used_at_ms: z.int(),
  })
  .transform((row): StoredSession => ({
    idHash: row.id_hash,
    owner:
      row.key_id === null
        ? { type: "user", user: User.parse(JSON.parse(row.user_json ?? "")) }
        : { type: "key", keyId: row.key_id },
    createdAtMs: row.created_at_ms,
    usedAtMs: row.used_at_ms,
  }));

const SAVE = `INSERT INTO sessions (id_hash, key_id, user_json, created_at_ms, used_at_ms) VALUES (?, ?, ?, ?, ?)
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

  async save({ idHash, owner, createdAtMs, usedAtMs }: StoredSession): Promise<void> {
    const columns = owner.type === "key" ? [owner.keyId, null] : [null, JSON.stringify(owner.user)];
    await this.#db.write(() => this.#db.sql(SAVE).run(idHash, ...columns, createdAtMs, usedAtMs));
  }

  async delete(idHashes: readonly string[]): Promise<void> {
    await this.#db.write(() => {
      for (const idHash of idHashes) this.#db.sql("DELETE FROM sessions WHERE id_hash = ?").run(idHash);
    });
  }
}
