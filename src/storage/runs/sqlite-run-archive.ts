import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import * as z from "zod";
import { RunId, UploadId } from "../../kernel/ids.ts";
import { isJsonObject, type Json } from "../../kernel/json.ts";
import type { RunArchive } from "../../runs/index.ts";
import type { Contents } from "../contents.ts";
import type { Database } from "../database.ts";
import { removeTexts } from "./text-index.ts";
import { storageError } from "../../kernel/sqlite/errors.ts";

/** A thread without turns is of no use to anybody. */
const DELETE_EMPTY = "DELETE FROM threads WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM runs WHERE thread = ?1)";

/** A thread and its forks, whose turns can continue turns of it. */
const FAMILY =
  "WITH RECURSIVE family (id) AS (SELECT ?1 UNION SELECT t.id FROM threads t JOIN family f ON t.forked_from = f.id)";

const DELETE_DELIVERIES =
  "DELETE FROM webhook_deliveries WHERE (workspace, webhook_id) IN (SELECT workspace, id FROM webhooks WHERE run_id = ?)";

const Row = z.object({ seq: z.int(), body: z.string() });

/**
 * Deletes runs piece by piece, so that nothing stalls.
 * storage.sqlite-run-archive.V1. A run is out of sight with one write; a crash after it leaves `run_removals`, and
 *   the sweep continues with that.
 * storage.sqlite-run-archive.V2. Files go before the rows that name them: a crash in between leaves rows whose files
 *   are deleted once more.
 */
export class SqliteRunArchive implements RunArchive {
  readonly #db: Database;
  readonly #contents: Contents;

  constructor(db: Database, contents: Contents) {
    this.#db = db;
    this.#contents = contents;
  }

