/** The tables of webhooks; part of the first migration. */
export const webhooks = `
-- last_n numbers the events of a webhook, pending counts its deliveries that wait, dropped its events that were left out.
-- run_id is of one that sends the notifications of a run, and notification is what it needs for that.
CREATE TABLE webhooks (
  workspace TEXT NOT NULL,
  id TEXT NOT NULL,
  spec TEXT NOT NULL,
  owner TEXT NOT NULL,
  is_enabled INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  previous_until_ms INTEGER NOT NULL,
  stopped_reason TEXT,
  stopped_at_ms INTEGER,
  failing_since_ms INTEGER,
  last_n INTEGER NOT NULL DEFAULT 0,
  pending INTEGER NOT NULL DEFAULT 0,
  dropped INTEGER NOT NULL DEFAULT 0,
  dropped_at_ms INTEGER NOT NULL DEFAULT 0,
  run_id TEXT,
  notification TEXT,
  PRIMARY KEY (workspace, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhooks_of_run ON webhooks (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX webhooks_of_events ON webhooks (workspace, id) WHERE run_id IS NULL;
CREATE INDEX webhooks_pending ON webhooks (workspace, id) WHERE pending > 0;

-- due_at_ms is null once a delivery has ended. run_id and journal_seq name the entry of the journal that has the content.
CREATE TABLE webhook_deliveries (
  workspace TEXT NOT NULL,
  webhook_id TEXT NOT NULL,
  n INTEGER NOT NULL,
  type TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  data TEXT NOT NULL,
  run_id TEXT,
  journal_seq INTEGER,
  state TEXT NOT NULL,
  due_at_ms INTEGER,
  tries INTEGER NOT NULL,
  attempts TEXT NOT NULL,
  PRIMARY KEY (workspace, webhook_id, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (workspace, webhook_id, due_at_ms) WHERE due_at_ms IS NOT NULL;
CREATE INDEX webhook_deliveries_dead ON webhook_deliveries (workspace, webhook_id, n) WHERE state = 'dead';

-- The position in the journal and in the changes up to which deliveries are recorded.
CREATE TABLE webhook_position (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  journal_seq INTEGER NOT NULL,
  change_seq INTEGER NOT NULL
) STRICT;
INSERT INTO webhook_position (id, journal_seq, change_seq) VALUES (1, 0, 0);
`;
