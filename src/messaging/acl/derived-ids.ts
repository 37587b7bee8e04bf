import { createHash } from "node:crypto";
import { MessageId, RunId, TaskId, ThreadId, type ToolCallId, uuidFrom } from "../../kernel/ids.ts";
import type { Message } from "./index.ts";

const HEX = 16;

const digestOf = (...parts: readonly string[]): string => createHash("sha256").update(parts.join("\n")).digest("hex");

/**
 * The run that a message starts for a recipient: the same at every delivery, so that a second one finds the first one's run.
 * It sorts by when the message was accepted, as other runs do by when they were started.
 */
export function runIdOf(message: Pick<Message, "id" | "workspace" | "atMs">, recipient: string): RunId {
  const digest = digestOf("run", message.workspace, recipient.toLowerCase(), message.id);
  return RunId.parse(uuidFrom(digest, "7", message.atMs.toString(HEX).padStart(12, "0").slice(-12)));
}

/** The thread in which an agent takes part in a conversation. */
export const threadIdOf = (workspace: string, agent: string, conversationId: string): ThreadId =>
  ThreadId.parse(uuidFrom(digestOf("thread", workspace, agent.toLowerCase(), conversationId), "7"));

/** The task that a call offers: the same when the call is made again after a crash. */
export const taskIdOf = (call: ToolCallId): TaskId =>
  TaskId.parse(uuidFrom(digestOf("task", call), "7", call.replaceAll("-", "").slice(0, 12)));

const SUBSCRIPTION = "subscription-";
const CANCELLATION = "cancel-";
const DELEGATION = "delegation-";

/** What answers to a subscription to an agent carry as `in_reply_to`: the first of them is waited for, the others start runs. */
export const subscriptionOf = (letter: MessageId): string => SUBSCRIPTION + letter;
export const isSubscription = (replyWith: string): boolean => replyWith.startsWith(SUBSCRIPTION);
/** What answers to a `cancel` carry: they start nothing. */
export const cancellationId = (letter: MessageId): string => CANCELLATION + letter;
export const isCancellationId = (replyWith: string): boolean => replyWith.startsWith(CANCELLATION);

/** What the answer to a delegation carries: its sender is a run below the one that waits. */
export const delegationOf = (letter: MessageId): string => DELEGATION + letter;
export const isDelegation = (replyWith: string): boolean => replyWith.startsWith(DELEGATION);

/** The id of the message that a wait is for. */
export function letterOf(replyWith: string): string {
  const prefix = [SUBSCRIPTION, DELEGATION].find((each) => replyWith.startsWith(each)) ?? "";
  return replyWith.slice(prefix.length);
}

/** What a run says at one point of it: said again after a crash, it is the same message. */
export const messageIdOf = (origin: RunId | ToolCallId, what: string): MessageId =>
  MessageId.parse(uuidFrom(digestOf("message", origin, what), "8"));
