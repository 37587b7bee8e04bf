/** Calls that wait, or waited, for a reply of another agent; what they are is in the journal, at `wait_seq`. */
export const replyWaits = `
CREATE TABLE reply_waits (
  reply_with TEXT PRIMARY KEY,
  workspace TEXT NOT NULL,
  agent TEXT NOT NULL,
  run_id TEXT NOT NULL,
  call_id TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  state TEXT NOT NULL,
  deadline_ms INTEGER NOT NULL,
  wait_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX reply_waits_by_run ON reply_waits (run_id);
CREATE INDEX reply_waits_open ON reply_waits (deadline_ms) WHERE state = 'open';
CREATE INDEX reply_waits_by_conversation ON reply_waits (conversation_id, wait_seq) WHERE state = 'open';
`;
