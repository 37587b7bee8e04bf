import { readFile } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import type { Clock } from "../../kernel/clock.ts";
import type {
  LanguageModel,
  ModelCatalogue,
  ModelChoice,
  ModelProvider,
  ModelRole,
  RoleModels,
} from "../../runs/index.ts";
import { ScriptInvalidError, UnknownModelError } from "./errors.ts";
import { failingModel, failure } from "./failure.ts";
import { MockModel } from "./mock/index.ts";
import { type ModelName, parseModelName } from "./model-name.ts";
import {
  defaultModel,
  ENDPOINTS,
  type Endpoint,
  type ModelEnvironment,
  PROVIDER_NAMES,
  variable,
} from "./providers.ts";
import { parseScript } from "./script.ts";
import { ScriptedModel } from "./scripted.ts";

export type ModelsDeps = {
  readonly clock: Clock;
  /** The variables of `MODEL_VARIABLES` that are set. */
  readonly environment: ModelEnvironment;
};

export type ModelsOptions = {
  /** `provider/model`; otherwise the environment decides. */
  readonly defaultModel?: string | undefined;
  /** Where `scripted/<file>` is looked up; without it there are no scripted models. */
  readonly scriptedDirectory?: string | undefined;
  /** Models for single roles, over the default and the models of definitions. */
  readonly roles?: RoleModels | undefined;
};

/** Every language model this server can use. The constructor throws UnknownModelError when the default is none. */
export class Models implements ModelCatalogue {
  readonly defaultModel: string;
  readonly #clock: Clock;
  readonly #environment: ModelEnvironment;
  readonly #scriptedDirectory: string | undefined;
  readonly #roles: RoleModels;

  constructor({ clock, environment }: ModelsDeps, options: ModelsOptions = {}) {
    this.#roles = options.roles ?? {};
    this.defaultModel = options.defaultModel ?? this.#roles.execution ?? defaultModel(environment);
    parseModelName(this.defaultModel, { baseUrl: undefined });
    this.#clock = clock;
    this.#environment = environment;
    this.#scriptedDirectory = options.scriptedDirectory;
  }

  /** Throws UnknownModelError, and ScriptInvalidError for a script that is missing or malformed. A missing key is a failure of the call, not of this. */
  async resolve(asked: ModelChoice, role: ModelRole = "execution"): Promise<LanguageModel> {
    const choice = this.#choiceFor(asked, role);
    const name = parseModelName(choice.model ?? this.defaultModel, choice);
    switch (name.type) {
      case "mock":
        return new MockModel();
      case "scripted":
        return this.#scripted(name.file);
      case "endpoint":
        return this.#endpoint(name, choice.apiKey);
    }
  }

  /** A role's own model brings no address and no key of the agent's: those are for the agent's model. */
  #choiceFor(asked: ModelChoice, role: ModelRole): ModelChoice {
    const model = role === "execution" ? undefined : (asked.roles?.[role] ?? this.#roles[role]);
    return model === undefined ? asked : { model, baseUrl: undefined, apiKey: undefined };
  }

  providers(): readonly ModelProvider[] {
    const scripts = this.#scriptedDirectory;
    return [
      { name: "mock", ready: true, note: "no key needed; built-in rules, not a language model" },
      ...ENDPOINTS.map((endpoint) => ({ name: endpoint.name, ...this.#readiness(endpoint) })),
      {
        name: "scripted",
        ready: scripts !== undefined,
        note:
          scripts === undefined ? "no directory of scripts is configured" : "no key needed; plays a file of answers",
      },
    ];
  }

  #readiness(endpoint: Endpoint): Omit<ModelProvider, "name"> {
    const address = variable(this.#environment, endpoint.baseUrlVariable);
    const key = variable(this.#environment, endpoint.apiKeyVariable);
    if (address !== undefined) return { ready: true, note: `${endpoint.baseUrlVariable} is set` };
    if (key !== undefined && endpoint.baseUrl !== undefined)
      return { ready: true, note: `${endpoint.apiKeyVariable} is set` };
    if (endpoint.keyNeeded) return { ready: false, note: `set ${endpoint.apiKeyVariable}` };
    if (endpoint.baseUrl === undefined) return { ready: true, note: "give base_url with the model" };
    return { ready: true, note: `no key needed; expected at ${endpoint.baseUrl}` };
  }

  async #scripted(file: string): Promise<LanguageModel> {
    const script = parseScript(file, await readScript(this.#scriptedDirectory, file));
    return new ScriptedModel(script, `scripted/${file}`, this.#clock);
  }

  async #endpoint(name: Extract<ModelName, { type: "endpoint" }>, ownKey: string | undefined): Promise<LanguageModel> {
    const { endpoint, model } = name;
    const id = `${endpoint.name}/${model}`;
    const configured = variable(this.#environment, endpoint.baseUrlVariable);
    const baseUrl = parseBaseUrl(id, name.baseUrl ?? configured ?? endpoint.baseUrl ?? "");
    // The server's key goes only where the server's configuration points, never to an address a definition brings.
    const serverKey = name.baseUrl === undefined ? variable(this.#environment, endpoint.apiKeyVariable) : undefined;
    const apiKey = ownKey ?? serverKey;
    if (apiKey === undefined && endpoint.keyNeeded && baseUrl.href === endpoint.baseUrl) {
      const remedy = `set ${endpoint.apiKeyVariable}, or api_key of the agent's [llm]`;
      return failingModel(id, failure("auth", `no key for ${endpoint.name}: ${remedy}`));
    }
    // Loaded only by servers that use it: its start costs more than the rest of this room.
    const { OpenAiCompatibleModel } = await import("./openai-compatible.ts");
    return new OpenAiCompatibleModel(this.#clock, { id, model, baseUrl, apiKey });
  }
}

function parseBaseUrl(model: string, text: string): URL {
  const url = URL.parse(text);
  const fit = url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
  if (fit) return url;
  throw new UnknownModelError(
    `the base_url of ${model} is not an http or https address without user name and password`,
    "A base_url looks like http://127.0.0.1:11434/v1; a key goes into api_key.",
    { model, providers: PROVIDER_NAMES },
  );
}

async function readScript(directory: string | undefined, file: string): Promise<string> {
  const unreadable = (reason: string, cause?: unknown) =>
    new ScriptInvalidError(
      `the script ${file} cannot be read: ${reason}`,
      "Scripts are files inside the configured directory of scripts.",
      { file, problems: [reason] },
      { cause },
    );
  if (directory === undefined) throw unreadable("no directory of scripts is configured");
  const path = join(directory, file);
  const inside = relative(directory, path);
  if (isAbsolute(inside) || inside === ".." || inside.startsWith(`..${sep}`))
    throw unreadable("it is outside the directory of scripts");
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw unreadable(isMissing(error) ? "there is no such file" : "the file could not be opened", error);
  }
}

const isMissing = (error: unknown) => error instanceof Error && "code" in error && error.code === "ENOENT";
