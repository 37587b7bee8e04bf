import { createHash } from "node:crypto";
import type { Clock } from "../../kernel/clock.ts";
import { ALL_WORKSPACES } from "../../kernel/rights/default-workspace.ts";
import { SecretUse, type SecretsOf } from "../../text/references/index.ts";
import type {
  DiscoveredServer,
  KnownModel,
  LanguageModel,
  ModelCatalogue,
  ModelChoice,
  ModelProvider,
  ModelRole,
  RoleModels,
} from "../port/index.ts";
import { DEFAULT_MODEL_LIMITS } from "../port/index.ts";
import { UnknownModelError } from "./errors.ts";
import { failingModel, failure } from "./failure.ts";
import { MockModel } from "../built-in/index.ts";
import { factsOf, OFFERED, type StatedFacts } from "./model-facts.ts";
import { addressOf, type ModelName, parseModelName, providerNames } from "./model-name.ts";
import { askOllama } from "./ollama.ts";
import type { ReadImage } from "./loaded-images.ts";
import {
  awsKeys,
  awsRegion,
  defaultModel,
  findProvider,
  type ModelEnvironment,
  type ModelKeys,
  type Provider,
  type ProviderSettings,
  providersOf,
  serverKey,
  variable,
} from "./providers.ts";
import { Origins } from "./origins.ts";
import { missingKeyHint, readiness } from "./readiness.ts";
import { parseScript } from "./scripted/script.ts";
import { readScript } from "./scripted/script-file.ts";
import type { Fetch } from "./ai-sdk/vendor.ts";
import { VendorCache } from "./ai-sdk/vendor-cache.ts";
import { ScriptedModel } from "./scripted/scripted.ts";
import { type CallTool, ToolModel } from "./tool-model.ts";

export type ModelsDeps = {
  readonly clock: Clock;
  /** The variables of `MODEL_VARIABLES` that are set. */
  readonly environment: ModelEnvironment;
  /** Loads images of dialogues; without it models only receive notes about them. */
  readonly readImage?: ReadImage | undefined;
  /** Calls tools that answer as models; without it those fail. */
  readonly callTool?: CallTool | undefined;
  /** Replaces `${env:NAME}` and `${file:path}` in configured values; rejects unresolvable ones. */
  readonly dereference?: ((text: string, secrets?: SecretUse) => Promise<string>) | undefined;
  /** Keys that the server stores. */
  readonly stored?: SecretsOf | undefined;
  /** Calls addresses that the operator did not name; it must refuse private ones. Without it those calls fail. */
  readonly foreignFetch?: Fetch | undefined;
};

export type ModelsOptions = {
  /** `provider/model`; otherwise the environment decides. */
  readonly defaultModel?: string | undefined;
  /** Directory of `scripted/<file>`; without it there are no scripted models. */
  readonly scriptedDirectory?: string | undefined;
  /** Models for single roles, over the default and the models of definitions. */
  readonly roles?: RoleModels | undefined;
  /** Providers by name: settings of those built in, and others. */
  readonly providers?: { readonly [name: string]: ProviderSettings } | undefined;
  /** Facts stated by the operator, by `provider/model`. */
  readonly facts?: { readonly [model: string]: StatedFacts } | undefined;
  /** Origins that definitions may send a key to, by its name, besides those of its provider. */
  readonly keyOrigins?: { readonly [key: string]: readonly string[] } | undefined;
  /** Origins that definitions may name although their addresses are not public. */
  readonly privateOrigins?: readonly string[] | undefined;
};

export type EmbeddingEndpoint = {
  readonly model: string;
  readonly baseUrl: string;
  readonly key: () => Promise<string | undefined>;
  readonly headers: { readonly [name: string]: string };
};

/** All language models that this server can use. The constructor throws UnknownModelError for an unknown default model. */
export class Models implements ModelCatalogue {
  readonly roles: RoleModels;
  readonly #deps: ModelsDeps;
  readonly #options: ModelsOptions;
  readonly #vendors = new VendorCache();
  readonly #providers: readonly Provider[];
  readonly #origins: Origins;

