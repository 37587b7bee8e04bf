import { readFile, realpath } from "node:fs/promises";
import { resolve, sep } from "node:path";
import type { AgentDefinition, Agents, PreparedAgent } from "../agents/index.ts";
import type { Permissions } from "../permissions/index.ts";
import type { PlanSource, RunPlan } from "../runs/index.ts";
import type { Environment } from "./config.ts";
import { ReferenceUnresolvedError } from "./errors.ts";
import { mergePermissions, type ServerPermissions } from "./permissions.ts";

export type PlanOptions = {
  readonly runTimeoutMs: number;
  readonly modelTimeoutMs: number;
  readonly permissions: ServerPermissions;
  /** Directories that `${file:path}` may point into. */
  readonly secretsDirectories: readonly string[];
};

/** Turns deployed agents into what a run executes: references resolved, defaults filled in. */
export class AgentPlans implements PlanSource {
  readonly #agents: Agents;
  readonly #environment: Environment;
  readonly #options: PlanOptions;
  readonly #permissions = new WeakMap<AgentDefinition, Permissions>();

  constructor(agents: Agents, environment: Environment, options: PlanOptions) {
    this.#agents = agents;
    this.#environment = environment;
    this.#options = options;
  }

  async plan(workspace: string, agent: string, revision: number | undefined): Promise<RunPlan> {
    const prepared =
      revision === undefined
        ? await this.#agents.prepareLatest(workspace, agent)
        : await this.#agents.prepare(workspace, agent, revision);
    const { definition } = prepared;
    const { llm } = definition;
    const headers = await Promise.all(
      Object.entries(llm.headers).map(async ([name, value]) => [name, await this.#resolve(value)] as const),
    );
    return {
      agent: prepared.name,
      revision: prepared.revision,
      model: {
        model: llm.model,
        baseUrl: llm.baseUrl === undefined ? undefined : await this.#resolve(llm.baseUrl),
        apiKey: llm.apiKey === undefined ? undefined : await this.#resolve(llm.apiKey),
        roles: llm.roles,
      },
      settings: {
        temperature: llm.temperature,
        outputTokensMax: llm.outputTokensMax,
        headers: Object.fromEntries(headers),
        timeoutMs: llm.timeoutMs ?? this.#options.modelTimeoutMs,
        reasoning: llm.reasoning,
        options: llm.options,
        cacheKey: llm.promptCaching === false ? undefined : cacheKey(workspace, prepared),
      },
      tools: toolList(definition),
      permissions: this.#permissionsOf(definition),
      deferredTools: definition.deferredTools,
      stepsMax: definition.maxSteps,
      concurrentToolsMax: definition.toolsAtOnceMax,
      timeoutMs: definition.timeoutMs ?? this.#options.runTimeoutMs,
      render: renderer(prepared),
    };
  }

  /** The same object for the same definition, as long as that is kept: its rules are read once. */
  #permissionsOf(definition: AgentDefinition): Permissions {
    let known = this.#permissions.get(definition);
    if (known === undefined) {
      known = mergePermissions(this.#options.permissions, definition.permissions);
      this.#permissions.set(definition, known);
    }
    return known;
  }

  /** Text with each `${env:NAME}`, `${env:NAME:-default}` and `${file:path}` replaced. Throws ReferenceUnresolvedError, never showing a value. */
  async #resolve(text: string): Promise<string> {
    let resolved = "";
    let end = 0;
    for (const match of text.matchAll(REFERENCE)) {
      const [whole, kind = "", target = "", fallback] = match;
      resolved += text.slice(end, match.index) + (await this.#lookUp(kind, target, fallback));
      end = match.index + whole.length;
    }
    return resolved + text.slice(end);
  }

  async #lookUp(kind: string, target: string, fallback: string | undefined): Promise<string> {
    if (kind === "env") {
      const value = this.#environment[target] ?? fallback;
      if (value !== undefined) return value;
      throw new ReferenceUnresolvedError(
        `the environment variable ${target}, which the definition refers to, is not set, or definitions may not refer to it`,
        `Set ${target} where the server starts, and permit it in models.environment of caxton.toml (names that end in _API_KEY or _BASE_URL are permitted).`,
        { reference: target },
      );
    }
    return this.#readSecret(target);
  }

  /** The first of the directories that has the file gives the value. */
  async #readSecret(target: string): Promise<string> {
    const { secretsDirectories } = this.#options;
    const roots = await Promise.all(secretsDirectories.map((directory) => realpath(directory).catch(() => undefined)));
    let cause: unknown;
    for (const directory of secretsDirectories) {
      try {
        const path = await realpath(resolve(directory, target));
        if (roots.some((root) => root !== undefined && path.startsWith(root + sep)))
          return (await readFile(path, "utf8")).trim();
      } catch (error) {
        cause = error;
      }
    }
    throw unreadable(target, secretsDirectories, cause);
  }
}

const unreadable = (target: string, directories: readonly string[], cause: unknown): ReferenceUnresolvedError =>
  new ReferenceUnresolvedError(
    `the file ${target}, which the definition refers to, cannot be read or is not in a directory for secrets`,
    `Put it into one of: ${directories.join(", ")} (models.secrets_directories in caxton.toml).`,
    { reference: target },
    { cause },
  );

const REFERENCE = /\$\{(env|file):([^}:]+)(?::-([^}]*))?\}/g;

/** Requests of one revision begin with the same prompt and tools, so they share what a provider keeps of them. */
const cacheKey = (workspace: string, { name, revision }: PreparedAgent): string =>
  `caxton:${workspace}:${name}:${revision}`.slice(0, CACHE_KEY_CHARS_MAX);

/** OpenAI refuses longer ones. */
const CACHE_KEY_CHARS_MAX = 64;

/** Stands for every tool there is, in a definition that names none in particular. */
const EVERY_TOOL = "*";

const toolList = ({ tools }: AgentDefinition): RunPlan["tools"] => (tools.includes(EVERY_TOOL) ? "all" : tools);

const renderer =
  ({ name, systemPrompt, prompt }: PreparedAgent): RunPlan["render"] =>
  ({ input, atMs, files }) => ({
    system: systemPrompt,
    prompt: prompt({ request: input, agent_name: name, timestamp: new Date(atMs).toISOString(), files }),
  });
