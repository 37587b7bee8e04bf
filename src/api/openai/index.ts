import type { Protocol } from "../http/index.ts";
import { chatRoutes } from "./chat/routes.ts";
import { conversationRoutes } from "./conversations/routes.ts";
import { embeddingRoutes } from "./embeddings.ts";
import { errorAnswer } from "./errors.ts";
import { modelRoutes } from "./models.ts";
import type { OpenAiOptions } from "./options.ts";
import { Repeats } from "./repeats.ts";
import { responseRoutes } from "./responses/routes.ts";
import { unknownRoutes } from "./unknown.ts";

/** The OpenAI-compatible API at `/v1`. Agents are its models. */
export const openai = (options: OpenAiOptions): Protocol => ({
  name: "openai",
  failed: errorAnswer,
  routes: (scope, services) => {
    const repeats = new Repeats(services);
    modelRoutes(scope);
    chatRoutes(scope, options, repeats);
    responseRoutes(scope, options, repeats);
    conversationRoutes(scope);
    embeddingRoutes(scope);
    unknownRoutes(scope);
  },
});
