import type { FindSecret, StoredSecret } from "../../text/references/index.ts";

/** The protocol a provider speaks, and so the package that speaks it. */
export const PROVIDER_TYPES = ["openai", "openai-compatible", "anthropic", "google", "mistral", "bedrock"] as const;
export type ProviderType = (typeof PROVIDER_TYPES)[number];

/** OpenAI's two protocols: `responses`, and `chat`, which other providers use too. */
export const OPENAI_APIS = ["responses", "chat"] as const;
export type OpenAiApi = (typeof OPENAI_APIS)[number];

/** A source of models: a vendor, a local server, or an entry of `models.providers`. */
export type Provider = {
  readonly name: string;
  readonly type: ProviderType;
  /** Default address; undefined if a definition must give it, or if the vendor's package has one. */
  readonly baseUrl: string | undefined;
  /** The official service refuses calls without a key; local servers take them. */
  readonly keyNeeded: boolean;
  readonly baseUrlVariable: string | undefined;
  /** The first that is set gives the key. */
  readonly keyVariables: readonly string[];
  /** Names the default model for the case that this provider's key is set. */
  readonly modelVariable: string | undefined;
  readonly model: string | undefined;
  /** Settings of the operator; they override the variables. */
  readonly configured: ProviderSettings | undefined;
};

/** `models.providers.<name>`, references not yet resolved. */
export type ProviderSettings = {
  readonly type?: ProviderType | undefined;
  readonly baseUrl?: string | undefined;
  readonly apiKey?: string | undefined;
  readonly headers?: { readonly [name: string]: string } | undefined;
  readonly api?: OpenAiApi | undefined;
  readonly region?: string | undefined;
};

const local = (name: string, baseUrl: string | undefined): Provider => {
  const prefix = name.toUpperCase().replaceAll("-", "_");
  return {
    name,
    type: "openai-compatible",
    baseUrl,
    keyNeeded: false,
    baseUrlVariable: `${prefix}_BASE_URL`,
    keyVariables: [`${prefix}_API_KEY`],
    modelVariable: undefined,
    model: undefined,
    configured: undefined,
  };
};

const vendor = (
  type: Exclude<ProviderType, "openai-compatible">,
  baseUrl: string | undefined,
  model: string | undefined,
  keyVariables: readonly string[],
): Provider => {
  const prefix = type.toUpperCase();
  const baseUrlVariable = type === "bedrock" ? "AWS_ENDPOINT_URL_BEDROCK_RUNTIME" : `${prefix}_BASE_URL`;
  const modelVariable = `${prefix}_MODEL`;
  return {
    name: type,
    type,
    baseUrl,
    keyNeeded: true,
    baseUrlVariable,
    keyVariables,
    modelVariable,
    model,
    configured: undefined,
  };
};

/** The provider name of an endpoint that is known only by its base URL. */
export const ANY_ENDPOINT = "openai-compatible";

/** In the order in which a key makes a provider the default. */
const BUILT_IN: readonly Provider[] = [
  vendor("openai", "https://api.openai.com/v1", "gpt-5-mini", ["OPENAI_API_KEY"]),
  vendor("anthropic", "https://api.anthropic.com/v1", "claude-sonnet-4-5", ["ANTHROPIC_API_KEY"]),
  vendor("google", "https://generativelanguage.googleapis.com/v1beta", "gemini-2.5-flash", [
    "GOOGLE_GENERATIVE_AI_API_KEY",
    "GEMINI_API_KEY",
  ]),
  vendor("mistral", "https://api.mistral.ai/v1", "mistral-medium-latest", ["MISTRAL_API_KEY"]),
  // AWS keys have many purposes, and accounts differ in their models: Bedrock is the default only if BEDROCK_MODEL is set.
  vendor("bedrock", undefined, undefined, ["AWS_BEARER_TOKEN_BEDROCK"]),
  local("ollama", "http://127.0.0.1:11434/v1"),
  local("vllm", "http://127.0.0.1:8000/v1"),
  local("lmstudio", "http://127.0.0.1:1234/v1"),
  // Its default port is Caxton's port too.
  local("llamacpp", undefined),
  local(ANY_ENDPOINT, undefined),
];

/** Aliases. */
const ALSO: { readonly [name: string]: string | undefined } = { gemini: "google", "amazon-bedrock": "bedrock" };

const AWS_KEYS = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] as const;
const AWS_MORE = ["AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"] as const;

