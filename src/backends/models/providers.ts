/** A named endpoint that speaks the OpenAI chat completions protocol. */
export type Endpoint = {
  readonly name: string;
  /** Where it is unless configured; undefined means a definition must say. */
  readonly baseUrl: string | undefined;
  /** The official service refuses calls without a key; local servers take them. */
  readonly keyNeeded: boolean;
  readonly baseUrlVariable: string;
  readonly apiKeyVariable: string;
};

const endpoint = (name: string, baseUrl: string | undefined, keyNeeded = false): Endpoint => {
  const prefix = name.toUpperCase().replaceAll("-", "_");
  return { name, baseUrl, keyNeeded, baseUrlVariable: `${prefix}_BASE_URL`, apiKeyVariable: `${prefix}_API_KEY` };
};

/** The provider name of an endpoint that is known only by its base URL. */
export const ANY_ENDPOINT = "openai-compatible";

export const ENDPOINTS: readonly Endpoint[] = [
  endpoint("openai", "https://api.openai.com/v1", true),
  endpoint("ollama", "http://127.0.0.1:11434/v1"),
  endpoint("vllm", "http://127.0.0.1:8000/v1"),
  endpoint("lmstudio", "http://127.0.0.1:1234/v1"),
  endpoint("llamacpp", "http://127.0.0.1:8080/v1"),
  endpoint(ANY_ENDPOINT, undefined),
];

export const PROVIDER_NAMES: readonly string[] = ["mock", "scripted", ...ENDPOINTS.map(({ name }) => name)];

const MODEL_VARIABLE = "OPENAI_MODEL";
const MODEL_FALLBACK = "gpt-5-mini";

/** The environment variables that mean something to models; configuration passes these and no others. */
export const MODEL_VARIABLES: readonly string[] = [
  MODEL_VARIABLE,
  ...ENDPOINTS.flatMap(({ apiKeyVariable, baseUrlVariable }) => [apiKeyVariable, baseUrlVariable]),
];

export type ModelEnvironment = { readonly [variable: string]: string | undefined };

/** A variable's value; one that is set to nothing counts as not set. */
export const variable = (environment: ModelEnvironment, name: string): string | undefined => {
  const value = environment[name]?.trim();
  return value === "" ? undefined : value;
};

/** The model of a server that was told none: OpenAI when the environment points there, otherwise the built-in one. */
export function defaultModel(environment: ModelEnvironment): string {
  const pointed = variable(environment, "OPENAI_API_KEY") ?? variable(environment, "OPENAI_BASE_URL");
  return pointed === undefined ? "mock" : `openai/${variable(environment, MODEL_VARIABLE) ?? MODEL_FALLBACK}`;
}
