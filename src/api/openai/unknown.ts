import { type ProtocolScope, RouteNotFoundError } from "../http/index.ts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

/** Refuses what this server has no route for in the API's own form: clients of OpenAI show no other body. */
export function unknownRoutes(scope: ProtocolScope): void {
  for (const method of METHODS)
    scope.route({
      method,
      path: "/v1/*",
      handle: async ({ request }) => {
        const path = request.url.split("?")[0] ?? request.url;
        throw new RouteNotFoundError(
          `the OpenAI-compatible API has no ${method} ${path}`,
          "It has GET /v1/models, POST /v1/chat/completions, /v1/responses, /v1/conversations and POST /v1/embeddings; all else is at /api/v1.",
          { path },
        );
      },
    });
}
