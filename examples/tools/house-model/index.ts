import { toolServer } from "caxton/tool";
import { complete } from "./complete.ts";

const MESSAGE = {
  type: "object",
  properties: {
    role: { type: "string", description: "system, user, assistant or tool" },
    content: { type: "string" },
  },
  required: ["role"],
} as const;

export default toolServer({
  name: "house-model",
  version: "1.0.0",
  description: "A model behind a tool: takes messages, gives a completion.",
  tools: {
    complete: {
      description: "Answers a dialogue. Not for agents: definitions name it as their model, tool:house-model.complete.",
      input: {
        type: "object",
        properties: {
          model: { type: "string", description: "terse, or polite" },
          messages: { type: "array", items: MESSAGE },
          tools: { type: "array", items: { type: "object" } },
          temperature: { type: "number" },
          max_tokens: { type: "integer" },
        },
        required: ["messages"],
      },
      readOnly: true,
      run: ({ messages, model }) => complete(messages, model ?? "terse"),
    },
  },
});
