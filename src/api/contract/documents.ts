/** Paths of what the server publishes beside its operations: public, read-only, and the same for every reader. */
export const DOCUMENTS = {
  health: "/health",
  ready: "/ready",
  openapi: "/openapi.json",
  agentSchema: "/schema/agent.v1.json",
  agentTestSchema: "/schema/agent-test.v1.json",
  dashboard: "/ui/",
  errorsPage: "/docs/errors",
} as const;
