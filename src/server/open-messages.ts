import { join } from "node:path";
import type { Agents } from "../agents/definitions/index.ts";
import { probeHealth } from "../tools/brokers/http/index.ts";
import {
  FileContentStore,
  FileHandRecord,
  MESSAGE_JOURNAL_DEFAULTS,
  SqliteMessageJournal,
} from "../messaging/journal/index.ts";
import {
  type Database,
  SqliteParticipantStore,
  SqliteRemoteAgentStore,
  SqliteSubscriptionStore,
} from "../storage/index.ts";
import { RemoteAgents, withRemoteAgents } from "../api/fipa/index.ts";
import type { ChangeLog } from "../kernel/changes/index.ts";
import { TimerQueue } from "../kernel/timer-queue.ts";
import type { Clock } from "../kernel/clock.ts";
import { log } from "../kernel/log.ts";
import { HealthChecks, Participants } from "../messaging/directory/index.ts";
import { type Directory, Router, Subscriptions } from "../messaging/router/index.ts";
import type { ContentStore } from "../messaging/acl/index.ts";
import { type Config, conversationTerms, routerOptions } from "./config/index.ts";
import type { Embedders } from "../memory/embeddings/embedders.ts";
import { openMeaning } from "./open-meaning.ts";
import { openFipa } from "./open-fipa.ts";

export type Messaging = {
  readonly router: Router;
  readonly subscriptions: Subscriptions;
  readonly messageJournal: SqliteMessageJournal;
  readonly messageContents: ContentStore;
  readonly participants: Participants;
  /** Agents, participants and, where FIPA is on, agents of other platforms. */
  readonly directory: Directory;
  readonly messageLimits: { readonly contentBytesMax: number; readonly leaseMs: number; readonly window: number };
  /** Whether programs outside show their tokens. */
  readonly tokensRequired: boolean;
  /** Where agents of other FIPA platforms write to; undefined when that is off. */
  readonly fipaUrl: string | undefined;
  /** To be called once the definitions of the start are deployed; never rejects. */
  readonly agentsDeployed: () => Promise<void>;
};

const AGENTS_PER_PAGE = 200;
const CHANGES_PER_READ = 500;
const WORKSPACE = "default";

/** The router, over what is on disk, with all who are there. The stack closes it: handlers under way get until the deadline. */
export async function openMessages(
  stack: AsyncDisposableStack,
  config: Config,
  parts: {
    readonly database: Database;
    readonly agents: Agents;
    readonly changes: ChangeLog;
    readonly clock: Clock;
    readonly embedders: Embedders;
  },
): Promise<Messaging> {
  const { database, agents, changes, clock } = parts;
  const { messages } = config;
  const messageJournal = new SqliteMessageJournal({
    ...MESSAGE_JOURNAL_DEFAULTS,
    directory: config.data.directory,
    synchronous: messages.synchronous,
    bytesMax: messages.journal_bytes_max,
    deadLettersMax: messages.dead_letters_max,
  });
  const messageContents = new FileContentStore(join(config.data.directory, "message-content"), clock);
  const participants = new Participants({ store: new SqliteParticipantStore(database), clock });
  const seen = changes.range().last;
  const paused = await knowAgents(participants, agents);
  const remotes = config.fipa.enabled
    ? new RemoteAgents(config.fipa.agents, new SqliteRemoteAgentStore(database))
    : undefined;
  const directory = remotes === undefined ? participants : withRemoteAgents(participants, remotes);
  const alarm = stack.use(new TimerQueue(clock));
  const subscriptions = new Subscriptions(new SqliteSubscriptionStore(database), clock);
  const router = await Router.open({
    subscriptions,
    journal: messageJournal,
    contents: messageContents,
    hands: new FileHandRecord(join(config.data.directory, "messages.hand")),
    directory,
    meaning: openMeaning(stack, config, parts.embedders),
    isDeploying: true,
    clock,
    alarm,
    options: routerOptions(messages),
    terms: conversationTerms(messages),
  });
  stack.defer(async () => router.close(config.server.shutdown_timeout));
  const pause = (name: string, isPaused: boolean) => router.pause(WORKSPACE, name, isPaused);
  for (const name of paused) pause(name, true);
  const following = stack.use(followAgents({ participants, agents, changes, pause }, seen));
  const prepare = () => hasNames(participants) && messageJournal.prepare();
  prepare();
  stack.use(participants.watch(prepare));
  const checks = stack.use(new HealthChecks({ participants, probe: probeHealth, clock }));
  checks.start();
  const fipaUrl =
    remotes && (await openFipa(stack, config, { router, directory, remotes, clock, workspace: WORKSPACE }));
  const { message_bytes_max: contentBytesMax, lease: leaseMs, window } = messages;
  const messageLimits = { contentBytesMax, leaseMs, window };
  const tokensRequired = messages.participant_tokens;
  return {
    router,
    subscriptions,
    messageJournal,
    messageContents,
    participants,
    directory,
    messageLimits,
    tokensRequired,
    fipaUrl,
    agentsDeployed: async () => following.caughtUp().then(() => router.deployed()),
  };
}

/** Whether there is anybody to write to: then the first message need not wait for the journal's thread. */
const hasNames = (participants: Participants): boolean =>
  participants.names(WORKSPACE)[Symbol.iterator]().next().done !== true;

/** Registers the deployed agents and returns the names of those that are paused. */
async function knowAgents(participants: Participants, agents: Agents): Promise<readonly string[]> {
  const pausedNames: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await agents.list(WORKSPACE, { limit: AGENTS_PER_PAGE, cursor });
    for (const { workspace, name, version, capabilities, paused } of page.items) {
      participants.agentDeployed({ workspace, name, version, capabilities });
      if (paused !== undefined) pausedNames.push(name);
    }
    cursor = page.next;
  } while (cursor !== undefined);
  return pausedNames;
}

type Following = {
  readonly participants: Participants;
  readonly agents: Agents;
  readonly changes: ChangeLog;
  readonly pause: (name: string, isPaused: boolean) => void;
};

/** Applies changes of agents to the directory and the mailboxes, in their order. `caughtUp` applies all there are; never rejects. */
function followAgents(following: Following, seen: number): Disposable & { readonly caughtUp: () => Promise<void> } {
  const { changes } = following;
  let after = seen;
  let reading = Promise.resolve();
  let isQueued = false;
  const read = async () => {
    isQueued = false;
    for (let found = changes.read(after, CHANGES_PER_READ); found.length > 0;) {
      for (const { seq, change } of found) {
        after = seq;
        if (change.type === "agent") await follow(following, change.name);
      }
      found = changes.read(after, CHANGES_PER_READ);
    }
  };
  const caughtUp = () => {
    if (isQueued) return reading;
    isQueued = true;
    reading = reading.then(read).catch((error: unknown) => {
      log.error({ err: error }, "the router does not know the newest agents; it looks again with the next change");
    });
    return reading;
  };
  const watching = changes.watch(() => void caughtUp());
  return { caughtUp, [Symbol.dispose]: () => watching[Symbol.dispose]() };
}

async function follow({ participants, agents, pause }: Following, name: string): Promise<void> {
  const agent = await agents.find(WORKSPACE, name);
  if (agent === undefined) return participants.agentDeleted(WORKSPACE, name);
  const { workspace, version, definition, paused } = agent;
  participants.agentDeployed({ workspace, name: agent.name, version, capabilities: definition.capabilities });
  pause(agent.name, paused !== undefined);
}
