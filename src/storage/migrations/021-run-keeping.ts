/**
 * Runs of which something is to be remembered, and what became of that: `open` while the run is under way, then `due`,
 * `extracting`, and in the end `kept` or `failed`.
 */
export const runKeeping = `
CREATE TABLE run_keeping (
  run_id TEXT PRIMARY KEY,
  state TEXT NOT NULL DEFAULT 'open',
  due_at_ms INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  entity TEXT,
  extraction TEXT,
  problem TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX run_keeping_due ON run_keeping (due_at_ms) WHERE state IN ('due', 'extracting');
`;
