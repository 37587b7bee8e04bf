/** Calls that wait, or waited, for a person; what they are is in the journal, at `ask_seq` and `answer_seq`. */
export const approvals = `
CREATE TABLE approvals (
  id TEXT PRIMARY KEY,
  workspace TEXT NOT NULL,
  run_id TEXT NOT NULL,
  state TEXT NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  ask_seq INTEGER NOT NULL,
  answer_seq INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX approvals_by_state ON approvals (workspace, state, ask_seq);
CREATE INDEX approvals_by_run ON approvals (run_id, ask_seq);
CREATE INDEX approvals_open ON approvals (expires_at_ms) WHERE state = 'open';
`;
