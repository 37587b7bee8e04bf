/**
 * Work that is offered to several, and how those who got it did. `is_open` also holds for what is over and still has
 * messages to send. `body` is the whole task.
 */
export const tasks = `
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
`;
