/** Tool servers, their revisions and what of them serves. Modules are files beside the database, by their hash. */
export const toolServers = `
CREATE TABLE tool_servers (
  workspace TEXT NOT NULL,
  name_key TEXT NOT NULL,
  name TEXT NOT NULL,
  origin TEXT NOT NULL,
  serving INTEGER,
  pending INTEGER,
  latest INTEGER NOT NULL,
  paused TEXT,
  deleted INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (workspace, name_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE tool_server_revisions (
  workspace TEXT NOT NULL,
  name_key TEXT NOT NULL,
  revision INTEGER NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  origin TEXT NOT NULL,
  interface TEXT NOT NULL,
  module_hash TEXT NOT NULL,
  module_bytes INTEGER NOT NULL,
  manifest TEXT NOT NULL,
  manifest_hash TEXT NOT NULL,
  signature TEXT,
  tools TEXT NOT NULL,
  deployed_at_ms INTEGER NOT NULL,
  PRIMARY KEY (workspace, name_key, revision)
) STRICT;
CREATE INDEX tool_server_revisions_by_module ON tool_server_revisions (module_hash);
`;
