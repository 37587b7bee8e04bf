/** The schema of `caxton.db`. */
export const init = `
-- paused_at_ms is null while the agent is active. file_hash is the hash of the text of the definition file if that was
-- deployed last, and null after a deployment or activation of another origin.
CREATE TABLE agents (
  workspace TEXT NOT NULL,
  name_key TEXT NOT NULL,
  name TEXT NOT NULL,
  revision INTEGER NOT NULL,
  deleted INTEGER NOT NULL DEFAULT 0,
  paused_at_ms INTEGER,
  paused_reason TEXT NOT NULL DEFAULT '',
  file_hash TEXT,
  PRIMARY KEY (workspace, name_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE agent_revisions (
  workspace TEXT NOT NULL,
  name_key TEXT NOT NULL,
  revision INTEGER NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  format TEXT NOT NULL,
  file_name TEXT NOT NULL,
  source TEXT NOT NULL,
  source_hash TEXT NOT NULL,
  definition TEXT NOT NULL,
  deployed_at_ms INTEGER NOT NULL, deployed_by TEXT,
  PRIMARY KEY (workspace, name_key, revision)
) STRICT;

CREATE TABLE agent_capabilities (
  workspace TEXT NOT NULL,
  capability TEXT NOT NULL,
  name_key TEXT NOT NULL,
  PRIMARY KEY (workspace, capability, name_key)
) STRICT, WITHOUT ROWID;

-- resting: the run waits for a person or an agent with nothing in flight; a start of the server does not resume it.
-- notices: codes for the reader of the output, divided by spaces.
CREATE TABLE runs (
  id TEXT PRIMARY KEY,
  workspace TEXT NOT NULL,
  agent TEXT NOT NULL,
  revision INTEGER NOT NULL,
  model TEXT,
  state TEXT NOT NULL,
  input_preview TEXT NOT NULL,
  output_preview TEXT NOT NULL DEFAULT '',
  created_at_ms INTEGER NOT NULL,
  started_at_ms INTEGER,
  ended_at_ms INTEGER,
  steps INTEGER NOT NULL DEFAULT 0,
  tool_calls INTEGER NOT NULL DEFAULT 0,
  input_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0,
  failure_code TEXT,
  failure_message TEXT,
  resting INTEGER NOT NULL DEFAULT 0,
  spent_tokens INTEGER NOT NULL DEFAULT 0,
  spent_usd_micros INTEGER NOT NULL DEFAULT 0,
  spent_tool_calls INTEGER NOT NULL DEFAULT 0,
  spent_ms INTEGER NOT NULL DEFAULT 0,
  spent_fuel INTEGER NOT NULL DEFAULT 0,
  unpriced_calls INTEGER NOT NULL DEFAULT 0,
  estimated_calls INTEGER NOT NULL DEFAULT 0,
  origin_run TEXT,
  origin_kind TEXT,
  origin_step INTEGER,
  notices TEXT NOT NULL DEFAULT '',
  conversation_id TEXT,
  message TEXT, cause TEXT, thread TEXT, thread_parent TEXT, tags TEXT NOT NULL DEFAULT '[]', parent_run TEXT, handed_from TEXT, handed_to TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_by_agent ON runs (workspace, agent, id);
CREATE INDEX runs_by_state ON runs (workspace, state, id);
CREATE INDEX runs_open ON runs (id) WHERE ended_at_ms IS NULL AND resting = 0;
CREATE INDEX runs_by_origin ON runs (origin_run) WHERE origin_run IS NOT NULL;
CREATE INDEX runs_ended ON runs (workspace, ended_at_ms) WHERE ended_at_ms IS NOT NULL;
CREATE INDEX runs_by_conversation ON runs (conversation_id, id) WHERE conversation_id IS NOT NULL;

CREATE TABLE journal (
  seq INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX journal_by_run ON journal (run_id, seq);

-- Highest sequence number of the journal that was deleted; it is never given again.
CREATE TABLE journal_mark (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  seq INTEGER NOT NULL
) STRICT;
INSERT INTO journal_mark (id, seq) VALUES (1, 0);

-- Texts of journal events, by hash. content_uses counts the uses of a text beyond the first.
CREATE TABLE contents (
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  text TEXT NOT NULL
) STRICT;

CREATE TABLE content_uses (
  id INTEGER PRIMARY KEY,
  more INTEGER NOT NULL
) STRICT;

-- Runs whose rows and files are being deleted.
CREATE TABLE run_removals (
  run_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE uploads (
  id TEXT PRIMARY KEY,
  workspace TEXT NOT NULL,
  name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  path TEXT NOT NULL,
  run_id TEXT,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_unused ON uploads (created_at_ms) WHERE run_id IS NULL;
CREATE INDEX uploads_by_run ON uploads (run_id) WHERE run_id IS NOT NULL;

CREATE TABLE artifacts (
  id TEXT PRIMARY KEY,
  run_id TEXT NOT NULL,
  name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  path TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX artifacts_by_run ON artifacts (run_id, id);

-- Calls that wait, or waited, for a person. Their content is in the journal, at ask_seq and answer_seq.
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

-- Calls that wait, or waited, for a reply of another agent. Their content is in the journal, at wait_seq.
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
CREATE INDEX reply_waits_cancelled ON reply_waits (wait_seq) WHERE state = 'cancelled';

-- Runs started by a message whose answer is not sent yet; is_due is set once the run has ended.
CREATE TABLE run_answers (
  run_id TEXT PRIMARY KEY,
  is_due INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX run_answers_due ON run_answers (run_id) WHERE is_due = 1;

-- Runs to be remembered: open while the run is in progress, then pending, extracting, and finally stored or failed.
CREATE TABLE memory_outbox (
  run_id TEXT PRIMARY KEY,
  state TEXT NOT NULL DEFAULT 'open',
  due_at_ms INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  entity TEXT,
  extraction TEXT,
  problem TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX memory_outbox_due ON memory_outbox (due_at_ms) WHERE state IN ('pending', 'extracting');

-- Sums by day, agent and model, updated by the writes of the journal.
CREATE TABLE spend (
  day TEXT NOT NULL,
  workspace TEXT NOT NULL,
  agent TEXT NOT NULL,
  model TEXT NOT NULL,
  model_calls INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cached_input_tokens INTEGER NOT NULL,
  usd_micros INTEGER NOT NULL,
  unpriced_calls INTEGER NOT NULL,
  estimated_calls INTEGER NOT NULL,
  tool_calls INTEGER NOT NULL,
  fuel INTEGER NOT NULL,
  ms INTEGER NOT NULL,
  PRIMARY KEY (day, workspace, agent, model)
) STRICT, WITHOUT ROWID;

-- Modules are files beside the database, named by their hash.
CREATE TABLE tool_servers (
  workspace TEXT NOT NULL,
  name_key TEXT NOT NULL,
  name TEXT NOT NULL,
  origin TEXT NOT NULL,
  serving INTEGER,
  pending INTEGER,
  latest INTEGER NOT NULL,
  paused TEXT,
  deleted INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (workspace, name_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE tool_server_revisions (
  workspace TEXT NOT NULL,
  name_key TEXT NOT NULL,
  revision INTEGER NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  origin TEXT NOT NULL,
  interface TEXT NOT NULL,
  module_hash TEXT NOT NULL,
  module_bytes INTEGER NOT NULL,
  manifest TEXT NOT NULL,
  manifest_hash TEXT NOT NULL,
  signature TEXT,
  tools TEXT NOT NULL,
  deployed_at_ms INTEGER NOT NULL,
  PRIMARY KEY (workspace, name_key, revision)
) STRICT;
CREATE INDEX tool_server_revisions_by_module ON tool_server_revisions (module_hash);

CREATE TABLE tool_state (
  id INTEGER PRIMARY KEY,
  workspace TEXT NOT NULL,
  server TEXT NOT NULL,
  key TEXT NOT NULL,
  value BLOB NOT NULL,
  bytes INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  UNIQUE (workspace, server, key)
) STRICT;

CREATE TABLE tool_state_totals (
  workspace TEXT NOT NULL,
  server TEXT NOT NULL,
  keys INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (workspace, server)
) STRICT, WITHOUT ROWID;

-- count: uses of the same kind that this row stands for.
CREATE TABLE grant_uses (
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  workspace TEXT NOT NULL,
  server TEXT NOT NULL,
  agent TEXT,
  session TEXT NOT NULL,
  kind TEXT NOT NULL,
  operation TEXT NOT NULL,
  target TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  duration_ms REAL NOT NULL,
  count INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX grant_uses_by_server ON grant_uses (workspace, server, seq);
CREATE INDEX grant_uses_by_outcome ON grant_uses (workspace, server, outcome, seq);

-- is_open is also set for an ended task that still has messages to send. body is the whole task.
CREATE TABLE tasks (
  id TEXT PRIMARY KEY,
  workspace TEXT NOT NULL,
  owner TEXT NOT NULL,
  parent TEXT,
  state TEXT NOT NULL,
  is_open INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tasks_by_workspace ON tasks (workspace, id);
CREATE INDEX tasks_by_parent ON tasks (parent, id) WHERE parent IS NOT NULL;
CREATE INDEX tasks_open ON tasks (id) WHERE is_open = 1;

CREATE TABLE task_history (
  workspace TEXT NOT NULL,
  provider TEXT NOT NULL,
  capability TEXT NOT NULL,
  tasks INTEGER NOT NULL,
  weight REAL NOT NULL,
  done REAL NOT NULL,
  success_rate REAL NOT NULL,
  seconds REAL NOT NULL,
  cost REAL NOT NULL,
  last_at_ms INTEGER NOT NULL,
  PRIMARY KEY (workspace, provider, capability)
) STRICT, WITHOUT ROWID;

-- token_hash is null if no token was issued. token_request identifies the request that issued it, so that repeating the
-- request after a crash does not replace a later token.
CREATE TABLE participants (
  workspace TEXT NOT NULL,
  name TEXT NOT NULL COLLATE NOCASE,
  description TEXT NOT NULL,
  registered_at_ms INTEGER NOT NULL,
  token_hash TEXT,
  token_request TEXT,
  is_remote INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (workspace, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE message_keys (
  workspace TEXT NOT NULL,
  owner TEXT NOT NULL COLLATE NOCASE,
  key_id TEXT NOT NULL,
  public_key TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  revoked_at_ms INTEGER,
  PRIMARY KEY (workspace, key_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE capability_registrations (
  id TEXT PRIMARY KEY,
  workspace TEXT NOT NULL,
  agent TEXT NOT NULL COLLATE NOCASE,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX capability_registrations_by_agent ON capability_registrations (workspace, agent);

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

-- Responses to requests with an idempotency key. answer is null while the request is in progress; subject is the id of what
-- it creates, chosen before it starts.
CREATE TABLE kept_answers (
  workspace TEXT NOT NULL,
  "key" TEXT NOT NULL,
  request TEXT NOT NULL,
  process TEXT NOT NULL,
  answer TEXT,
  created_at_ms INTEGER NOT NULL,
  subject TEXT,
  PRIMARY KEY (workspace, "key")
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_answers_by_age ON kept_answers (created_at_ms);

-- The workspace "default" exists without a row. quotas is JSON.
CREATE TABLE workspaces (
  name TEXT PRIMARY KEY,
  description TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  state TEXT NOT NULL,
  quotas TEXT NOT NULL,
  signatures TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- API keys. Only hashes of their secrets are stored; narrowing is JSON; previous_hash is valid until previous_until_ms.
CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  workspace TEXT NOT NULL,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  narrowing TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  expires_at_ms INTEGER,
  revoked_at_ms INTEGER,
  last_used_at_ms INTEGER,
  secret_hash TEXT NOT NULL,
  previous_hash TEXT,
  previous_until_ms INTEGER
) STRICT, WITHOUT ROWID;

-- Changes of agents and tool servers, for clients of the event stream that reconnect.
CREATE TABLE changes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  workspace TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
`;
