/** Conversations that obey protocols: tables, what a message does to a conversation, what time does to it. */
export { absorbed, type Advance, advance, resumed, appendMessages } from "./advance.ts";
export {
  VIOLATION_RULES,
  type ProtocolViolation,
  type ViolationRule,
  type Expected,
  expectedNow,
} from "./violation.ts";
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
export { expire, type Expiry, type ParticipantTimeout } from "./expire.ts";
export { archived, branched, ended, type Merge, merged, undelivered } from "./family.ts";
export { findProtocol, knownProtocol, type NamedProtocol } from "./names.ts";
export { type Ending, type Protocol, type Step, type StepState, UNREACHED } from "./protocol.ts";
export { answersTo } from "./participant.ts";
export { PROTOCOLS } from "./tables.ts";
