import * as z from "zod";
import type { MessageKey, MessageKeyStore } from "../../messaging/directory/index.ts";
import type { Database } from "../database.ts";

const Row = z
  .object({
    workspace: z.string(),
    owner: z.string(),
    key_id: z.string(),
    public_key: z.string(),
    created_at_ms: z.int(),
    revoked_at_ms: z.int().nullable(),
  })
  .transform(({ workspace, owner, ...row }): MessageKey => ({
    workspace,
    owner,
    keyId: row.key_id,
    publicKey: row.public_key,
    createdAtMs: row.created_at_ms,
    revokedAtMs: row.revoked_at_ms ?? undefined,
  }));

const SAVE = `INSERT OR REPLACE INTO message_keys (workspace, owner, key_id, public_key, created_at_ms, revoked_at_ms)
  VALUES (?, ?, ?, ?, ?, ?)`;

/** Public keys of message signatures in `caxton.db`. */
export class SqliteMessageKeyStore implements MessageKeyStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  load(): readonly MessageKey[] {
    return this.#db.read(() => this.#db.sql("SELECT * FROM message_keys").all()).map((row) => Row.parse(row));
  }

  async saveKey({ workspace, owner, keyId, publicKey, createdAtMs, revokedAtMs }: MessageKey): Promise<void> {
    await this.#db.write(() =>
      this.#db.sql(SAVE).run(workspace, owner, keyId, publicKey, createdAtMs, revokedAtMs ?? null),
    );
  }
}
