import { createHash } from "node:crypto";
import { MessageId, uuidFrom } from "../../kernel/ids.ts";
import { composeMessage, type Message } from "../acl/index.ts";
import { type Outgoing, type Task } from "./task.ts";

/** Who collects answers for tasks: the `reply_to` of their messages. No agent can have this name. */
export const TASKS_PARTICIPANT = "caxton.tasks";

/** The message that an entry of a task's outbox stands for; the same id however often it is made. */
export function outboxMessage(task: Task, entry: Outgoing, nowMs: number): Message {
  const { act, to, content, protocol, conversation, replyByMs, inReplyTo } = entry;
  const id = outboxMessageId(task, entry.key);
  return composeMessage({
    id,
    workspace: task.workspace,
    performative: act,
    sender: task.owner,
    onBehalfOf: task.onBehalfOf,
    address: { type: "receivers", names: to },
    replyTo: TASKS_PARTICIPANT,
    content: typeof content === "string" ? { type: "text", text: content } : { type: "json", value: content },
    protocol,
    conversationId: conversation,
    replyWith: id,
    inReplyTo,
    replyByMs,
    hops: task.hops,
    atMs: nowMs,
    ...(conversation !== task.id && { parentConversation: task.id }),
  });
}

/** A UUID (version 8) out of the task and the step, so that a step that is made twice is one message. */
export function outboxMessageId(task: Pick<Task, "id">, key: string): MessageId {
  return MessageId.parse(uuidFrom(createHash("sha256").update(`${task.id}\n${key}`).digest("hex"), "8"));
}
