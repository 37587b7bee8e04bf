import * as z from "zod";
import {
  type Activation,
  type AgentCandidate,
  type AgentQuery,
  type AgentRevision,
  type AgentStore,
  type AgentSummary,
  type Deployed,
  type Deployment,
  type Page,
  type PageQuery,
  type Paused,
  type RevisionSummary,
  type ServingAgent,
  type StateChange,
  AgentDefinition,
  DEFINITION_FORMATS,
  nameKey,
  summarize,
} from "../agents/definitions/index.ts";
import type { Change } from "../kernel/changes/index.ts";
import type { Database } from "./database.ts";
import { declareTriggers, removeDeclaredTriggers } from "./triggers/declared-triggers.ts";
import { SqliteChangeLog } from "./sqlite-change-log.ts";

const Columns = z.object({
  workspace: z.string(),
  name: z.string(),
  revision: z.int(),
  version: z.string(),
  format: z.enum(DEFINITION_FORMATS),
  file_name: z.string(),
  source: z.string(),
  source_hash: z.string(),
  definition: z.string(),
  deployed_at_ms: z.int(),
  deployed_by: z.string().nullable(),
});
const Deployer = z.object({ id: z.string(), kind: z.string(), name: z.string() });
const toRevision = (row: z.infer<typeof Columns>): AgentRevision => ({
  workspace: row.workspace,
  name: row.name,
  revision: row.revision,
  version: row.version,
  definition: AgentDefinition.parse(JSON.parse(row.definition)),
  source: row.source,
  format: row.format,
  sourceHash: row.source_hash,
  fileName: row.file_name,
  deployedAtMs: row.deployed_at_ms,
  deployedBy: row.deployed_by === null ? undefined : Deployer.parse(JSON.parse(row.deployed_by)),
});
const Row = Columns.transform(toRevision);
const ServingRow = Columns.extend({
  paused_at_ms: z.int().nullable(),
  paused_reason: z.string(),
  newest_revision: z.int(),
  file_hash: z.string().nullable(),
}).transform((row): ServingAgent => ({
  ...toRevision(row),
  paused: row.paused_at_ms === null ? undefined : { reason: row.paused_reason, atMs: row.paused_at_ms },
  newestRevision: row.newest_revision,
  fileHash: row.file_hash ?? undefined,
}));

const RevisionRow = z
  .object({
    revision: z.int(),
    version: z.string(),
    format: z.enum(DEFINITION_FORMATS),
    source_hash: z.string(),
    file_name: z.string(),
    deployed_at_ms: z.int(),
  })
  .transform((row): RevisionSummary => ({
    revision: row.revision,
    version: row.version,
    format: row.format,
    sourceHash: row.source_hash,
    fileName: row.file_name,
    deployedAtMs: row.deployed_at_ms,
  }));

const HeadRow = z.object({ name: z.string(), revision: z.int(), deleted: z.int(), newest_revision: z.int() });

const NEWEST = `(SELECT max(n.revision) FROM agent_revisions n WHERE n.workspace = a.workspace AND n.name_key = a.name_key)`;
const SERVING = `SELECT r.*, a.paused_at_ms, a.paused_reason, a.file_hash, ${NEWEST} AS newest_revision FROM agents a JOIN agent_revisions r USING (workspace, name_key, revision)
  WHERE a.workspace = ? AND a.deleted = 0`;

type Head = z.infer<typeof HeadRow>;
/** Thrown inside a job to undo the whole deployment; never leaves this file. */
class NameTaken extends Error {
  readonly requested: string;
  readonly existing: string;
  constructor(requested: string, existing: string) {
    super(`${requested} is deployed as ${existing}`);
    this.requested = requested;
    this.existing = existing;
  }
}

/** Agents and their revisions in `caxton.db`. */
export class SqliteAgentStore implements AgentStore {
  readonly #db: Database;
  readonly #changes: SqliteChangeLog;

  /** `changes` is where deployments are logged. */
  constructor(db: Database, changes = new SqliteChangeLog(db)) {
    this.#db = db;
    this.#changes = changes;
  }

  async deploy(candidates: readonly AgentCandidate[]): Promise<Deployment> {
    try {
      const results = await this.#db.write(() => candidates.map((candidate) => this.#deployOne(candidate)));
      if (results.some(({ type }) => type !== "unchanged")) this.#changes.announce();
      return { type: "deployed", results };
    } catch (error) {
      if (error instanceof NameTaken) return { type: "conflict", name: error.requested, existing: error.existing };
      throw error;
    }
  }

