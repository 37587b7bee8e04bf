import type { Task } from "@a2a-js/sdk";
import type { Clock } from "../kernel/clock.ts";
import { CaxtonError } from "../kernel/errors.ts";
import { type Message, type Performative, runIdOf } from "../messaging/acl/index.ts";
import type { Settlement } from "../messaging/router/index.ts";
import type { A2aClient } from "./client/a2a-client.ts";
import { RemoteAgentError } from "./errors.ts";
import { outgoing, type ReadFile } from "./parts.ts";
import type { A2aAgent, A2aStore, A2aTask, A2aTaskKey } from "./remote-agent.ts";
import { keyOf, type Replies } from "./replies.ts";

export type SendingParts = {
  readonly store: A2aStore;
  readonly client: Pick<A2aClient, "send" | "find" | "task">;
  readonly replies: Pick<Replies, "received" | "fail">;
  readonly clock: Clock;
};

/** A message with the files that go with it. */
export type Outgoing = { readonly message: Message; readonly agent: A2aAgent; readonly files: readonly ReadFile[] };

/** A request that is being made. */
type Attempt = {
  readonly ended: Promise<Settlement>;
  /** Whether the delivery of the message has ended before the request. */
  isDetached: boolean;
  isOver: boolean;
};

const DONE: Settlement = { type: "done" };
/** A delivery waits for the response at most this long, and less than its lease. */
const DELIVERY_MS = 15_000;
const RETRY_MS = 5_000;

/** Acts that start a task at a remote agent. */
export const REQUESTS: ReadonlySet<Performative> = new Set(["request", "query-if", "query-ref"]);

const INPUT = new Set([6, 8]);

export const taskKey = ({ workspace, agent, messageId }: A2aTaskKey): string =>
  `${workspace}/${agent.toLowerCase()}/${messageId}`;

/**
 * Sends messages to remote agents.
 * remotes.sending.S1. A message that begins a task is recorded before it is sent. If its response is lost, the task that it began is looked
 *   for before it is sent again, with the same id; without a way to look for it, it is not sent again.
 * remotes.sending.S2. A response that takes longer than a delivery may is awaited without it: the task is recorded as sent before the delivery
 *   is settled.
 */
export class Sending implements AsyncDisposable {
  readonly #parts: SendingParts;
  readonly #attempts = new Map<string, Attempt>();
  readonly #stop = new AbortController();

  constructor(parts: SendingParts) {
    this.#parts = parts;
  }

