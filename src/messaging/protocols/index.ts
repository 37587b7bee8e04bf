/** Conversations that obey protocols: tables, what a message does to a conversation, what time does to it. */
export { absorbed, type Advance, advance, resumed, appendMessages } from "./advance.ts";
export { VIOLATION_RULES, type ProtocolViolation, expectedNow } from "./violation.ts";
export {
  type Conversation,
  CONVERSATION_TERMS,
  type ConversationTerms,
  isOpen,
  readConversation,
  takesPart,
} from "./conversation.ts";
export { expire, type ParticipantTimeout } from "./expire.ts";
export { archived, branched, ended, merged, undelivered } from "./family.ts";
export { findProtocol, knownProtocol } from "./names.ts";
export { type Protocol, type Step, UNREACHED } from "./protocol.ts";
export { answersTo } from "./participant.ts";
export { PROTOCOLS } from "./tables.ts";