  constructor(deps: ModelsDeps, options: ModelsOptions = {}) {
    this.#deps = deps;
    this.#options = options;
    this.#providers = providersOf(options.providers);
    this.#origins = new Origins({
      environment: deps.environment,
      providers: this.#providers,
      addressOf: async (provider) => this.#dereference(this.#addressFor(provider)),
      keyOrigins: options.keyOrigins ?? {},
      privateOrigins: options.privateOrigins ?? [],
    });
    this.roles = options.roles ?? {};
    for (const model of [this.defaultModel(), ...Object.values(generative(this.roles))])
      if (model !== undefined) parseModelName(model, { baseUrl: undefined }, this.#providers, deps.environment);
  }

  defaultModel(workspace?: string): string {
    const { defaultModel: configured } = this.#options;
    return configured ?? this.roles.execution ?? defaultModel(this.#providers, this.#keysOf(workspace));
  }

  #keysOf(workspace: string | undefined, use = this.#useOf(workspace)): ModelKeys {
    return { environment: this.#deps.environment, stored: use.find };
  }

  #useOf(workspace = ALL_WORKSPACES): SecretUse {
    return new SecretUse(this.#deps.stored?.(workspace));
  }

  /** Throws UnknownModelError, KeyOriginRefusedError, and ScriptInvalidError for a script that is missing or malformed. A missing key fails only the call. */
  async resolve(asked: ModelChoice, role: ModelRole = "execution"): Promise<LanguageModel> {
    const choice = this.#choiceFor(asked, role);
    const id = choice.model ?? this.defaultModel(asked.workspace);
    const name = parseModelName(id, choice, this.#providers, this.#deps.environment);
    switch (name.type) {
      case "mock":
        return new MockModel();
      case "scripted": {
        const script = parseScript(name.file, await readScript(this.#options.scriptedDirectory, name.file));
        return new ScriptedModel(script, `scripted/${name.file}`, this.#deps.clock);
      }
      case "tool": {
        const { clock, callTool } = this.#deps;
        const limits = { ...DEFAULT_MODEL_LIMITS, ...definedLimits(this.#options.facts?.[id]) };
        return new ToolModel({ clock, callTool }, { id, ...name, limits });
      }
      case "endpoint":
        return this.#endpoint(name, choice);
    }
  }

  providers(workspace?: string): readonly ModelProvider[] {
    const scripts = this.#options.scriptedDirectory;
    const note =
      scripts === undefined ? "no directory of scripts is configured" : "no key needed; plays a file of answers";
    return [
      builtIn("mock", true, "no key needed; built-in rules, not a language model"),
      ...this.#providers.map((provider) => readiness(provider, this.#keysOf(workspace))),
      builtIn("scripted", scripts !== undefined, note),
    ];
  }

  known(workspace?: string): readonly KnownModel[] {
    const ready = this.#providers.filter((provider) => readiness(provider, this.#keysOf(workspace)).ready);
    // The models of other servers are unknown.
    const own = ready.filter(
      (provider) => this.#addressFor(provider) === addressOf(provider) || provider.type === "bedrock",
    );
    const offered = own.flatMap((provider) => OFFERED[provider.type].map((model) => `${provider.name}/${model}`));
    const stated = Object.keys(this.#options.facts ?? {});
    const named = [this.defaultModel(workspace), ...Object.values(generative(this.roles))].filter(
      (model) => model !== undefined,
    );
    return [...new Set([...named, ...offered, ...stated])].flatMap((id) => this.#knownModel(id));
  }

  /** Returns address, key and headers of an embedding model. Rejects with UnknownModelError. */
  async embeddingEndpoint(id: string): Promise<EmbeddingEndpoint> {
    const name = parseModelName(id, { baseUrl: undefined }, this.#providers, this.#deps.environment);
    const address = name.type === "endpoint" ? await this.#dereference(this.#addressFor(name.provider)) : undefined;
    if (name.type !== "endpoint" || address === undefined || !EMBEDDING_TYPES.includes(name.provider.type))
      throw new UnknownModelError(
        `${id} is not an embedding model that Caxton supports`,
        "Name a model of embeddings of a provider with OpenAI's protocol, such as openai/text-embedding-3-small.",
        { model: id, providers: providerNames(this.#providers) },
      );
    const { provider, model } = name;
    const baseUrl = this.#parseBaseUrl(id, address);
    return {
      model,
      baseUrl: baseUrl.href,
      key: async () => (await this.#serverKey(provider, undefined, baseUrl))?.value,
      headers: await this.#headersOf(provider, baseUrl),
    };
  }

  async discover(signal: AbortSignal): Promise<readonly DiscoveredServer[]> {
    const ollama = findProvider(this.#providers, "ollama");
    const address = ollama && this.#addressFor(ollama);
    const url = address === undefined ? null : URL.parse(address);
    return url === null ? [] : [await askOllama(this.#deps.clock, url, signal)];
  }

  /** Models that need a definition's own address are not listed, even if facts are stated for them. */
  #knownModel(id: string): readonly KnownModel[] {
    const provider = findProvider(this.#providers, id.slice(0, Math.max(0, id.indexOf("/"))).toLowerCase());
    const model = id.slice(id.indexOf("/") + 1);
    if (provider === undefined || model === "") return [];
    if (provider.type === "openai-compatible" && this.#addressFor(provider) === undefined) return [];
    const { images, ...limits } = this.#factsOf(provider, model);
    return [{ id, provider: provider.name, limits, images }];
  }

  #factsOf({ name, type }: Provider, model: string) {
    return factsOf({ provider: name, type, model }, this.#options.facts?.[`${name}/${model}`]);
  }

  /** A role's own model does not use the agent's address and key: those belong to the agent's model. */
  #choiceFor(asked: ModelChoice, role: ModelRole): ModelChoice {
    const model = role === "execution" ? undefined : (asked.roles?.[role] ?? this.roles[role]);
    if (model === undefined) return asked;
    return { model, baseUrl: undefined, apiKey: undefined, workspace: asked.workspace };
  }

  #addressFor(provider: Provider): string | undefined {
    const { environment } = this.#deps;
    const place =
      provider.configured?.baseUrl ?? variable(environment, provider.baseUrlVariable) ?? addressOf(provider);
    if (place !== undefined || provider.type !== "bedrock") return place;
    const region = awsRegion(provider, environment);
    if (region === undefined) return undefined;
    return `https://bedrock-runtime.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
  }

  async #endpoint(name: Extract<ModelName, { type: "endpoint" }>, choice: ModelChoice): Promise<LanguageModel> {
    const { provider, model } = name;
    const { environment, clock, readImage } = this.#deps;
    const id = `${provider.name}/${model}`;
    const isOwn = name.baseUrl === undefined;
    const address = name.baseUrl ?? (await this.#dereference(this.#addressFor(provider)));
    if (address === undefined) return failingModel(id, failure("invalid_request", `${provider.name}: set AWS_REGION`));
    const baseUrl = this.#parseBaseUrl(id, address);
    await this.#origins.check(choice.keys ?? [], baseUrl);
    this.#origins.checkBound(choice.boundKeys, baseUrl);
    const isForeign = !isOwn && !(await this.#origins.isOperators(baseUrl));
    // The server's keys and headers go only where the server's configuration points, never to an address a definition brings.
    // An empty key counts as missing: a vendor's package would search for another one.
    const isServers = isOwn && (choice.apiKey ?? "") === "";
    const own = isServers ? await this.#serverKey(provider, choice.workspace, baseUrl) : undefined;
    const apiKey = (choice.apiKey || undefined) ?? own?.value;
    const keys = isServers ? awsKeys(environment) : undefined;
    const signed = provider.type === "bedrock" && keys !== undefined;
    if (apiKey === undefined && provider.keyNeeded && !signed && this.#isOfficial(provider, address)) {
      const remedy = `${missingKeyHint(provider)}, or api_key of the agent's [llm]`;
      return failingModel(id, failure("auth", `no key for ${provider.name}: ${remedy}`));
    }
    const headers = isOwn ? await this.#headersOf(provider, baseUrl) : {};
    const region = awsRegion(provider, environment);
    // Loaded at first use, because loading it takes longer than the rest of this module.
    const [{ VendorModel }, { isOpenAi, openVendor }] = await Promise.all([
      import("./ai-sdk/vendor-model.ts"),
      import("./ai-sdk/vendor.ts"),
    ]);
    const vendor = await this.#vendors.open(openVendor, provider.type, {
      model,
      baseUrl,
      apiKey,
      headers,
      api: choice.api ?? provider.configured?.api ?? (isOpenAi(baseUrl) ? "responses" : "chat"),
      aws: provider.type === "bedrock" ? { region: region ?? "us-east-1", keys } : undefined,
      fetch: isForeign ? (this.#deps.foreignFetch ?? noFetch) : unredirected,
    });
    const secrets = [apiKey, keys?.secretAccessKey, keys?.sessionToken, ...Object.values(headers)];
    return new VendorModel({ clock, readImage }, vendor, {
      id,
      account: own?.account,
      address: baseUrl.origin,
      isForeign,
      facts: this.#factsOf(provider, model),
      secrets: secrets.filter((secret) => secret !== undefined),
    });
  }

  /** The key of this server for a provider, and the account of a stored one. Throws KeyOriginRefusedError, SecretUnreadableError. */
  async #serverKey(provider: Provider, workspace: string | undefined, address: URL) {
    const use = this.#useOf(workspace);
    const key = serverKey(provider, this.#keysOf(workspace, use));
    if (key === undefined) return undefined;
    const value = key.type === "stored" ? key.secret.read() : await this.#dereference(key.text, use);
    this.#origins.checkBound(use.bound(), address);
    return { value, account: use.isEmpty ? undefined : digestOf(value) };
  }

  /** Whether an address is the one that refuses calls without a key. */
  #isOfficial(provider: Provider, address: string): boolean {
    return provider.type === "bedrock" || address === provider.baseUrl;
  }

  /** Headers of the configuration. They are the operator's, so secrets of a workspace do not take part. */
  async #headersOf({ configured }: Provider, address: URL): Promise<{ readonly [name: string]: string }> {
    const use = this.#useOf();
    const entries = Object.entries(configured?.headers ?? {});
    const resolved = await Promise.all(
      entries.map(async ([name, value]) => [name, (await this.#dereference(value, use)) ?? ""] as const),
    );
    this.#origins.checkBound(use.bound(), address);
    return Object.fromEntries(resolved);
  }

  /** Without `use`, the text is an address, which contains no secret. */
  async #dereference(text: string | undefined, use?: SecretUse): Promise<string | undefined> {
    if (text === undefined || !text.includes("${") || this.#deps.dereference === undefined) return text;
    return this.#deps.dereference(text, use);
  }

  #parseBaseUrl(model: string, text: string): URL {
    const url = URL.parse(text);
    const fit = url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
    if (fit) return url;
    throw new UnknownModelError(
      `the base_url of ${model} is not an http or https address without user name and password`,
      "A base_url looks like http://127.0.0.1:11434/v1; a key goes into api_key.",
      { model, providers: providerNames(this.#providers) },
    );
  }
}

/** Headers contain keys, and `fetch` would send some of them to another origin. */
const unredirected: Fetch = (input, init) => fetch(input, { ...init, redirect: "manual" });
const noFetch: Fetch = () => Promise.reject(new Error("addresses of definitions are not permitted here"));

const ACCOUNT_CHARS = 8;

const digestOf = (key: string | undefined): string | undefined =>
  key && createHash("sha256").update(key).digest("hex").slice(0, ACCOUNT_CHARS);

const builtIn = (name: string, ready: boolean, note: string): ModelProvider => ({
  name,
  type: "built-in",
  ready,
  note,
  keyName: undefined,
  testModel: undefined,
});

/** Protocols with the same request for embeddings. */
const EMBEDDING_TYPES: readonly string[] = ["openai", "openai-compatible", "mistral"];

/** Removes the embedding model, which generates no text. */
const generative = (roles: RoleModels): RoleModels => ({ ...roles, embedding: undefined });

const definedLimits = (stated: StatedFacts | undefined) => ({
  ...(stated?.contextTokens === undefined ? {} : { contextTokens: stated.contextTokens }),
  ...(stated?.outputTokens === undefined ? {} : { outputTokens: stated.outputTokens }),
});
