/** The tables of the audit log; part of the first migration. */
export const audit = `
-- The audit log: each record has the SHA-256 of its predecessor and its own. A checkpoint is signed.
CREATE TABLE audit_records (
  seq INTEGER PRIMARY KEY,
  time TEXT NOT NULL,
  event TEXT NOT NULL,
  principal TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  on_behalf_of TEXT,
  operation TEXT NOT NULL,
  permission TEXT,
  target TEXT NOT NULL,
  workspace TEXT NOT NULL,
  outcome TEXT NOT NULL,
  code TEXT,
  count INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  address TEXT NOT NULL,
  previous_hash TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
CREATE INDEX audit_records_by_time ON audit_records (time);
CREATE INDEX audit_records_by_principal ON audit_records (principal);
CREATE INDEX audit_records_by_operation ON audit_records (operation);
CREATE INDEX audit_records_by_outcome ON audit_records (outcome);
CREATE TRIGGER audit_records_are_final BEFORE UPDATE ON audit_records BEGIN
  SELECT RAISE(ABORT, 'audit records are append-only');
END;
CREATE TABLE audit_checkpoints (
  seq INTEGER PRIMARY KEY,
  time TEXT NOT NULL,
  hash TEXT NOT NULL,
  signature TEXT NOT NULL
) STRICT;
`;
