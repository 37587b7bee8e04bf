/** The table of stored secrets; part of the first migration. */
export const secrets = `
-- Secrets of a workspace, or of all workspaces (*). The ciphertext authenticates workspace, name, origins and key_id.
CREATE TABLE secrets (
  workspace TEXT NOT NULL,
  name TEXT NOT NULL,
  origins TEXT NOT NULL,
  key_id TEXT NOT NULL,
  nonce BLOB NOT NULL,
  ciphertext BLOB NOT NULL,
  created_at_ms INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  last_used_at_ms INTEGER,
  PRIMARY KEY (workspace, name)
) STRICT, WITHOUT ROWID;
`;
