import { createHash } from "node:crypto";
import { MessageId, RunId, TaskId, type ToolCallId } from "../kernel/ids.ts";
import type { Message } from "../messages/index.ts";

const HEX = 16;

/** Digits in the form of a UUID; the first twelve as given, or from the digest too. */
function uuid(digest: string, version: "7" | "8", head = digest.slice(0, 12)): string {
  const variant = ((Number.parseInt(digest.charAt(16), HEX) & 0x3) | 0x8).toString(HEX);
  const parts = [head.slice(0, 8), head.slice(8, 12), version + digest.slice(13, 16), variant + digest.slice(17, 20)];
  return [...parts, digest.slice(20, 32)].join("-");
}

const digestOf = (...parts: readonly string[]): string => createHash("sha256").update(parts.join("\n")).digest("hex");

/**
 * The run that a message starts for a recipient: the same at every delivery, so that a second one finds the first one's run.
 * It sorts by when the message was accepted, as other runs do by when they were started.
 */
export function runIdOf(message: Pick<Message, "id" | "workspace" | "atMs">, recipient: string): RunId {
  const digest = digestOf("run", message.workspace, recipient.toLowerCase(), message.id);
  return RunId.parse(uuid(digest, "7", message.atMs.toString(HEX).padStart(12, "0").slice(-12)));
}

/** The task that a call offers: the same when the call is made again after a crash. */
export const taskIdOf = (call: ToolCallId): TaskId =>
  TaskId.parse(uuid(digestOf("task", call), "7", call.replaceAll("-", "").slice(0, 12)));

const SUBSCRIPTION = "subscription-";
const CALL_OFF = "cancel-";

/** What answers to a subscription to an agent carry as `in_reply_to`: the first of them is waited for, the others start runs. */
export const subscriptionOf = (letter: MessageId): string => SUBSCRIPTION + letter;
export const isSubscription = (replyWith: string): boolean => replyWith.startsWith(SUBSCRIPTION);
/** What answers to a `cancel` carry: they start nothing. */
export const callOffOf = (letter: MessageId): string => CALL_OFF + letter;
export const isCallOff = (replyWith: string): boolean => replyWith.startsWith(CALL_OFF);

/** The id of the message that a wait is for. */
export const letterOf = (replyWith: string): string =>
  isSubscription(replyWith) ? replyWith.slice(SUBSCRIPTION.length) : replyWith;

/** What a run says at one point of it: said again after a crash, it is the same message. */
export const messageIdOf = (origin: RunId | ToolCallId, what: string): MessageId =>
  MessageId.parse(uuid(digestOf("message", origin, what), "8"));
