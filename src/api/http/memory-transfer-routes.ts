import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import type * as z from "zod";
import { toFault } from "../../kernel/errors.ts";
import { log } from "../../kernel/log.ts";
import { type MemoryImportEvent, memoryTransfer, ROUTES } from "../contract/index.ts";
import { exportMemory, importMemory } from "../operations/index.ts";
import { clientGone } from "./client-gone.ts";
import type { Http, HttpContext } from "./context.ts";
import { problemOf } from "./problem.ts";
import { failures } from "./responses.ts";

const tags = ["memory"];
const LINES = "application/x-ndjson";
/** Between two lines that say how far an import is. */
const TOLD_MS = 200;

/** Memory as one text, out and in. */
export function memoryTransferRoutes(http: Http, context: HttpContext): void {
  exportRoute(http, context);
  importRoute(http, context);
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
          if (request.headers.accept?.includes(LINES) !== true)
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

type Report = Extract<MemoryImportEvent, { type: "done" }>["report"];
type Progress = Omit<Extract<MemoryImportEvent, { type: "progress" }>, "type">;

/** Says how far it is while it goes on, and last how it ended. */
async function answerInLines(
  request: FastifyRequest,
  reply: FastifyReply,
  work: (onProgress: (progress: Progress) => void) => Promise<Report>,
): Promise<void> {
  reply.hijack();
  const { raw: response } = reply;
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) response.setHeader(name, value);
  }
  response.writeHead(200, { "content-type": `${LINES}; charset=utf-8`, "cache-control": "no-store" });
  response.flushHeaders();
  const tell = (event: MemoryImportEvent) => void response.write(`${JSON.stringify(event)}\n`);
  let toldMs = 0;
  try {
    const report = await work((progress) => {
      const nowMs = performance.now();
      // A reader who takes nothing is told less.
      if (nowMs - toldMs < TOLD_MS || response.writableNeedDrain) return;
      toldMs = nowMs;
      tell({ type: "progress", ...progress });
    });
    tell({ type: "done", report });
  } catch (error) {
    const fault = toFault(error);
    log.warn({ requestId: request.id, code: fault.code, err: error }, "an import into memory failed");
    tell({ type: "problem", problem: problemOf(fault, request.id) });
  }
  response.end();
}
