import type { Budgets, PriceTable } from "../../agents/budgets/index.ts";
import type { Agents } from "../../agents/definitions/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import { log } from "../../kernel/log.ts";
import type { Memory } from "../../memory/knowledge/index.ts";
import type { ContentStore } from "../../messaging/acl/index.ts";
import type { Router } from "../../messaging/router/index.ts";
import type { Tasks } from "../../messaging/tasks/index.ts";
import type { ModelCatalogue } from "../../models/port/index.ts";
import type { SecretFound, SecretsOf } from "../../text/references/index.ts";
import type { ToolCatalogues } from "../../tools/catalogue/index.ts";
import type { Accounts } from "../spending/index.ts";
import {
  type ApprovalIndex,
  Approvals,
  PendingReplies,
  type ReplyIndex,
  Retention,
  type RunAnswers,
  type MemoryOutbox,
  Runs,
  type RunRetention,
  type QueueOptions,
  TimeTravel,
} from "../lifecycle/index.ts";
import type { RunId } from "../../kernel/ids.ts";
import {
  type ArtifactStore,
  type RunArchive,
  RunEndedError,
  type RunJournal,
  type RunTail,
  type UploadStore,
} from "../record/index.ts";
import { WorkerPool, type WorkerPoolOptions } from "../workers/index.ts";
import { Threads, type ThreadStore } from "../threads/index.ts";
import { messageRedactor, redactedPorts, type Redactors } from "../redaction/index.ts";
import { type Recording, type ReplayDeps, replayRun } from "../replay/index.ts";
import type { RemoteLookup } from "../conversations/index.ts";
import { ExchangeRecorder, recallFor } from "../remembering/index.ts";
import { type ConversationsOptions, openConversations } from "./conversations.ts";
import { AgentPlans, type PlanOptions } from "./plans.ts";

export type RunsOptions = {
  readonly queue: QueueOptions;
  readonly workers: WorkerPoolOptions;
  readonly plans: Omit<PlanOptions, "recall" | "secretFound" | "stored" | "remote">;
  readonly kept: (workspace: string) => RunRetention;
  readonly spending: Pick<Accounts, "unknownPrice" | "outputTokensMax">;
  readonly conversations: ConversationsOptions;
};

export type RunsPorts = {
  readonly stores: {
    readonly journal: RunJournal & RunTail;
    readonly archive: RunArchive;
    readonly artifacts: ArtifactStore;
    readonly uploads: UploadStore;
    readonly memoryOutbox: MemoryOutbox;
    readonly approvals: ApprovalIndex;
    readonly replies: ReplyIndex;
    readonly answers: RunAnswers;
    readonly threads: ThreadStore;
  };
  readonly agents: { readonly agents: Agents; readonly budgets: Budgets; readonly prices: PriceTable };
  readonly models: Pick<ModelCatalogue, "resolve">;
  readonly memory: Memory;
  readonly messaging: {
    readonly router: Router;
    readonly tasks: Tasks;
    readonly participants: RemoteLookup;
    readonly contents: Pick<ContentStore, "fetch">;
  };
  readonly tools: ToolCatalogues;
  readonly clock: Clock;
  readonly secrets: {
    readonly redactors: Redactors;
    readonly secretFound: SecretFound;
    /** Secrets that the server stores. */
    readonly stored: SecretsOf;
  };
};

