import { Agents } from "../../../src/agents/definitions/index.ts";
import { scripted } from "../../../src/models/vendors/index.ts";
import {
  Contents,
  SqliteRunArchive,
  SqliteThreadStore,
  Database,
  SqliteAgentStore,
  SqliteArtifactStore,
  SqliteReplies,
  SqliteRunAnswers,
  SqliteRunJournal,
  SqliteUploadStore,
} from "../../../src/storage/index.ts";
import {
  AgentTools,
  Agreements,
  Cancellations,
  Correspondence,
  MessageTools,
  Outbox,
} from "../../../src/runs/conversations/index.ts";
import { HandoffTools } from "../../../src/runs/calls/index.ts";
import { TimerQueue } from "../../../src/kernel/async/timer-queue.ts";
import { type Clock, systemClock } from "../../../src/kernel/clock.ts";
import { PERMIT_ALL } from "../../../src/agents/permissions/index.ts";
import { composeMessage, type Message, type MessageDraft } from "../../../src/messaging/acl/index.ts";
import type { AgentHandler, Settlement, Submitted } from "../../../src/messaging/router/index.ts";
import { Threads } from "../../../src/runs/threads/index.ts";
import { DEFAULT_QUEUE_OPTIONS, PendingReplies, Runs } from "../../../src/runs/lifecycle/index.ts";
import type { QueueOptions } from "../../../src/runs/lifecycle/index.ts";
import type { RunView } from "../../../src/runs/index.ts";
import type { JournalAppend } from "../../../src/runs/record/index.ts";
import { type LanguageModel } from "../../../src/models/port/language-model.ts";
import { AgentPlans } from "../../../src/runs/open/index.ts";
import { TASK_DEFAULTS } from "../../../src/messaging/tasks/index.ts";
import { ToolCatalogues, withNativeTools } from "../../../src/tools/catalogue/index.ts";
import { FakeTools, models } from "../../helpers/engine.ts";

type Script = Parameters<typeof scripted>[0];
/** An agent: what it says in its runs, and more of its definition. */
export type Actor = {
  readonly name: string;
  readonly says: Script;
  readonly capability?: string;
  readonly more?: string;
};

/** A post office that outlives every crash of the agents' server: keeps each message once, and brings it until it is settled. */
export class PostOffice {
  readonly sent: Message[] = [];
  readonly settled: (readonly [recipient: string, message: Message, settlement: Settlement])[] = [];
  readonly #open = new Set<readonly [recipient: string, message: Message]>();
  readonly providers = new Map<string, string>();
  readonly agents = new Set<string>();
  /** Messages that are never taken, as if the server had ended in that moment. */
  swallows: (message: Message) => boolean = () => false;
  #handler: AgentHandler | undefined;
  #life = new AbortController();

  attach(handler: AgentHandler): void {
    this.#handler = handler;
    this.#life = new AbortController();
    for (const each of this.#open) void this.#bring(each, 1);
  }

  detach(): void {
    this.#handler = undefined;
    this.#life.abort("the server is gone");
  }

  readonly submit = async (message: Message): Promise<Submitted> => {
    const { id, conversationId, durability, address } = message;
    if (this.swallows(message)) return new Promise<never>(() => undefined);
    const duplicate = this.sent.some((each) => each.id === id);
    const recipients = this.#recipients(address);
    const isUnknown = recipients.some((name) => name !== "user" && !this.agents.has(name));
    if (recipients.length === 0 || isUnknown) {
      const error = { code: "AGENT_NOT_FOUND", message: "there is no agent of that name", hint: "", details: {} };
      return { type: "refused", id, error, retryAfterMs: undefined };
    }
    if (!duplicate) {
      this.sent.push(message);
      for (const recipient of recipients) if (recipient !== "user") this.deliver(recipient, message);
    }
    return { type: "accepted", id, seq: this.sent.length, conversationId, recipients, duplicate, durability };
  };

  #recipients(address: Message["address"]): readonly string[] {
    if (address.type === "receivers") return address.names;
    const provider = address.type === "capability" ? this.providers.get(address.capability) : undefined;
    return provider === undefined ? [] : [provider];
  }

  /** Brings a message, also one that was brought before. */
  deliver(recipient: string, message: Message): void {
    const each = [recipient, message] as const;
    this.#open.add(each);
    void this.#bring(each, 1);
  }

