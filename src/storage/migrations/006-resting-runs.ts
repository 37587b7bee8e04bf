/** A run that rests waits for someone, with nothing under way: it is open, but a start of the server does not begin it. */
export const restingRuns = `
ALTER TABLE runs ADD COLUMN resting INTEGER NOT NULL DEFAULT 0;
UPDATE runs SET resting = 1 WHERE state = 'needs-decision';
DROP INDEX runs_open;
CREATE INDEX runs_open ON runs (id) WHERE ended_at_ms IS NULL AND resting = 0;
`;
