import type { Agents } from "../../agents/definitions/index.ts";
import { readFile } from "node:fs/promises";
import { TimerQueue } from "../../kernel/async/timer-queue.ts";
import type { Clock } from "../../kernel/clock.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import type { ContentStore, Message } from "../../messaging/acl/index.ts";
import { failure, followUp, type Router } from "../../messaging/router/index.ts";
import type { Tasks } from "../../messaging/tasks/index.ts";
import {
  Agreements,
  Cancellations,
  type ConversationMessages,
  Correspondence,
  type Delegated,
  Outbox,
  type SentRecords,
  TaskWaits,
} from "../conversations/index.ts";
import type { PendingReplies, ReplyIndex, RunAnswers, Runs } from "../lifecycle/index.ts";
import type { Threads } from "../threads/index.ts";
import type { ArtifactStore, RunFile, RunJournal, UploadStore } from "../record/index.ts";

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
    readonly contents: Pick<ContentStore, "fetch">;
  };
  readonly clock: Clock;
};

/** Files of a run, with their bytes, for an agent of another system. */
export type DelegatedFiles =
  | { readonly type: "part"; readonly files: readonly { name: string; mediaType: string; bytes: Uint8Array }[] }
  | Exclude<Delegated, { type: "part" }>;

/**
 * Delivers messages to the runs of deployed agents and sends their replies, from `begin` on. From `rest` on, messages stay in
 * their mailboxes: draining runs accept none, and repeated attempts would end as dead letters.
 */
export type OpenConversations = AsyncDisposable & {
  readonly begin: () => void;
  readonly rest: () => void;
  /** What a run gives to an agent of another system that it delegates to; undefined for a message that is no delegation. */
  readonly delegated: (message: Message, recipient: string) => Promise<DelegatedFiles | undefined>;
};

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
    delegated: async (message, recipient) => filled(await handler.delegated(message, recipient)),
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

async function filled(delegated: Delegated | undefined): Promise<DelegatedFiles | undefined> {
  if (delegated?.type !== "part") return delegated;
  const { files } = delegated;
  const bytesMax = LIMITS.remoteFilesBytesMax;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (bytes > bytesMax)
    return {
      type: "refused",
      error: failure(
        "MESSAGE_TOO_LARGE",
        `the files have ${bytes} bytes; an agent of another system gets at most ${bytesMax}`,
        {
          hint: "Send fewer or smaller files.",
        },
      ),
    };
  return { type: "part", files: await Promise.all(files.map(readRunFile)) };
}

const readRunFile = async ({ name, mediaType, location }: RunFile) => ({
  name,
  mediaType,
  bytes: await readFile(location),
});

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