  workspaces(): readonly string[] {
    // Each step finds the next workspace by the index; a run more costs nothing.
    const sql = `WITH RECURSIVE each (name) AS (
      SELECT min(workspace) FROM runs UNION ALL SELECT (SELECT min(workspace) FROM runs WHERE workspace > name) FROM each WHERE name IS NOT NULL
    ) SELECT name FROM each WHERE name IS NOT NULL`;
    return this.#db.read(() =>
      this.#db
        .sql(sql)
        .all()
        .map((row) => String(row["name"])),
    );
  }

  ended({ workspace, endedBeforeMs, exceptNewest, limit }: Parameters<RunArchive["ended"]>[0]): readonly RunId[] {
    return this.#db.read(() => {
      const found =
        exceptNewest === undefined
          ? this.#db
              .sql(
                `SELECT id FROM runs WHERE workspace = ?1 AND ended_at_ms IS NOT NULL AND ended_at_ms < ?2
                 AND NOT EXISTS (SELECT 1 FROM threads WHERE threads.id = thread AND updated_at_ms >= ?2)
                 ORDER BY ended_at_ms LIMIT ?3`,
              )
              .all(workspace, endedBeforeMs ?? Number.MAX_SAFE_INTEGER, limit)
          : this.#db
              .sql(
                `SELECT id FROM (SELECT id, ended_at_ms FROM runs WHERE workspace = ? AND ended_at_ms IS NOT NULL
                 ORDER BY ended_at_ms DESC LIMIT -1 OFFSET ?) WHERE ended_at_ms < ? ORDER BY ended_at_ms LIMIT ?`,
              )
              .all(workspace, exceptNewest, endedBeforeMs ?? Number.MAX_SAFE_INTEGER, limit);
      return found.map((row) => RunId.parse(row["id"]));
    });
  }

  async remove(ids: readonly RunId[]): Promise<readonly RunId[]> {
    return this.#db.write(() =>
      ids.filter((id) => {
        const [row] = this.#db
          .sql("DELETE FROM runs WHERE id = ? AND ended_at_ms IS NOT NULL RETURNING thread, thread_parent")
          .all(id);
        if (row === undefined) return false;
        this.#db.sql("INSERT INTO run_removals (run_id) VALUES (?)").run(id);
        const thread = row["thread"] ?? null;
        if (thread === null) return true;
        const parent = row["thread_parent"] ?? null;
        this.#db.sql(`${FAMILY} UPDATE threads SET head = ?2 WHERE id IN family AND head = ?3`).run(thread, parent, id);
        this.#db
          .sql(`${FAMILY} UPDATE runs SET thread_parent = ?2 WHERE thread IN family AND thread_parent = ?3`)
          .run(thread, parent, id);
        this.#db.sql("UPDATE added_messages SET parent = ? WHERE parent = ?").run(parent, id);
        this.#db.sql(DELETE_EMPTY).run(thread);
        return true;
      }),
    );
  }

  open(workspace: string): readonly RunId[] {
    const sql = "SELECT id FROM runs WHERE workspace = ? AND ended_at_ms IS NULL";
    return this.#db.read(() =>
      this.#db
        .sql(sql)
        .all(workspace)
        .map((row) => RunId.parse(row["id"])),
    );
  }

  async removeWorkspace(workspace: string): Promise<void> {
    await this.#db.write(() => {
      this.#db.sql("INSERT INTO run_removals (run_id) SELECT id FROM runs WHERE workspace = ?").run(workspace);
      this.#db.sql("DELETE FROM runs WHERE workspace = ?").run(workspace);
      this.#db.sql("DELETE FROM threads WHERE workspace = ?").run(workspace);
    });
  }

  async sweep(rowsMax: number): Promise<boolean> {
    const found = this.#db.read(() => this.#db.sql("SELECT run_id FROM run_removals LIMIT 1").get());
    if (!found) return false;
    const runId = RunId.parse(found["run_id"]);
    const isGone = await this.#db.write(() => this.#deleteRows(runId, rowsMax));
    if (!isGone) return true;
    await this.#deleteFiles(runId);
    await this.#db.write(() => {
      this.#db.sql("DELETE FROM artifacts WHERE run_id = ?").run(runId);
      this.#db.sql("DELETE FROM past_runs WHERE run_id = ?").run(runId);
      this.#db.sql("DELETE FROM approvals WHERE run_id = ?").run(runId);
      this.#db.sql("DELETE FROM reply_waits WHERE run_id = ?").run(runId);
      this.#db.sql("DELETE FROM run_answers WHERE run_id = ?").run(runId);
      this.#db.sql("DELETE FROM memory_outbox WHERE run_id = ?").run(runId);
      this.#db.sql("DELETE FROM uploads WHERE run_id = ?").run(runId);
      this.#db.sql(DELETE_DELIVERIES).run(runId);
      this.#db.sql("DELETE FROM webhooks WHERE run_id = ?").run(runId);
      this.#db.sql("DELETE FROM run_removals WHERE run_id = ?").run(runId);
    });
    return true;
  }

  /** Whether no row of the run's journal is left. */
  #deleteRows(runId: RunId, rowsMax: number): boolean {
    const rows = this.#db
      .sql("SELECT seq, body FROM journal WHERE run_id = ? ORDER BY seq LIMIT ?")
      .all(runId, rowsMax)
      .map((row) => Row.parse(row));
    for (const { seq, body } of rows) {
      const event: Json = JSON.parse(body);
      const content = isJsonObject(event) ? event["content"] : undefined;
      if (isJsonObject(content)) this.#contents.release(content);
      this.#db.sql("DELETE FROM journal WHERE seq = ?").run(seq);
    }
    removeTexts(
      this.#db,
      rows.map(({ seq }) => seq),
    );
    const last = rows.at(-1);
    if (last) this.#db.sql("UPDATE journal_mark SET seq = max(seq, ?)").run(last.seq);
    return rows.length < rowsMax;
  }

  async #deleteFiles(runId: RunId): Promise<void> {
    const uploads = this.#db.read(() => this.#db.sql("SELECT id FROM uploads WHERE run_id = ?").all(runId));
    const directories = [
      resolve(this.#db.directory, "artifacts", runId),
      ...uploads.map((row) => resolve(this.#db.directory, "uploads", UploadId.parse(row["id"]))),
    ];
    try {
      for (const directory of directories) await rm(directory, { recursive: true, force: true });
    } catch (error) {
      throw storageError(error, this.#db.directory);
    }
  }
}
