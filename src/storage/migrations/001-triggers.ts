/** The tables of triggers; part of the first migration. */
export const triggers = `
-- declared is 1 for a trigger of the agent's definition. next_at_ms is the next slot as planned, due_at_ms with its delay; 0 means that it is still to be planned. last_at_ms is the newest slot
-- that was due. Fires of slots up to done_through_ms are deleted.
CREATE TABLE triggers (
  workspace TEXT NOT NULL,
  id TEXT NOT NULL,
  agent TEXT NOT NULL COLLATE NOCASE,
  name TEXT NOT NULL,
  spec TEXT NOT NULL,
  owner TEXT NOT NULL,
  declared INTEGER NOT NULL DEFAULT 0,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  next_at_ms INTEGER,
  due_at_ms INTEGER,
  last_at_ms INTEGER NOT NULL,
  done_through_ms INTEGER NOT NULL DEFAULT 0,
  stopped_reason TEXT,
  stopped_at_ms INTEGER,
  PRIMARY KEY (workspace, id),
  UNIQUE (workspace, agent, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX triggers_by_id ON triggers (id);
CREATE INDEX triggers_due ON triggers (due_at_ms) WHERE due_at_ms IS NOT NULL;
CREATE INDEX triggers_by_kind ON triggers (spec ->> '$.kind');
CREATE INDEX triggers_changed ON triggers (max(last_at_ms, updated_at_ms));

-- Events of triggers. event and source are null once the run is accepted.
CREATE TABLE trigger_fires (
  seq INTEGER PRIMARY KEY,
  workspace TEXT NOT NULL,
  trigger_id TEXT NOT NULL,
  fire_key TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  fired_at_ms INTEGER NOT NULL,
  run_id TEXT NOT NULL,
  outcome TEXT NOT NULL,
  code TEXT,
  reason TEXT NOT NULL,
  missed_from_ms INTEGER,
  caller TEXT,
  event TEXT,
  source TEXT,
  UNIQUE (workspace, trigger_id, fire_key)
) STRICT;
-- Files that file triggers have seen. The row with an empty path has in hash the pattern whose earlier files are known.
CREATE TABLE trigger_files (
  workspace TEXT NOT NULL,
  trigger_id TEXT NOT NULL,
  path TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  modified_at_ms REAL NOT NULL,
  hash TEXT NOT NULL,
  gone_at_ms INTEGER,
  PRIMARY KEY (workspace, trigger_id, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX trigger_files_lost ON trigger_files (gone_at_ms) WHERE gone_at_ms IS NOT NULL;
CREATE INDEX trigger_fires_by_time ON trigger_fires (workspace, trigger_id, at_ms, seq);
-- SQLite does not use a partial index whose condition is a list of values.
CREATE INDEX trigger_fires_open ON trigger_fires (workspace, trigger_id, outcome) WHERE outcome = 'waiting' OR outcome = 'started';
`;
