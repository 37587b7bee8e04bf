/** Agents of other platforms that wrote or registered: where they are reached, what they offer. */
export const remoteAgents = `
CREATE TABLE remote_agents (
  n INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  body TEXT NOT NULL
) STRICT;
`;
