/** Who wants what is published, and on which conditions. */
export const subscriptions = `
CREATE TABLE subscriptions (
  id TEXT PRIMARY KEY,
  workspace TEXT NOT NULL,
  subscriber TEXT NOT NULL COLLATE NOCASE,
  topic TEXT NOT NULL,
  performative TEXT,
  sender TEXT,
  "where" TEXT,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;
