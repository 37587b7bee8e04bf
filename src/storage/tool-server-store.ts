import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { PRIVATE_DIRECTORY, PRIVATE_FILE } from "../kernel/files/private-files.ts";
import * as z from "zod";
import { contentHash } from "../kernel/content-hash.ts";
import {
  PinnedTool,
  type RevisionPage,
  TOOL_SERVER_ORIGINS,
  type ToolServerCandidate,
  type ToolServerHead,
  type ToolServerRevision,
  type ToolServerStore,
  ToolModuleDamagedError,
} from "../tools/servers/index.ts";
import type { Database } from "./database.ts";
import { storageError } from "../kernel/sqlite/errors.ts";

const Row = z
  .object({
    workspace: z.string(),
    name: z.string(),
    revision: z.int(),
    version: z.string(),
    origin: z.enum(TOOL_SERVER_ORIGINS),
    interface: z.string(),
    module_hash: z.string(),
    module_bytes: z.int(),
    manifest: z.string(),
    manifest_hash: z.string(),
    signature: z.string().nullable(),
    tools: z.string(),
    deployed_at_ms: z.int(),
  })
  .transform((row): ToolServerRevision => ({
    workspace: row.workspace,
    name: row.name,
    revision: row.revision,
    version: row.version,
    origin: row.origin,
    interface: row.interface,
    moduleHash: row.module_hash,
    moduleBytes: row.module_bytes,
    manifest: row.manifest,
    manifestHash: row.manifest_hash,
    signature: row.signature,
    tools: z.array(PinnedTool).parse(JSON.parse(row.tools)),
    deployedAtMs: row.deployed_at_ms,
  }));

const HeadRow = z
  .object({
    workspace: z.string(),
    name: z.string(),
    origin: z.enum(TOOL_SERVER_ORIGINS),
    serving: z.int().nullable(),
    pending: z.int().nullable(),
    latest: z.int(),
    paused: z.string().nullable(),
  })
  .transform((row): ToolServerHead => ({
    workspace: row.workspace,
    name: row.name,
    origin: row.origin,
    serving: row.serving ?? undefined,
    pending: row.pending ?? undefined,
    latest: row.latest,
    paused: row.paused ?? undefined,
  }));

const keyOf = (name: string): string => name.toLowerCase();
const MODULE_FILE = /^([0-9a-f]{64})\.wasm$/;

