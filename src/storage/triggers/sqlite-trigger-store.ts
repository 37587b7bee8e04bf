import * as z from "zod";
import { RunId, TriggerId } from "../../kernel/ids.ts";
import { JsonObject } from "../../kernel/json.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { TriggerSpec } from "../../kernel/triggers/trigger-spec.ts";
import {
  type Fire,
  FIRE_OUTCOMES,
  FireSource,
  type SeenFile,
  type FirePage,
  type Settled,
  type StoredFire,
  type Trigger,
  type TriggerPlan,
  type TriggerStore,
  type WaitingFires,
} from "../../triggers/index.ts";
import type { Database } from "../database.ts";
import { skipWaitingOfOthers } from "./declared-triggers.ts";
import { forgetSeenFiles, putSeenFiles, seenFile, seenPaths, sweepSeenFiles } from "./seen-files.ts";

const WAITING_OF = "workspace = ? AND trigger_id = ? AND outcome = 'waiting'";
const WAITING = { all: WAITING_OF, "by-hand": `${WAITING_OF} AND caller IS NOT NULL` } as const satisfies Record<
  WaitingFires,
  string
>;

const optional = z
  .int()
  .nullable()
  .transform((value) => value ?? undefined);
const Owner = z.object({ id: z.string(), kind: z.string(), name: z.string() });

const Row = z
  .object({
    workspace: z.string(),
    id: TriggerId,
    agent: z.string(),
    spec: z.string(),
    owner: z.string(),
    declared: z.int(),
    created_at_ms: z.int(),
    updated_at_ms: z.int(),
    next_at_ms: optional,
    due_at_ms: optional,
    last_at_ms: z.int(),
    stopped_reason: z.string().nullable(),
    stopped_at_ms: z.int().nullable(),
  })
  .transform(({ workspace, id, agent, ...row }): Trigger => ({
    workspace,
    id,
    agent,
    spec: TriggerSpec.parse(JSON.parse(row.spec)),
    owner: Owner.parse(JSON.parse(row.owner)),
    isDeclared: row.declared === 1,
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
    nextAtMs: row.next_at_ms,
    dueAtMs: row.due_at_ms,
    lastAtMs: row.last_at_ms,
    stopped: row.stopped_at_ms === null ? undefined : { reason: row.stopped_reason ?? "", atMs: row.stopped_at_ms },
  }));

const FireRow = z
  .object({
    seq: z.int(),
    workspace: z.string(),
    trigger_id: TriggerId,
    fire_key: z.string(),
    at_ms: z.int(),
    fired_at_ms: z.int(),
    run_id: RunId,
    outcome: z.enum(FIRE_OUTCOMES),
    code: z.string().nullable(),
    reason: z.string(),
    missed_from_ms: optional,
    caller: z.string().nullable(),
    event: z.string().nullable(),
    source: z.string().nullable(),
  })
  .transform((row): StoredFire => ({
    position: row.seq,
    workspace: row.workspace,
    trigger: row.trigger_id,
    key: row.fire_key,
    atMs: row.at_ms,
    firedAtMs: row.fired_at_ms,
    runId: row.run_id,
    outcome: row.outcome,
    code: row.code ?? undefined,
    reason: row.reason,
    missedFromMs: row.missed_from_ms,
    caller: row.caller === null ? undefined : Owner.parse(JSON.parse(row.caller)),
    event: row.event === null ? undefined : JsonObject.parse(JSON.parse(row.event)),
    source: row.source === null ? undefined : FireSource.parse(JSON.parse(row.source)),
  }));

type Key = Pick<Trigger, "workspace" | "id">;

const PUT = `INSERT INTO triggers (workspace, id, agent, name, spec, owner, created_at_ms, updated_at_ms, next_at_ms, due_at_ms,
    last_at_ms, stopped_reason, stopped_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (workspace, id) DO UPDATE SET spec = excluded.spec, owner = excluded.owner, updated_at_ms = excluded.updated_at_ms,
    next_at_ms = excluded.next_at_ms, due_at_ms = excluded.due_at_ms, last_at_ms = max(last_at_ms, excluded.last_at_ms),
    stopped_reason = excluded.stopped_reason, stopped_at_ms = excluded.stopped_at_ms`;
const CHANGED = "max(last_at_ms, updated_at_ms)";
const UNCHANGED = "workspace = ? AND id = ? AND updated_at_ms = ?";
const PLAN = `UPDATE triggers SET next_at_ms = ?, due_at_ms = ?, last_at_ms = ? WHERE ${UNCHANGED}`;
const STOP = `UPDATE triggers SET next_at_ms = NULL, due_at_ms = NULL, stopped_reason = ?, stopped_at_ms = ? WHERE ${UNCHANGED}`;
const FIRE = `INSERT INTO trigger_fires (workspace, trigger_id, fire_key, at_ms, fired_at_ms, run_id, outcome, code, reason,
    missed_from_ms, caller, event, source)
  SELECT workspace, id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM triggers
  WHERE workspace = ? AND id = ? AND done_through_ms < ? AND json_extract(owner, '$.id') = ?
  ON CONFLICT DO NOTHING`;
