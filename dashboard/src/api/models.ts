import { queryOptions } from "@tanstack/react-query";
import { operations } from "../../../src/api/contract/index.ts";
import { call } from "./client.ts";

/** Models by name; `discover` also asks Ollama, which may take two seconds. */
export const modelsQuery = (discover: boolean) =>
  queryOptions({
    queryKey: ["models", discover],
    queryFn: ({ signal }) => call(operations.model.list, discover ? { discover: "true" } : {}, signal),
  });

export const modelProvidersQuery = queryOptions({
  queryKey: ["model-providers"],
  queryFn: ({ signal }) => call(operations.model.providers, {}, signal),
});

/** Costs three small requests to the model. */
export const testModel = (model: string) => call(operations.model.test, { model });