  #deployOne(candidate: AgentCandidate): Deployed {
    const { workspace, name, sourceHash } = candidate;
    const head = this.#head(workspace, name);
    const alive = head !== undefined && head.deleted === 0;
    if (alive && head.name !== name) throw new NameTaken(name, head.name);
    if (alive) {
      const serving = this.#find(workspace, name, head.revision);
      if (serving?.sourceHash === sourceHash) return { type: "unchanged", revision: serving };
    }
    const revision: AgentRevision = { ...candidate, revision: (head?.newest_revision ?? 0) + 1 };
    this.#insert(revision);
    this.#changes.insert(workspace, { type: "agent", name, change: "deployed", revision: revision.revision });
    return { type: alive ? "updated" : "created", revision };
  }

  #insert(revision: AgentRevision): void {
    const { workspace, name, definition } = revision;
    const key = nameKey(name);
    this.#db
      .sql(
        `INSERT INTO agents (workspace, name_key, name, revision, deleted) VALUES (?, ?, ?, ?, 0)
         ON CONFLICT DO UPDATE SET name = excluded.name, revision = excluded.revision, deleted = 0, file_hash = NULL`,
      )
      .run(workspace, key, name, revision.revision);
    this.#db
      .sql(
        `INSERT INTO agent_revisions
         (workspace, name_key, revision, name, version, format, file_name, source, source_hash, definition, deployed_at_ms, deployed_by)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        workspace,
        key,
        revision.revision,
        name,
        revision.version,
        revision.format,
        revision.fileName,
        revision.source,
        revision.sourceHash,
        JSON.stringify(definition),
        revision.deployedAtMs,
        revision.deployedBy === undefined ? null : JSON.stringify(revision.deployedBy),
      );
    this.#declare(revision, { atMs: revision.deployedAtMs, by: revision.deployedBy });
  }

  /** Replaces the capabilities and the triggers that the serving revision declares. */
  #declare(revision: AgentRevision, activation: Activation): void {
    const { workspace, name, definition } = revision;
    declareTriggers(this.#db, revision, activation);
    const key = nameKey(name);
    this.#db.sql("DELETE FROM agent_capabilities WHERE workspace = ? AND name_key = ?").run(workspace, key);
    for (const capability of new Set(definition.capabilities)) {
      this.#db
        .sql("INSERT INTO agent_capabilities (workspace, capability, name_key) VALUES (?, ?, ?)")
        .run(workspace, capability, key);
    }
  }

  async serving(workspace: string, name: string): Promise<ServingAgent | undefined> {
    return this.#db.read(() => {
      const row = this.#db.sql(`${SERVING} AND a.name_key = ?`).get(workspace, nameKey(name));
      return row && ServingRow.parse(row);
    });
  }

  async activate(workspace: string, name: string, revision: number, activation: Activation): Promise<StateChange> {
    return this.#change(workspace, name, (head) => {
      const found = this.#find(workspace, name, revision);
      if (found === undefined) return "not-found";
      if (head.revision === revision) return "unchanged";
      this.#db
        .sql("UPDATE agents SET revision = ?, name = ?, file_hash = NULL WHERE workspace = ? AND name_key = ?")
        .run(revision, found.name, workspace, nameKey(name));
      this.#declare(found, activation);
      return { type: "agent", name: found.name, change: "activated", revision };
    });
  }

  async pause(workspace: string, name: string, paused: Paused | undefined): Promise<StateChange> {
    return this.#change(workspace, name, (head) => {
      const { changes } = this.#db
        .sql(
          `UPDATE agents SET paused_at_ms = ?, paused_reason = ?
           WHERE workspace = ? AND name_key = ? AND (paused_at_ms IS NULL) = ?`,
        )
        .run(paused?.atMs ?? null, paused?.reason ?? "", workspace, nameKey(name), paused === undefined ? 0 : 1);
      if (changes === 0) return "unchanged";
      const change = paused === undefined ? "resumed" : "paused";
      return { type: "agent", name: head.name, change, revision: head.revision };
    });
  }

  async setFileHash(workspace: string, name: string, hash: string): Promise<void> {
    const sql = "UPDATE agents SET file_hash = ? WHERE workspace = ? AND name_key = ?";
    await this.#db.write(() => this.#db.sql(sql).run(hash, workspace, nameKey(name)));
  }

  /** Changes an agent that is deployed, and logs the change. */
  async #change(
    workspace: string,
    name: string,
    change: (head: Head) => Exclude<StateChange, "changed"> | Change,
  ): Promise<StateChange> {
    const outcome = await this.#db.write((): StateChange => {
      const head = this.#head(workspace, name);
      if (head === undefined || head.deleted === 1) return "not-found";
      const made = change(head);
      if (typeof made === "string") return made;
      this.#changes.insert(workspace, made);
      return "changed";
    });
    if (outcome === "changed") this.#changes.announce();
    return outcome;
  }

  async revision(workspace: string, name: string, revision: number): Promise<AgentRevision | undefined> {
    return this.#db.read(() => this.#find(workspace, name, revision));
  }

  async list(workspace: string, { cursor, limit, capability }: AgentQuery): Promise<Page<AgentSummary>> {
    const after = cursor ?? "";
    const rows = this.#db.read(() =>
      capability === undefined
        ? this.#db.sql(`${SERVING} AND a.name_key > ? ORDER BY a.name_key LIMIT ?`).all(workspace, after, limit + 1)
        : this.#db
            .sql(
              `${SERVING} AND a.name_key > ? AND a.name_key IN
               (SELECT name_key FROM agent_capabilities WHERE workspace = ? AND capability = ?) ORDER BY a.name_key LIMIT ?`,
            )
            .all(workspace, after, workspace, capability, limit + 1),
    );
    const items = rows.slice(0, limit).map((row) => summarize(ServingRow.parse(row)));
    const last = items.at(-1);
    return { items, next: rows.length > limit && last ? nameKey(last.name) : undefined };
  }

  async revisions(workspace: string, name: string, { cursor, limit }: PageQuery): Promise<Page<RevisionSummary>> {
    const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor);
    const rows = this.#db.read(() =>
      this.#db
        .sql(
          `SELECT revision, version, format, source_hash, file_name, deployed_at_ms FROM agent_revisions
           WHERE workspace = ? AND name_key = ? AND revision < ? ORDER BY revision DESC LIMIT ?`,
        )
        .all(workspace, nameKey(name), Number.isSafeInteger(before) ? before : 0, limit + 1),
    );
    const items = rows.slice(0, limit).map((row) => RevisionRow.parse(row));
    const last = items.at(-1);
    return { items, next: rows.length > limit && last ? String(last.revision) : undefined };
  }

  async delete(workspace: string, name: string): Promise<boolean> {
    const deleted = await this.#db.write(() => {
      const head = this.#head(workspace, name);
      const { changes } = this.#db
        .sql(
          "UPDATE agents SET deleted = 1, paused_at_ms = NULL, paused_reason = '' WHERE workspace = ? AND name_key = ? AND deleted = 0",
        )
        .run(workspace, nameKey(name));
      this.#db.sql("DELETE FROM agent_capabilities WHERE workspace = ? AND name_key = ?").run(workspace, nameKey(name));
      removeDeclaredTriggers(this.#db, workspace, name);
      if (changes > 0 && head)
        this.#changes.insert(workspace, { type: "agent", name: head.name, change: "deleted", revision: head.revision });
      return changes > 0;
    });
    if (deleted) this.#changes.announce();
    return deleted;
  }

  async workspaces(): Promise<readonly string[]> {
    return this.#db.read(() =>
      this.#db
        .sql("SELECT DISTINCT workspace FROM agents WHERE deleted = 0")
        .all()
        .map(({ workspace }) => String(workspace)),
    );
  }

  async count(workspace?: string): Promise<number> {
    const sql = "SELECT count(*) AS n FROM agents WHERE deleted = 0 AND workspace = coalesce(?, workspace)";
    return this.#db.read(() => Number(this.#db.sql(sql).get(workspace ?? null)?.["n"]));
  }

  #head(workspace: string, name: string): Head | undefined {
    const row = this.#db
      .sql(
        `SELECT a.name, a.revision, a.deleted, ${NEWEST} AS newest_revision FROM agents a WHERE a.workspace = ? AND a.name_key = ?`,
      )
      .get(workspace, nameKey(name));
    return row && HeadRow.parse(row);
  }

  #find(workspace: string, name: string, revision: number): AgentRevision | undefined {
    const row = this.#db
      .sql("SELECT * FROM agent_revisions WHERE workspace = ? AND name_key = ? AND revision = ?")
      .get(workspace, nameKey(name), revision);
    return row && Row.parse(row);
  }
}
