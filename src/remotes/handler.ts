import type { Clock } from "../kernel/clock.ts";
import { LIMITS } from "../kernel/quantities.ts";
import { type Message, type MessageError, type Performative, SYSTEM_SENDER } from "../messaging/acl/index.ts";
import type { AgentHandler, Delivered, Settlement } from "../messaging/router/index.ts";
import type { A2aClient } from "./client/a2a-client.ts";
import type { ReadFile } from "./parts.ts";
import type { A2aAgent, A2aStore, A2aTask } from "./remote-agent.ts";
import type { Replies } from "./replies.ts";
import { REQUESTS, type Sending } from "./sending.ts";

/** What a run that delegates by a message gives to the remote agent; undefined for other messages. */
export type DelegatedFiles =
  | { readonly type: "part"; readonly files: readonly ReadFile[] }
  | { readonly type: "over" }
  | { readonly type: "refused"; readonly error: MessageError }
  | undefined;

export type HandlerParts = {
  readonly find: (workspace: string, name: string) => A2aAgent | undefined;
  readonly store: A2aStore;
  readonly client: Pick<A2aClient, "cancel">;
  readonly sending: Sending;
  readonly replies: Replies;
  /** Throws storage errors. */
  readonly delegated: (message: Message, recipient: string) => Promise<DelegatedFiles>;
  readonly clock: Clock;
};

const DONE: Settlement = { type: "done" };
const ROOM_MS = 500;

/** Refusals of acts that A2A does not have, where the protocols of conversations have one. */
const REFUSALS: { readonly [Act in Performative]?: Performative } = {
  cfp: "refuse",
  subscribe: "refuse",
  "request-when": "refuse",
  "request-whenever": "refuse",
  proxy: "refuse",
  propagate: "refuse",
  propose: "reject-proposal",
  "accept-proposal": "failure",
};

/**
 * The mailbox of a remote agent: a request starts a task there, or answers the question of one; `cancel` cancels those of the
 * conversation.
 * remotes.handler.H1. A message starts at most one task for a recipient, however often it is delivered.
 * remotes.handler.H2. It is settled when its task, or that it was sent, is on disk.
 */
export class RemoteHandler implements AgentHandler {
  readonly #parts: HandlerParts;

  constructor(parts: HandlerParts) {
    this.#parts = parts;
  }

  async handle(delivered: Delivered, signal: AbortSignal): Promise<Settlement> {
    const { message, recipient } = delivered;
    const agent = this.#parts.find(message.workspace, recipient);
    if (agent === undefined)
      return { type: "rejected", code: "REMOTE_AGENT_NOT_FOUND", reason: `${recipient} was deleted` };
    if (message.sender === SYSTEM_SENDER) return DONE;
    if (message.performative === "cancel") return this.#cancel(message, agent, signal);
    const before = this.#parts.store.task({ workspace: message.workspace, agent: agent.name, messageId: message.id });
    if (before !== undefined && before.state !== "sending") return DONE;
    const asked = this.#askedBy(message, agent, before);
    if (asked === undefined && before === undefined && !REQUESTS.has(message.performative))
      return this.#unsupported(message, agent);
    return this.#send({ message, agent }, { before, asked }, signal);
  }

