/** Answers to requests that came with a key of their own, to be given again. `answer` is null while the request is under way. */
export const keptAnswers = `
CREATE TABLE kept_answers (
  workspace TEXT NOT NULL,
  "key" TEXT NOT NULL,
  request TEXT NOT NULL,
  process TEXT NOT NULL,
  answer TEXT,
  created_at_ms INTEGER NOT NULL,
  PRIMARY KEY (workspace, "key")
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_answers_by_age ON kept_answers (created_at_ms);
`;
