import { type Message, type MessageError, SYSTEM_SENDER } from "../../acl/index.ts";
import { failure } from "../ports/index.ts";

/** Acts that want an answer: the sender of one is notified if it expires. */
const ASKING: ReadonlySet<string> = new Set([
  "request",
  "request-when",
  "request-whenever",
  "query-if",
  "query-ref",
  "cfp",
  "propose",
  "accept-proposal",
  "subscribe",
  "proxy",
  "propagate",
]);

export const wantsAnswer = ({ performative }: Message): boolean => ASKING.has(performative);

/**
 * From when on a message is not delivered, in epoch milliseconds; 0 means never. An answer is in time up to and with the
 * moment of `reply_by`, which counts for acts that want one: other acts are of use later, too.
 */
export function expiryOf(message: Message): number {
  const { expiresAtMs = Infinity, replyByMs } = message;
  const atMs = replyByMs === undefined || !wantsAnswer(message) ? expiresAtMs : Math.min(expiresAtMs, replyByMs + 1);
  return atMs === Infinity ? 0 : atMs;
}

export const isPast = (atMs: number, nowMs: number): boolean => atMs > 0 && atMs <= nowMs;

/** Whether the server says with it that a message expired. */
export const isExpiry = ({ sender, error }: Message): boolean => sender === SYSTEM_SENDER && error?.code === "EXPIRED";

/** A message expired before its recipient took it. */
export const notTaken = (recipient: string): MessageError =>
  failure("EXPIRED", `it expired before ${recipient} took it`, { details: { recipient } });

/** A message was not answered by its `reply_by`. */
export function notAnswered(recipient: string, deadlineMs: number): MessageError {
  const replyBy = new Date(deadlineMs).toISOString();
  return failure("EXPIRED", `${recipient} did not answer by ${replyBy}`, {
    details: { recipient, reply_by: replyBy },
  });
}