const ENDED = `UPDATE trigger_fires SET outcome = 'ended' WHERE workspace = ? AND trigger_id = ? AND outcome = 'started'
  AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.id = run_id AND ended_at_ms IS NULL)`;
const OLDEST = `SELECT at_ms FROM trigger_fires WHERE workspace = ? AND trigger_id = ? ORDER BY at_ms DESC, seq DESC LIMIT 1 OFFSET ?`;
const PRUNE = `DELETE FROM trigger_fires WHERE workspace = ? AND trigger_id = ? AND at_ms <= ? AND outcome NOT IN ('waiting', 'started')`;
// Slots after the newest that was due have not fired, even if events that are not slots came since.
const DONE = `UPDATE triggers SET done_through_ms = max(done_through_ms, min(?, last_at_ms)) WHERE workspace = ? AND id = ?`;

/** Triggers and their fires in `caxton.db`. */
export class SqliteTriggerStore implements TriggerStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  find(workspace: string, ref: string): Trigger | undefined {
    const slash = ref.indexOf("/");
    const [where, ...values] =
      slash === -1 ? ["id = ?", ref] : ["agent = ? AND name = ?", ref.slice(0, slash), ref.slice(slash + 1)];
    return this.#triggers(`workspace = ? AND ${where}`, workspace, ...values)[0];
  }

  findById(id: string): Trigger | undefined {
    return this.#triggers("id = ?", id)[0];
  }

  firing(kind: TriggerSpec["kind"]): readonly Trigger[] {
    return this.#triggers("spec ->> '$.kind' = ? AND spec ->> '$.enabled' = 1 AND stopped_at_ms IS NULL", kind);
  }

  ofAgent(workspace: string, agent: string): readonly Trigger[] {
    return this.#triggers("workspace = ? AND agent = ? ORDER BY name", workspace, agent);
  }

  list(workspace: string): readonly Trigger[] {
    return this.#triggers("workspace = ? ORDER BY agent, name", workspace);
  }

  count(workspace: string): number {
    return this.#count("SELECT count(*) AS count FROM triggers WHERE workspace = ?", workspace);
  }

  async put(trigger: Trigger): Promise<void> {
    const { workspace, id, agent, spec, owner, createdAtMs, updatedAtMs, stopped } = trigger;
    const names = [workspace, id, agent, spec.name, JSON.stringify(spec), JSON.stringify(owner)];
    const times = [createdAtMs, updatedAtMs, trigger.nextAtMs ?? null, trigger.dueAtMs ?? null, trigger.lastAtMs];
    await this.#db.write(() => {
      skipWaitingOfOthers(this.#db, trigger);
      this.#db.sql(PUT).run(...names, ...times, stopped?.reason ?? null, stopped?.atMs ?? null);
    });
  }

  async stop(
    { workspace, id, updatedAtMs }: Trigger,
    { reason, atMs }: NonNullable<Trigger["stopped"]>,
  ): Promise<void> {
    await this.#db.write(() => this.#db.sql(STOP).run(reason, atMs, workspace, id, updatedAtMs));
  }

  async delete(workspace: string, id: TriggerId): Promise<void> {
    await this.#db.write(() => {
      this.#db.sql("DELETE FROM triggers WHERE workspace = ? AND id = ?").run(workspace, id);
      this.#db.sql("DELETE FROM trigger_fires WHERE workspace = ? AND trigger_id = ?").run(workspace, id);
      this.#db.sql("DELETE FROM trigger_files WHERE workspace = ? AND trigger_id = ?").run(workspace, id);
    });
  }

  due(nowMs: number, limit: number): readonly Trigger[] {
    return this.#triggers("due_at_ms <= ? ORDER BY due_at_ms LIMIT ?", nowMs, limit);
  }

  nextDueMs(): number | undefined {
    const sql = "SELECT min(due_at_ms) AS due FROM triggers WHERE due_at_ms IS NOT NULL";
    const due = this.#db.read(() => this.#db.sql(sql).get()?.["due"] ?? null);
    return due === null ? undefined : Number(due);
  }

  ahead(nowMs: number): readonly Trigger[] {
    return this.#triggers(`${CHANGED} > ? AND next_at_ms > ${CHANGED}`, nowMs);
  }

  async fire(
    trigger: Trigger,
    fires: readonly Fire[],
    plan: TriggerPlan | undefined,
    seen?: SeenFile,
  ): Promise<readonly Fire[]> {
    const key = [trigger.workspace, trigger.id];
    return this.#db.write(() => {
      if (plan !== undefined) {
        const times = [plan.nextAtMs ?? null, plan.dueAtMs ?? null, plan.lastAtMs];
        if (this.#db.sql(PLAN).run(...times, ...key, trigger.updatedAtMs).changes === 0) return [];
      }
      if (fires.length === 0) return [];
      this.#db.sql(ENDED).run(...key);
      const recorded = fires.filter((fire) =>
        // A slot whose fire is deleted already has fired.
        this.#insert(fire, plan === undefined ? Number.MAX_SAFE_INTEGER : fire.atMs, trigger.owner.id),
      );
      const isStored = fires.some((fire) => this.fireOf(trigger, fire.key) !== undefined);
      if (seen !== undefined && isStored) putSeenFiles(this.#db, trigger, [seen]);
      this.#prune(key);
      return recorded;
    });
  }

  #insert(fire: Fire, slotMs: number, owner: string): boolean {
    const { key, atMs, firedAtMs, runId, outcome, code, reason, missedFromMs } = fire;
    const stored = [fire.caller, fire.event, fire.source].map((value) =>
      value === undefined ? null : JSON.stringify(value),
    );
    const values = [key, atMs, firedAtMs, runId, outcome, code ?? null, reason, missedFromMs ?? null, ...stored];
    return this.#db.sql(FIRE).run(...values, fire.workspace, fire.trigger, slotMs, owner).changes > 0;
  }

  #prune(key: readonly string[]): void {
    const oldest = this.#db.sql(OLDEST).get(...key, LIMITS.triggerEventsKeptMax)?.["at_ms"];
    if (oldest === undefined) return;
    this.#db.sql(PRUNE).run(...key, oldest);
    this.#db.sql(DONE).run(oldest, ...key);
  }

  seenFile(trigger: Key, path: string): SeenFile | undefined {
    return seenFile(this.#db, trigger, path);
  }

  seenPaths(trigger: Key): readonly string[] {
    return seenPaths(this.#db, trigger);
  }

  async putSeen(trigger: Key, files: readonly SeenFile[]): Promise<void> {
    await this.#db.write(() => putSeenFiles(this.#db, trigger, files));
  }

  forgetFiles(trigger: Key): Promise<void> {
    return forgetSeenFiles(this.#db, trigger);
  }

  sweepSeen(goneBeforeMs: number): Promise<void> {
    return sweepSeenFiles(this.#db, goneBeforeMs);
  }

  fireOf({ workspace, id }: Key, key: string): Fire | undefined {
    return this.#fires("workspace = ? AND trigger_id = ? AND fire_key = ?", workspace, id, key)[0];
  }

  async settle(fire: Pick<Fire, "workspace" | "trigger" | "key">, settled: Settled): Promise<void> {
    const sql =
      "UPDATE trigger_fires SET outcome = ?, code = ?, reason = ?, event = NULL, source = NULL WHERE workspace = ? AND trigger_id = ? AND fire_key = ?";
    const { outcome, code, reason } = settled;
    await this.#db.write(() =>
      this.#db.sql(sql).run(outcome, code ?? null, reason, fire.workspace, fire.trigger, fire.key),
    );
  }

  firstWaiting({ workspace, id }: Key, which: WaitingFires): Fire | undefined {
    return this.#fires(`${WAITING[which]} ORDER BY seq LIMIT 1`, workspace, id)[0];
  }

  waitingCount({ workspace, id }: Key, which: WaitingFires): number {
    return this.#count(`SELECT count(*) AS count FROM trigger_fires WHERE ${WAITING[which]}`, workspace, id);
  }

  withWaiting(): readonly Trigger[] {
    return this.#triggers(
      "(workspace, id) IN (SELECT workspace, trigger_id FROM trigger_fires WHERE outcome = 'waiting')",
    );
  }

  openRuns({ workspace, id }: Key): readonly RunId[] {
    const sql = `WITH RECURSIVE chain (run, seq, next, ended) AS (
        SELECT r.id, f.seq, handed_to, ended_at_ms FROM trigger_fires f JOIN runs r ON r.id = run_id
        WHERE f.workspace = ? AND trigger_id = ? AND outcome = 'started' AND (ended_at_ms IS NULL OR handed_to IS NOT NULL)
        UNION ALL SELECT r.id, seq, handed_to, ended_at_ms FROM chain JOIN runs r ON r.id = next)
      SELECT run AS run_id FROM chain WHERE ended IS NULL ORDER BY seq`;
    const rows = this.#db.read(() => this.#db.sql(sql).all(workspace, id));
    return rows.map((row) => RunId.parse(row["run_id"]));
  }

  fires({ workspace, id }: Key, { before, limit }: FirePage): readonly StoredFire[] {
    const where = "workspace = ? AND trigger_id = ? AND (at_ms, seq) < (?, ?) ORDER BY at_ms DESC, seq DESC LIMIT ?";
    const [atMs, position] = before ?? [Number.MAX_SAFE_INTEGER, 0];
    return this.#fires(where, workspace, id, atMs, position, limit);
  }

  #count(sql: string, ...values: readonly string[]): number {
    return this.#db.read(() => Number(this.#db.sql(sql).get(...values)?.["count"] ?? 0));
  }

  #triggers(where: string, ...values: readonly (string | number)[]): readonly Trigger[] {
    const rows = this.#db.read(() => this.#db.sql(`SELECT * FROM triggers WHERE ${where}`).all(...values));
    return rows.map((row) => Row.parse(row));
  }

  #fires(where: string, ...values: readonly (string | number)[]): readonly StoredFire[] {
    const rows = this.#db.read(() => this.#db.sql(`SELECT * FROM trigger_fires WHERE ${where}`).all(...values));
    return rows.map((row) => FireRow.parse(row));
  }
}
