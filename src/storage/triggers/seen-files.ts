import * as z from "zod";
import type { SeenFile, Trigger } from "../../triggers/index.ts";
import type { Database } from "../database.ts";

type Key = Pick<Trigger, "workspace" | "id">;

const Row = z
  .object({
    path: z.string(),
    bytes: z.int(),
    modified_at_ms: z.number(),
    hash: z.string(),
    gone_at_ms: z.int().nullable(),
  })
  .transform((row): SeenFile => ({
    path: row.path,
    bytes: row.bytes,
    modifiedAtMs: row.modified_at_ms,
    hash: row.hash,
    goneAtMs: row.gone_at_ms ?? undefined,
  }));

const PUT = `INSERT INTO trigger_files (workspace, trigger_id, path, bytes, modified_at_ms, hash, gone_at_ms)
  SELECT workspace, id, ?, ?, ?, ?, ? FROM triggers WHERE workspace = ? AND id = ?
  ON CONFLICT DO UPDATE SET bytes = excluded.bytes, modified_at_ms = excluded.modified_at_ms, hash = excluded.hash,
    gone_at_ms = excluded.gone_at_ms`;
const OF = "workspace = ? AND trigger_id = ?";
const SWEEP = `DELETE FROM trigger_files WHERE gone_at_ms < ? OR NOT EXISTS
  (SELECT 1 FROM triggers WHERE triggers.workspace = trigger_files.workspace AND triggers.id = trigger_id)`;

export const seenFile = (db: Database, { workspace, id }: Key, path: string): SeenFile | undefined =>
  db.read(() => {
    const row = db.sql(`SELECT * FROM trigger_files WHERE ${OF} AND path = ?`).get(workspace, id, path);
    return row && Row.parse(row);
  });

export const seenPaths = (db: Database, { workspace, id }: Key): readonly string[] =>
  db.read(() =>
    db
      .sql(`SELECT path FROM trigger_files WHERE ${OF} AND gone_at_ms IS NULL AND path <> ''`)
      .all(workspace, id)
      .map((row) => String(row["path"])),
  );

/** To be called in a transaction. */
export function putSeenFiles(db: Database, { workspace, id }: Key, files: readonly SeenFile[]): void {
  for (const { path, bytes, modifiedAtMs, hash, goneAtMs } of files)
    db.sql(PUT).run(path, bytes, modifiedAtMs, hash, goneAtMs ?? null, workspace, id);
}

export const forgetSeenFiles = (db: Database, { workspace, id }: Key): Promise<void> =>
  db.write(() => void db.sql(`DELETE FROM trigger_files WHERE ${OF}`).run(workspace, id));

export const sweepSeenFiles = (db: Database, goneBeforeMs: number): Promise<void> =>
  db.write(() => void db.sql(SWEEP).run(goneBeforeMs));
