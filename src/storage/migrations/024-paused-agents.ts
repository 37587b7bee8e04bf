/** Since when an agent is paused (null: it is active), and why. */
export const pausedAgents = `
ALTER TABLE agents ADD COLUMN paused_at_ms INTEGER;
ALTER TABLE agents ADD COLUMN paused_reason TEXT NOT NULL DEFAULT '';
`;
