import * as z from "zod";
import type { SealedSecret, SecretStore } from "../access/index.ts";
import type { Database } from "./database.ts";

const Row = z
  .object({
    workspace: z.string(),
    name: z.string(),
    origins: z.string(),
    key_id: z.string(),
    nonce: z.instanceof(Uint8Array),
    ciphertext: z.instanceof(Uint8Array),
    created_at_ms: z.int(),
    updated_by: z.string(),
    updated_at_ms: z.int(),
    last_used_at_ms: z.int().nullable(),
  })
  .transform((row): SealedSecret => ({
    workspace: row.workspace,
    name: row.name,
    origins: row.origins === "" ? [] : row.origins.split(" "),
    keyId: row.key_id,
    nonce: row.nonce,
    ciphertext: row.ciphertext,
    createdAtMs: row.created_at_ms,
    updatedBy: row.updated_by,
    updatedAtMs: row.updated_at_ms,
    lastUsedAtMs: row.last_used_at_ms ?? undefined,
  }));

const SAVE = `INSERT INTO secrets (workspace, name, origins, key_id, nonce, ciphertext, created_at_ms, updated_by, updated_at_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (workspace, name) DO UPDATE SET origins = excluded.origins, key_id = excluded.key_id, nonce = excluded.nonce,
    ciphertext = excluded.ciphertext, updated_by = excluded.updated_by, updated_at_ms = excluded.updated_at_ms`;

/** Encrypted secrets in `caxton.db`. */
export class SqliteSecretStore implements SecretStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  load(): readonly SealedSecret[] {
    return this.#db.read(() => this.#db.sql("SELECT * FROM secrets").all()).map((row) => Row.parse(row));
  }

  async save(secrets: readonly SealedSecret[]): Promise<void> {
    await this.#db.write(() => {
      const save = this.#db.sql(SAVE);
      for (const { workspace, name, origins, keyId, nonce, ciphertext, ...made } of secrets) {
        const times = [made.createdAtMs, made.updatedBy, made.updatedAtMs];
        save.run(workspace, name, origins.join(" "), keyId, nonce, ciphertext, ...times);
      }
    });
  }

  async delete(workspace: string, name: string): Promise<void> {
    await this.#db.write(() =>
      this.#db.sql("DELETE FROM secrets WHERE workspace = ? AND name = ?").run(workspace, name),
    );
  }

  async used(workspace: string, name: string, atMs: number): Promise<void> {
    await this.#db.write(() =>
      this.#db
        .sql("UPDATE secrets SET last_used_at_ms = ? WHERE workspace = ? AND name = ?")
        .run(atMs, workspace, name),
    );
  }
}