/** Opens runs with what they wait for, remember and say to other agents. None executes before `start`. */
export function openRuns(options: RunsOptions, ports: RunsPorts) {
  const { stores, memory, messaging, tools, clock, secrets } = ports;
  const { agents, budgets, prices } = ports.agents;
  const { journal, archive, artifacts, uploads, memoryOutbox: outbox } = stores;
  const { redactors, secretFound, stored } = secrets;
  const opening = new AsyncDisposableStack();
  const accounts = { budgets, prices, ...options.spending };
  const plans = new AgentPlans(agents, {
    ...options.plans,
    secretFound,
    stored,
    recall: (of) => recallFor(memory, of),
    remote: (...which) => messaging.participants.remote(...which),
  });
  const workers = opening.use(new WorkerPool(clock, options.workers));
  const redacted = redactedPorts(redactors, { journal, models: ports.models });
  const runs = new Runs({ ...redacted, plans, tools, artifacts, clock, accounts, workers }, options.queue);
  const replies = opening.use(new PendingReplies({ runs, clock, index: stores.replies }));
  const redact = messageRedactor(redactors);
  const threads = new Threads({ store: stores.threads, runs, replies, journal, archive, clock, redact });
  const retention = opening.use(new Retention({ archive, journal, threads, clock }, { kept: options.kept }));
  const approvals = opening.use(new Approvals({ runs, tools, clock, index: stores.approvals }));
  const exchanges = opening.use(new ExchangeRecorder({ runs, outbox, agents, memory, clock }));
  const { router, tasks, contents } = messaging;
  const linked = { router, tasks, agents, runs, threads, replies, stores: { ...stores, contents }, clock };
  const conversations = opening.use(openConversations(options.conversations, linked));
  const drain = async (deadlineMs: number): Promise<void> => {
    conversations.rest();
    await runs.drain(deadlineMs);
  };
  opening.defer(() => drain(0));
  return {
    stores,
    runs,
    plans,
    threads,
    retention,
    approvals,
    replies,
    exchanges,
    delegated: conversations.delegated,
    timeTravel: new TimeTravel({ runs, journal, artifacts, uploads }),
    /** Replays a recorded run with this server's definitions, tools and rules. */
    replay: (recording: Recording, revision?: number | "latest") =>
      replayRun(recording, replayDeps(options, ports, plans), revision),
    /** Resumes unfinished runs, and from now on executes new ones and takes messages. Returns the number of resumed runs. */
    start: (): number => {
      const resumed = runs.resumeUnfinished();
      approvals.watchExpiry();
      replies.watchExpiry();
      conversations.begin();
      exchanges.start();
      retention.start();
      if (resumed > 0) log.info({ runs: resumed }, "unfinished runs are resumed");
      return resumed;
    },
    /** Cancels the runs of a workspace that have not ended. Returns those that are still open when `signal` aborts. */
    cancelWorkspace: (workspace: string, signal: AbortSignal) => cancelAll({ runs, archive }, workspace, signal),
    /** Deletes the runs and files of a workspace. Throws storage errors. */
    deleteWorkspace: async (workspace: string): Promise<void> => {
      await retention.deleteWorkspace(workspace);
      await uploads.deleteWorkspace(workspace);
    },
    /** Takes no more messages and lets runs end; after the deadline, those that have not continue at the next start. */
    drain,
    [Symbol.asyncDispose]: () => opening.disposeAsync(),
  };
}

const replayDeps = ({ queue, spending }: RunsOptions, ports: RunsPorts, plans: AgentPlans): ReplayDeps => ({
  plans,
  models: ports.models,
  tools: ports.tools,
  clock: ports.clock,
  hide: (text) => ports.secrets.redactors.journal.text(text),
  replayRules: { retry: queue.retry, accounts: { prices: ports.agents.prices, ...spending } },
});

async function cancelAll(
  { runs, archive }: { readonly runs: Runs; readonly archive: RunArchive },
  workspace: string,
  signal: AbortSignal,
): Promise<readonly RunId[]> {
  const over = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  const cancel = (id: RunId) =>
    runs.cancel(id, "its workspace is deleted").catch((error: unknown) => {
      if (!(error instanceof RunEndedError)) throw error;
    });
  const cancelled = Promise.all(archive.open(workspace).map(cancel));
  await (signal.aborted ? undefined : Promise.race([cancelled, over]));
  return archive.open(workspace);
}

/** The services of the module. */
export type RunServices = ReturnType<typeof openRuns>;
