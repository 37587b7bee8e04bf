import type { LanguageModel } from "../../src/models/port/language-model.ts";
import { scripted, type ScriptedTurnInput } from "../../src/models/vendors/index.ts";
import { models } from "../helpers/engine.ts";
import type { TestServerOptions } from "../helpers/server.ts";

const definition = (name: string, more: string) =>
  `name = "${name}"\nversion = "1.0.0"\ncapabilities = ["${name}"]\nsystem_prompt = "You are ${name}."\n${more}`;

/** An agent `buyer` that gives each request to `clerk`, which asks its user, and whose calculations need an approval. */
export function delegating(turns: readonly ScriptedTurnInput[]): Pick<TestServerOptions, "overrides" | "files"> {
  const toClerk = [{ toolCalls: [{ name: "agent_clerk", arguments: { request: "go" } }] }, { text: "Passed on." }];
  const model: LanguageModel = {
    id: "scripted/inline",
    limits: undefined,
    stream: (request, signal) => {
      const delegates = request.tools.some(({ name }) => name === "agent_clerk");
      return scripted(delegates ? toClerk : turns).stream(request, signal);
    },
  };
  return {
    overrides: { models: models(model) },
    files: {
      "examples/agents/buyer.toml": definition("buyer", `agents = ["clerk"]\n`),
      "examples/agents/clerk.toml": definition(
        "clerk",
        `tools = ["user", "calculator"]\n[permissions]\nask = ["calculator.*"]\n`,
      ),
    },
  };
}

/** Turns of the clerk: it asks, has a calculation approved, and answers. */
export const CLERK: readonly ScriptedTurnInput[] = [
  { toolCalls: [{ name: "user__ask_user", arguments: { question: "Which drawer?" } }] },
  { toolCalls: [{ name: "calculator__evaluate", arguments: { expression: "40+2" } }] },
  { text: "Filed." },
];