/** The environment variables that models read; configuration passes only these. */
export const MODEL_VARIABLES: readonly string[] = [
  ...BUILT_IN.flatMap(({ keyVariables, baseUrlVariable, modelVariable }) =>
    [...keyVariables, baseUrlVariable, modelVariable].filter((name) => name !== undefined),
  ),
  ...AWS_KEYS,
  ...AWS_MORE,
];

export type ModelEnvironment = { readonly [variable: string]: string | undefined };

/** Returns the value of a variable; an empty one counts as unset. */
export const variable = (environment: ModelEnvironment, name: string | undefined): string | undefined => {
  const value = name === undefined ? undefined : environment[name]?.trim();
  return value === "" ? undefined : value;
};

/** The providers of this server: those built in, changed and added to by what the operator configured. */
export function providersOf(configured: { readonly [name: string]: ProviderSettings } = {}): readonly Provider[] {
  const known = BUILT_IN.map((provider) => {
    const settings = configured[provider.name];
    return settings === undefined ? provider : { ...provider, configured: settings };
  });
  const added = Object.entries(configured)
    .filter(([name]) => !BUILT_IN.some((provider) => provider.name === name))
    .map(([name, settings]) => addedProvider(name, settings));
  return [...known, ...added];
}

const addedProvider = (name: string, settings: ProviderSettings): Provider => {
  const type = settings.type ?? "openai-compatible";
  const like = BUILT_IN.find((provider) => provider.type === type && provider.keyNeeded);
  return {
    name,
    type,
    baseUrl: like?.baseUrl,
    keyNeeded: like !== undefined,
    baseUrlVariable: undefined,
    keyVariables: [],
    modelVariable: undefined,
    model: undefined,
    configured: settings,
  };
};

export const findProvider = (providers: readonly Provider[], name: string): Provider | undefined =>
  providers.find((provider) => provider.name === (ALSO[name] ?? name));

/** Where the keys of this server are. */
export type ModelKeys = { readonly environment: ModelEnvironment; readonly stored: FindSecret };

/** The key of this server for a provider: a text, which may have references, or a stored secret. */
export type ServerKey =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "variable"; readonly name: string; readonly text: string }
  | { readonly type: "stored"; readonly name: string; readonly secret: StoredSecret };

/** The key the server itself has for a provider: configured, else stored, else by variable. */
export function serverKey(
  { configured, keyVariables }: Provider,
  { environment, stored }: ModelKeys,
): ServerKey | undefined {
  if (configured?.apiKey !== undefined) return { type: "text", text: configured.apiKey };
  for (const name of keyVariables) {
    const secret = stored(name);
    if (secret !== undefined) return { type: "stored", name, secret };
  }
  for (const name of keyVariables) {
    const text = variable(environment, name);
    if (text !== undefined) return { type: "variable", name, text };
  }
  return undefined;
}

/** The secret that gives a provider its key when it is stored. */
export const keyNameOf = ({ configured, keyVariables: [first] }: Provider): string | undefined =>
  configured?.apiKey === undefined ? first : /\$\{(?:env|secret):([^}:]+)/.exec(configured.apiKey)?.[1];

/** AWS keys that sign requests without a bearer token. */
export type AwsKeys = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
};

export function awsKeys(environment: ModelEnvironment): AwsKeys | undefined {
  const [accessKeyId, secretAccessKey] = AWS_KEYS.map((name) => variable(environment, name));
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: variable(environment, "AWS_SESSION_TOKEN") };
}

export const awsRegion = (provider: Provider, environment: ModelEnvironment): string | undefined =>
  provider.configured?.region ?? variable(environment, "AWS_REGION") ?? variable(environment, "AWS_DEFAULT_REGION");

/** The default model if none is configured: that of the first provider with a key or address, or the built-in one. */
export function defaultModel(providers: readonly Provider[], keys: ModelKeys): string {
  for (const provider of providers) {
    const model = modelOf(provider, keys.environment);
    if (model !== undefined && isPointedAt(provider, keys)) return `${provider.name}/${model}`;
  }
  return "mock";
}

/** The model of a provider's variable, else the provider's default. */
export const modelOf = ({ modelVariable, model }: Provider, environment: ModelEnvironment): string | undefined =>
  variable(environment, modelVariable) ?? model;

function isPointedAt(provider: Provider, keys: ModelKeys): boolean {
  if (serverKey(provider, keys) !== undefined) return true;
  const { environment } = keys;
  return provider.type === "bedrock"
    ? awsKeys(environment) !== undefined
    : variable(environment, provider.baseUrlVariable) !== undefined;
}
