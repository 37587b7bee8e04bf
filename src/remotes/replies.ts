import { createHash } from "node:crypto";
import type { Message as A2aMessage, Task, TaskStatus } from "@a2a-js/sdk";
import type { Clock } from "../kernel/clock.ts";
import { CaxtonError } from "../kernel/errors.ts";
import { log } from "../kernel/log.ts";
import {
  composeReply,
  type ContentStore,
  type Message,
  type MessageError,
  messageIdOf,
  type MessageFile,
  runIdOf,
} from "../messaging/acl/index.ts";
import { followUp, type Router } from "../messaging/router/index.ts";
import type { A2aClient } from "./client/a2a-client.ts";
import { RemoteAgentError, type RemoteFailureCode } from "./errors.ts";
import { resultOf, said, type Said, type SentFile } from "./parts.ts";
import type { A2aAgent, A2aQuestion, A2aStore, A2aTask } from "./remote-agent.ts";

export type RepliesParts = {
  readonly store: A2aStore;
  readonly client: Pick<A2aClient, "file">;
  readonly router: Pick<Router, "submit" | "records">;
  readonly contents: Pick<ContentStore, "keep">;
  readonly clock: Clock;
  readonly hopsMax: number;
};

/** Content, error and files of a reply. */
type Reply = Pick<Message, "performative" | "content"> & {
  readonly error?: MessageError;
  readonly files?: readonly MessageFile[];
};

/** Task states of A2A. */
const COMPLETED = 3;
const FAILED = 4;
const CANCELED = 5;
const INPUT_REQUIRED = 6;
const REJECTED = 7;
const AUTH_REQUIRED = 8;

const SECOND_MS = 1_000;
const POLL_LEAST_MS = 250;
const POLL_MOST_MS = 15 * SECOND_MS;
const QUESTION_POLL_MS = 30 * SECOND_MS;
/** A file that cannot be read is retried for so long; then the answer names its address. */
const FILE_TRIES_MS = 10 * 60 * SECOND_MS;

/**
 * Sends what remote agents answer, ask or fail with.
 * remotes.replies.P1. The id of a remote task is on disk before anything is said about it; then the reply is accepted by the router
 *   before the task counts as ended. What is said twice, after a crash, is one message by its id.
 */
export class Replies {
  readonly #parts: RepliesParts;

  constructor(parts: RepliesParts) {
    this.#parts = parts;
  }

  /** Records the response to a message, in the transaction of `also`, and replies. Throws RemoteAgentError, storage errors. */
  async received(
    {
      task,
      agent,
      also = [],
    }: { readonly task: A2aTask; readonly agent: A2aAgent; readonly also?: readonly A2aTask[] },
    response: A2aMessage | Task,
    signal: AbortSignal,
  ): Promise<void> {
    const { store, clock } = this.#parts;
    const contextId = response.contextId || task.contextId;
    if ("messageId" in response) {
      const reply = await this.#reply(task, agent, { signal, said: said(response.parts) });
      await this.#end({ ...task, contextId }, reply, also);
      return;
    }
    const begun = { ...task, contextId, taskId: response.id, question: null, failingSinceMs: null };
    await store.saveTasks([{ ...begun, state: "working", dueAtMs: clock.nowMs() }, ...also]);
    await this.report(begun, agent, { remote: response, signal });
  }

