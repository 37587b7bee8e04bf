import type { Protocol } from "../http/index.ts";
import { errorAnswer } from "./errors.ts";
import { modelRoutes } from "./models.ts";
import { unknownRoutes } from "./unknown.ts";

/** The OpenAI-compatible API at `/v1`. Agents are its models. */
export const openai: Protocol = {
  name: "openai",
  failed: errorAnswer,
  routes: (scope) => {
    modelRoutes(scope);
    unknownRoutes(scope);
  },
};
