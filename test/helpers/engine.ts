import { UnknownModelError } from "../../src/models/vendors/errors.ts";
import {
  SqliteApprovals,
  SqliteArtifactStore,
  SqliteReplies,
  SqliteRunJournal,
  SqliteSpendStore,
  Database,
} from "../../src/storage/index.ts";
import { type BudgetsOptions, Budgets, Calendar, PriceTable } from "../../src/agents/budgets/index.ts";
import { type Clock, systemClock } from "../../src/kernel/clock.ts";
import { mint, RunId } from "../../src/kernel/ids.ts";
import { PERMIT_ALL } from "../../src/agents/permissions/index.ts";
import type { Accounts } from "../../src/runs/spending/index.ts";
import type { RunOutcome } from "../../src/runs/lifecycle/wait-until-settled.ts";
import type { RunPlan } from "../../src/runs/record/index.ts";
import type { RunView } from "../../src/runs/index.ts";
import {
  type QueueOptions,
  type StartRequest,
  Approvals,
  DEFAULT_QUEUE_OPTIONS,
  PendingReplies,
  Runs,
} from "../../src/runs/lifecycle/index.ts";
import { type WorkerPoolOptions, WorkerPool } from "../../src/runs/workers/index.ts";
import { type LanguageModel, type ModelCatalogue, type ModelChoice } from "../../src/models/port/language-model.ts";
import {
  type Tool,
  type ToolCall,
  type ToolResult,
  type ToolRunner,
  NO_USAGE,
  ToolCatalogues,
} from "../../src/tools/catalogue/index.ts";
import { tempDirectory } from "./temp.ts";

export type FakeTool = {
  readonly name: string;
  readonly idempotent?: boolean;
  readonly destructive?: boolean;
  readonly run: (call: ToolCall, signal: AbortSignal) => Promise<ToolResult> | ToolResult;
};

export const done = (text: string, structured?: { readonly [key: string]: string | number }): ToolResult => ({
  type: "done",
  content: [{ type: "text", text }],
  structured,
  usage: { fuel: 10, durationMs: 1, memoryBytes: 65_536 },
});

/** Tools that run in the test's own process; the engine under test cannot see that. */
export class FakeTools implements ToolRunner {
  readonly calls: ToolCall[] = [];
  readonly ended: string[] = [];
  readonly #tools: readonly FakeTool[];
  readonly #server: ReturnType<ToolRunner["servers"]>[number];

  constructor(tools: readonly FakeTool[]) {
    this.#tools = tools;
    this.#server = {
      name: "fake",
      interface: "wasi-stdio",
      isSandboxed: true,
      version: "1.0.0",
      description: "",
      state: "running",
      reason: "",
      tools: tools.map(describe),
      grants: [],
      limits: { fuelPerCall: 1, memoryBytesMax: 1, deadlineMs: 1, resultBytesMax: 1 },
      moduleHash: "",
      calls: { done: 0, failed: 0, denied: 0, fuel: 0, durationMs: 0 },
    };
  }

  servers() {
    return [this.#server];
  }

  async call(call: ToolCall, signal: AbortSignal): Promise<ToolResult> {
    this.calls.push(call);
    const tool = this.#tools.find(({ name }) => name === call.tool);
    if (!tool) return { type: "failed", reason: "unknown-tool", message: call.tool, usage: NO_USAGE };
    return tool.run(call, signal);
  }

  logs() {
    return [];
  }

  endSession(session: string): void {
    this.ended.push(session);
  }
}

const describe = ({ name, idempotent = true, destructive = false }: FakeTool): Tool => ({
  server: "fake",
  name,
  title: name,
  description: `the tool ${name}`,
  inputSchema: { type: "object", properties: { text: { type: "string" } }, additionalProperties: false },
  outputSchema: undefined,
  effects: { readOnly: false, idempotent, destructive },
});

export type Engine = AsyncDisposable & {
  readonly database: Database;
  readonly runs: Runs;
  readonly journal: SqliteRunJournal;
  readonly tools: FakeTools;
  readonly artifacts: SqliteArtifactStore;
  readonly spend: SqliteSpendStore;
  readonly accounts: Accounts;
  readonly approvals: Approvals;
  readonly index: SqliteApprovals;
  readonly replies: PendingReplies;
  readonly replyIndex: SqliteReplies;
  /** Starts a run and waits for its end. */
  readonly run: (
    input: string,
    request?: Partial<StartRequest>,
  ) => Promise<{ readonly id: RunId; readonly outcome: RunOutcome; readonly view: RunView }>;
  readonly begin: (
    input: string,
    request?: Partial<StartRequest>,
  ) => Promise<{ readonly id: RunId; readonly ended: Promise<RunOutcome> }>;
};

export type EngineOptions = {
  readonly model: LanguageModel;
  /** Further models, by the `provider/model` a definition or a person names them by. */
  readonly backups?: { readonly [name: string]: LanguageModel };
  /** Hears every choice of a model that is looked up. */
  readonly onResolve?: (choice: ModelChoice) => void;
  readonly tools?: readonly FakeTool[];
  readonly directory: string;
  /** Instead of one of its own in `directory`; it stays open. */
  readonly database?: Database;
  readonly plan?: Partial<RunPlan>;
  readonly options?: Partial<QueueOptions>;
  readonly clock?: Clock;
  /** Executes runs in workers, from a pool of this engine. */
  readonly workers?: Partial<WorkerPoolOptions>;
  /** What limits a workspace and the server in a day, and prices besides those that are known. */
  readonly budgets?: Partial<BudgetsOptions> & {
    readonly prices?: ConstructorParameters<typeof PriceTable>[0];
    readonly unknownPrice?: Accounts["unknownPrice"];
    readonly timeZone?: string;
  };
};

