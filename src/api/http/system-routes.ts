import { createReadStream } from "node:fs";
import { DOCUMENTS, system } from "../contract/index.ts";
import { getReadiness, messageSchema, OPERATIONS } from "../operations/index.ts";
import type { Http, HttpContext } from "./context.ts";
import { documentIdempotency } from "./requests/idempotency.ts";
import { tidyOpenApi } from "./openapi.ts";

const tags = ["server"];

export function systemRoutes(http: Http, { services, options }: HttpContext): void {
  http.get(
    DOCUMENTS.health,
    {
      config: { isUrgent: true },
      schema: {
        security: [],
        operationId: "server.health",
        tags,
        summary: "Whether the process is alive",
        description: "Needs no credentials. It answers 200 from the start on, also while the server is not ready.",
        response: { 200: system.Health },
      },
    },
    async () => ({ status: "ok" as const, version: services.server.version }),
  );
  http.get(
    DOCUMENTS.ready,
    {
      config: { isUrgent: true },
      schema: {
        security: [],
        operationId: "server.ready",
        tags,
        summary: "Whether requests can be served",
        description: "Needs no credentials. It answers 503 until each part is ready, and names the parts.",
        response: { 200: system.Ready, 503: system.Ready },
      },
    },
    async (_request, reply) => {
      const { status, checks } = await getReadiness(services);
      // Probes have no credentials, and notes name directories and tool servers.
      const isPublic = services.access.access.mode === "local";
      const shown = Object.entries(checks).map(([part, { ok, note }]) => [part, { ok, note: isPublic ? note : "" }]);
      if (status !== "ready") void reply.status(503).header("retry-after", 1);
      return reply.send({ status, checks: Object.fromEntries(shown) });
    },
  );
  http.get(DOCUMENTS.errorsPage, { schema: { hide: true } }, async (_request, reply) =>
    reply.type("text/markdown; charset=utf-8").send(createReadStream(options.errorsPage)),
  );
  http.get(DOCUMENTS.agentSchema, { schema: { hide: true } }, async (_request, reply) =>
    reply.type("application/schema+json").serializer(JSON.stringify).send(options.agentSchema()),
  );
  http.get(DOCUMENTS.agentTestSchema, { schema: { hide: true } }, async (_request, reply) =>
    reply.type("application/schema+json").serializer(JSON.stringify).send(options.agentTestSchema()),
  );
  let document: object | undefined;
  http.get(DOCUMENTS.openapi, { schema: { hide: true } }, async (_request, reply) => {
    document ??= documentIdempotency(
      tidyOpenApi(
        http.swagger(),
        OPERATIONS.map(({ operation }) => operation),
        { SendMessage: messageSchema() },
      ),
    );
    return reply.serializer(JSON.stringify).type("application/json").send(document);
  });
}
