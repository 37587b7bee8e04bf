import type { Agents } from "../../agents/definitions/index.ts";
import { TimerQueue } from "../../kernel/async/timer-queue.ts";
import type { Clock } from "../../kernel/clock.ts";
import { followUp, type Router } from "../../messaging/router/index.ts";
import type { Tasks } from "../../messaging/tasks/index.ts";
import {
  Agreements,
  Cancellations,
  type ConversationMessages,
  Correspondence,
  Outbox,
  type SentRecords,
  TaskWaits,
} from "../conversations/index.ts";
import type { PendingReplies, ReplyIndex, RunAnswers, Runs } from "../lifecycle/index.ts";
import type { Threads } from "../threads/index.ts";
import type { ArtifactStore, RunJournal, UploadStore } from "../record/index.ts";

export type ConversationsOptions = {
  /** Time that a run may take before its agent sends `agree`. */
  readonly agreeAfterMs: number;
  readonly hopsMax: number;
};

export type ConversationsPorts = {
  readonly router: Router;
  /** Handles the messages of tasks before runs do. */
  readonly tasks: Tasks;
  readonly agents: Agents;
  readonly runs: Runs;
  readonly threads: Threads;
  readonly replies: PendingReplies;
  readonly stores: {
    readonly journal: RunJournal;
    readonly replies: ReplyIndex;
    readonly answers: RunAnswers;
    readonly uploads: UploadStore;
    readonly artifacts: ArtifactStore;
  };
  readonly clock: Clock;
};

/**
 * Delivers messages to the runs of deployed agents and sends their replies, from `begin` on. From `rest` on, messages stay in
 * their mailboxes: draining runs accept none, and repeated attempts would end as dead letters.
 */
export type OpenConversations = AsyncDisposable & { readonly begin: () => void; readonly rest: () => void };

export function openConversations(
  { agreeAfterMs, hopsMax }: ConversationsOptions,
  { router, tasks, agents, runs, threads, replies, stores, clock }: ConversationsPorts,
): OpenConversations {
  const { replies: waits, answers } = stores;
  const outbox = new Outbox({ runs, answers, agents, post: router, clock });
  const sent = sentIn(router);
  const alarm = new TimerQueue(clock);
  const agreements = new Agreements({ runs, answers, agents, sent, post: router, clock, alarm, afterMs: agreeAfterMs });
  const cancellations = new Cancellations({ runs, waits, answers, sent, tasks, post: router, clock });
  const handler = new Correspondence({
    agreements,
    agents,
    runs: {
      cancel: (...which) => runs.cancel(...which),
      view: (id) => runs.view(id),
      continue: (...what) => threads.continue(...what),
    },
    stores,
    replies,
    messages: messagesOf(router, hopsMax),
    tasks,
    clock,
  });
  const taskWaits = new TaskWaits({ tasks, waits, replies });
  let attached: Disposable | undefined;
  const rest = () => attached?.[Symbol.dispose]();
  return {
    rest,
    begin: () => {
      outbox.start();
      taskWaits.start();
      cancellations.start();
      agreements.start();
      attached = router.attachDeployed(handler);
    },
    [Symbol.asyncDispose]: async () => {
      rest();
      alarm[Symbol.dispose]();
      await cancellations[Symbol.asyncDispose]();
      await taskWaits[Symbol.asyncDispose]();
      await outbox[Symbol.asyncDispose]();
    },
  };
}

const messagesOf = (router: Router, hopsMax: number): ConversationMessages => ({
  submit: (message) => router.submit(message),
  follow: (delivered) => followUp(delivered, hopsMax),
  before: async ({ id, workspace, conversationId }, agent, limit) => {
    const asked = { workspace, conversation: conversationId, limit: limit + 1 };
    const [sent, got] = await Promise.all([
      router.records.messages({ ...asked, sender: agent }),
      router.records.messages({ ...asked, recipient: agent }),
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

/** Sent messages, as the router has stored them. */
const sentIn = ({ records }: Router): SentRecords => ({
  find: async (workspace, id) => {
    const found = await records.message(workspace, id);
    return found && { message: found.message, recipients: found.deliveries.map(({ recipient }) => recipient) };
  },
});
