/** Conversations that obey protocols: tables, what a message does to a conversation, what time does to it. */
export { absorbed, type Advance, advance, resumed, saidMore } from "./advance.ts";
export { BREACH_RULES, type Breach, type BreachRule, type Expected, expectedNow } from "./breach.ts";
export {
  type Conversation,
  CONVERSATION_TERMS,
  type ConversationStatus,
  type ConversationTerms,
  isOpen,
  type Participant,
  readConversation,
  takesPart,
} from "./conversation.ts";
export { expire, type Expiry, type Lapse } from "./expire.ts";
export { archived, branched, ended, type Merge, merged, undelivered } from "./family.ts";
export { findProtocol, knownProtocol, type NamedProtocol } from "./names.ts";
export { type Ending, type Protocol, type Step, type StepState, UNREACHED } from "./protocol.ts";
export { answersTo } from "./participant.ts";
export { PROTOCOLS } from "./tables.ts";