  async #send(
    { message, agent }: { readonly message: Message; readonly agent: A2aAgent },
    { before, asked }: { readonly before: A2aTask | undefined; readonly asked: A2aTask | undefined },
    signal: AbortSignal,
  ): Promise<Settlement> {
    const { store, sending, replies, delegated, clock } = this.#parts;
    const part = await delegated(message, agent.name);
    if (part?.type === "over") return DONE;
    if (part?.type === "refused") {
      const { error } = part;
      const content = { type: "text" as const, text: `${error.message}. ${error.hint}` };
      const isOut = await replies.answer(message, agent.name, {
        what: "refusal",
        performative: "failure",
        content,
        error,
      });
      return isOut ? DONE : { type: "failed", reason: "the router accepts no messages" };
    }
    if (before === undefined)
      while (store.open(message.workspace, agent.name) >= LIMITS.remoteTasksMax) await clock.sleep(ROOM_MS, signal);
    const { workspace, id: messageId, conversationId, sender, replyTo } = message;
    const task: A2aTask = before ?? {
      workspace,
      agent: agent.name,
      messageId,
      conversationId,
      requesters: replyTo === undefined ? [sender] : [sender, replyTo],
      state: "sending",
      taskId: asked?.taskId ?? "",
      contextId: asked?.contextId ?? this.#contextOf(message, agent),
      question: null,
      dueAtMs: null,
      failingSinceMs: null,
      createdAtMs: clock.nowMs(),
    };
    return sending.deliver({ task, asked }, { message, agent, files: part?.files ?? [] }, signal);
  }

  /** The task whose question a message answers: it names the question, or comes in its conversation. */
  #askedBy(message: Message, agent: A2aAgent, before: A2aTask | undefined): A2aTask | undefined {
    const { store } = this.#parts;
    const { workspace, conversationId, sender, inReplyTo } = message;
    const candidates = [
      ...store.tasksIn({ workspace, agent: agent.name, conversationId }),
      ...[store.askedIn(workspace, agent.name, conversationId)].filter((task) => task !== undefined),
    ].filter((task) => task.messageId !== message.id);
    // The question may have been answered by an earlier delivery of this message.
    if (before !== undefined)
      return before.taskId === ""
        ? undefined
        : candidates.find(({ taskId, state }) => taskId === before.taskId && state !== "ended");
    const open = candidates.filter(({ state, requesters }) => state === "asking" && includes(requesters, sender));
    return open.find(({ question }) => question?.id === inReplyTo) ?? open[0];
  }

  /** The context of the sender's last task in this conversation. */
  #contextOf({ workspace, conversationId, sender }: Message, { name: agent }: A2aAgent): string {
    const tasks = this.#parts.store.tasksIn({ workspace, agent, conversationId });
    return tasks.find(({ contextId, requesters }) => contextId !== "" && includes(requesters, sender))?.contextId ?? "";
  }

  /** Cancels the tasks of the sender in the conversation. A failure is a failed attempt, which is repeated. */
  async #cancel(message: Message, agent: A2aAgent, signal: AbortSignal): Promise<Settlement> {
    const { store, client, replies, sending } = this.#parts;
    const { workspace, conversationId, sender } = message;
    const tasks = store.tasksIn({ workspace, agent: agent.name, conversationId });
    const open = tasks.filter(({ state, requesters }) => state !== "ended" && includes(requesters, sender));
    let isCancelled = true;
    for (const task of open) {
      // Its id is not known yet.
      if (task.taskId === "" || sending.isBusy(task))
        return { type: "failed", reason: `${agent.name} has not confirmed the request that is to be cancelled` };
      if (await client.cancel(agent, task.taskId, { signal }))
        await store.saveTasks([{ ...task, state: "ended", question: null, dueAtMs: null }]);
      else isCancelled = false;
    }
    const code = "REMOTE_TASK_NOT_CANCELLED";
    const text = isCancelled ? "cancelled" : `${agent.name} cannot cancel its task any more`;
    const error = { code, message: text, hint: "Its result still comes.", details: { agent: agent.name } };
    const content = { type: "text" as const, text };
    const isOut = await replies.answer(message, agent.name, {
      what: "cancelled",
      performative: isCancelled ? "inform" : "failure",
      content,
      ...(!isCancelled && { error }),
    });
    return isOut ? DONE : { type: "failed", reason: "the router accepts no messages" };
  }

  async #unsupported(message: Message, agent: A2aAgent): Promise<Settlement> {
    const { performative, address } = message;
    const reason = `${agent.name} is an agent of another system: it takes request, query-if, query-ref and cancel, and answers to its questions, not ${performative}`;
    const refusal = REFUSALS[performative];
    if (refusal !== undefined) {
      const content = { type: "text" as const, text: reason };
      await this.#parts.replies.answer(message, agent.name, { what: "refusal", performative: refusal, content });
      return DONE;
    }
    // What is said to all, or to a topic, concerns it no more than others.
    if (address.type !== "receivers" || message.inReplyTo !== undefined) return DONE;
    return { type: "rejected", code: "REMOTE_ACT_UNSUPPORTED", reason };
  }
}

const includes = (names: readonly string[], name: string): boolean =>
  names.some((each) => each.toLowerCase() === name.toLowerCase());
