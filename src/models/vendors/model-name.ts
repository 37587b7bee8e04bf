import type { ModelChoice } from "../port/index.ts";
import { UnknownModelError } from "./errors.ts";
import { ANY_ENDPOINT, findProvider, type ModelEnvironment, type Provider, variable } from "./providers.ts";

/** A parsed model string. */
export type ModelName =
  | { readonly type: "mock" }
  | { readonly type: "scripted"; readonly file: string }
  | { readonly type: "tool"; readonly server: string; readonly tool: string; readonly model: string | undefined }
  | {
      readonly type: "endpoint";
      readonly provider: Provider;
      readonly baseUrl: string | undefined;
      readonly model: string;
    };

/**
 * Reads `provider/model`. With a base URL, a string that begins with no known provider is the endpoint's own name for
 * the model, slashes and all. Throws UnknownModelError.
 */
export function parseModelName(
  text: string,
  { baseUrl }: Pick<ModelChoice, "baseUrl">,
  providers: readonly Provider[],
  environment: ModelEnvironment,
): ModelName {
  const unknown = (reason: string) => unknownModel(text, reason, providers);
  const tool = TOOL.exec(text)?.groups ?? MCP.exec(text)?.groups;
  if (tool !== undefined) {
    if (baseUrl !== undefined) throw unknown("a tool server has no base_url");
    return { type: "tool", server: tool["server"] ?? "", tool: tool["tool"] ?? "", model: tool["model"] };
  }
  const slash = text.indexOf("/");
  const name = (slash === -1 ? text : text.slice(0, slash)).toLowerCase();
  const model = slash === -1 ? "" : text.slice(slash + 1);
  if (name === "mock" || name === "scripted") {
    if (baseUrl !== undefined) throw unknown(`${name} models have no base_url`);
    if (name === "mock" && model === "") return { type: "mock" };
    if (name === "scripted" && model !== "") return { type: "scripted", file: model };
    throw unknown(name === "mock" ? "mock is one model, written as it is" : "write scripted/<file.json>");
  }
  const known = findProvider(providers, name);
  if (known !== undefined && model !== "") {
    const address = baseUrl ?? addressOf(known) ?? variable(environment, known.baseUrlVariable);
    if (known.type === "openai-compatible" && address === undefined) throw unknown(missingAddressHint(known));
    return { type: "endpoint", provider: known, baseUrl, model };
  }
  const any = findProvider(providers, ANY_ENDPOINT);
  if (known === undefined && baseUrl !== undefined && any !== undefined && text !== "")
    return { type: "endpoint", provider: any, baseUrl, model: text };
  if (known !== undefined) throw unknown(`the model's name is missing after ${name}/`);
  throw unknown(slash === -1 ? "a model is written provider/model" : `there is no provider ${name}`);
}

/** Returns the settings that give a provider its address. */
export const missingAddressHint = ({ baseUrlVariable }: Provider): string =>
  `${baseUrlVariable === undefined ? "" : `set ${baseUrlVariable}, or `}give base_url with the model`;

/** Returns the configured or built-in address of a provider; ignores variables. */
export const addressOf = ({ configured, baseUrl }: Provider): string | undefined => configured?.baseUrl ?? baseUrl;

/** `tool:server.tool/model`; the model's name may be absent. */
const TOOL = /^tool:(?<server>[A-Za-z][A-Za-z0-9_-]*)\.(?<tool>[A-Za-z0-9_.-]+)(?:\/(?<model>\S+))?$/;
/** The same in the syntax of older definitions. */
const MCP = /^mcp:\/\/(?<server>[A-Za-z][A-Za-z0-9_-]*)\/(?<tool>[A-Za-z0-9_.-]+)(?:\/(?<model>\S+))?$/;

/** The names a model string can begin with. */
export const providerNames = (providers: readonly Provider[]): readonly string[] => [
  "mock",
  "scripted",
  ...providers.map(({ name }) => name),
];

const unknownModel = (model: string, reason: string, providers: readonly Provider[]) =>
  new UnknownModelError(
    `no model "${model}": ${reason}`,
    `Providers are ${providerNames(providers).join(", ")}; any other OpenAI-compatible endpoint is openai-compatible/<model> with a base_url, or a provider of your own in models.providers of caxton.toml.`,
    { model, providers: providerNames(providers) },
  );
