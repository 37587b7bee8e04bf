import type { FastifyRequest } from "fastify";
import * as z from "zod";
import { memory, ROUTES } from "../contract/index.ts";
import {
  diffEntity,
  entityHistory,
  findEntity,
  forgetEntity,
  forgetScope,
  getEntity,
  listEntities,
  memoryFigures,
  memoryGraph,
  memoryLog,
  relate,
  remember,
  reviseEntity,
  revertEntity,
  searchMemory,
  unrelate,
} from "../operations/index.ts";
import { clientGone } from "./client-gone.ts";
import type { Http, HttpContext } from "./context.ts";
import { failures } from "./responses.ts";

const params = z.object({ id: z.string() });
const tags = ["memory"];

/** What agents know: entities, observations, relations. */
export function memoryRoutes(http: Http, context: HttpContext): void {
  searchRoutes(http, context);
  entityRoutes(http, context);
  historyRoutes(http, context);
  relationRoutes(http, context);
  forgettingRoutes(http, context);
}

function searchRoutes(http: Http, { services }: HttpContext): void {
  http.post(
    ROUTES.searchMemory,
    {
      schema: {
        tags,
        summary: "Search by meaning and by words",
        description:
          "Hits are explained: `similarity` is the cosine of the nearest passage, `keyword` what the words add, `recency` the factor by which both are multiplied. `notices` says what the search had to do without.",
        body: memory.SearchBody,
        response: { 200: memory.SearchResult, ...failures },
      },
    },
    async (request: FastifyRequest<{ Body: z.output<typeof memory.SearchBody> }>, reply) =>
      searchMemory(services, request.body, clientGone(reply).signal),
  );
  http.get(
    ROUTES.memoryFigures,
    {
      schema: { tags, summary: "What is kept, and how it is indexed", response: { 200: memory.Figures, ...failures } },
    },
    async () => memoryFigures(services),
  );
}

function entityRoutes(http: Http, { services }: HttpContext): void {
  http.post(
    ROUTES.memoryEntities,
    {
      schema: {
        tags,
        summary: "Remember entities and what is said of them",
        description:
          "Names that are known get the observations that are new. On disk, and found by the next search, when answered.",
        body: memory.RememberBody,
        response: { 200: memory.Remembered, ...failures },
      },
    },
    async ({ body }) => remember(services, body),
  );
  http.get(
    ROUTES.memoryEntities,
    {
      schema: {
        tags,
        summary: "Entities by name",
        querystring: memory.EntityQuery,
        response: { 200: memory.EntityPage, ...failures },
      },
    },
    async ({ query }) => listEntities(services, query),
  );
  http.get(
    ROUTES.memoryEntityByName,
    {
      schema: {
        tags,
        summary: "The entity of a name",
        querystring: memory.NamedQuery,
        response: { 200: memory.Entity, ...failures },
      },
    },
    async ({ query }) => findEntity(services, query),
  );
  http.get(
    ROUTES.memoryEntity,
    {
      schema: {
        tags,
        summary: "One entity",
        params,
        querystring: memory.OneQuery,
        response: { 200: memory.Entity, ...failures },
      },
    },
    async ({ params: { id }, query }) => getEntity(services, id, query),
  );
  http.patch(
    ROUTES.memoryEntity,
    {
      schema: {
        tags,
        summary: "Change fields of an entity, take observations back",
        params,
        body: memory.ReviseBody,
        response: { 200: memory.Entity, ...failures },
      },
    },
    async ({ params: { id }, body }) => reviseEntity(services, id, body),
  );
}

function historyRoutes(http: Http, { services }: HttpContext): void {
  http.get(
    ROUTES.memoryEntityHistory,
    {
      schema: {
        tags,
        summary: "Its changes, newest first, with what they brought or took back",
        params,
        querystring: memory.HistoryQuery,
        response: { 200: memory.History, ...failures },
      },
    },
    async ({ params: { id }, query }) => entityHistory(services, id, query),
  );
  http.get(
    ROUTES.memoryEntityDiff,
    {
      schema: {
        tags,
        summary: "What is otherwise between two versions",
        params,
        querystring: memory.DiffQuery,
        response: { 200: memory.Diff, ...failures },
      },
    },
    async ({ params: { id }, query }) => diffEntity(services, id, query),
  );
  http.post(
    ROUTES.revertMemoryEntity,
    {
      schema: {
        tags,
        summary: "Make it again what it was, as a new version",
        params,
        body: memory.RevertBody,
        response: { 200: memory.Entity, ...failures },
      },
    },
    async ({ params: { id }, body }) => revertEntity(services, id, body.version),
  );
  http.get(
    ROUTES.memoryLog,
    {
      schema: {
        tags,
        summary: "Changes of memory, newest first",
        querystring: memory.LogQuery,
        response: { 200: memory.ChangePage, ...failures },
      },
    },
    async ({ query }) => memoryLog(services, query),
  );
}

function relationRoutes(http: Http, { services }: HttpContext): void {
  http.post(
    ROUTES.memoryRelations,
    {
      schema: {
        tags,
        summary: "Relate entities by their names",
        body: memory.RelateBody,
        response: { 200: memory.RelationList, ...failures },
      },
    },
    async ({ body }) => relate(services, body),
  );
  http.delete(
    ROUTES.memoryRelation,
    { schema: { tags, summary: "Take a relation away", params, response: { 200: memory.Relation, ...failures } } },
    async ({ params: { id } }) => unrelate(services, id),
  );
  http.get(
    ROUTES.memoryGraph,
    {
      schema: {
        tags,
        summary: "What is around entities",
        querystring: memory.GraphQuery,
        response: { 200: memory.Graph, ...failures },
      },
    },
    async ({ query }) => memoryGraph(services, query),
  );
}

function forgettingRoutes(http: Http, { services }: HttpContext): void {
  http.delete(
    ROUTES.memoryEntity,
    {
      schema: {
        tags,
        summary: "Forget an entity, or one observation of it, without a trace",
        description: "Rows, indexes and history lose it; the log keeps how many there were.",
        params,
        querystring: memory.ForgetQuery,
        response: { 200: memory.Forgotten, ...failures },
      },
    },
    async ({ params: { id }, query }) => forgetEntity(services, id, query.observation),
  );
  http.post(
    ROUTES.forgetMemoryScope,
    {
      schema: {
        tags,
        summary: "Forget everything in a scope, without a trace",
        body: memory.ForgetScopeBody,
        response: { 200: memory.Forgotten, ...failures },
      },
    },
    async ({ body }) => forgetScope(services, body.scope),
  );
}
