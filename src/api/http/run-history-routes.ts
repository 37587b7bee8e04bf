import * as z from "zod";
import { LIMITS } from "../../kernel/quantities.ts";
import { ROUTES, runHistory, runs } from "../contract/index.ts";
import {
  compareRuns,
  deleteRun,
  exportRun,
  forkRun,
  getRun,
  pruneRuns,
  replayExported,
  replayStored,
  retryRun,
  runId,
} from "../operations/index.ts";
import type { Http, HttpContext } from "./context.ts";
import { askedIds } from "./idempotency.ts";
import { failures } from "./responses.ts";

const tags = ["runs"];
const params = z.object({ id: z.string() });

/** What can be made of runs that were: others from them, comparisons, copies, and nothing. */
export function runHistoryRoutes(http: Http, context: HttpContext): void {
  makeRoutes(http, context);
  lookRoutes(http, context);
  replayRoutes(http, context);
  deleteRoutes(http, context);
}

function replayRoutes(http: Http, { services }: HttpContext): void {
  const response = { 200: runHistory.ReplayReport, ...failures };
  http.post(
    ROUTES.replayRun,
    {
      schema: {
        tags,
        summary: "Play a run again from its recording, and say what comes out otherwise",
        description: "With this server's definitions, tools and rules; no model and no tool is called.",
        params,
        querystring: runHistory.ReplayQuery,
        response,
      },
    },
    async ({ params: { id }, query: { revision } }) => replayStored(services, runId(id), revision),
  );
  http.post(
    ROUTES.replayExport,
    {
      bodyLimit: LIMITS.exportBytesMax,
      schema: {
        tags,
        summary: "Play an exported run on this server",
        querystring: runHistory.ReplayQuery,
        body: runHistory.RunExport,
        response,
      },
    },
    async ({ body, query: { revision } }) => replayExported(services, body, revision),
  );
}

function makeRoutes(http: Http, { services }: HttpContext): void {
  http.post(
    ROUTES.forkRun,
    {
      schema: {
        tags,
        summary: "Start a run that shares the steps of another up to one",
        params,
        body: runs.ForkBody,
        response: { 202: runs.RunDetail, ...failures },
      },
    },
    async (request, reply) => {
      const made = await forkRun(services, runId(request.params.id), request.body, askedIds(request));
      return reply.status(202).header("location", place(made.id)).send(getRun(services, made.id));
    },
  );
  http.post(
    ROUTES.retryRun,
    {
      schema: {
        tags,
        summary: "Start the same request once more, with the same files",
        params,
        body: runs.RetryBody,
        response: { 202: runs.RunDetail, ...failures },
      },
    },
    async (request, reply) => {
      const made = await retryRun(services, runId(request.params.id), request.body, askedIds(request));
      return reply.status(202).header("location", place(made.id)).send(getRun(services, made.id));
    },
  );
}

const place = (id: string): string => ROUTES.run.replace(":id", id);

function lookRoutes(http: Http, { services }: HttpContext): void {
  http.get(
    ROUTES.diffRuns,
    {
      schema: {
        tags,
        summary: "Two runs side by side",
        params: params.extend({ other: z.string() }),
        response: { 200: runHistory.RunDiff, ...failures },
      },
    },
    async ({ params: { id, other } }) => compareRuns(services, runId(id), runId(other)),
  );
  http.get(
    ROUTES.exportRun,
    {
      schema: {
        tags,
        summary: "All there is of a run in one document",
        params,
        querystring: runHistory.ExportQuery,
        response: { 200: runHistory.RunExport, ...failures },
      },
    },
    async ({ params: { id }, query }, reply) =>
      reply
        .header("content-disposition", `attachment; filename="run-${runId(id)}.json"`)
        .send(await exportRun(services, runId(id), { artifacts: query.artifacts === "true" })),
  );
}

function deleteRoutes(http: Http, { services }: HttpContext): void {
  http.delete(
    ROUTES.run,
    {
      schema: {
        tags,
        summary: "Delete a run that has ended, with its steps and files",
        params,
        response: { 204: z.null(), ...failures },
      },
    },
    async ({ params: { id } }, reply) => {
      await deleteRun(services, runId(id));
      return reply.status(204).send(null);
    },
  );
  http.post(
    ROUTES.pruneRuns,
    {
      schema: {
        tags,
        summary: "Delete runs that ended long ago",
        body: runs.PruneBody,
        response: { 200: runs.PruneOutcome, ...failures },
      },
    },
    async ({ body }) => pruneRuns(services, body),
  );
}
