import type { FastifyReply, FastifyRequest } from "fastify";
import * as z from "zod";
import { ArtifactId, RunId } from "../../kernel/ids.ts";
import { ArtifactNotFoundError } from "../../runs/index.ts";
import { modelChoice, ROUTES, runs } from "../contract/index.ts";
import {
  answerQuestion,
  artifactsOfRun,
  cancelRun,
  chooseRun,
  decideRun,
  getRun,
  listRuns,
  receiveUpload,
  runId,
  startRun,
  watchRun,
} from "../operations/index.ts";
import type { Http, HttpContext } from "./context.ts";
import { askedIds } from "./idempotency.ts";
import { failures } from "./responses.ts";

const tags = ["runs"];
const params = z.object({ id: z.string() });
const wantsEvents = ({ headers }: FastifyRequest): boolean => headers.accept?.includes("text/event-stream") ?? false;

export function runRoutes(http: Http, context: HttpContext): void {
  startRoute(http, context);
  readRoutes(http, context);
  steerRoutes(http, context);
  chooseRoute(http, context);
  questionRoute(http, context);
  uploadRoute(http, context);
  artifactRoutes(http, context);
}

function startRoute(http: Http, { services, streams }: HttpContext): void {
  http.post(
    ROUTES.runs,
    {
      schema: {
        tags,
        summary: "Start a run",
        description:
          "Answers 202 at once, 200 at the run's end with `wait`, or streams RunStreamEvents when the request accepts text/event-stream.",
        body: runs.StartRunBody,
        response: { 200: runs.RunDetail, 202: runs.RunDetail, ...failures },
      },
    },
    async (request, reply) => {
      const start = async () => {
        const started = await startRun(services, request.body, askedIds(request));
        reply.header("location", ROUTES.run.replace(":id", started.id));
        return started;
      };
      if (wantsEvents(request)) {
        return streams.send(request, reply, async (signal) => watchRun(services, (await start()).id, {}, signal));
      }
      const { id, ended } = await start();
      if (request.body.wait) await ended;
      return reply.status(request.body.wait ? 200 : 202).send(getRun(services, id));
    },
  );
}

function readRoutes(http: Http, { services, streams }: HttpContext): void {
  http.get(
    ROUTES.runs,
    {
      schema: {
        tags,
        summary: "List runs, newest first",
        querystring: runs.RunQuery.extend({ cursor: RunId.optional() }),
        response: { 200: runs.RunPage, ...failures },
      },
    },
    async ({ query }) => listRuns(services, query),
  );
  http.get(
    ROUTES.run,
    { schema: { tags, summary: "One run, with its steps", params, response: { 200: runs.RunDetail, ...failures } } },
    async ({ params: { id } }) => getRun(services, runId(id)),
  );
  http.get(
    ROUTES.runEvents,
    {
      schema: {
        tags,
        summary: "A run's events as they happen",
        description:
          "Server-sent RunStreamEvents: first what is past, then live. `Last-Event-ID` resumes, across a restart too.",
        params,
        querystring: runs.RunEventsQuery,
        response: { 200: runs.RunStreamEvent, ...failures },
      },
    },
    async (request, reply) => {
      const id = runId(request.params.id);
      const asked = { afterSeq: lastEventId(request), types: request.query.types };
      await streams.send(request, reply, (signal) => watchRun(services, id, asked, signal));
    },
  );
}

const lastEventId = ({ headers }: FastifyRequest): number => {
  const seen = Number(headers["last-event-id"] ?? 0);
  return Number.isSafeInteger(seen) && seen > 0 ? seen : 0;
};

function steerRoutes(http: Http, { services }: HttpContext): void {
  http.post(
    ROUTES.cancelRun,
    { schema: { tags, summary: "Cancel a run", params, response: { 200: runs.RunDetail, ...failures } } },
    async (request) => cancelRun(services, runId(request.params.id), askedIds(request)),
  );
  http.post(
    ROUTES.decideRun,
    {
      schema: {
        tags,
        summary: "Say what becomes of a tool call whose result was lost",
        params,
        body: runs.DecideBody,
        response: { 200: runs.RunDetail, ...failures },
      },
    },
    async (request) => decideRun(services, runId(request.params.id), request.body, askedIds(request)),
  );
}