  async #bring(each: readonly [string, Message], attempt: number): Promise<void> {
    const handler = this.#handler;
    const [recipient, message] = each;
    const life = this.#life.signal;
    const settlement = await handler
      ?.handle({ seq: this.sent.indexOf(message) + 1, message, recipient, attempt }, life)
      .catch((error: unknown): Settlement => ({ type: "failed", reason: String(error) }));
    if (settlement === undefined || life.aborted) return;
    this.settled.push([recipient, message, settlement]);
    if (settlement.type !== "failed" || attempt === 3) this.#open.delete(each);
    else await this.#bring(each, attempt + 1);
  }

  /** The messages between two, as `act: words`. */
  said(sender: string, to: string): readonly string[] {
    return this.sent
      .filter((each) => each.sender === sender && this.#recipients(each.address).includes(to))
      .map(({ performative, content }) => {
        const words =
          content.type === "json" ? JSON.stringify(content.value) : content.type === "text" ? content.text : "";
        return `${performative}: ${words}`;
      });
  }
}

export type Room = AsyncDisposable & {
  readonly database: Database;
  readonly runs: Runs;
  readonly threads: Threads;
  readonly journal: SqliteRunJournal;
  readonly replies: PendingReplies;
  readonly office: PostOffice;
  readonly agents: Agents;
  readonly tools: ToolCatalogues;
  /** What an agent's runs were asked, and did, oldest first. */
  readonly runsOf: (agent: string) => readonly RunView[];
  /** As if the process had died: its running work has no effect any more. */
  readonly die: () => void;
  /** Sends a message as a person. */
  readonly write: (
    draft: Partial<MessageDraft> & Pick<MessageDraft, "performative">,
    to: string,
    text?: string,
  ) => Promise<Message>;
};

export type RoomOptions = {
  readonly directory: string;
  readonly actors: readonly Actor[];
  readonly office?: PostOffice;
  readonly clock?: Clock;
  readonly agreeAfterMs?: number;
  readonly runs?: Partial<QueueOptions>;
};

const definitionOf = ({ name, capability = "anything", more = "" }: Actor): string =>
  `name = "${name}"\nversion = "1.0.0"\ncapabilities = ["${capability}"]\ntools = ["messages"]\nsystem_prompt = "You are ${name}."\nmodel = "scripted/${name}"\n${more}`;

const notHere = (): never => {
  throw new Error("tasks and subscriptions are tried with a whole server");
};
const ELSEWHERE = {
  tasks: { create: notHere, distribute: notHere, options: TASK_DEFAULTS },
  subscriptions: { list: notHere, subscribe: notHere, unsubscribe: notHere },
  conversations: { conversation: notHere, conversations: notHere },
};
const NOTHING_REMOTE = { participants: { remote: () => undefined } };
const NO_CONTENTS = { fetch: async () => undefined };
const NO_PROVIDERS = { capabilities: () => [], find: () => undefined, providers: () => [] };

/** The database of a room with what is kept there, and who is deployed in it. */
async function stores(
  directory: string,
  { actors, office, clock }: { readonly actors: readonly Actor[]; readonly office: PostOffice; readonly clock: Clock },
) {
  const database = Database.open({ directory, synchronous: "normal" });
  const agents = new Agents({ store: new SqliteAgentStore(database), clock, knownTools: () => ["messages"] });
  for (const actor of actors) {
    await agents.deploy("default", { source: definitionOf(actor), fileName: `${actor.name}.toml` });
    office.agents.add(actor.name);
    if (actor.capability !== undefined) office.providers.set(actor.capability, actor.name);
  }
  const plans = new AgentPlans(agents, {
    environment: {},
    runTimeoutMs: 30_000,
    modelTimeoutMs: 5_000,
    budget: { run: {}, agent: {} },
    permissions: PERMIT_ALL,
    secretsDirectories: [],
  });
  const waits = new SqliteReplies(database);
  const answers = new SqliteRunAnswers(database);
  return { database, agents, plans, waits, answers, journal: new SqliteRunJournal(database) };
}