export function models(model: LanguageModel, backups: { readonly [name: string]: LanguageModel } = {}): ModelCatalogue {
  const resolve: ModelCatalogue["resolve"] = async ({ model: name }) => {
    if (name === undefined || name === model.id) return model;
    const backup = backups[name];
    if (backup) return backup;
    if (Object.keys(backups).length === 0) return model;
    throw new UnknownModelError(`there is no model ${name}`, "", { model: name, providers: [] });
  };
  return {
    defaultModel: () => model.id,
    roles: {},
    providers: () => [],
    known: () => [],
    discover: async () => [],
    resolve,
  };
}

const heard = (catalogue: ModelCatalogue, onResolve: EngineOptions["onResolve"]): ModelCatalogue => ({
  ...catalogue,
  resolve: async (choice, role) => {
    onResolve?.(choice);
    return catalogue.resolve(choice, role);
  },
});

function accountsOf(options: EngineOptions["budgets"], store: SqliteSpendStore, clock: Clock): Accounts {
  const { prices, unknownPrice = "refuse", timeZone = "UTC", ...limits } = options ?? {};
  return {
    budgets: new Budgets(
      { store, clock, calendar: new Calendar(timeZone) },
      { workspace: {}, day: {}, waitMs: 10_000, ...limits },
    ),
    prices: new PriceTable(prices),
    unknownPrice,
    outputTokensMax: 16_384,
  };
}

/** What a definition of no particular kind means for a run. */
export const testPlan = (change: Partial<RunPlan> = {}): RunPlan => ({
  agent: "tester",
  revision: 1,
  model: { model: undefined, baseUrl: undefined, apiKey: undefined },
  settings: { temperature: undefined, outputTokensMax: undefined, headers: {}, timeoutMs: 5_000 },
  tools: "all",
  permissions: PERMIT_ALL,
  deferredTools: [],
  stepsMax: 20,
  concurrentToolsMax: 4,
  timeoutMs: 30_000,
  render: ({ input }) => ({ system: "Be a test.", prompt: input }),
  ...change,
});

const ONE_WORKER = { warm: 1, max: 16, memoryMib: 256, unresponsiveAfterMs: 10_000, idleMs: 300_000 };

/** The run engine on a real database, with tools and model of the test's. */
export function engine(options: EngineOptions): Engine {
  const clock = options.clock ?? systemClock;
  const database = options.database ?? Database.open({ directory: options.directory, synchronous: "normal" });
  const journal = new SqliteRunJournal(database);
  const artifacts = new SqliteArtifactStore(database, clock);
  const spend = new SqliteSpendStore(database);
  const accounts = accountsOf(options.budgets, spend, clock);
  const tools = new FakeTools(options.tools ?? []);
  const workers = options.workers && new WorkerPool(clock, { ...ONE_WORKER, ...options.workers });
  const plan = testPlan({ isolation: workers && "worker", ...options.plan });
  const catalogue = new ToolCatalogues(() => tools);
  const plans = { admit: async () => {}, plan: async () => plan };
  const runs = new Runs(
    {
      journal,
      plans,
      models: heard(models(options.model, options.backups), options.onResolve),
      tools: catalogue,
      artifacts,
      clock,
      accounts,
      workers,
    },
    { ...DEFAULT_QUEUE_OPTIONS, ...options.options },
  );
  const index = new SqliteApprovals(database);
  const approvals = new Approvals({ runs, index, tools: catalogue, clock });
  const replyIndex = new SqliteReplies(database);
  const replies = new PendingReplies({ runs, index: replyIndex, clock });
  const begin: Engine["begin"] = async (input, request) => {
    const id = mint(RunId);
    const { ended } = await runs.start({
      id,
      workspace: "default",
      agent: "tester",
      input,
      model: undefined,
      files: [],
      ...request,
    });
    return { id, ended };
  };
  return {
    database,
    runs,
    journal,
    tools,
    artifacts,
    spend,
    accounts,
    approvals,
    index,
    replies,
    replyIndex,
    begin,
    run: async (input, request) => {
      const { id, ended } = await begin(input, request);
      return { id, outcome: await ended, view: runs.view(id) };
    },
    [Symbol.asyncDispose]: async () => {
      await approvals[Symbol.asyncDispose]();
      await replies[Symbol.asyncDispose]();
      await runs[Symbol.asyncDispose]();
      await workers?.[Symbol.asyncDispose]();
      if (options.database === undefined) database[Symbol.dispose]();
    },
  };
}

/** An engine in a directory of its own, gone with it. */
export function freshEngine(options: Omit<EngineOptions, "directory">): Engine {
  const directory = tempDirectory();
  const made = engine({ ...options, directory: directory.path });
  return {
    ...made,
    [Symbol.asyncDispose]: async () => {
      await made[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    },
  };
}
