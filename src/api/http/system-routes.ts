import { createReadStream } from "node:fs";
import { ROUTES, system } from "../contract/index.ts";
import { getReadiness, getStatus, messageSchema, metrics, watchServer } from "../operations/index.ts";
import type { Http, HttpContext } from "./context.ts";
import { withIdempotencyKeys } from "./idempotency.ts";
import { tidyOpenApi } from "./openapi.ts";
import { failures } from "./responses.ts";

const tags = ["server"];

export function systemRoutes(http: Http, { services, streams, options }: HttpContext): void {
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
  http.get(
    ROUTES.status,
    { schema: { tags, summary: "The server on one page", response: { 200: system.Status, ...failures } } },
    async () => getStatus(services),
  );
  http.get(ROUTES.config, { schema: { tags, summary: "The effective configuration" } }, async (_request, reply) =>
    reply.serializer(JSON.stringify).type("application/json").send(services.facts.configuration),
  );
  http.get(
    ROUTES.events,
    {
      schema: {
        tags,
        summary: "Changes anywhere in the server, as ServerEvents",
        description:
          "Server-sent events, each with an id: a reader that comes back with `Last-Event-ID`, after a restart too, is told what it missed, or `reset`.",
        querystring: system.EventsQuery,
        response: { 200: system.ServerEvent, ...failures },
      },
    },
    async (request, reply) => {
      const after = request.headers["last-event-id"];
      const asked = { types: request.query.types, ...(typeof after === "string" && after !== "" && { after }) };
      await streams.send(request, reply, (signal) => watchServer(services, asked, signal));
    },
  );
  http.get(ROUTES.errorsPage, { schema: { hide: true } }, async (_request, reply) =>
    reply.type("text/markdown; charset=utf-8").send(createReadStream(options.errorsPage)),
  );
  let document: object | undefined;
  http.get(ROUTES.openapi, { schema: { hide: true } }, async (_request, reply) => {
    document ??= withIdempotencyKeys(tidyOpenApi(http.swagger(), { SendMessage: messageSchema() }));
    return reply.serializer(JSON.stringify).type("application/json").send(document);
  });
}
