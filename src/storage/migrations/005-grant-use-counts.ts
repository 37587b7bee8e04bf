/**
 * How often a use was made in a moment, and an index that tells how much each server has of each outcome. What servers
 * kept that were deleted before goes too.
 */
export const grantUseCounts = `
ALTER TABLE grant_uses ADD COLUMN count INTEGER NOT NULL DEFAULT 1;
CREATE INDEX grant_uses_by_outcome ON grant_uses (server, outcome, seq);
DROP INDEX grant_uses_refused;
DELETE FROM tool_state WHERE EXISTS (SELECT 1 FROM tool_servers s
  WHERE s.workspace = tool_state.workspace AND s.name_key = lower(tool_state.server) AND s.deleted = 1);
DELETE FROM tool_state_totals WHERE EXISTS (SELECT 1 FROM tool_servers s
  WHERE s.workspace = tool_state_totals.workspace AND s.name_key = lower(tool_state_totals.server) AND s.deleted = 1);
`;
