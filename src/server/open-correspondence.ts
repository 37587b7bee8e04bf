import type { Agents } from "../agents/definitions/index.ts";
import { type Database, SqliteReplies, SqliteRunAnswers } from "../storage/index.ts";
import {
  Agreements,
  Cancellations,
  type ConversationHistory,
  Correspondence,
  type MessageToolsDeps,
  MessageTools,
  Outbox,
  type SentRecords,
  TaskWaits,
} from "../runs/conversations/index.ts";
import type { Config } from "./config/index.ts";
import { TimerQueue } from "../kernel/timer-queue.ts";
import type { Clock } from "../kernel/clock.ts";
import { packageVersion } from "../kernel/package.ts";
import { type Directory, followUp, type Router, type Subscriptions } from "../messaging/router/index.ts";
import type { Tasks } from "../messaging/tasks/index.ts";
import type { PendingReplies, RunJournal, Runs } from "../runs/index.ts";
import { type ToolRunner, withNativeTools } from "../tools/catalogue/index.ts";

export type CorrespondenceParts = {
  readonly router: Router;
  readonly config: Config;
  /** They take what belongs to them first, and are offered by runs. */
  readonly tasks: Tasks;
  readonly agents: Agents;
  readonly runs: Runs;
  readonly replies: PendingReplies;
  readonly journal: RunJournal;
  readonly database: Database;
  readonly clock: Clock;
};

/**
 * Brings messages to the runs of deployed agents, and their answers back, from `begin` on. From `rest` on messages stay in their
 * mailboxes: runs that drain take no new ones, and what was tried in vain would end as a dead letter.
 */
export type OpenCorrespondence = AsyncDisposable & { readonly begin: () => void; readonly rest: () => void };

export function openCorrespondence(parts: CorrespondenceParts): OpenCorrespondence {
  const { router, config, agents, runs, replies, journal, database, clock, tasks } = parts;
  const waits = new SqliteReplies(database);
  const answers = new SqliteRunAnswers(database);
  const outbox = new Outbox({ runs, answers, agents, post: router, clock });
  const sent = sentIn(router);
  const alarm = new TimerQueue(clock);
  const afterMs = config.messages.agree_after;
  const agreements = new Agreements({ runs, answers, agents, sent, post: router, clock, alarm, afterMs });
  const callOffs = new Cancellations({ runs, waits, sent, tasks, post: router, clock });
  const handler = new Correspondence({
    agreements,
    agents,
    runs,
    journal,
    replies,
    waits,
    answers,
    tasks,
    clock,
    post: router,
    past: pastIn(router),
    follow: (delivered) => followUp(delivered, config.messages.hops_max),
  });
  const taskWaits = new TaskWaits({ tasks, waits, replies });
  let attached: Disposable | undefined;
  const rest = () => attached?.[Symbol.dispose]();
  return {
    rest,
    begin: () => {
      outbox.start();
      taskWaits.start();
      callOffs.start();
      agreements.start();
      attached = router.attachDeployed(handler);
    },
    [Symbol.asyncDispose]: async () => {
      rest();
      alarm[Symbol.dispose]();
      await callOffs[Symbol.asyncDispose]();
      await taskWaits[Symbol.asyncDispose]();
      await outbox[Symbol.asyncDispose]();
    },
  };
}

/** What was said in a conversation, as the router has it on record. */
const pastIn = ({ records }: Router): ConversationHistory => ({
  before: async ({ id, workspace, conversationId }, agent, limit) => {
    const asked = { workspace, conversation: conversationId, limit: limit + 1 };
    const [sent, got] = await Promise.all([
      records.messages({ ...asked, sender: agent }),
      records.messages({ ...asked, recipient: agent }),
    ]);
    const own = [...sent, ...got].toSorted((one, other) => other.seq - one.seq);
    const at = own.findIndex(({ message }) => message.id === id);
    return own
      .slice(at + 1)
      .slice(0, limit)
      .map(({ message }) => message)
      .toReversed();
  },
});

/** What was sent, as the router has it on record. */
const sentIn = ({ records }: Router): SentRecords => ({
  find: async (workspace, id) => {
    const found = await records.message(workspace, id);
    return found && { message: found.message, recipients: found.deliveries.map(({ recipient }) => recipient) };
  },
});

/** Puts the tools for messages beside a runner's own. Where messages are sent is known later, when the router is open. */
export function openMessageTools(
  deps: Pick<MessageToolsDeps, "journal" | "clock">,
  later: () => {
    readonly router: Router;
    readonly agents: Agents;
    readonly directory: Directory;
    readonly subscriptions: Subscriptions;
    readonly tasks: Tasks;
  },
): (runner: ToolRunner) => ToolRunner {
  const tools = new MessageTools({
    ...deps,
    version: packageVersion(),
    agents: { list: (...query) => later().agents.list(...query) },
    directory: {
      capabilities: (workspace) => later().directory.capabilities(workspace),
      find: (...which) => later().directory.find(...which),
      providers: (...which) => later().directory.providers(...which),
    },
    post: { submit: (message) => later().router.submit(message) },
    subscriptions: {
      list: (...query) => later().subscriptions.list(...query),
      subscribe: (draft) => later().subscriptions.subscribe(draft),
      unsubscribe: (...which) => later().subscriptions.unsubscribe(...which),
    },
    conversations: {
      conversation: (...which) => later().router.records.conversation(...which),
      conversations: (query) => later().router.records.conversations(query),
    },
    tasks: {
      create: (...task) => later().tasks.create(...task),
      distribute: (...which) => later().tasks.distribute(...which),
      get options() {
        return later().tasks.options;
      },
    },
  });
  return (runner) => withNativeTools(runner, [tools]);
}
