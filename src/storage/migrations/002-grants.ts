/** What tools keep, and what they used of their grants. */
export const grants = `
CREATE TABLE tool_state (
  id INTEGER PRIMARY KEY,
  workspace TEXT NOT NULL,
  server TEXT NOT NULL,
  key TEXT NOT NULL,
  value BLOB NOT NULL,
  bytes INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  UNIQUE (workspace, server, key)
) STRICT;

CREATE TABLE tool_state_totals (
  workspace TEXT NOT NULL,
  server TEXT NOT NULL,
  keys INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (workspace, server)
) STRICT, WITHOUT ROWID;

CREATE TABLE grant_uses (
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  server TEXT NOT NULL,
  agent TEXT,
  session TEXT NOT NULL,
  kind TEXT NOT NULL,
  operation TEXT NOT NULL,
  target TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  duration_ms REAL NOT NULL
) STRICT;
CREATE INDEX grant_uses_by_server ON grant_uses (server, seq);
CREATE INDEX grant_uses_refused ON grant_uses (server, seq) WHERE outcome = 'denied';
`;
