export const users = `
-- Browser sessions, by the SHA-256 of their id. Each has an API key or a user.
CREATE TABLE sessions (
  id_hash TEXT PRIMARY KEY,
  key_id TEXT,
  user_json TEXT,
  created_at_ms INTEGER NOT NULL,
  used_at_ms INTEGER NOT NULL,
  CHECK ((key_id IS NULL) <> (user_json IS NULL))
) STRICT, WITHOUT ROWID;

-- Users of identity providers and login links. The id contains the issuer and the subject.
CREATE TABLE users (
  id TEXT PRIMARY KEY,
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  name TEXT NOT NULL,
  email TEXT,
  grants_json TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  seen_at_ms INTEGER NOT NULL,
  disabled_at_ms INTEGER
) STRICT, WITHOUT ROWID;

-- One-time login links, by the SHA-256 of their token.
CREATE TABLE login_links (
  token_hash TEXT PRIMARY KEY,
  workspace TEXT NOT NULL,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  created_by TEXT NOT NULL,
  expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;
