import * as z from "zod";
import type { KeyStore, StoredKey } from "../access/index.ts";
import { StoredNarrowing } from "./narrowing.ts";
import type { Database } from "./database.ts";

const optional = z
  .int()
  .nullable()
  .transform((value) => value ?? undefined);

const Row = z
  .object({
    id: z.string(),
    workspace: z.string(),
    name: z.string(),
    role: z.string(),
    narrowing: z.string(),
    created_at_ms: z.int(),
    created_by: z.string(),
    expires_at_ms: optional,
    revoked_at_ms: optional,
    last_used_at_ms: optional,
    secret_hash: z.string(),
    previous_hash: z.string().nullable(),
    previous_until_ms: optional,
  })
  .transform((row): StoredKey => ({
    id: row.id,
    workspace: row.workspace,
    name: row.name,
    role: row.role,
    only: StoredNarrowing.parse(JSON.parse(row.narrowing)),
    createdAtMs: row.created_at_ms,
    createdBy: row.created_by,
    expiresAtMs: row.expires_at_ms,
    revokedAtMs: row.revoked_at_ms,
    lastUsedAtMs: row.last_used_at_ms,
    secretHash: row.secret_hash,
    previousHash: row.previous_hash ?? undefined,
    previousUntilMs: row.previous_until_ms,
  }));

const SAVE = `INSERT INTO api_keys (id, workspace, name, role, narrowing, created_at_ms, created_by, expires_at_ms, revoked_at_ms, secret_hash, previous_hash, previous_until_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET revoked_at_ms = excluded.revoked_at_ms, secret_hash = excluded.secret_hash,
    previous_hash = excluded.previous_hash, previous_until_ms = excluded.previous_until_ms`;

/** API keys in `caxton.db`. */
export class SqliteKeyStore implements KeyStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  load(): readonly StoredKey[] {
    return this.#db.read(() => this.#db.sql("SELECT * FROM api_keys").all()).map((row) => Row.parse(row));
  }

  async save(key: StoredKey): Promise<void> {
    const { id, workspace, name, role, only, createdAtMs, createdBy, secretHash } = key;
    const times = [key.expiresAtMs ?? null, key.revokedAtMs ?? null];
    const previous = [key.previousHash ?? null, key.previousUntilMs ?? null];
    await this.#db.write(() =>
      this.#db
        .sql(SAVE)
        .run(
          id,
          workspace,
          name,
          role,
          JSON.stringify(only),
          createdAtMs,
          createdBy,
          ...times,
          secretHash,
          ...previous,
        ),
    );
  }

  async used(id: string, atMs: number): Promise<void> {
    await this.#db.write(() => this.#db.sql("UPDATE api_keys SET last_used_at_ms = ? WHERE id = ?").run(atMs, id));
  }

  async deleteWorkspace(workspace: string): Promise<void> {
    await this.#db.write(() => {
      this.#db.sql("DELETE FROM sessions WHERE key_id IN (SELECT id FROM api_keys WHERE workspace = ?)").run(workspace);
      this.#db.sql("DELETE FROM api_keys WHERE workspace = ?").run(workspace);
    });
  }
}
