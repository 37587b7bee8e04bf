import { CaxtonError, type FaultKind } from "../../../kernel/errors.ts";
import { type JsonObject } from "../../../kernel/json.ts";
import { type MessageError } from "../../acl/index.ts";

/** Why a message was not taken or not delivered, with the kind of failure where the code does not determine it. */
export const MESSAGE_FAILURES = {
  SENDER_IS_RECEIVER: "invalid",
  MESSAGE_TOO_LARGE: "too-large",
  EXPIRED: "invalid",
  SIGNATURE_INVALID: "denied",
  SIGNATURE_REQUIRED: "denied",
  HOP_LIMIT: "rejected",
  MESSAGE_CYCLE: "rejected",
  QUOTA_EXCEEDED: "exhausted",
  WORKSPACE_NOT_FOUND: "not-found",
  MAILBOX_FULL: "exhausted",
  ROUTER_FULL: "exhausted",
  TOO_MANY_RECIPIENTS: "rejected",
  ROUTER_STOPPING: "unavailable",
  MESSAGE_NOT_STORED: "unavailable",
  AGENT_NOT_FOUND: "not-found",
  NO_CAPABILITY_PROVIDERS: "not-found",
  NO_SUBSCRIBERS: "not-found",
  DELIVERY_FAILED: "upstream",
  CRASHED_DELIVERIES: "upstream",
  CONVERSATION_FORBIDDEN: "denied",
  CONVERSATION_MERGE_CYCLE: "conflict",
  CONVERSATION_NOT_FOUND: "not-found",
  CONVERSATION_MERGED: "conflict",
  CONVERSATION_UNDER_WAY: "conflict",
  PROTOCOL_BREACH: "rejected",
  CONVERSATION_TURNS_MAX: "rejected",
  DELEGATION_LIMIT: "rejected",
  RUN_FILE_NOT_FOUND: "not-found",
  RUN_CANCELLED: "cancelled",
} as const satisfies Record<string, FaultKind>;
export type MessageFailureCode = keyof typeof MESSAGE_FAILURES;

/** Why, in one sentence, and what can be done about it in another. */
export const failure = (
  code: MessageFailureCode,
  message: string,
  rest: { readonly hint?: string; readonly details?: JsonObject } = {},
): MessageError => ({ code, message, hint: rest.hint ?? "", details: rest.details ?? {} });

/** Nothing of it is stored, because the storage failed. Names the cause if it is one of Caxton's errors. */
export function notStored(error: unknown): MessageError {
  const cause = error instanceof CaxtonError ? error : undefined;
  const message = "the message could not be written";
  return failure("MESSAGE_NOT_STORED", cause === undefined ? message : `${message}: ${cause.message} [${cause.code}]`, {
    hint: `${cause?.hint ?? "The server's log has the cause."} Send it again with the same id.`,
  });
}

export const STOPPING: MessageError = failure("ROUTER_STOPPING", "the server stops and takes no more messages", {
  hint: "Send it again, with the same id, when the server is back.",
});

export const LOOKING_UP: MessageError = failure(
  "ROUTER_FULL",
  "as many messages wait for the conversations that they name as the server holds",
  { hint: "Try again in a second." },
);

export const STILL_DEPLOYING: MessageError = failure(
  "ROUTER_FULL",
  "agents are still being deployed, and as many messages wait for them as the server holds",
  { hint: "Try again later; `caxton status` shows when the server is ready." },
);

const STORED_PLURAL = (count: number, word: string): string => `${count.toLocaleString("en")} ${word}`;

export const tooLarge = (size: number, max: number): MessageError =>
  failure("MESSAGE_TOO_LARGE", `the message has ${STORED_PLURAL(size, "characters")}; at most ${max} are taken`, {
    hint: "Save the content as a file and send a reference, or raise messages.message_bytes_max.",
    details: { size, max },
  });

export const mailboxFull = (name: string, messages: number, bytes: number): MessageError =>
  failure("MAILBOX_FULL", `${name} has ${STORED_PLURAL(messages, "messages")} waiting and takes no more`, {
    hint: "Try again later; messages.mailbox_messages_max and messages.mailbox_bytes_max bound mailboxes.",
    details: { recipient: name, messages, bytes },
  });

export const routerFull = (bytes: number, max: number): MessageError =>
  failure("ROUTER_FULL", "as many messages wait as the server holds", {
    hint: "Try again later; messages.total_bytes_max bounds them.",
    details: { bytes, max },
  });
