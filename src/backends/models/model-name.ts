import type { ModelChoice } from "../../runs/index.ts";
import { UnknownModelError } from "./errors.ts";
import { ANY_ENDPOINT, type Endpoint, ENDPOINTS, PROVIDER_NAMES } from "./providers.ts";

/** What a model string stands for. */
export type ModelName =
  | { readonly type: "mock" }
  | { readonly type: "scripted"; readonly file: string }
  | {
      readonly type: "endpoint";
      readonly endpoint: Endpoint;
      readonly baseUrl: string | undefined;
      readonly model: string;
    };

/**
 * Reads `provider/model`. With a base URL, a string that begins with no known provider is the endpoint's own name for
 * the model, slashes and all. Throws UnknownModelError.
 */
export function parseModelName(text: string, { baseUrl }: Pick<ModelChoice, "baseUrl">): ModelName {
  const slash = text.indexOf("/");
  const provider = (slash === -1 ? text : text.slice(0, slash)).toLowerCase();
  const model = slash === -1 ? "" : text.slice(slash + 1);
  if (provider === "mock" || provider === "scripted") {
    if (baseUrl !== undefined) throw unknown(text, `${provider} models have no base_url`);
    if (provider === "mock" && model === "") return { type: "mock" };
    if (provider === "scripted" && model !== "") return { type: "scripted", file: model };
    throw unknown(text, provider === "mock" ? "mock is one model, written as it is" : "write scripted/<file.json>");
  }
  const known = ENDPOINTS.find(({ name }) => name === provider);
  if (known !== undefined && model !== "") {
    if (known.baseUrl === undefined && baseUrl === undefined) throw unknown(text, `${provider} needs a base_url`);
    return { type: "endpoint", endpoint: known, baseUrl, model };
  }
  const any = ENDPOINTS.find(({ name }) => name === ANY_ENDPOINT);
  if (known === undefined && baseUrl !== undefined && any !== undefined && text !== "") {
    return { type: "endpoint", endpoint: any, baseUrl, model: text };
  }
  if (known !== undefined) throw unknown(text, `the model's name is missing after ${provider}/`);
  throw unknown(text, slash === -1 ? "a model is written provider/model" : `there is no provider ${provider}`);
}

const unknown = (model: string, reason: string) =>
  new UnknownModelError(
    `no model "${model}": ${reason}`,
    `Providers are ${PROVIDER_NAMES.join(", ")}; any other OpenAI-compatible endpoint is openai-compatible/<model> with a base_url.`,
    { model, providers: PROVIDER_NAMES },
  );
