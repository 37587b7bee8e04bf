import {
  type AgentDefinition,
  type AgentMemory,
  type Agents,
  type PreparedAgent,
  type RunIsolation,
  showsHistory,
} from "../../agents/definitions/index.ts";
import type { Permissions } from "../../agents/permissions/index.ts";
import { isInDomains } from "../../kernel/rights/domains.ts";
import { limitsOf, type Limits } from "../../agents/budgets/index.ts";
import { ModelHostRestrictedError, type PlanSource, type Recalled, type RunPlan } from "../record/index.ts";
import { type CareConfig, careOf } from "./care.ts";
import type { Tool } from "../../tools/catalogue/index.ts";
import { handoffTool } from "../calls/index.ts";
import { agentTool, type RemoteLookup } from "../conversations/index.ts";
import { mergePermissions, type ServerPermissions } from "./permissions.ts";
import {
  type Environment,
  References,
  type SecretFound,
  type SecretsOf,
  SecretUse,
} from "../../text/references/index.ts";

export type PlanOptions = {
  /** Variables that definitions may refer to. */
  readonly environment: Environment;
  readonly runTimeoutMs: number;
  readonly modelTimeoutMs: number;
  /** Isolation of runs whose definition sets none; default: in the server process. */
  readonly isolation?: RunIsolation | undefined;
  readonly permissions: ServerPermissions;
  /** For what a definition does not limit itself. */
  readonly budget: { readonly run: Limits; readonly agent: Limits };
  /** For requests and limits of which a definition does not say; absent takes the defaults for all. */
  readonly care?: CareConfig | undefined;
  /** Recalls memory for a request; absent: nothing is recalled. */
  readonly recall?: Recall | undefined;
  /** Directories that `${file:path}` may point into. */
  readonly secretsDirectories: readonly string[];
  /** Called with each secret that is read. */
  readonly secretFound?: SecretFound | undefined;
  /** Secrets that the server stores. */
  readonly stored?: SecretsOf | undefined;
  /** Agents of other systems. */
  readonly remote?: RemoteLookup["remote"] | undefined;
};

/** Looks up what an agent remembers of a request's matter; never rejects. */
export type Recall = (of: {
  readonly workspace: string;
  readonly agent: string;
  readonly conversationId: string | undefined;
  readonly input: string;
  readonly memory: AgentMemory;
}) => Promise<Recalled>;

type RunBudgetLimits = NonNullable<RunPlan["budget"]>;

/** Turns deployed agents into what a run executes: references resolved, defaults filled in. */
export class AgentPlans implements PlanSource {
  readonly #agents: Agents;
  readonly #references: References;
  readonly #options: PlanOptions;
  readonly #permissions = new WeakMap<AgentDefinition, Permissions>();

  constructor(agents: Agents, options: PlanOptions) {
    this.#agents = agents;
    this.#references = new References(options.environment, options.secretsDirectories, options.secretFound);
    this.#options = options;
  }

  async admit(workspace: string, agent: string): Promise<void> {
    return this.#agents.refusePaused(workspace, agent);
  }

