/** The tables of agents of other platforms and systems; part of the first migration. */
export const remotes = `
-- Agents of other platforms that wrote or registered: addresses and services.
CREATE TABLE remote_agents (
  n INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  body TEXT NOT NULL
) STRICT;

CREATE TABLE a2a_agents (
  workspace TEXT NOT NULL,
  name TEXT NOT NULL COLLATE NOCASE,
  body TEXT NOT NULL,
  PRIMARY KEY (workspace, name)
) STRICT, WITHOUT ROWID;

-- due_at_ms is null while a delivery sends the message, and once the task has ended. asked_in is the conversation of its question.
CREATE TABLE a2a_tasks (
  workspace TEXT NOT NULL,
  agent TEXT NOT NULL COLLATE NOCASE,
  message_id TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  asked_in TEXT,
  state TEXT NOT NULL,
  due_at_ms INTEGER,
  created_at_ms INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (workspace, agent, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX a2a_tasks_conversation ON a2a_tasks (workspace, agent, conversation_id, created_at_ms);
CREATE INDEX a2a_tasks_asked ON a2a_tasks (workspace, agent, asked_in) WHERE asked_in IS NOT NULL;
CREATE INDEX a2a_tasks_lane ON a2a_tasks (workspace, agent, due_at_ms) WHERE due_at_ms IS NOT NULL;
CREATE INDEX a2a_tasks_due ON a2a_tasks (due_at_ms) WHERE due_at_ms IS NOT NULL;
CREATE INDEX a2a_tasks_open ON a2a_tasks (workspace, agent) WHERE state <> 'ended';
CREATE INDEX a2a_tasks_ended ON a2a_tasks (created_at_ms) WHERE state = 'ended';
`;