/** Agents that talk to each other, on a real database, with scripted models and a post office of the test's. */
export async function openRoom({ directory, actors, office = new PostOffice(), ...rest }: RoomOptions): Promise<Room> {
  const clock = rest.clock ?? systemClock;
  const kept = await stores(directory, { actors, office, clock });
  const { database, agents, journal, waits, answers } = kept;
  const asking = { post: office, journal, clock, version: "1.0.0" };
  const messageTools = new MessageTools({ ...ELSEWHERE, ...asking, finder: { agents, directory: NO_PROVIDERS } });
  const agentTools = new AgentTools({ ...NOTHING_REMOTE, ...asking, agents });
  const tools = new ToolCatalogues(() =>
    withNativeTools(new FakeTools([]), [messageTools, agentTools, new HandoffTools("1.0.0")], () => {}),
  );
  const voices: { readonly [name: string]: LanguageModel } = Object.fromEntries(
    actors.map(({ name, says }) => [`scripted/${name}`, scripted(says)]),
  );
  const catalogue = models(scripted([{ text: "nonexistent" }]), voices);
  const artifacts = new SqliteArtifactStore(database, clock);
  const runs = new Runs(
    { ...kept, models: catalogue, tools, artifacts, clock },
    { ...DEFAULT_QUEUE_OPTIONS, ...rest.runs },
  );
  const replies = new PendingReplies({ runs, index: waits, clock });
  const outbox = new Outbox({ runs, answers, agents, post: office, clock });
  const tasks = { intercept: async () => false };
  const alarm = new TimerQueue(clock);
  const sent = sentBy(office);
  const afterMs = rest.agreeAfterMs ?? 10_000;
  const agreements = new Agreements({ runs, answers, agents, sent, post: office, clock, alarm, afterMs });
  const cancellations = new Cancellations({ ...kept, runs, sent, tasks: { cancel: notHere }, post: office, clock });
  const messages = { submit: office.submit, ...pastOf(office), follow };
  const uploads = new SqliteUploadStore(database, clock, { bytesMax: 1_000_000, waitingBytesMax: 1_000_000 });
  const stored = { journal, replies: waits, answers, uploads, artifacts, contents: NO_CONTENTS };
  const threads = threadsOf({ database, journal, clock }, runs);
  const own = ownRuns(runs, threads);
  office.attach(new Correspondence({ stores: stored, agents, agreements, runs: own, replies, messages, tasks, clock }));
  outbox.start();
  cancellations.start();
  agreements.start();
  const runsOf = (agent: string) =>
    journal
      .list({ workspace: "default", agent, state: undefined, before: undefined, limit: 100 })
      .map(({ id }) => runs.view(id))
      .toReversed();
  return {
    database,
    runs,
    threads,
    journal,
    replies,
    office,
    agents,
    tools,
    runsOf,
    write: writer(office, clock),
    die: () => {
      office.detach();
      alarm[Symbol.dispose]();
      void cancellations[Symbol.asyncDispose]();
      void outbox[Symbol.asyncDispose]();
      database[Symbol.dispose]();
    },
    [Symbol.asyncDispose]: async () => {
      office.detach();
      alarm[Symbol.dispose]();
      await cancellations[Symbol.asyncDispose]();
      await outbox[Symbol.asyncDispose]();
      await replies[Symbol.asyncDispose]();
      await runs[Symbol.asyncDispose]();
      database[Symbol.dispose]();
    },
  };
}

const sentBy = (office: PostOffice) => ({
  find: async (_workspace: string, id: string) => {
    const message = office.sent.find((each) => each.id === id);
    const names = message?.address.type === "receivers" ? message.address.names : [];
    return message && { message, recipients: names };
  },
});

const follow = ({ message }: { readonly message: Message }) => ({ hops: message.hops + 1, trail: message.trail });

const pastOf = ({ sent }: PostOffice) => ({
  before: async ({ id, conversationId }: Pick<Message, "id" | "conversationId">, agent: string, limit: number) => {
    const isTo = ({ address }: Message) => address.type === "receivers" && address.names.includes(agent);
    const all = sent.filter((each) => each.conversationId === conversationId && (each.sender === agent || isTo(each)));
    const end = all.findIndex((each) => each.id === id);
    return all.slice(Math.max(0, end - limit), end);
  },
});

const writer =
  (office: PostOffice, clock: Clock): Room["write"] =>
  async (draft, to, text = "") => {
    const message = composeMessage({
      workspace: "default",
      sender: "user",
      address: { type: "receivers", names: [to] },
      content: { type: "text", text },
      atMs: clock.nowMs(),
      ...draft,
    });
    await office.submit(message);
    return message;
  };

/** Waits for a condition, and not for time. */
export const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
};

type Parts = { readonly database: Database; readonly journal: SqliteRunJournal; readonly clock: Clock };

function threadsOf({ database, journal, clock }: Parts, runs: Runs): Threads {
  const archive = new SqliteRunArchive(database, new Contents(database));
  const replies = new PendingReplies({ runs, clock, index: new SqliteReplies(database) });
  return new Threads({
    store: new SqliteThreadStore(database),
    runs,
    replies,
    journal,
    archive,
    clock,
    redact: (message) => message,
  });
}

/** Runs as the correspondence uses them: those of a conversation are turns of a thread. */
const ownRuns = (runs: Runs, threads: Threads) => ({
  cancel: runs.cancel.bind(runs),
  view: runs.view.bind(runs),
  continue: threads.continue.bind(threads),
});

/** The n-th write to the journal of runs and all after it are not made, or it is made without a confirmation. */
export function dieAt({ journal }: Room, writes: number, isWritten: boolean): Promise<void> {
  const died = Promise.withResolvers<void>();
  const append = journal.append.bind(journal);
  let made = 0;
  journal.append = (entries: readonly JournalAppend[]) => {
    made += 1;
    if (made < writes) return append(entries);
    void (made === writes && isWritten ? append(entries) : Promise.resolve()).then(() => died.resolve());
    return new Promise<never>(() => undefined);
  };
  return died.promise;
}