  async plan(workspace: string, agent: string, revision: number | undefined): Promise<RunPlan> {
    const prepared =
      revision === undefined
        ? await this.#agents.prepareServing(workspace, agent)
        : await this.#agents.prepare(workspace, agent, revision);
    const { definition } = prepared;
    const { llm } = definition;
    // A name has the same secret for all checks of this plan, whatever is stored meanwhile.
    const secrets = new SecretUse(this.#options.stored?.(workspace));
    const references = this.#references;
    const headers = await Promise.all(
      Object.entries(llm.headers).map(
        async ([name, value]) => [name, await references.resolve(value, secrets)] as const,
      ),
    );
    const baseUrl = llm.baseUrl === undefined ? undefined : await references.resolve(llm.baseUrl);
    if (baseUrl !== undefined) refuseRestrictedHost(prepared.name, definition, baseUrl);
    const apiKey = llm.apiKey === undefined ? undefined : await references.resolve(llm.apiKey, secrets);
    return {
      agent: prepared.name,
      revision: prepared.revision,
      model: {
        model: llm.model,
        baseUrl,
        apiKey,
        keys: [
          ...references.named([llm.baseUrl]),
          ...references.named([llm.apiKey, ...Object.values(llm.headers)], secrets),
        ],
        boundKeys: secrets.bound(),
        workspace,
        api: llm.api,
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
      fallback: llm.fallback,
      onModelFailure: llm.onFailure,
      outputSchema: definition.outputSchema,
      tools: toolList(definition),
      agentTools: await this.#agentTools(workspace, definition),
      isReadOnly: definition.permissions?.readOnly,
      permissions: this.#permissionsOf(definition),
      restrictions: definition.restrictions,
      earlierTurnsMax: earlierTurnsMax(definition),
      deferredTools: definition.deferredTools,
      stepsMax: definition.maxSteps,
      concurrentToolsMax: definition.toolsAtOnceMax,
      isolation: definition.isolation ?? this.#options.isolation,
      timeoutMs: definition.timeoutMs ?? this.#options.runTimeoutMs,
      budget: this.#budgetOf(prepared),
      ...(this.#options.care && careOf(definition, this.#options.care)),
      render: renderer(prepared),
      recall: this.#recallOf(workspace, prepared),
      remembers: definition.memory?.keeps !== undefined,
    };
  }

  /** Names are looked up when a run starts: an agent may be deployed later than those that name it. */
  async #agentTools(workspace: string, { agents, handoffs }: AgentDefinition): Promise<readonly Tool[]> {
    const toolsOf = (names: readonly string[], toolFor: typeof agentTool) =>
      names.map(async (name) => {
        const found = await this.#agents.find(workspace, name);
        const remote = found === undefined ? this.#options.remote?.(workspace, name) : undefined;
        return toolFor(name, found?.definition.description ?? remote?.description ?? "", remote !== undefined);
      });
    return Promise.all([...toolsOf(agents, agentTool), ...toolsOf(handoffs, handoffTool)]);
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

  /** Limits of an agent, also of one that cannot run. Throws AgentNotFoundError, RevisionNotFoundError. */
  readonly limits = async (workspace: string, agent: string, revision?: number): Promise<RunBudgetLimits> =>
    this.#budgetOf(
      revision === undefined
        ? await this.#agents.prepareServing(workspace, agent)
        : await this.#agents.prepare(workspace, agent, revision),
    );

  #recallOf(workspace: string, { name, definition }: PreparedAgent): RunPlan["recall"] {
    const { memory } = definition;
    const { recall } = this.#options;
    if (memory === undefined || recall === undefined) return undefined;
    return ({ input, conversationId }) => recall({ workspace, agent: name, conversationId, input, memory });
  }

  #budgetOf({ definition, fileName }: PreparedAgent): RunBudgetLimits {
    const { run, perDay } = definition.budget;
    const { budget } = this.#options;
    const file = () => fileName;
    return {
      run: { ...budget.run, ...limitsOf(run, { name: "budget", per: "run" }, file) },
      agent: { ...budget.agent, ...limitsOf(perDay, { name: "budget.per_day", per: "day" }, file) },
    };
  }
}

/** A message and its answer are one turn. Templates that show the earlier messages themselves need no turns. */
const earlierTurnsMax = ({ messaging: { templates, contextMessages } }: AgentDefinition): number | undefined =>
  showsHistory(templates) ? 0 : contextMessages && Math.ceil(contextMessages / 2);

/** The model's address may come from a variable, so it is checked when a run starts. */
function refuseRestrictedHost(agent: string, { restrictions }: AgentDefinition, baseUrl: string): void {
  const { domains } = restrictions ?? {};
  const { hostname } = URL.parse(baseUrl) ?? { hostname: "" };
  if (domains !== undefined && !isInDomains(hostname, domains)) throw new ModelHostRestrictedError(agent, hostname);
}

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
  ({ input, variables, atMs, files, message, recalled }) => ({
    system: systemPrompt,
    prompt: prompt({
      request: input,
      agent_name: name,
      timestamp: new Date(atMs).toISOString(),
      files,
      message,
      variables,
      ...(recalled !== undefined && { memory_context: recalled }),
    }),
  });
