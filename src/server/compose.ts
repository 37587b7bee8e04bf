import { existsSync } from "node:fs";
import { Keeper, recallFor } from "../runs/remembering/index.ts";
import { DefinitionFiles } from "../agents/files/agent-files.ts";
import { definitionFiles } from "../agents/files/definitions.ts";
import { Agents } from "../agents/definitions/index.ts";
import {
  Database,
  SqliteApprovals,
  SqliteAgentStore,
  SqliteArtifactStore,
  SqliteChangeLog,
  SqliteKeptAnswers,
  SqliteReplies,
  SqliteRunKeepings,
  SqliteSpendStore,
  SqliteToolServerStore,
  SqliteUploadStore,
} from "../storage/index.ts";
import type { ServerFacts } from "../api/operations/index.ts";
import type { HttpServices } from "../api/http/index.ts";
import { type Clock, systemClock } from "../kernel/clock.ts";
import type { KnownSecrets } from "../text/redaction/index.ts";
import type { Memory } from "../memory/knowledge/index.ts";
import type { Message } from "../messaging/acl/index.ts";
import { redactedPorts, redactedTools, type Redactors } from "../runs/redaction/index.ts";
import { ModelTraffic } from "../models/traffic/index.ts";
import type { ReplayDeps } from "../runs/replay/index.ts";
import {
  type Accounts,
  type ApprovalIndex,
  Approvals,
  type ApprovalsDeps,
  Replies,
  Runs,
  type RunsOptions,
  ThreadPool,
  type ThreadPoolOptions,
  TimeTravel,
} from "../runs/index.ts";
import { type ModelCatalogue } from "../models/port/index.ts";
import { Sandbox, type SandboxDeps } from "../tools/sandbox/index.ts";
import type { ToolServers } from "../tools/servers/index.ts";
import { type ToolCatalogue, toolId, type ToolRunner } from "../tools/catalogue/index.ts";
import { renderProblem } from "../text/documents/index.ts";
import { openBroker, type Resolve } from "./broker.ts";
import { type Config, type LoadedConfig, shownConfig, trafficOptions, warnOfUnknownLimits } from "./config/index.ts";
import { serverPermissions } from "./permissions.ts";
import { configuredLimits, openAccounts } from "./accounts.ts";
import { AgentPlans } from "./plans.ts";
import { definitionEnvironment, type ModelParts, openModels, secretsDirectories } from "./open-models.ts";
import { Embedders } from "../memory/embeddings/embedders.ts";
import { openJournal } from "./open-journal.ts";
import { type OpenCorrespondence, openCorrespondence, openMessageTools } from "./open-correspondence.ts";
import { type Messaging, openMessages } from "./open-messages.ts";
import {
  openMemory,
  openMigrations,
  openRetention,
  openSnapshots,
  openTransfers,
  withMemoryTools,
} from "./open-memory.ts";
import { openTasks } from "./open-tasks.ts";
import { openMcpServers, withMcpServers } from "./mcp-servers.ts";
import { openRedaction } from "./redaction.ts";
import { openToolServers } from "./open-tool-servers.ts";
import { deployToolServers, redeployFailed, type ToolDeployment } from "./tool-servers.ts";
import { StoreWatch } from "../storage/store-watch.ts";
import { join } from "node:path";
import { PACKAGE_DIRECTORY, packageVersion } from "../kernel/package.ts";

/** What tests replace. */
export type Overrides = {
  readonly clock?: Clock;
  readonly models?: ModelCatalogue;
  /** Where tool servers are, a directory each; default: those built in. */
  readonly toolServers?: string;
  /** What is put between runs and the tools they call. */
  readonly wrapTools?: (tools: ToolRunner) => ToolRunner;
  /** How tools' requests find addresses; default: the system's resolver. */
  readonly resolve?: Resolve;
};

/** A Caxton put together, not yet listening. Disposing it drains the runs, ends the children and closes the database. */
export type Caxton = AsyncDisposable & {
  readonly services: HttpServices &
    Pick<Messaging, "fipaUrl" | "agentsDeployed"> & {
      readonly replies: Replies;
      readonly correspondence: OpenCorrespondence;
      readonly keeper: Keeper;
    };
  /** Resolves when the tool servers are deployed or have failed; never rejects. */
  readonly toolsReady: Promise<readonly ToolDeployment[]>;
  /** Deploys built-in tool servers that could not be deployed. Never rejects. */
  readonly retryTools: () => Promise<void>;
  /** Says that definitions are deployed and unfinished runs go on, so that `/ready` can. */
  readonly markReady: () => void;
};

