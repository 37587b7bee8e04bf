import type { Conversation, MessageRecord } from "../../../src/api/contract/index.ts";
import { flag, oneOf, type Raw, words } from "./values.ts";

/** What a message can do: request, inform, refuse… */
export const ACTS = [
  "request",
  "query-ref",
  "query-if",
  "inform",
  "inform-if",
  "inform-ref",
  "agree",
  "refuse",
  "failure",
  "not-understood",
  "cfp",
  "propose",
  "accept-proposal",
  "reject-proposal",
  "cancel",
  "confirm",
  "disconfirm",
  "subscribe",
  "request-when",
  "request-whenever",
  "propagate",
  "proxy",
] as const satisfies readonly MessageRecord["performative"][];

export const MESSAGE_TABS = ["tail", "dead", "mailboxes"] as const;

export type MessagesSearch = {
  readonly tab?: (typeof MESSAGE_TABS)[number] | undefined;
  readonly sender?: string | undefined;
  readonly recipient?: string | undefined;
  readonly act?: (typeof ACTS)[number] | undefined;
  readonly conversation?: string | undefined;
  /** Of dead letters. */
  readonly code?: string | undefined;
  /** The one that is looked at. */
  readonly message?: string | undefined;
  readonly compose?: true | undefined;
  /** The conversation that what is written branches off from. */
  readonly parent?: string | undefined;
};
export const messagesSearch = (raw: Raw): MessagesSearch => ({
  tab: oneOf(MESSAGE_TABS, raw["tab"]),
  sender: words(raw["sender"]),
  recipient: words(raw["recipient"]),
  act: oneOf(ACTS, raw["act"]),
  conversation: words(raw["conversation"]),
  code: words(raw["code"]),
  message: words(raw["message"]),
  compose: flag(raw["compose"]),
  parent: words(raw["parent"]),
});

export const CONVERSATION_STATES = [
  "initiated",
  "in-progress",
  "completed",
  "failed",
  "expired",
  "cancelled",
  "merged",
] as const satisfies readonly Conversation["state"][];

export type ConversationsSearch = {
  readonly state?: Conversation["state"] | undefined;
  readonly protocol?: string | undefined;
  readonly participant?: string | undefined;
  readonly archived?: true | undefined;
};
export const conversationsSearch = (raw: Raw): ConversationsSearch => ({
  state: oneOf(CONVERSATION_STATES, raw["state"]),
  protocol: words(raw["protocol"]),
  participant: words(raw["participant"]),
  archived: flag(raw["archived"]),
});

export const THREAD_VIEWS = ["diagram", "list"] as const;

export type ConversationSearch = {
  /** The message that is looked at. */
  readonly message?: string | undefined;
  /** Without it a diagram, on a telephone a list. */
  readonly as?: (typeof THREAD_VIEWS)[number] | undefined;
};
export const conversationSearch = (raw: Raw): ConversationSearch => ({
  message: words(raw["message"]),
  as: oneOf(THREAD_VIEWS, raw["as"]),
});

/** The pair of which the messages are listed, as "sender recipient". */
export type GraphSearch = { readonly node?: string | undefined };
export const graphSearch = (raw: Raw): GraphSearch => ({ node: words(raw["node"]) });
