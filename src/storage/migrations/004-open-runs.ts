/** Runs in which a question waits for a person are unfinished too. */
export const openRuns = `
DROP INDEX runs_open;
CREATE INDEX runs_open ON runs (id) WHERE state IN ('queued', 'running', 'awaiting-approval');
`;
