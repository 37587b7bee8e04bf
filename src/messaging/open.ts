import { join } from "node:path";
import { TimerQueue } from "../kernel/async/timer-queue.ts";
import type { ChangeLog } from "../kernel/changes/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { type AgentRegistry, DeployedAgents } from "./deployed-agents.ts";
import {
  HealthChecks,
  MessageKeys,
  type MessageKeyStore,
  Participants,
  type ParticipantStore,
  type Probe,
  ServerKeys,
} from "./directory/index.ts";
import {
  FileContentStore,
  FileInFlightLog,
  MESSAGE_JOURNAL_DEFAULTS,
  type MessageJournalOptions,
  SqliteMessageJournal,
} from "./journal/index.ts";
import type { ConversationTerms } from "./protocols/index.ts";
import {
  CapabilityEmbeddings,
  type Directory,
  Router,
  type RouterOptions,
  Subscriptions,
  type SubscriptionStore,
  taken,
  type TextVectors,
} from "./router/index.ts";
import { Tasks, TASKS_PARTICIPANT, type TasksOptions, type TaskStore } from "./tasks/index.ts";

export type MessagingOptions = {
  readonly workspace: string;
  readonly journal: Pick<MessageJournalOptions, "directory" | "synchronous" | "bytesMax" | "deadLettersMax">;
  readonly router: RouterOptions;
  readonly terms: ConversationTerms;
  readonly tasks: TasksOptions;
  /** Cosine from which on a similar capability stands in for one without providers; undefined: never. */
  readonly similarityMin: number | undefined;
  /** Whether programs must present their tokens. */
  readonly tokensRequired: boolean;
  /** How long disposal waits for handlers. */
  readonly closeMs: number;
};

export type MessagingPorts = {
  readonly stores: {
    readonly participants: ParticipantStore;
    readonly messageKeys: MessageKeyStore;
    readonly subscriptions: SubscriptionStore;
    readonly tasks: TaskStore;
  };
  readonly agents: AgentRegistry;
  readonly changes: ChangeLog;
  readonly clock: Clock;
  /** Opens what compares capabilities by their meaning, with the first message that needs it. */
  readonly openVectors: () => Promise<TextVectors & { close(): Promise<void> }>;
  readonly probe: Probe;
  readonly admit?: RouterOptions["admit"];
  /** Adds participants of elsewhere to the directory. */
  readonly extended?: ((own: Directory) => Directory) | undefined;
};

/** Opens the directory, the router with its journal, and tasks. Messages without a recipient wait until `deployed` was called. */
export async function openMessaging(options: MessagingOptions, ports: MessagingPorts) {
  await using opening = new AsyncDisposableStack();
  const { workspace, journal, router: limits } = options;
  const { stores, agents, changes, clock } = ports;
  const messageJournal = new SqliteMessageJournal({ ...MESSAGE_JOURNAL_DEFAULTS, ...journal });
  const contents = new FileContentStore(join(journal.directory, "message-content"), clock);
  const participants = new Participants({ store: stores.participants, clock });
  const deployed = await DeployedAgents.register({ participants, agents, changes });
  const directory = ports.extended?.(participants) ?? participants;
  const server = new ServerKeys(journal.directory);
  const messageKeys = new MessageKeys({ store: stores.messageKeys, server, directory, clock });
  const alarm = opening.use(new TimerQueue(clock));
  const subscriptions = new Subscriptions(stores.subscriptions, clock);
  const router = await Router.open({
    stores: {
      journal: messageJournal,
      contents,
      inFlightLog: new FileInFlightLog(join(journal.directory, "messages.hand")),
      signatures: messageKeys,
    },
    subscriptions,
    directory,
    meaning: openMeaning(opening, options, ports),
    clock,
    alarm,
    options: { ...limits, terms: options.terms, isDeploying: true, admit: ports.admit },
  });
  opening.defer(() => router.close(options.closeMs));
  deployed.follow((agent, isPaused) => router.pause(agent.workspace, agent.name, isPaused));
  opening.use(deployed);
  const prepare = () => hasNames(participants, workspace) && messageJournal.prepare();
  prepare();
  opening.use(participants.watch(prepare));
  const checks = opening.use(new HealthChecks({ participants, probe: ports.probe, clock }));
  checks.start();
  const tasks = openTasks(opening, { options, store: stores.tasks, router, directory, clock });
  const opened = opening.move();
  return {
    router,
    tasks,
    subscriptions,
    messageJournal,
    contents,
    participants,
    messageKeys,
    /** Agents, participants, and those of elsewhere. */
    directory,
    tokensRequired: options.tokensRequired,
    limits: { contentBytesMax: limits.messageBytesMax, leaseMs: limits.leaseMs, window: limits.window },
    /** Deletes the messages, conversations and participants of a workspace that is closed. Throws storage errors. */
    deleteWorkspace: async (name: string): Promise<void> => {
      tasks.deleteWorkspace(name);
      subscriptions.deleteWorkspace(name);
      await router.deleteWorkspace(name);
      await contents.deleteWorkspace(name);
      participants.deleteWorkspace(name);
      messageKeys.deleteWorkspace(name);
    },
    /** To be called when the definitions of the start are deployed; never rejects. */
    start: () => deployed.caughtUp().then(() => router.deployed()),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
/** The services of the module. */
export type MessagingServices = Awaited<ReturnType<typeof openMessaging>>;

/** Whether there is a recipient at all: then the first message need not wait for the journal's thread. */
const hasNames = (participants: Participants, workspace: string): boolean =>
  participants.names(workspace)[Symbol.iterator]().next().done !== true;

/** Compares capabilities by meaning, where that is configured. A model that cannot be opened is tried again with the next message. */
function openMeaning(
  stack: AsyncDisposableStack,
  { similarityMin }: MessagingOptions,
  { openVectors }: MessagingPorts,
): CapabilityEmbeddings | undefined {
  if (similarityMin === undefined) return undefined;
  let opened: ReturnType<MessagingPorts["openVectors"]> | undefined;
  const open = () => {
    opened ??= openVectors().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
  stack.defer(async () => (await opened?.catch(() => undefined))?.close());
  return new CapabilityEmbeddings(
    { embed: async (texts, signal) => (await open()).embed(texts, signal) },
    { similarityMin },
  );
}

/** Opens tasks with those that were unfinished. The stack ends what they wait for. */
function openTasks(
  stack: AsyncDisposableStack,
  parts: {
    readonly options: MessagingOptions;
    readonly store: TaskStore;
    readonly router: Router;
    readonly directory: Directory;
    readonly clock: Clock;
  },
): Tasks {
  const { options, store, router, directory, clock } = parts;
  const alarm = stack.use(new TimerQueue(clock));
  const attached = stack.use(new DisposableStack());
  const tasks = new Tasks({
    store,
    router,
    taken: (...delivery) => taken(router, ...delivery),
    directory,
    clock,
    alarm,
    options: options.tasks,
    attach: (workspace, handler) => void attached.use(router.attach(workspace, TASKS_PARTICIPANT, handler)),
  });
  tasks.resume([options.workspace]);
  return tasks;
}
