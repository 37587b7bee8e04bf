/** Where things are, for the server, the CLI and the dashboard alike. `:name` stands for a path segment. */
export const ROUTES = {
  health: "/health",
  ready: "/ready",
  openapi: "/openapi.json",
  agentSchema: "/schema/agent.v1.json",
  dashboard: "/ui/",
  errorsPage: "/docs/errors",
  status: "/api/v1/status",
  events: "/api/v1/events",
  config: "/api/v1/config",
  templates: "/api/v1/templates",
  agents: "/api/v1/agents",
  validateAgent: "/api/v1/agents/validate",
  agent: "/api/v1/agents/:name",
  agentRevisions: "/api/v1/agents/:name/revisions",
  agentRevision: "/api/v1/agents/:name/revisions/:revision",
  runs: "/api/v1/runs",
  run: "/api/v1/runs/:id",
  runEvents: "/api/v1/runs/:id/events",
  cancelRun: "/api/v1/runs/:id/cancel",
  decideRun: "/api/v1/runs/:id/decide",
  tools: "/api/v1/tools",
  toolServer: "/api/v1/tools/:server",
  callTool: "/api/v1/tools/:server/:tool/call",
  toolLogs: "/api/v1/tools/:server/logs",
  uploads: "/api/v1/uploads",
  artifacts: "/api/v1/runs/:id/artifacts",
  artifact: "/api/v1/artifacts/:id",
  artifactContent: "/api/v1/artifacts/:id/content",
} as const;
export type RouteName = keyof typeof ROUTES;

/** A route with its segments filled, each escaped: `fillRoute("run", { id })`. */
export const fillRoute = (name: RouteName, segments: { readonly [segment: string]: string | number }): string =>
  ROUTES[name].replaceAll(/:([a-z]+)/g, (_all, segment: string) => encodeURIComponent(String(segments[segment] ?? "")));