/** Tool servers in `caxton.db`, their modules as files under `<data>/tool-servers/`, by hash. */
export class SqliteToolServerStore implements ToolServerStore {
  readonly #db: Database;
  readonly #directory: string;
  /** Modules saved for a revision that is not in the database yet; no sweep takes them. */
  readonly #awaited = new Set<string>();
  /** Module files are written and removed one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(db: Database) {
    this.#db = db;
    this.#directory = join(db.directory, "tool-servers");
  }

  async workspaces(): Promise<readonly string[]> {
    return this.#db.read(() =>
      this.#db
        .sql("SELECT DISTINCT workspace FROM tool_servers WHERE deleted = 0")
        .all()
        .map(({ workspace }) => z.string().parse(workspace)),
    );
  }

  async heads(workspace: string): Promise<readonly ToolServerHead[]> {
    return this.#db.read(() =>
      this.#db
        .sql("SELECT * FROM tool_servers WHERE workspace = ? AND deleted = 0 ORDER BY name_key")
        .all(workspace)
        .map((row) => HeadRow.parse(row)),
    );
  }

  async head(workspace: string, name: string): Promise<ToolServerHead | undefined> {
    return this.#db.read(() => {
      const row = this.#db
        .sql("SELECT * FROM tool_servers WHERE workspace = ? AND name_key = ? AND deleted = 0")
        .get(workspace, keyOf(name));
      return row && HeadRow.parse(row);
    });
  }

  async add(candidate: ToolServerCandidate, place: "serving" | "pending"): Promise<ToolServerRevision> {
    const added = await this.#db.write(() => {
      const { workspace, name, origin } = candidate;
      const key = keyOf(name);
      const known = this.#db
        .sql("SELECT latest FROM tool_servers WHERE workspace = ? AND name_key = ?")
        .get(workspace, key);
      const revision: ToolServerRevision = { ...candidate, revision: 1 + Number(known?.["latest"] ?? 0) };
      this.#insert(revision);
      const serving = place === "serving" ? revision.revision : null;
      const pending = place === "pending" ? revision.revision : null;
      this.#db
        .sql(
          `INSERT INTO tool_servers (workspace, name_key, name, origin, serving, pending, latest, deleted)
           VALUES (?, ?, ?, ?, ?, ?, ?, 0)
           ON CONFLICT DO UPDATE SET
             name = excluded.name, origin = excluded.origin, latest = excluded.latest, pending = excluded.pending,
             serving = coalesce(excluded.serving, iif(deleted, NULL, serving)),
             paused = iif(deleted, NULL, paused), deleted = 0`,
        )
        .run(workspace, key, name, origin, serving, pending, revision.revision);
      return revision;
    });
    this.#awaited.delete(added.moduleHash);
    return added;
  }

  #insert(revision: ToolServerRevision): void {
    this.#db
      .sql(
        `INSERT INTO tool_server_revisions (workspace, name_key, revision, name, version, origin, interface, module_hash,
         module_bytes, manifest, manifest_hash, signature, tools, deployed_at_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        revision.workspace,
        keyOf(revision.name),
        revision.revision,
        revision.name,
        revision.version,
        revision.origin,
        revision.interface,
        revision.moduleHash,
        revision.moduleBytes,
        revision.manifest,
        revision.manifestHash,
        revision.signature,
        JSON.stringify(revision.tools),
        revision.deployedAtMs,
      );
  }

  async serve(workspace: string, name: string, revision: number): Promise<boolean> {
    return this.#db.write(() => {
      const { changes } = this.#db
        .sql(
          `UPDATE tool_servers SET serving = ?1, pending = iif(pending > ?1, pending, NULL)
           WHERE workspace = ?2 AND name_key = ?3 AND deleted = 0 AND EXISTS
           (SELECT 1 FROM tool_server_revisions r WHERE r.workspace = ?2 AND r.name_key = ?3 AND r.revision = ?1)`,
        )
        .run(revision, workspace, keyOf(name));
      return changes > 0;
    });
  }

  async setPending(workspace: string, name: string, revision: number | undefined): Promise<void> {
    await this.#db.write(() =>
      this.#db
        .sql("UPDATE tool_servers SET pending = ? WHERE workspace = ? AND name_key = ? AND deleted = 0")
        .run(revision ?? null, workspace, keyOf(name)),
    );
  }

  async revision(workspace: string, name: string, revision: number): Promise<ToolServerRevision | undefined> {
    return this.#db.read(() => {
      const row = this.#db
        .sql("SELECT * FROM tool_server_revisions WHERE workspace = ? AND name_key = ? AND revision = ?")
        .get(workspace, keyOf(name), revision);
      return row && Row.parse(row);
    });
  }

  async revisions(
    workspace: string,
    name: string,
    { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
  ): Promise<RevisionPage> {
    const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor);
    const rows = this.#db.read(() =>
      this.#db
        .sql(
          `SELECT * FROM tool_server_revisions WHERE workspace = ? AND name_key = ? AND revision < ?
           ORDER BY revision DESC LIMIT ?`,
        )
        .all(workspace, keyOf(name), Number.isSafeInteger(before) ? before : 0, limit + 1),
    );
    const items = rows.slice(0, limit).map((row) => Row.parse(row));
    const last = items.at(-1);
    return { items, next: rows.length > limit && last ? String(last.revision) : undefined };
  }

  async pause(workspace: string, name: string, reason: string | undefined): Promise<void> {
    await this.#db.write(() =>
      this.#db
        .sql("UPDATE tool_servers SET paused = ? WHERE workspace = ? AND name_key = ?")
        .run(reason ?? null, workspace, keyOf(name)),
    );
  }

  async delete(workspace: string, name: string): Promise<boolean> {
    return this.#db.write(() => {
      const key = keyOf(name);
      const { changes } = this.#db
        .sql(
          `UPDATE tool_servers SET deleted = 1, serving = NULL, pending = NULL, paused = NULL
           WHERE workspace = ? AND name_key = ? AND deleted = 0`,
        )
        .run(workspace, key);
      if (changes > 0) this.#deleteState(workspace, key);
      return changes > 0;
    });
  }

  /**
   * Deletes the state of a server, because a later module of that name may be another one; of a shared server in every
   * workspace that has no server of its name.
   */
  #deleteState(workspace: string, key: string): void {
    for (const table of ["tool_state", "tool_state_totals"])
      this.#db
        .sql(
          `DELETE FROM ${table} WHERE lower(server) = ?2 AND (workspace = ?1 OR EXISTS (
             SELECT 1 FROM tool_servers s WHERE s.workspace = ?1 AND s.name_key = ?2 AND s.origin <> 'uploaded'
             AND NOT EXISTS (SELECT 1 FROM tool_servers own
               WHERE own.workspace = ${table}.workspace AND own.name_key = ?2 AND own.deleted = 0)))`,
        )
        .run(workspace, key);
  }

  async prune(workspace: string, name: string, keep: number): Promise<void> {
    const gone = await this.#db.write(() =>
      this.#db
        .sql(
          `DELETE FROM tool_server_revisions WHERE workspace = ?1 AND name_key = ?2 AND revision NOT IN
           (SELECT revision FROM tool_server_revisions WHERE workspace = ?1 AND name_key = ?2 ORDER BY revision DESC LIMIT ?3)
           AND NOT EXISTS (SELECT 1 FROM tool_servers s WHERE s.workspace = ?1 AND s.name_key = ?2
             AND tool_server_revisions.revision IN (s.serving, s.pending)) RETURNING module_hash`,
        )
        .all(workspace, keyOf(name), keep),
    );
    for (const row of gone) await this.#removeUnnamed(String(row["module_hash"]));
  }

  async saveModule(bytes: Uint8Array): Promise<string> {
    const hash = await contentHash(bytes);
    this.#awaited.add(hash);
    await this.#inTurn(() => this.#write(hash, bytes));
    return hash;
  }

  async #write(hash: string, bytes: Uint8Array): Promise<void> {
    try {
      if ((await this.#intact(hash)) !== undefined) return;
      await mkdir(this.#directory, { recursive: true, mode: PRIVATE_DIRECTORY });
      const draft = join(this.#directory, `${hash}.${process.pid}.draft`);
      const file = await open(draft, "w", PRIVATE_FILE);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, this.#path(hash));
    } catch (error) {
      throw storageError(error, this.#db.directory);
    }
  }

  async readModule(hash: string): Promise<Uint8Array> {
    const bytes = await this.#intact(hash);
    if (bytes !== undefined) return bytes;
    const path = join("tool-servers", `${hash}.wasm`);
    throw new ToolModuleDamagedError(
      `the module at ${path} in the data directory is gone or is not what was deployed`,
      "Deploy the tool server again from its own file, or activate another revision.",
      { moduleHash: hash, path },
    );
  }

  async sweepModules(): Promise<void> {
    for (const name of await this.#files()) {
      const hash = MODULE_FILE.exec(name)?.[1];
      if (hash === undefined) await this.#inTurn(() => rm(join(this.#directory, name), { force: true }));
      else await this.#removeUnnamed(hash);
    }
  }

  async #removeUnnamed(hash: string): Promise<void> {
    await this.#inTurn(async () => {
      const named = this.#db.read(() =>
        this.#db.sql("SELECT 1 FROM tool_server_revisions WHERE module_hash = ? LIMIT 1").get(hash),
      );
      if (named === undefined && !this.#awaited.has(hash)) await rm(this.#path(hash), { force: true });
    });
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    await turn;
  }

  /** The bytes, when they are what their name says. */
  async #intact(hash: string): Promise<Uint8Array | undefined> {
    const bytes = await readFile(this.#path(hash)).catch(() => undefined);
    return bytes !== undefined && (await contentHash(bytes)) === hash ? bytes : undefined;
  }

  async #files(): Promise<readonly string[]> {
    return readdir(this.#directory).catch(() => []);
  }

  #path(hash: string): string {
    return join(this.#directory, `${hash}.wasm`);
  }
}
