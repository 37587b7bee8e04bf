const tagged = (kind: string, table: string): string => {
  const add = `INSERT OR IGNORE INTO tags SELECT new.workspace, '${kind}', value, new.id FROM json_each(new.tags);`;
  const remove = `DELETE FROM tags WHERE workspace = old.workspace AND kind = '${kind}' AND id = old.id AND tag IN (SELECT value FROM json_each(old.tags));`;
  return `
CREATE TRIGGER ${table}_tag AFTER INSERT ON ${table} WHEN new.tags <> '[]' BEGIN ${add} END;
CREATE TRIGGER ${table}_retag AFTER UPDATE OF tags ON ${table} WHEN new.tags <> old.tags BEGIN ${remove} ${add} END;
CREATE TRIGGER ${table}_untag AFTER DELETE ON ${table} WHEN old.tags <> '[]' BEGIN ${remove} END;
`;
};

const TITLE =
  "INSERT INTO thread_titles (rowid, workspace, title) SELECT new.n, new.workspace, new.title WHERE new.title <> '';";
const UNTITLE =
  "INSERT INTO thread_titles (thread_titles, rowid, workspace, title) SELECT 'delete', old.n, old.workspace, old.title WHERE old.title <> '';";

/** Threads of `caxton.db`, and tags of threads and runs. */
export const threads = `
-- Lasting dialogues. Each turn is a run, which names the run that it continues; head is the last run of the branch that is
-- shown. revision is null for a thread that follows its agent's newest revision. title is empty until the first turn. id derives from key, which the creator
-- chose, if there is one.
CREATE TABLE threads (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  workspace TEXT NOT NULL,
  agent TEXT NOT NULL,
  revision INTEGER,
  owner TEXT NOT NULL,
  title TEXT NOT NULL,
  tags TEXT NOT NULL,
  head TEXT,
  forked_from TEXT,
  conversation_id TEXT,
  key TEXT,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER
) STRICT;
CREATE INDEX threads_recent ON threads (workspace, updated_at_ms, id);
CREATE INDEX threads_by_agent ON threads (workspace, agent, updated_at_ms, id);
CREATE INDEX threads_expiring ON threads (expires_at_ms) WHERE expires_at_ms IS NOT NULL;
CREATE INDEX threads_forked ON threads (forked_from) WHERE forked_from IS NOT NULL;

CREATE INDEX runs_recent ON runs (workspace, id);
CREATE INDEX runs_by_parent ON runs (parent_run) WHERE parent_run IS NOT NULL;
CREATE INDEX runs_by_handoff ON runs (handed_from) WHERE handed_from IS NOT NULL;
CREATE INDEX runs_by_thread ON runs (thread, thread_parent, id) WHERE thread IS NOT NULL;

-- Tags of runs and threads, as triggers derive them from the rows, for lists of one tag.
CREATE TABLE tags (
  workspace TEXT NOT NULL,
  kind TEXT NOT NULL,
  tag TEXT NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (workspace, kind, tag, id)
) STRICT, WITHOUT ROWID;
${tagged("run", "runs")}${tagged("thread", "threads")}
-- Full-text indexes. run_texts has messages and answers under their numbers in the journal, up to that of text_mark.
CREATE VIRTUAL TABLE run_texts USING fts5 (workspace, text, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2");
CREATE TABLE text_mark (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  seq INTEGER NOT NULL
) STRICT;
INSERT INTO text_mark (id, seq) VALUES (1, 0);
CREATE VIRTUAL TABLE thread_titles USING fts5 (workspace, title, content = 'threads', content_rowid = 'n', tokenize = "unicode61 remove_diacritics 2");
CREATE TRIGGER threads_title AFTER INSERT ON threads BEGIN ${TITLE} END;
CREATE TRIGGER threads_retitle AFTER UPDATE OF title ON threads WHEN new.title <> old.title BEGIN ${UNTITLE} ${TITLE} END;
CREATE TRIGGER threads_untitle AFTER DELETE ON threads BEGIN ${UNTITLE} END;

-- Messages that were added to threads without a run, each after a turn (null: before the first). The next turn there takes them into its request.
CREATE TABLE added_messages (
  n INTEGER PRIMARY KEY,
  thread TEXT NOT NULL,
  parent TEXT,
  id TEXT NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (thread, id)
) STRICT;
CREATE INDEX added_messages_by_place ON added_messages (thread, parent, n);
CREATE INDEX added_messages_by_parent ON added_messages (parent) WHERE parent IS NOT NULL;
CREATE TRIGGER threads_added AFTER DELETE ON threads BEGIN DELETE FROM added_messages WHERE thread = old.id; END;

-- What ended runs leave to the next turns of their threads: derived from the journal, compressed.
CREATE TABLE past_runs (
  run_id TEXT PRIMARY KEY,
  body BLOB NOT NULL
) STRICT, WITHOUT ROWID;
`;
