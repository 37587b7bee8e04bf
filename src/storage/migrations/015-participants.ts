/** Programs that take part in conversations, and who said that they provide which capability. */
export const participants = `
CREATE TABLE participants (
  workspace TEXT NOT NULL,
  name TEXT NOT NULL COLLATE NOCASE,
  description TEXT NOT NULL,
  registered_at_ms INTEGER NOT NULL,
  PRIMARY KEY (workspace, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE capability_registrations (
  id TEXT PRIMARY KEY,
  workspace TEXT NOT NULL,
  agent TEXT NOT NULL COLLATE NOCASE,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX capability_registrations_by_agent ON capability_registrations (workspace, agent);
`;