function chooseRoute(http: Http, { services }: HttpContext): void {
  http.post(
    ROUTES.chooseRun,
    {
      schema: {
        tags,
        summary: "Say how a run goes on whose model failed",
        description:
          "For a run that is awaiting-choice: `retry` the same model, `use` another one, with which the run then stays, or `cancel`.",
        params,
        body: modelChoice.ChooseBody,
        response: { 200: runs.RunDetail, ...failures },
      },
    },
    async (request) => chooseRun(services, runId(request.params.id), request.body, askedIds(request)),
  );
}

function questionRoute(http: Http, { services }: HttpContext): void {
  http.post(
    ROUTES.answerQuestion,
    {
      schema: {
        tags,
        summary: "Answer a question that a tool asks while its run is under way",
        params: params.extend({ question: z.string() }),
        body: runs.AnswerBody,
        response: { 200: runs.RunDetail, ...failures },
      },
    },
    async ({ params: { id, question }, body }) => answerQuestion(services, runId(id), question, body),
  );
}

const OCTETS = "application/octet-stream";

function uploadRoute(http: Http, { services }: HttpContext): void {
  // In a scope of its own, so that only this route takes a body that is not JSON; it is never held in memory.
  void http.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    scope.post(
      ROUTES.uploads,
      {
        bodyLimit: Number.MAX_SAFE_INTEGER,
        schema: {
          tags,
          summary: "Send a file for a run",
          description: "The body is the file's bytes. Its id goes into a run's `uploads`.",
          consumes: [OCTETS],
          querystring: runs.UploadQuery,
          response: { 201: runs.Upload, ...failures },
        },
      },
      async (request, reply) => {
        const controller = new AbortController();
        request.raw.once("aborted", () => controller.abort());
        const { "content-type": mediaType = OCTETS, "content-length": bytes } = request.headers;
        const file = { ...uploadName(request), mediaType, bytes: bytes === undefined ? undefined : Number(bytes) };
        return reply.status(201).send(await receiveUpload(services, file, request.raw, controller.signal));
      },
    );
  });
}

const uploadName = ({ query }: FastifyRequest): { readonly name: string } => runs.UploadQuery.parse(query);

function artifactRoutes(http: Http, { services }: HttpContext): void {
  http.get(
    ROUTES.artifacts,
    {
      schema: {
        tags,
        summary: "The files a run made",
        params,
        response: { 200: z.object({ items: z.array(runs.ArtifactSummary), next: z.null() }), ...failures },
      },
    },
    async ({ params: { id } }) => {
      getRun(services, runId(id));
      return artifactsOfRun(services, runId(id));
    },
  );
  http.get(ROUTES.artifactContent, { schema: { tags, summary: "A file a run made", params } }, async (request, reply) =>
    sendArtifact(services, request.params.id, reply),
  );
}

const MEDIA_TYPE_CHARS_MAX = 255;
/** Type and subtype, and parameters, as RFC 9110 8.3 writes them. */
const MEDIA_TYPE =
  /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+(?: *; *[\w!#$%&'*+.^`|~-]+=(?:[\w!#$%&'*+.^`|~-]+|"[ !#-[\]-~]*"))*$/;

/** The media type a tool named, if a header can say it. */
const sentAs = (mediaType: string): string =>
  mediaType.length <= MEDIA_TYPE_CHARS_MAX && MEDIA_TYPE.test(mediaType) ? mediaType : OCTETS;

async function sendArtifact(
  { artifacts }: HttpContext["services"],
  id: string,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const parsed = ArtifactId.safeParse(id);
  const artifact = parsed.success ? artifacts.find(parsed.data) : undefined;
  if (!artifact)
    throw new ArtifactNotFoundError(`there is no artifact ${id}`, "A run's page lists its artifacts.", { id });
  const bytes = await artifacts.read(artifact);
  // What a tool wrote must not become a page of this server: no scripts, no sniffing, nothing loaded from it.
  return reply
    .header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
    .header("x-content-type-options", "nosniff")
    .header("content-disposition", `inline; filename*=UTF-8''${encodeURIComponent(artifact.name)}`)
    .type(sentAs(artifact.mediaType))
    .send(Buffer.from(bytes));
}