/** The one place that wires everything. Throws storage errors, DataDirectoryInUseError, DatabaseTooNewError, UnknownModelError. */
export async function compose(loaded: LoadedConfig, overrides: Overrides = {}): Promise<Caxton> {
  const { config } = loaded;
  await using stack = new AsyncDisposableStack();
  const clock = overrides.clock ?? systemClock;
  const database = stack.use(Database.open({ directory: config.data.directory, synchronous: config.data.synchronous }));
  const { known, redactors } = openRedaction(loaded);
  const stores = openStores(stack, database, { config, clock });
  const { journal, artifacts, uploads } = stores;
  const minds = await openMinds(stack, loaded, { clock, artifacts, known, redactors, tools: () => tools }, overrides);
  const { models, memory, embedderFailure } = minds;
  const mail = { journal, post: { submit: (message: Message) => messaging.router.submit(message) } };
  const grants = stack.use(openBroker(loaded, { database, clock, known, resolve: overrides.resolve, mail, memory }));
  const toolServerStore = new SqliteToolServerStore(database);
  const sandbox = stack.use(openSandbox(loaded, { clock, broker: grants.broker }, toolServerStore));
  const changes = new SqliteChangeLog(database);
  const remotes = stack.use(
    await openMcpServers(loaded, { clock, sandbox, changes, known, version: packageVersion() }),
  );
  const withOwn = openOwnTools({ journal, clock, memory }, () => ({ ...messaging, agents }));
  const toolServices = openToolServers(config, { sandbox, remotes, store: toolServerStore, clock, changes }, (runner) =>
    redactedTools(overrides.wrapTools?.(withOwn(runner)) ?? withOwn(runner), redactors),
  );
  const { tools, toolServers } = toolServices;
  const agents = openAgents(database, { changes, clock, tools });
  const messaging = await openMessaging(stack, config, { ...minds, database, agents, changes, clock });
  const { accounts, plans, ...counted } = openPlans(loaded, { agents, database, clock, known, memory });
  const traffic = openTraffic(config, { clock, models });
  const ports = redactedPorts(redactors, { journal, models: traffic.guarded(models) });
  const threads = stack.use(new ThreadPool(clock, threadOptions(config)));
  const runs = new Runs({ ...ports, plans, tools, artifacts, clock, accounts, threads }, runsOptions(config));
  const asking = openWaits(stack, database, { runs, plans, tools, clock });
  const keepings = new SqliteRunKeepings(database);
  const keeper = stack.use(new Keeper({ runs, keepings, agents, memory, clock }));
  const correspondence = stack.use(
    openCorrespondence({ ...messaging, ...asking, config, agents, runs, journal, database, clock }),
  );
  stack.defer(() => drain(runs, correspondence, config));
  const progress = { tools: false, definitions: false };
  const { deployed, retryTools } = beginToolServers(stack, toolServers, { config, directory: overrides.toolServers });
  const toolsReady = withMcpServers(remotes, deployed).finally(() => (progress.tools = true));
  const facts = factsOf(stack, loaded, { clock, database, agents, progress, embedderFailure });
  const services = {
    agents,
    ...asking,
    correspondence,
    keeper,
    keepings,
    ...stores,
    changes,
    keptAnswers: new SqliteKeptAnswers(database),
    clock,
    facts,
    ledger: grants.ledger,
    grantWatch: grants.watch,
    ...minds,
    plans,
    modelTraffic: traffic,
    prices: accounts.prices,
    ...replaying(config, accounts, redactors),
    ...definitionServices(config),
    runs,
    ...counted,
    ...messaging,
    ...toolServices,
    timeTravel: new TimeTravel({ runs, journal, artifacts, uploads }),
  };
  const owned = stack.move();
  const markReady = () => void (progress.definitions = true);
  return { services, toolsReady, retryTools, markReady, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Runs end, or stop where they can go on; messages come no more. */
async function drain(runs: Runs, correspondence: OpenCorrespondence, { server }: Config): Promise<void> {
  correspondence.rest();
  await runs.drain(server.shutdown_timeout);
}

/** Puts the tools for messages and memory beside a runner's own. */
function openOwnTools(
  { memory, ...deps }: Parameters<typeof openMessageTools>[0] & { readonly memory: Memory },
  later: Parameters<typeof openMessageTools>[1],
): (runner: ToolRunner) => ToolRunner {
  const withMessages = openMessageTools(deps, later);
  return (runner) => withMemoryTools(withMessages(runner), memory);
}

/** What answers, what makes vectors, and what is remembered. */
async function openMinds(
  stack: AsyncDisposableStack,
  loaded: LoadedConfig,
  ...[parts, overrides]: [ModelParts & { readonly redactors: Redactors }, Overrides]
) {
  const { config } = loaded;
  const { clock, redactors } = parts;
  const own = openModels(loaded, parts);
  const embedders = new Embedders({ config, clock, models: own });
  const secretFound = parts.known.add;
  const opened = await openMemory(loaded, { clock, embedders, redactors, secretFound });
  const memory = stack.use(opened.memory);
  const migrations = openMigrations(loaded, { ...opened, clock, secretFound });
  return {
    models: overrides.models ?? own,
    embedders,
    embedderFailure: opened.embedderFailure,
    memory,
    memoryTransfers: openTransfers({ ...opened, clock }),
    memoryMigrations: migrations,
    memoryRetention: stack.use(openRetention(config, { memory, clock })),
    memorySnapshots: stack.use(openSnapshots(config, { ...opened, clock, migrations })),
  };
}

/** Runs and their files. */
function openStores(
  stack: AsyncDisposableStack,
  database: Database,
  { config, clock }: { readonly config: Config; readonly clock: Clock },
) {
  const opened = openJournal(database, { config, clock });
  stack.use(opened.retention);
  return {
    ...opened,
    artifacts: new SqliteArtifactStore(database, clock),
    uploads: new SqliteUploadStore(database, clock, { bytesMax: config.files.upload_bytes_max }),
  };
}

function openAgents(
  database: Database,
  {
    changes,
    clock,
    tools,
  }: { readonly changes: SqliteChangeLog; readonly clock: Clock; readonly tools: ToolCatalogue },
): Agents {
  const store = new SqliteAgentStore(database, changes);
  return new Agents({ store, clock, knownTools: () => knownTools(tools), failedServers: tools.failures });
}

/** Begins to deploy tool servers, until the stack is disposed of. */
function beginToolServers(
  stack: AsyncDisposableStack,
  toolServers: ToolServers,
  { config, directory }: { readonly config: Config; readonly directory: string | undefined },
) {
  const stopping = new AbortController();
  stack.defer(() => stopping.abort());
  const builtIn = directory ?? join(PACKAGE_DIRECTORY, "tools", "built");
  return {
    deployed: deployToolServers(toolServers, { builtIn, config }, stopping.signal),
    retryTools: () => redeployFailed(toolServers, builtIn, stopping.signal),
  };
}

function openTraffic(
  config: Config,
  { clock, models }: { readonly clock: Clock; readonly models: ModelCatalogue },
): ModelTraffic {
  warnOfUnknownLimits(config.models, models.providers());
  return new ModelTraffic(clock, trafficOptions(config.models));
}

const runsOptions = ({ runs }: Config): RunsOptions => ({
  concurrentMax: runs.concurrent_max,
  queuedMax: runs.queued_max,
  retry: { attemptsMax: runs.model_attempts, totalMs: runs.model_retry_total },
  choiceTimeoutMs: runs.choice_timeout,
  holdUntilResumed: true,
});

const replaying = (
  config: Config,
  { prices, unknownPrice, outputTokensMax }: Accounts,
  { journal }: Redactors,
): Pick<ReplayDeps, "replayRules" | "hide"> => ({
  replayRules: { retry: runsOptions(config).retry, accounts: { prices, unknownPrice, outputTokensMax } },
  hide: (text) => journal.text(text),
});

const threadOptions = ({ runs: { threads } }: Config): ThreadPoolOptions => ({
  warm: threads.warm,
  max: threads.max,
  memoryMib: Math.ceil(threads.memory / 1024 ** 2),
  stuckMs: threads.stuck_after,
  idleMs: threads.idle,
});

const render: HttpServices["render"] = (problem, source) => renderProblem(problem, source, { colour: false });
const definitionServices = ({ agents }: Config) => ({
  render,
  agentFiles: new DefinitionFiles(() => definitionFiles(agents.directory)),
});

function openPlans(
  loaded: LoadedConfig,
  {
    agents,
    database,
    clock,
    known,
    memory,
  }: {
    readonly agents: Agents;
    readonly database: Database;
    readonly clock: Clock;
    readonly known: KnownSecrets;
    readonly memory: Memory;
  },
) {
  const { config } = loaded;
  const limits = configuredLimits(loaded);
  const spend = new SqliteSpendStore(database);
  const accounts = openAccounts(loaded, { store: spend, clock, limits });
  const plans = new AgentPlans(agents, definitionEnvironment(loaded), {
    runTimeoutMs: config.runs.timeout,
    modelTimeoutMs: config.models.timeout,
    isolation: config.runs.isolation,
    permissions: serverPermissions(config),
    budget: limits,
    care: config,
    secretsDirectories: secretsDirectories(loaded),
    secretFound: known.add,
    recall: (of) => recallFor(memory, of),
  });
  return { accounts, plans, budgets: accounts.budgets, spend, agentLimits: plans.limits };
}

/** Messages, and tasks over them. */
async function openMessaging(...[stack, config, parts]: Parameters<typeof openMessages>) {
  const messaging = await openMessages(stack, config, parts);
  return { ...messaging, tasks: openTasks(stack, config, { ...messaging, ...parts }) };
}

/** What runs rest for: words of people, and replies of other agents. */
function openWaits(
  stack: AsyncDisposableStack,
  database: Database,
  deps: Omit<ApprovalsDeps, "index">,
): { readonly approvals: Approvals; readonly approvalIndex: ApprovalIndex; readonly replies: Replies } {
  const approvalIndex = new SqliteApprovals(database);
  const approvals = stack.use(new Approvals({ ...deps, index: approvalIndex }));
  const replies = stack.use(new Replies({ ...deps, index: new SqliteReplies(database) }));
  return { approvalIndex, approvals, replies };
}

function openSandbox(
  { config }: LoadedConfig,
  deps: Omit<SandboxDeps, "readModule">,
  store: SqliteToolServerStore,
): Sandbox {
  return new Sandbox(
    { ...deps, readModule: (hash) => store.readModule(hash) },
    {
      processes: config.sandbox.processes,
      standby: config.sandbox.standby,
      isolation: config.sandbox.isolation,
      instanceIdleMs: config.sandbox.instance_idle,
      moduleIdleMs: config.sandbox.module_idle,
      childIdleMs: config.sandbox.child_idle,
      packagedDirectory: join(PACKAGE_DIRECTORY, "dist", "modules"),
      cacheDirectory: config.sandbox.cache_directory ?? join(config.data.directory, "modules"),
    },
  );
}

const knownTools = (runner: Pick<ToolRunner, "servers">): readonly string[] =>
  runner.servers().flatMap(({ name, tools }) => [name, ...tools.map(toolId)]);

function factsOf(
  stack: AsyncDisposableStack,
  { config, origins, file }: LoadedConfig,
  parts: {
    readonly clock: Clock;
    readonly database: Database;
    readonly agents: Agents;
    readonly progress: { readonly tools: boolean; readonly definitions: boolean };
    readonly embedderFailure: string | undefined;
  },
): ServerFacts {
  const watch = stack.use(new StoreWatch(parts.database));
  const version = packageVersion();
  const begunMs = parts.clock.monotonicMs();
  return {
    version,
    startedAtMs: parts.clock.nowMs(),
    uptimeMs: () => parts.clock.monotonicMs() - begunMs,
    dataDirectory: config.data.directory,
    configuration: { config: shownConfig(config), origins, file: file ?? null },
    dataBytes: () => parts.database.bytes(),
    agentCount: () => parts.agents.count(),
    storeCheck: () => watch.check(),
    checks: () => ({
      tools: progressOf(parts.progress.tools, "tool servers"),
      agents: progressOf(parts.progress.definitions, "definitions"),
      embedder: { ok: parts.embedderFailure === undefined, note: parts.embedderFailure ?? "available" },
    }),
  };
}

const progressOf = (done: boolean, what: string) => ({ ok: done, note: `${what} are ${done ? "" : "being "}deployed` });

/** Where the built dashboard is; undefined when it was not built. */
export function dashboardDirectory(): string {
  return join(PACKAGE_DIRECTORY, "dashboard", "dist");
}

export const isDashboardBuilt = (): boolean => existsSync(join(dashboardDirectory(), "index.html"));
