import { type CommandMaker, examples } from "../frame/index.ts";
import { modelEmbed } from "./embed.ts";
import { modelInstall } from "./install.ts";
import { modelList } from "./list.ts";
import { modelProviders } from "./providers.ts";
import { modelTest } from "./test.ts";

/** `caxton model` */
export const model: CommandMaker = (command, invocation) => {
  command.description(
    "List and test models. A model is named provider/model, in a definition's [llm] table or as the server's default (models.default in caxton.toml). Keys are read from the usual variables, for example OPENAI_API_KEY.",
  );
  examples(command, [
    ["caxton model list", "models that can be used now, Ollama's on this machine too"],
    ["caxton model providers", "who can give models, and what each still needs"],
    ["caxton model install all-minilm-l6-v2", "better vectors for memory than those of the table that comes with it"],
    ["caxton model test openai/gpt-5-mini", "whether it answers, calls tools and keeps to a form"],
  ]);
  modelList(command.command("list"), invocation);
  modelProviders(command.command("providers"), invocation);
  modelTest(command.command("test"), invocation);
  modelEmbed(command.command("embed"), invocation);
  modelInstall(command.command("install"), invocation);
};
