import { Readable } from "node:stream";
import type * as z from "zod";
import { memoryMigration, memoryTransfer, ROUTES } from "../contract/index.ts";
import { exportMemory, importMemory, memoryWhereabouts, migrateMemory } from "../operations/index.ts";
import { answerInLines, LINES, wantsLines } from "./answer-in-lines.ts";
import { clientGone } from "./client-gone.ts";
import type { Http, HttpContext } from "./context.ts";
import { failures } from "./responses.ts";

const tags = ["memory"];

/** Memory as one text, out and in. */
export function memoryTransferRoutes(http: Http, context: HttpContext): void {
  exportRoute(http, context);
  importRoute(http, context);
  migrationRoute(http, context);
}

function exportRoute(http: Http, { services }: HttpContext): void {
  http.get(
    ROUTES.exportMemory,
    {
      schema: {
        tags,
        summary: "Export memory",
        description:
          "Streamed: entities, then relations. With `jsonl` the last line is `end`; without it the export was cut off.",
        querystring: memoryTransfer.ExportQuery,
      },
    },
    async ({ query }, reply) => {
      const pieces = exportMemory(services, query);
      // What fails at once is answered as a problem.
      const first = await pieces.next();
      const name = `memory.${query.format === "json" ? "json" : "jsonl"}`;
      return reply
        .type(query.format === "json" ? "application/json; charset=utf-8" : `${LINES}; charset=utf-8`)
        .header("content-disposition", `attachment; filename="${name}"`)
        .header("cache-control", "no-store")
        .send(Readable.from(startingWith(first, pieces), { objectMode: false }));
    },
  );
}

async function* startingWith(
  first: IteratorResult<string, void>,
  rest: AsyncGenerator<string, void, undefined>,
): AsyncGenerator<string, void, undefined> {
  try {
    if (!first.done) yield first.value;
    for await (const piece of rest) if (piece !== "") yield piece;
  } finally {
    await rest.return();
  }
}

function importRoute(http: Http, { services }: HttpContext): void {
  // In a scope of its own, so that only this route takes a body that is not held in memory.
  void http.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    scope.post<{ Querystring: z.output<typeof memoryTransfer.ImportQuery> }>(
      ROUTES.importMemory,
      {
        bodyLimit: Number.MAX_SAFE_INTEGER,
        schema: {
          tags,
          summary: "Import into memory",
          description:
            "The body is an export, or lines of the reference memory server; which, it shows itself. What is wrong is named by its line and passed over. The same again changes nothing. A request that accepts application/x-ndjson is answered with MemoryImportEvents while it is read.",
          consumes: [LINES, "application/json"],
          querystring: memoryTransfer.ImportQuery,
          response: { 200: memoryTransfer.ImportReport, ...failures },
        },
      },
      async (request, reply) => {
        const { query } = request;
        const { signal } = clientGone(reply);
        // An import that ends early still has to be answered, which its connection must outlive.
        const pieces = request.raw.iterator({ destroyOnReturn: false });
        try {
          if (!wantsLines(request))
            return await importMemory(services, pieces, query, { signal, onProgress: () => undefined });
          await answerInLines(request, reply, (onProgress) =>
            importMemory(services, pieces, query, { signal, onProgress }),
          );
          return await reply;
        } finally {
          request.raw.resume();
        }
      },
    );
  });
}

function migrationRoute(http: Http, { services }: HttpContext): void {
  http.get(
    ROUTES.migrateMemory,
    {
      schema: {
        tags,
        summary: "Where memory is",
        description: "The place in use, where it came from when it went over to it, and the migration under way.",
        response: { 200: memoryMigration.Whereabouts, ...failures },
      },
    },
    () => memoryWhereabouts(services),
  );
  http.post(
    ROUTES.migrateMemory,
    {
      schema: {
        tags,
        summary: "Take memory to another place",
        description:
          "Copies while the server goes on with the old one, follows what is changed meanwhile, and compares; with `switch` goes over to the new one without a stop. A request that accepts application/x-ndjson is answered with MemoryMigrationEvents. When its sender goes, it stops, and can be resumed.",
        body: memoryMigration.MigrateBody,
        response: { 200: memoryMigration.MigrationReport, ...failures },
      },
    },
    async (request, reply) => {
      const { signal } = clientGone(reply);
      const { body } = request;
      if (!wantsLines(request)) return migrateMemory(services, body, { signal, onProgress: () => undefined });
      await answerInLines(request, reply, (onProgress) => migrateMemory(services, body, { signal, onProgress }));
      return reply;
    },
  );
}
