import { type OutboxRest, OutboxWorker } from "../kernel/async/outbox-worker.ts";
import type { Clock } from "../kernel/clock.ts";
import { CaxtonError, toFault } from "../kernel/errors.ts";
import { log } from "../kernel/log.ts";
import { LIMITS } from "../kernel/quantities.ts";
import type { MessageId } from "../kernel/ids.ts";
import type { Message } from "../messaging/acl/index.ts";
import type { A2aClient } from "./client/a2a-client.ts";
import type { HandlerParts } from "./handler.ts";
import type { A2aAgent, A2aStore, A2aTask } from "./remote-agent.ts";
import type { Replies } from "./replies.ts";
import { type Sending, taskKey } from "./sending.ts";

export type FollowerParts = {
  readonly store: A2aStore;
  readonly find: HandlerParts["find"];
  readonly client: Pick<A2aClient, "task" | "cancel">;
  readonly sending: Sending;
  readonly replies: Replies;
  readonly delegated: HandlerParts["delegated"];
  /** A stored message with its content; undefined once it is not kept any more. */
  readonly message: (workspace: string, id: MessageId, signal: AbortSignal) => Promise<Message | undefined>;
  readonly clock: Clock;
};

/** Requests to one agent; nothing of it is lost by a restart. */
type Lane = { inFlight: number; failures: number; pausedUntilMs: number };

const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;
const PAUSE_MAX_MS = 60 * SECOND_MS;
/** A task whose agent does not answer for so long has failed. */
const FAILING_MAX_MS = 24 * HOUR_MS;
/** A task is followed, and what ended is kept, for as long as a conversation may last. */
const LIFE_MS = 7 * 24 * HOUR_MS;
const CHECK_MS = 60 * SECOND_MS;

/**
 * Follows the tasks of remote agents to their end.
 * remotes.follower.F1. Each task that has not ended is due at some time, on disk: after a crash it is asked for again.
 * remotes.follower.F2. An agent that fails is asked ever more rarely, one task at a time, and holds up no other agent.
 */
