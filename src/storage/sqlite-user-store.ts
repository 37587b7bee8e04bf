import * as z from "zod";
import { StoredGrants } from "./narrowing.ts";
import type { LinkStore, StoredLink, StoredUser, UserStore } from "../access/index.ts";
import type { Database } from "./database.ts";

const UserRow = z
  .object({
    id: z.string(),
    issuer: z.string(),
    subject: z.string(),
    name: z.string(),
    email: z.string().nullable(),
    grants_json: z.string(),
    created_at_ms: z.int(),
    seen_at_ms: z.int(),
    disabled_at_ms: z.int().nullable(),
  })
  .transform(({ id, issuer, subject, name, ...row }): StoredUser => ({
    id,
    issuer,
    subject,
    name,
    email: row.email ?? undefined,
    grants: StoredGrants.parse(JSON.parse(row.grants_json)),
    createdAtMs: row.created_at_ms,
    seenAtMs: row.seen_at_ms,
    disabledAtMs: row.disabled_at_ms ?? undefined,
  }));

const SAVE_USER = `INSERT INTO users (id, issuer, subject, name, email, grants_json, created_at_ms, seen_at_ms, disabled_at_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET name = excluded.name, email = excluded.email, grants_json = excluded.grants_json,
    seen_at_ms = excluded.seen_at_ms, disabled_at_ms = excluded.disabled_at_ms`;

/** Users of identity providers and login links in `caxton.db`. */
export class SqliteUserStore implements UserStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  load(): readonly StoredUser[] {
    return this.#db.read(() => this.#db.sql("SELECT * FROM users").all()).map((row) => UserRow.parse(row));
  }

  async save(user: StoredUser): Promise<void> {
    const { id, issuer, subject, name, email = null, grants, createdAtMs, seenAtMs, disabledAtMs } = user;
    const profile = [id, issuer, subject, name, email, JSON.stringify(grants)];
    await this.#db.write(() => this.#db.sql(SAVE_USER).run(...profile, createdAtMs, seenAtMs, disabledAtMs ?? null));
  }

  async delete(ids: readonly string[]): Promise<void> {
    await this.#db.write(() => {
      for (const id of ids) this.#db.sql("DELETE FROM users WHERE id = ?").run(id);
    });
  }
}

const LinkRow = z
  .object({
    token_hash: z.string(),
    workspace: z.string(),
    name: z.string(),
    role: z.string(),
    created_by: z.string(),
    expires_at_ms: z.int(),
  })
  .transform(({ token_hash: tokenHash, created_by: createdBy, expires_at_ms: expiresAtMs, ...row }): StoredLink => ({
    ...row,
    tokenHash,
    createdBy,
    expiresAtMs,
  }));

const SAVE_LINK =
  "INSERT INTO login_links (token_hash, workspace, name, role, created_by, expires_at_ms) VALUES (?, ?, ?, ?, ?, ?)";

/** One-time login links in `caxton.db`. */
export class SqliteLinkStore implements LinkStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  load(): readonly StoredLink[] {
    return this.#db.read(() => this.#db.sql("SELECT * FROM login_links").all()).map((row) => LinkRow.parse(row));
  }

  async save({ tokenHash, workspace, name, role, createdBy, expiresAtMs }: StoredLink): Promise<void> {
    await this.#db.write(() => this.#db.sql(SAVE_LINK).run(tokenHash, workspace, name, role, createdBy, expiresAtMs));
  }

  async delete(tokenHashes: readonly string[]): Promise<void> {
    await this.#db.write(() => {
      for (const hash of tokenHashes) this.#db.sql("DELETE FROM login_links WHERE token_hash = ?").run(hash);
    });
  }
}
