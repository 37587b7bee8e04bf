/**
 * Runs that messages started. `run_answers` holds those whose answer is not sent yet; `is_due` once the run has ended.
 */
export const runMessages = `
ALTER TABLE runs ADD COLUMN conversation_id TEXT;
ALTER TABLE runs ADD COLUMN message TEXT;
CREATE INDEX runs_by_conversation ON runs (conversation_id, id) WHERE conversation_id IS NOT NULL;
CREATE TABLE run_answers (
  run_id TEXT PRIMARY KEY,
  is_due INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX run_answers_due ON run_answers (run_id) WHERE is_due = 1;
`;
