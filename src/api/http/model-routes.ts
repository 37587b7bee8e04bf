import { models, ROUTES } from "../contract/index.ts";
import { listModels, listProviders, testModel } from "../operations/index.ts";
import { clientGone } from "./client-gone.ts";
import type { Http, HttpContext } from "./context.ts";
import { failures } from "./responses.ts";

const tags = ["models"];

export function modelRoutes(http: Http, { services }: HttpContext): void {
  http.get(
    ROUTES.models,
    {
      schema: {
        tags,
        summary: "Models that can be used by name; others of a ready provider work as well",
        querystring: models.ModelQuery,
        response: { 200: models.ModelPage, ...failures },
      },
    },
    async ({ query }, reply) => listModels(services, query, clientGone(reply).signal),
  );
  http.get(
    ROUTES.modelProviders,
    {
      schema: {
        tags,
        summary: "Providers of models, and what each needs",
        response: { 200: models.ModelProviderPage, ...failures },
      },
    },
    async () => listProviders(services),
  );
  http.post(
    ROUTES.testModel,
    {
      schema: {
        tags,
        summary: "Ask a model three small things: an answer, a tool call, an answer in a form",
        body: models.TestModelBody,
        response: { 200: models.ModelTest, ...failures },
      },
    },
    async ({ body }, reply) => testModel(services, body, clientGone(reply).signal),
  );
}