  /** Whether a message of the task, or an answer to its question, is being sent. */
  isBusy(task: A2aTask): boolean {
    if (this.#attempts.has(taskKey(task))) return true;
    return [...this.#attempts.keys()].some((key) => task.question !== null && key.endsWith(`>${taskKey(task)}`));
  }

  /**
   * Sends a delivered message, or awaits the request that an earlier delivery began. `task` is new, or as an earlier delivery left it; `asked`
   * the task whose question it answers.
   */
  async deliver(
    { task, asked }: { readonly task: A2aTask; readonly asked: A2aTask | undefined },
    out: Outgoing,
    signal: AbortSignal,
  ): Promise<Settlement> {
    const { clock, store } = this.#parts;
    const attempt = this.#attempts.get(taskKey(task)) ?? this.begin({ task, asked }, out);
    const over = new AbortController();
    const slow = clock.sleep(DELIVERY_MS, AbortSignal.any([signal, over.signal])).then(
      () => "slow" as const,
      () => "slow" as const,
    );
    const first = await Promise.race([attempt.ended, slow]);
    over.abort();
    if (first !== "slow") return first;
    if (attempt.isOver) return attempt.ended;
    attempt.isDetached = true;
    await store.saveTasks([{ ...task, state: "sent", dueAtMs: clock.nowMs() }]);
    return DONE;
  }

  /** Begins a request. */
  begin(
    { task, asked }: { readonly task: A2aTask; readonly asked: A2aTask | undefined },
    out: Outgoing,
    isDetached = false,
  ): Attempt {
    const key = taskKey(task);
    const { promise, resolve } = Promise.withResolvers<Settlement>();
    const attempt: Attempt = { ended: promise, isDetached, isOver: false };
    const held = asked === undefined ? [key] : [key, `${key}>${taskKey(asked)}`];
    for (const each of held) this.#attempts.set(each, attempt);
    void this.#send({ task, asked }, out, attempt)
      .catch((error: unknown) => this.#failed(task, error, attempt))
      .catch((error: unknown): Settlement => ({ type: "failed", reason: String(error) }))
      .then((settlement) => {
        for (const each of held) this.#attempts.delete(each);
        return resolve(settlement);
      });
    return attempt;
  }

  async #send(
    { task, asked }: { readonly task: A2aTask; readonly asked: A2aTask | undefined },
    { message, agent, files }: Outgoing,
    attempt: Attempt,
  ): Promise<Settlement> {
    const { store, client, replies } = this.#parts;
    const { signal } = this.#stop;
    const messageId = runIdOf(message, agent.name);
    const isRepeated = store.task(task) !== undefined;
    if (!isRepeated) await store.saveTasks([task]);
    const earlier = isRepeated ? await this.#earlier({ task, asked, messageId }, agent) : undefined;
    if (earlier === "unknown") {
      attempt.isOver = true;
      await replies.fail(task, "REMOTE_OUTCOME_UNKNOWN", ...UNKNOWN);
      return DONE;
    }
    const ids = { messageId, contextId: task.contextId, taskId: task.taskId };
    const response = earlier ?? (await client.send(agent, outgoing(message.content, files, ids), { signal }));
    attempt.isOver = true;
    // An answer that expects none itself continues the task that asked.
    const isOwn = asked === undefined || REQUESTS.has(message.performative);
    const ended = { state: "ended", question: null, dueAtMs: null } as const;
    const what = isOwn ? task : { ...asked, failingSinceMs: null };
    const also = asked === undefined ? [] : [{ ...(isOwn ? asked : task), ...ended }];
    try {
      await replies.received({ task: what, agent, also }, response, signal);
    } catch (error) {
      // What it said is on its way: the task is looked at again.
      if (store.task(what)?.dueAtMs === null) throw error;
    }
    return DONE;
  }

  /** The task that an earlier request began or continued whose response is not known. */
  async #earlier(
    {
      task,
      asked,
      messageId,
    }: { readonly task: A2aTask; readonly asked: A2aTask | undefined; readonly messageId: string },
    agent: A2aAgent,
  ): Promise<Task | undefined | "unknown"> {
    const { client } = this.#parts;
    const call = { signal: this.#stop.signal };
    if (task.taskId === "") {
      const { contextId, createdAtMs: sinceMs } = task;
      return client.find(agent, { contextId, messageId, sinceMs }, call);
    }
    const found = await client.task(agent, task.taskId, call);
    const isOpen = found !== undefined && INPUT.has(Number(found.status?.state));
    return isOpen && keyOf(found.status) === (asked?.question?.key ?? "") ? undefined : found;
  }

  async #failed(task: A2aTask, error: unknown, attempt: Attempt): Promise<Settlement> {
    const { store, replies, clock } = this.#parts;
    attempt.isOver = true;
    const reason = error instanceof Error ? error.message : String(error);
    // The next server continues.
    if (this.#stop.signal.aborted) return { type: "failed", reason: "the server stops" };
    const isRefused =
      error instanceof CaxtonError && !(error instanceof RemoteAgentError && error.outcome !== "refused");
    if (attempt.isDetached) {
      const nowMs = clock.nowMs();
      const failingSinceMs = task.failingSinceMs ?? nowMs;
      if (isRefused) await replies.fail(task, "REMOTE_REFUSED", `${reason} [${error.code}]`, error.hint);
      else await store.saveTasks([{ ...task, state: "sent", dueAtMs: nowMs + RETRY_MS, failingSinceMs }]);
      return DONE;
    }
    if (isRefused) {
      await store.deleteTask(task);
      return { type: "rejected", code: error.code, reason: `${reason} [${error.code}]` };
    }
    if (error instanceof RemoteAgentError && error.outcome === "not-sent") await store.deleteTask(task);
    return { type: "failed", reason: error instanceof CaxtonError ? `${reason} [${error.code}]` : reason };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the server stops"));
    await Promise.allSettled([...this.#attempts.values()].map(({ ended }) => ended));
  }
}

const UNKNOWN = [
  "the connection broke while the message was sent, and the agent cannot say whether it began a task for it",
  "Look at the agent, and send the message again if it did not.",
] as const;
