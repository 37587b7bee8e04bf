import * as z from "zod";
import { QUOTAS, type Workspace, type WorkspaceStore } from "../access/index.ts";
import { parseJson } from "../kernel/json.ts";
import type { Database } from "./database.ts";

const Quotas = z.object(
  Object.fromEntries(Object.keys(QUOTAS).map((name) => [name, z.int().nonnegative().optional()])),
);

const Row = z
  .object({
    name: z.string(),
    description: z.string(),
    created_at_ms: z.int(),
    state: z.enum(["active", "deleting"]),
    quotas: z.string(),
    signatures: z.enum(["optional", "required"]),
  })
  .transform(({ created_at_ms: createdAtMs, quotas, ...row }): Workspace => {
    const parsed = parseJson(quotas);
    return { ...row, createdAtMs, quotas: Quotas.parse(parsed.type === "parsed" ? parsed.value : {}) };
  });

const SAVE = `INSERT INTO workspaces (name, description, created_at_ms, state, quotas, signatures)
  VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET description = excluded.description, state = excluded.state, quotas = excluded.quotas,
    signatures = excluded.signatures`;

/** Tables with rows of workspaces. Audit records stay, whatever they are about. */
const TABLES = `SELECT m.name AS "table" FROM sqlite_schema m JOIN pragma_table_info(m.name) c
  WHERE m.type = 'table' AND c.name = 'workspace' AND m.name <> 'audit_records'`;

/** Workspaces in `caxton.db`. */
export class SqliteWorkspaceStore implements WorkspaceStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  load(): readonly Workspace[] {
    return this.#db.read(() => this.#db.sql("SELECT * FROM workspaces").all()).map((row) => Row.parse(row));
  }

  async save({ name, description, createdAtMs, state, quotas, signatures }: Workspace): Promise<void> {
    await this.#db.write(() =>
      this.#db.sql(SAVE).run(name, description, createdAtMs, state, JSON.stringify(quotas), signatures),
    );
  }

  async delete(name: string): Promise<void> {
    await this.#db.write(() => {
      for (const { table } of this.#db.sql(TABLES).all())
        this.#db.sql(`DELETE FROM "${String(table)}" WHERE workspace = ?`).run(name);
      this.#db.sql("DELETE FROM workspaces WHERE name = ?").run(name);
    });
  }
}
