import * as z from "zod";
import { agents, problems, ROUTES } from "../contract/index.ts";
import {
  activateAgent,
  deleteAgent,
  deployAgent,
  getAgent,
  getAgentRevision,
  listAgents,
  listRevisions,
  listTemplates,
  pauseAgent,
  resumeAgent,
  rollbackAgent,
  validateAgent,
} from "../operations/index.ts";
import type { Http, HttpContext } from "./context.ts";
import { failures } from "./responses.ts";

const tags = ["agents"];
const params = z.object({ name: z.string() });

export function agentRoutes(http: Http, context: HttpContext): void {
  deployRoutes(http, context);
  readRoutes(http, context);
  revisionRoutes(http, context);
  lifecycleRoutes(http, context);
}

function lifecycleRoutes(http: Http, { services }: HttpContext): void {
  const response = { 200: agents.AgentDetail, ...failures };
  http.post(
    ROUTES.activateAgent,
    {
      schema: {
        tags,
        summary: "Make a stored revision the serving one",
        description: "New runs use it. Runs in progress stay on the revision that they started with.",
        params,
        body: agents.ActivateAgentBody,
        response,
      },
    },
    async ({ params: { name }, body }) => activateAgent(services, name, body.revision),
  );
  http.post(
    ROUTES.rollbackAgent,
    { schema: { tags, summary: "Serve the revision before the serving one", params, response } },
    async ({ params: { name } }) => rollbackAgent(services, name),
  );
  http.post(
    ROUTES.pauseAgent,
    {
      schema: {
        tags,
        summary: "Pause an agent",
        description:
          "It takes no new runs (AGENT_PAUSED), and its messages wait in its mailbox. Runs in progress continue. It stays paused across restarts and deployments.",
        params,
        body: agents.PauseAgentBody.nullish(),
        response,
      },
    },
    async ({ params: { name }, body }) => pauseAgent(services, name, body?.reason ?? ""),
  );
  http.post(
    ROUTES.resumeAgent,
    { schema: { tags, summary: "Let a paused agent take work again", params, response } },
    async ({ params: { name } }) => resumeAgent(services, name),
  );
}

function deployRoutes(http: Http, { services }: HttpContext): void {
  http.post(
    ROUTES.agents,
    {
      schema: {
        tags,
        summary: "Deploy a definition",
        body: agents.DeployAgentBody,
        response: { 200: agents.DeployOutcome, 201: agents.DeployOutcome, ...failures },
      },
    },
    async ({ body }, reply) => {
      const outcome = await deployAgent(services, body);
      return reply.status(outcome.outcome === "created" ? 201 : 200).send(outcome);
    },
  );
  http.post(
    ROUTES.validateAgent,
    {
      schema: {
        tags,
        summary: "Check a definition without deploying it",
        body: agents.DeployAgentBody,
        response: { 200: agents.ValidationReport, ...failures },
      },
    },
    async ({ body }) => validateAgent(services, body),
  );
}

function readRoutes(http: Http, { services, options }: HttpContext): void {
  http.get(
    ROUTES.agents,
    {
      schema: {
        tags,
        summary: "List agents",
        querystring: agents.AgentQuery,
        response: { 200: agents.AgentPage, ...failures },
      },
    },
    async ({ query }) => listAgents(services, query),
  );
  http.get(
    ROUTES.agent,
    {
      schema: { tags, summary: "One agent, with its file", params, response: { 200: agents.AgentDetail, ...failures } },
    },
    async ({ params: { name } }) => getAgent(services, name),
  );
  http.get(
    ROUTES.templates,
    { schema: { tags, summary: "Definitions to begin with", response: { 200: agents.TemplateList, ...failures } } },
    async () => listTemplates(),
  );
  http.get(ROUTES.agentSchema, { schema: { hide: true } }, async (_request, reply) =>
    reply.type("application/schema+json").serializer(JSON.stringify).send(options.agentSchema()),
  );
  http.get(ROUTES.agentTestSchema, { schema: { hide: true } }, async (_request, reply) =>
    reply.type("application/schema+json").serializer(JSON.stringify).send(options.agentTestSchema()),
  );
}

function revisionRoutes(http: Http, { services }: HttpContext): void {
  http.get(
    ROUTES.agentRevisions,
    {
      schema: {
        tags,
        summary: "An agent's revisions, newest first",
        params,
        querystring: problems.ListQuery,
        response: { 200: agents.RevisionPage, ...failures },
      },
    },
    async ({ params: { name }, query }) => listRevisions(services, name, query),
  );
  http.get(
    ROUTES.agentRevision,
    {
      schema: {
        tags,
        summary: "One revision, with its file",
        params: z.object({ name: z.string(), revision: z.coerce.number().int().min(1) }),
        response: { 200: agents.AgentDetail, ...failures },
      },
    },
    async ({ params: { name, revision } }) => getAgentRevision(services, name, revision),
  );
  http.delete(
    ROUTES.agent,
    { schema: { tags, summary: "Take an agent away", params, response: { 204: z.null(), ...failures } } },
    async ({ params: { name } }, reply) => {
      await deleteAgent(services, name);
      return reply.status(204).send(null);
    },
  );
}
