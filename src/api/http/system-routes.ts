import { createReadStream } from "node:fs";
import { ROUTES, system } from "../contract/index.ts";
import { getReadiness, messageSchema, metrics } from "../operations/index.ts";
import type { Http, HttpContext } from "./context.ts";
import { withIdempotencyKeys } from "./idempotency.ts";
import { tidyOpenApi } from "./openapi.ts";

const tags = ["server"];

export function systemRoutes(http: Http, { services, options }: HttpContext): void {
  http.get(
    ROUTES.health,
    { schema: { tags, summary: "Whether the process is alive", response: { 200: system.Health } } },
    async () => ({ status: "ok" as const, version: services.facts.version }),
  );
  http.get(
    ROUTES.ready,
    { schema: { tags, summary: "Whether requests can be served", response: { 200: system.Ready, 503: system.Ready } } },
    async (_request, reply) => {
      const readiness = await getReadiness(services);
      return reply.status(readiness.status === "ready" ? 200 : 503).send(readiness);
    },
  );
  http.get(
    ROUTES.metrics,
    { schema: { tags, summary: "What the server counts, for Prometheus" } },
    async (_request, reply) => reply.type("text/plain; version=0.0.4; charset=utf-8").send(await metrics(services)),
  );
  http.get(ROUTES.errorsPage, { schema: { hide: true } }, async (_request, reply) =>
    reply.type("text/markdown; charset=utf-8").send(createReadStream(options.errorsPage)),
  );
  http.get(ROUTES.agentSchema, { schema: { hide: true } }, async (_request, reply) =>
    reply.type("application/schema+json").serializer(JSON.stringify).send(options.agentSchema()),
  );
  http.get(ROUTES.agentTestSchema, { schema: { hide: true } }, async (_request, reply) =>
    reply.type("application/schema+json").serializer(JSON.stringify).send(options.agentTestSchema()),
  );
  let document: object | undefined;
  http.get(ROUTES.openapi, { schema: { hide: true } }, async (_request, reply) => {
    document ??= withIdempotencyKeys(tidyOpenApi(http.swagger(), { SendMessage: messageSchema() }));
    return reply.serializer(JSON.stringify).type("application/json").send(document);
  });
}
