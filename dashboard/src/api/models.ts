import { queryOptions } from "@tanstack/react-query";
import { ROUTES, type ModelPage, type ModelProviderPage, type ModelTest } from "../../../src/api/contract/index.ts";
import { ask } from "./client.ts";

/** Models by name; `discover` also asks Ollama, which may take two seconds. */
export const modelsQuery = (discover: boolean) =>
  queryOptions({
    queryKey: ["models", discover],
    queryFn: ({ signal }) => ask<ModelPage>(`${ROUTES.models}${discover ? "?discover=true" : ""}`, { signal }),
  });

export const modelProvidersQuery = queryOptions({
  queryKey: ["model-providers"],
  queryFn: ({ signal }) => ask<ModelProviderPage>(ROUTES.modelProviders, { signal }),
});

/** Costs three small requests to the model. */
export const testModel = (model: string) => ask<ModelTest>(ROUTES.testModel, { method: "POST", json: { model } });
