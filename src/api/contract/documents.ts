/** Paths of what the server publishes beside its operations: public, read-only, and the same for every reader. */
export const DOCUMENTS = {
  health: "/health",
  ready: "/ready",
  openapi: "/openapi.json",
  proto: "/caxton.proto",
  agentSchema: "/schema/agent.v1.json",
  agentTestSchema: "/schema/agent-test.v1.json",
  dashboard: "/ui/",
  errorsPage: "/docs/errors",
  loginProviders: "/auth/providers",
} as const;

/** Where webhooks that start runs are sent. Each is authenticated by a secret of its own. */
export const HOOK_PATH = "/hooks/:id";

/** Paths of logins at identity providers. Browsers and providers have no credentials of this server when they request them. */
export const LOGIN_PATHS = {
  begin: "/auth/login/:name",
  callback: "/auth/callback",
  logout: "/auth/logout/:name",
  backChannelLogout: "/auth/backchannel-logout",
  /** Of sign-ins to remote tool servers, to which this server is a client. */
  toolCallback: "/oauth/callback",
  toolClient: "/.well-known/oauth-client",
} as const;
