import type { Protocol } from "../http/index.ts";
import { failureOf } from "./errors.ts";
import type { McpOptions } from "./options.ts";
import { challengeOf } from "./protected-resource.ts";
import { mcpRoutes } from "./routes.ts";

/** The MCP server at `/mcp`: agents are its tools. It serves the revisions 2026-07-28 and 2025. */
export const mcp = (options: McpOptions): Protocol => ({
  name: "mcp",
  failed: (fault, requestId, origin) => failureOf(fault, requestId, challengeOf(origin, options)),
  routes: (scope, services) => mcpRoutes(scope, services, options),
});
