/** Agents, runs and their journal, content by hash, uploads, artifacts. */
export const init = `
CREATE TABLE agents (
  workspace TEXT NOT NULL,
  name_key TEXT NOT NULL,
  name TEXT NOT NULL,
  revision INTEGER NOT NULL,
  deleted INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (workspace, name_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE agent_revisions (
  workspace TEXT NOT NULL,
  name_key TEXT NOT NULL,
  revision INTEGER NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  format TEXT NOT NULL,
  file_name TEXT NOT NULL,
  source TEXT NOT NULL,
  source_hash TEXT NOT NULL,
  definition TEXT NOT NULL,
  deployed_at_ms INTEGER NOT NULL,
  PRIMARY KEY (workspace, name_key, revision)
) STRICT;

CREATE TABLE agent_capabilities (
  workspace TEXT NOT NULL,
  capability TEXT NOT NULL,
  name_key TEXT NOT NULL,
  PRIMARY KEY (workspace, capability, name_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
  id TEXT PRIMARY KEY,
  workspace TEXT NOT NULL,
  agent TEXT NOT NULL,
  revision INTEGER NOT NULL,
  model TEXT,
  state TEXT NOT NULL,
  input_preview TEXT NOT NULL,
  output_preview TEXT NOT NULL DEFAULT '',
  created_at_ms INTEGER NOT NULL,
  started_at_ms INTEGER,
  ended_at_ms INTEGER,
  steps INTEGER NOT NULL DEFAULT 0,
  tool_calls INTEGER NOT NULL DEFAULT 0,
  input_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0,
  failure_code TEXT,
  failure_message TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_by_agent ON runs (workspace, agent, id);
CREATE INDEX runs_by_state ON runs (workspace, state, id);
CREATE INDEX runs_open ON runs (id) WHERE state IN ('queued', 'running');

CREATE TABLE journal (
  seq INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX journal_by_run ON journal (run_id, seq);

CREATE TABLE contents (
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  text TEXT NOT NULL
) STRICT;

CREATE TABLE uploads (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  path TEXT NOT NULL,
  run_id TEXT,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_unused ON uploads (created_at_ms) WHERE run_id IS NULL;

CREATE TABLE artifacts (
  id TEXT PRIMARY KEY,
  run_id TEXT NOT NULL,
  name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  path TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX artifacts_by_run ON artifacts (run_id, id);
`;
