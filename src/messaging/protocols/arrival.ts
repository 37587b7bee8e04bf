import { type Message } from "../acl/index.ts";
import { type ProtocolViolation } from "./violation.ts";
import { type Call, type ConversationTerms, type Participant } from "./conversation.ts";
import { START } from "./protocol.ts";

/** A message on its way into a conversation. `recipients` are the names it goes to. */
export type Arrival = {
  readonly message: Message;
  readonly recipients: readonly string[];
  readonly terms: ConversationTerms;
};

/** Parts of participants after a message, or why it is not allowed. */
export type Parts = { readonly type: "parts"; readonly participants: readonly Participant[] } | ProtocolViolation;

// Shared, so that a message that brings nothing new makes no array.
export const NO_NAMES: readonly string[] = [];
const NO_CALLS: readonly Call[] = [];

/** A participant of a conversation without protocol. */
export const free = (name: string): Participant => ({
  name,
  role: "participant",
  state: "free",
  before: undefined,
  deadlineMs: undefined,
  round: 0,
  calls: NO_CALLS,
  cancelCall: undefined,
  replyTo: undefined,
});

/** A participant whose first message this is. */
export const newcomer = (name: string, role: Participant["role"]): Participant => ({
  name,
  role,
  state: START,
  before: undefined,
  deadlineMs: undefined,
  round: 0,
  calls: NO_CALLS,
  cancelCall: undefined,
  replyTo: undefined,
});
