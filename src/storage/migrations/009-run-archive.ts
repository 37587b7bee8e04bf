/**
 * Runs know what they were made from, and can be deleted: texts are counted by the events that refer to them (`more` than
 * one), those written before this are kept for good, and `run_removals` holds runs whose rows and files are still being deleted.
 * `journal_mark` holds the highest sequence number that was deleted, which is never given again.
 */
export const runArchive = `
ALTER TABLE runs ADD COLUMN origin_run TEXT;
ALTER TABLE runs ADD COLUMN origin_kind TEXT;
ALTER TABLE runs ADD COLUMN origin_step INTEGER;
CREATE INDEX runs_by_origin ON runs (origin_run) WHERE origin_run IS NOT NULL;
CREATE INDEX runs_ended ON runs (workspace, ended_at_ms) WHERE ended_at_ms IS NOT NULL;

CREATE TABLE content_uses (
  id INTEGER PRIMARY KEY,
  more INTEGER NOT NULL
) STRICT;
INSERT INTO content_uses (id, more) SELECT id, 1000000000000 FROM contents;

CREATE TABLE run_removals (
  run_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
CREATE TABLE journal_mark (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  seq INTEGER NOT NULL
) STRICT;
INSERT INTO journal_mark (id, seq) VALUES (1, 0);
CREATE INDEX uploads_by_run ON uploads (run_id) WHERE run_id IS NOT NULL;
`;
