import type { Clock } from "../kernel/clock.ts";
import { Budgets, type BudgetsOptions, Calendar, PriceTable, readPriceFile, type SpendStore } from "./budgets/index.ts";
import { Agents, type AgentStore } from "./definitions/index.ts";
import {
  DefinitionFiles,
  DefinitionWatcher,
  definitionFiles,
  deployDirectory,
  type FileDeployment,
  redeployRefused,
} from "./files/index.ts";

export type AgentsOptions = {
  readonly workspace: string;
  /** Directory of definition files. */
  readonly directory: string;
  readonly budgets: BudgetsOptions;
  readonly timeZone: string;
  /** Prices that go before the known ones. */
  readonly pricesFile: string | undefined;
  /** Providers at an address of this machine, whose models cost nothing. */
  readonly localProviders: readonly string[];
};

export type AgentsPorts = {
  readonly stores: { readonly agents: AgentStore; readonly spend: SpendStore };
  readonly clock: Clock;
  /** The tools that definitions may name. */
  readonly tools: {
    of(workspace: string): { names(): Iterable<string> };
    readonly failures: ReadonlyMap<string, string>;
  };
};

/** Opens agents, their budgets and their definition files. Throws PricesInvalidError. */
export function openAgents(options: AgentsOptions, { stores, clock, tools }: AgentsPorts) {
  const agents = new Agents({
    store: stores.agents,
    clock,
    knownTools: (workspace) => tools.of(workspace).names(),
    get failedServers() {
      return tools.failures;
    },
  });
  const calendar = new Calendar(options.timeZone);
  const budgets = new Budgets({ store: stores.spend, clock, calendar }, options.budgets);
  const agentFiles = new DefinitionFiles(options.workspace, () => definitionFiles(options.directory));
  const deployments = { workspace: options.workspace, agents, agentFiles, clock };
  return {
    agents,
    agentFiles,
    budgets,
    prices: new PriceTable(
      options.pricesFile === undefined ? undefined : readPriceFile(options.pricesFile),
      options.localProviders,
    ),
    /** Forgets what is in memory of a workspace that is deleted. */
    deleteWorkspace: (workspace: string): void => {
      agents.forgetAll();
      budgets.deleteWorkspace(workspace);
    },
    /** Deploys the definition files. Rejects with CONFIG_INVALID if their directory cannot be read. */
    start: () => deployDirectory(deployments, options.directory),
    /** Deploys the refused files of an earlier pass again. */
    redeploy: (earlier: readonly FileDeployment[]) => redeployRefused(deployments, earlier),
    /** Deploys definitions as they are saved, until disposed. */
    watch: (report: (deployment: FileDeployment) => void) =>
      new DefinitionWatcher(deployments, options.directory, report),
  };
}
/** The services of the module. */
export type AgentServices = ReturnType<typeof openAgents>;