export class Follower implements AsyncDisposable {
  readonly #parts: FollowerParts;
  readonly #worker: OutboxWorker;
  readonly #lanes = new Map<string, Lane>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();
  #droppedAtMs = 0;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
    this.#worker = new OutboxWorker(parts.clock, () => this.#work(), "tasks of remote agents are looked at later");
  }

  /** To be called when a task was recorded. */
  wake(): void {
    this.#worker.due();
  }

  async #work(): Promise<OutboxRest> {
    const { store, clock } = this.#parts;
    const nowMs = clock.nowMs();
    if (nowMs - this.#droppedAtMs >= HOUR_MS) {
      this.#droppedAtMs = nowMs;
      await store.dropTasks(nowMs - LIFE_MS);
    }
    let nextMs = store.nextDue(nowMs) ?? Infinity;
    for (const lane of store.lanes(nowMs)) nextMs = Math.min(nextMs, this.#serve(lane, nowMs));
    return nextMs === Infinity ? "done" : Math.min(CHECK_MS, Math.max(1, nextMs - clock.nowMs()));
  }

  /** Starts what is due and permitted. Returns when the lane may continue; a request that ends wakes it too. */
  #serve(which: Pick<A2aTask, "workspace" | "agent">, nowMs: number): number {
    const { store, sending } = this.#parts;
    const agent = this.#parts.find(which.workspace, which.agent);
    const lane = this.#laneOf(which);
    if (agent === undefined) return Infinity;
    if (lane.pausedUntilMs > nowMs) return lane.pausedUntilMs;
    const max = lane.failures > 0 ? 1 : LIMITS.remoteRequestsMax;
    let room = Math.min(max - lane.inFlight, LIMITS.remoteRequestsAllMax - this.#running.size);
    let isBusy = false;
    for (const task of store.due(which, nowMs, LIMITS.remoteTasksMax)) {
      if (this.#running.has(taskKey(task))) continue;
      if (sending.isBusy(task)) isBusy = true;
      else if (room > 0) {
        room -= 1;
        this.#begin(task, agent, lane);
      }
    }
    return isBusy ? nowMs + SECOND_MS : Infinity;
  }

  #begin(task: A2aTask, agent: A2aAgent, lane: Lane): void {
    lane.inFlight += 1;
    const running = this.#follow(task, agent, lane).finally(() => {
      lane.inFlight -= 1;
      this.#running.delete(taskKey(task));
      this.wake();
    });
    this.#running.set(taskKey(task), running);
  }

  /** Never rejects. */
  async #follow(task: A2aTask, agent: A2aAgent, lane: Lane): Promise<void> {
    try {
      await this.#look(task, agent);
      lane.failures = 0;
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      lane.failures += 1;
      lane.pausedUntilMs = this.#parts.clock.nowMs() + Math.min(PAUSE_MAX_MS, SECOND_MS * 2 ** (lane.failures - 1));
      if (!(error instanceof CaxtonError))
        log.error({ err: error, agent: agent.name }, "a remote task is asked for again");
      await this.#failed(task, error).catch((cause: unknown) => log.error({ err: cause }, "a remote task stays due"));
    }
  }

  async #look(task: A2aTask, agent: A2aAgent): Promise<void> {
    const { client, replies, clock } = this.#parts;
    const { signal } = this.#stop;
    if (task.state === "sent" && task.taskId === "") return this.#resend(task, agent);
    if (clock.nowMs() - task.createdAtMs > LIFE_MS) {
      await client.cancel(agent, task.taskId, { signal });
      return replies.fail(task, "REMOTE_TASK_EXPIRED", `${task.agent} did not end its task within 7 days`);
    }
    const remote = await client.task(agent, task.taskId, { signal });
    if (remote === undefined)
      return replies.fail(task, "REMOTE_TASK_LOST", `${task.agent} does not know its task ${task.taskId} any more`);
    // A message of the task may have been sent meanwhile.
    if (this.#parts.sending.isBusy(task) || this.#parts.store.task(task)?.dueAtMs !== task.dueAtMs) return undefined;
    return replies.report(task, agent, { remote, signal });
  }

  /** The response to a message was lost after its delivery had ended: the task is looked for, or the message sent again. */
  async #resend(task: A2aTask, agent: A2aAgent): Promise<void> {
    const { sending, replies, delegated, store } = this.#parts;
    const message = await this.#parts.message(task.workspace, task.messageId, this.#stop.signal);
    const sinceMs = task.failingSinceMs ?? Infinity;
    if (this.#parts.clock.nowMs() - sinceMs > FAILING_MAX_MS)
      return replies.fail(task, "REMOTE_UNREACHABLE", `${task.agent} has not answered for 24 hours`);
    if (message === undefined) return store.saveTasks([{ ...task, state: "ended", dueAtMs: null }]);
    const part = await delegated(message, agent.name);
    const files = part?.type === "part" ? part.files : [];
    await sending.begin({ task, asked: undefined }, { message, agent, files }, true).ended;
  }

  async #failed(task: A2aTask, error: unknown): Promise<void> {
    const { store, replies, clock } = this.#parts;
    const nowMs = clock.nowMs();
    const sinceMs = task.failingSinceMs ?? nowMs;
    if (nowMs - sinceMs < FAILING_MAX_MS) {
      if (task.failingSinceMs === null) await store.saveTasks([{ ...task, failingSinceMs: sinceMs }]);
      return undefined;
    }
    const { code, message, hint } = toFault(error);
    const text = `${task.agent} has not answered for 24 hours; last: ${message} [${code}]`;
    return replies.fail(task, "REMOTE_UNREACHABLE", text, hint);
  }

  #laneOf({ workspace, agent }: Pick<A2aTask, "workspace" | "agent">): Lane {
    const key = `${workspace}/${agent.toLowerCase()}`;
    return this.#lanes.getOrInsertComputed(key, () => ({ inFlight: 0, failures: 0, pausedUntilMs: 0 }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the server stops"));
    await this.#worker[Symbol.asyncDispose]();
    await Promise.allSettled(this.#running.values());
  }
}
