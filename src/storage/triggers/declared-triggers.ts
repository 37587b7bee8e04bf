import { OPERATOR } from "../../access/index.ts";
import type { Activation, AgentRevision } from "../../agents/definitions/index.ts";
import { mint, TriggerId } from "../../kernel/ids.ts";
import type { Database } from "../database.ts";

const DECLARED = "workspace = ? AND agent = ? AND declared = 1";
const PUT = `INSERT INTO triggers (workspace, id, agent, name, spec, owner, declared, created_at_ms, updated_at_ms, next_at_ms, due_at_ms, last_at_ms)
  VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, 0)
  ON CONFLICT (workspace, agent, name) DO UPDATE SET declared = 1,
    -- No change lends the rights of another; but the operator, whose files change it, leaves a webhook to the principal that has its secret.
    owner = CASE WHEN declared = 1 AND (spec = excluded.spec AND stopped_at_ms IS NULL
      OR json_extract(spec, '$.kind') = 'webhook' AND json_extract(excluded.owner, '$.id') = '${OPERATOR.id}') THEN owner ELSE excluded.owner END,
    next_at_ms = CASE WHEN spec = excluded.spec AND stopped_at_ms IS NULL THEN next_at_ms ELSE excluded.next_at_ms END,
    due_at_ms = CASE WHEN spec = excluded.spec AND stopped_at_ms IS NULL THEN due_at_ms ELSE excluded.due_at_ms END,
    spec = excluded.spec, updated_at_ms = max(excluded.updated_at_ms, updated_at_ms + 1),
    stopped_reason = NULL, stopped_at_ms = NULL`;
const OTHER_KIND = `DELETE FROM triggers WHERE ${DECLARED} AND name = ? AND json_extract(spec, '$.kind') <> ?`;
const OWNER = `SELECT id, json_extract(owner, '$.id') AS owner FROM triggers WHERE workspace = ? AND agent = ? AND name = ?`;
const FIRES = `DELETE FROM trigger_fires WHERE workspace = ? AND NOT EXISTS
  (SELECT 1 FROM triggers WHERE triggers.workspace = trigger_fires.workspace AND triggers.id = trigger_id)`;

/**
 * Replaces the triggers that an agent's definition declares; to be called in the transaction of the deployment. One that is unchanged keeps its
 * times and its history. Those that were created otherwise stay, but for one of the same name.
 */
export function declareTriggers(db: Database, revision: AgentRevision, { atMs, by = OPERATOR }: Activation): void {
  const { workspace, name: agent, definition } = revision;
  const { triggers } = definition;
  const names = JSON.stringify(triggers.map(({ name }) => name));
  const removed = db
    .sql(`DELETE FROM triggers WHERE ${DECLARED} AND name NOT IN (SELECT value FROM json_each(?))`)
    .run(workspace, agent, names);
  if (removed.changes > 0) db.sql(FIRES).run(workspace);
  for (const spec of triggers) {
    // One of another kind is another trigger: the secret of a webhook does not come back with its id.
    const other = db.sql(OTHER_KIND).run(workspace, agent, spec.name, spec.kind);
    if (other.changes > 0) db.sql(FIRES).run(workspace);
    // 0: the slots after this time are still to be planned.
    const next = spec.enabled ? 0 : null;
    const texts = [workspace, mint(TriggerId), agent, spec.name, JSON.stringify(spec), JSON.stringify(by)];
    const before = db.sql(OWNER).get(workspace, agent, spec.name);
    db.sql(PUT).run(...texts, atMs, atMs, next, next);
    if (before)
      skipWaitingOfOthers(db, { workspace, id: String(before["id"]), owner: { id: String(before["owner"]) } });
  }
}

const SKIP_WAITING = `UPDATE trigger_fires SET outcome = 'skipped', reason = 'another principal became the owner of the trigger', event = NULL, source = NULL
  WHERE workspace = ? AND trigger_id = ? AND outcome = 'waiting'
  AND EXISTS (SELECT 1 FROM triggers WHERE triggers.workspace = ? AND id = ? AND json_extract(owner, '$.id') <> ?)`;

type Owned = { readonly workspace: string; readonly id: string; readonly owner: { readonly id: string } };

/** Skips events that wait, if the owner is another one. To be called in the transaction that changes the owner. */
export function skipWaitingOfOthers(db: Database, { workspace, id, owner }: Owned): void {
  db.sql(SKIP_WAITING).run(workspace, id, workspace, id, owner.id);
}

/** Deletes the triggers that an agent's definition declared. */
export function removeDeclaredTriggers(db: Database, workspace: string, agent: string): void {
  if (db.sql(`DELETE FROM triggers WHERE ${DECLARED}`).run(workspace, agent).changes > 0) db.sql(FIRES).run(workspace);
}