  /** Replies with the outcome of a remote task. Throws RemoteAgentError, storage errors. */
  async report(
    task: A2aTask,
    agent: A2aAgent,
    { remote, signal }: { readonly remote: Task; readonly signal: AbortSignal },
  ): Promise<void> {
    const { status } = remote;
    const words = textOf(said(status?.message?.parts ?? []));
    switch (Number(status?.state)) {
      case COMPLETED:
        return this.#end(task, await this.#reply(task, agent, { signal, said: resultOf(remote) }));
      case FAILED:
        return this.fail(task, "REMOTE_TASK_FAILED", words || "it gave no reason");
      case CANCELED:
        return this.fail(task, "REMOTE_TASK_CANCELLED", words || `${task.agent} cancelled its task`);
      case REJECTED:
        return this.#end(task, {
          performative: "refuse",
          content: { type: "text", text: words || "it gave no reason" },
        });
      case INPUT_REQUIRED:
      case AUTH_REQUIRED:
        return this.#ask(task, status);
      default:
        return this.#later({ ...task, state: "working" }, this.#pollMs(task));
    }
  }

  /** Ends a task with a failure. Throws storage errors. */
  async fail(task: A2aTask, code: RemoteFailureCode, message: string, hint = ""): Promise<void> {
    const details = { agent: task.agent, ...(task.taskId !== "" && { task: task.taskId }) };
    const text = hint === "" ? message : `${message}. ${hint}`;
    const error = { code, message, hint, details };
    await this.#end(task, { performative: "failure", content: { type: "text", text }, error });
  }

  /** Replies to a message that starts no task. Returns whether the router has accepted it. */
  async answer(message: Message, agent: string, reply: Reply & { readonly what: string }): Promise<boolean> {
    return this.#submit(this.#compose(message, agent, reply, reply.what));
  }

  /** A question is asked once: in the conversation of the message, or, if its protocol has no questions, in one of its own. */
  async #ask(task: A2aTask, status: TaskStatus | undefined): Promise<void> {
    const key = keyOf(status);
    if (task.question?.key === key) return this.#later({ ...task, state: "asking" }, QUESTION_POLL_MS);
    const asked = await this.#asked(task);
    if (asked === undefined) return this.#later({ ...task, state: "asking" }, QUESTION_POLL_MS);
    const what = `question ${key}`;
    const words = said(status?.message?.parts ?? []);
    const content =
      textOf(words) === "" ? { type: "text" as const, text: "What is needed to continue?" } : words.content;
    const reply = this.#compose(asked, task.agent, { performative: "query-ref", content }, what);
    const own = { conversationId: reply.id, parentConversation: asked.conversationId };
    const message =
      asked.protocol === undefined
        ? { ...reply, replyWith: reply.id }
        : { ...reply, ...own, protocol: undefined, inReplyTo: undefined, replyWith: reply.id };
    if (!(await this.#submit(message))) return this.#later(task, SECOND_MS);
    const question: A2aQuestion = { id: message.id, conversationId: message.conversationId, key };
    await this.#later({ ...task, state: "asking", question }, QUESTION_POLL_MS);
  }

  async #reply(
    task: A2aTask,
    agent: A2aAgent,
    { signal, said: { content, files } }: { readonly signal: AbortSignal; readonly said: Said },
  ): Promise<Reply> {
    const kept: MessageFile[] = [];
    const lines: string[] = [];
    for (const file of files) {
      const read = await this.#bytesOf(task, agent, { file, signal });
      if (typeof read === "string") lines.push(read);
      else {
        const { id, hash } = await this.#parts.contents.keep(task.workspace, read, file.mediaType, signal);
        kept.push({ name: file.name, media_type: file.mediaType, bytes: read.length, id, hash });
      }
    }
    return { performative: "inform", content: withLines(content, lines), files: kept };
  }

  /** The bytes of a file, or a line that names its address if it cannot be read. */
  async #bytesOf(
    task: A2aTask,
    agent: A2aAgent,
    { file, signal }: { readonly file: SentFile; readonly signal: AbortSignal },
  ): Promise<Uint8Array | string> {
    if ("bytes" in file) return file.bytes;
    try {
      return await this.#parts.client.file(agent, file.url, signal);
    } catch (error) {
      signal.throwIfAborted();
      const isFinal = !(error instanceof RemoteAgentError) || error.outcome === "refused";
      const sinceMs = task.failingSinceMs ?? this.#parts.clock.nowMs();
      if (!isFinal && this.#parts.clock.nowMs() - sinceMs < FILE_TRIES_MS) throw error;
      const why = error instanceof CaxtonError ? `${error.message} [${error.code}]` : String(error);
      return `(file ${file.name}, ${file.mediaType}, at ${file.url}, was not read: ${why})`;
    }
  }

  async #end(task: A2aTask, reply: Reply, also: readonly A2aTask[] = []): Promise<void> {
    const asked = await this.#asked(task);
    if (asked !== undefined && !(await this.#submit(this.#compose(asked, task.agent, reply, "answer"))))
      return this.#later({ ...task, state: task.taskId === "" ? "sent" : "working" }, SECOND_MS, also);
    await this.#parts.store.saveTasks([{ ...task, state: "ended", question: null, dueAtMs: null }, ...also]);
  }

  #later(task: A2aTask, inMs: number, also: readonly A2aTask[] = []): Promise<void> {
    const dueAtMs = this.#parts.clock.nowMs() + inMs;
    return this.#parts.store.saveTasks([{ ...task, failingSinceMs: null, dueAtMs }, ...also]);
  }

  #pollMs({ createdAtMs }: A2aTask): number {
    const ageMs = this.#parts.clock.nowMs() - createdAtMs;
    return Math.min(POLL_MOST_MS, Math.max(POLL_LEAST_MS, ageMs / 4));
  }

  /** The message that started the task; undefined once it is not kept any more. */
  async #asked({ workspace, messageId }: A2aTask): Promise<Message | undefined> {
    return (await this.#parts.router.records.message(workspace, messageId))?.message;
  }

  #compose(
    message: Message,
    agent: string,
    { performative, content, error, files = [] }: Reply,
    what: string,
  ): Message {
    return composeReply(message, {
      ...followUp({ message, recipient: agent }, this.#parts.hopsMax),
      id: messageIdOf(runIdOf(message, agent), what),
      performative,
      sender: agent,
      content,
      error,
      parameters: files.length === 0 ? undefined : { files: files.map((file) => ({ ...file })) },
      atMs: this.#parts.clock.nowMs(),
    });
  }

  /** Returns whether it is out; false if it has to be repeated. */
  async #submit(message: Message): Promise<boolean> {
    const submitted = await this.#parts.router.submit(message);
    if (submitted.type !== "refused") return true;
    if (submitted.retryAfterMs !== undefined) return false;
    log.warn({ message: message.id, code: submitted.error.code }, "the answer of a remote agent was refused");
    return true;
  }
}

/** Identifies a status: the same question has the same key. */
export const keyOf = (status: TaskStatus | undefined): string =>
  createHash("sha256")
    .update(JSON.stringify([status?.state, status?.timestamp, status?.message?.messageId, status?.message?.parts]))
    .digest("base64url")
    .slice(0, 22);

const textOf = ({ content }: Said): string =>
  content.type === "text" ? content.text : content.type === "json" ? JSON.stringify(content.value) : "";

function withLines(content: Message["content"], lines: readonly string[]): Message["content"] {
  if (lines.length === 0) return content;
  if (content.type === "text") return { type: "text", text: [content.text, ...lines].join("\n") };
  return content.type === "json" ? { type: "json", value: { text: lines.join("\n"), data: content.value } } : content;
}
