import type { Protocol } from "../http/index.ts";
import { chatRoutes } from "./chat/routes.ts";
import { conversationRoutes } from "./conversations/routes.ts";
import { embeddingRoutes } from "./embeddings.ts";
import { errorAnswer } from "./errors.ts";
import { modelRoutes } from "./models.ts";
import type { OpenAiOptions } from "./options.ts";
import { responseRoutes } from "./responses/routes.ts";
import { unknownRoutes } from "./unknown.ts";

/** The OpenAI-compatible API at `/v1`. Agents are its models. */
export const openai = (options: OpenAiOptions): Protocol => ({
  name: "openai",
  failed: errorAnswer,
  routes: (scope) => {
    modelRoutes(scope);
    chatRoutes(scope, options);
    responseRoutes(scope, options);
    conversationRoutes(scope);
    embeddingRoutes(scope);
    unknownRoutes(scope);
  },
});
