/** The message: what it is, how it is read from the wire and written to it. */
export { type AclMessage, AclTextError, type AgentIdentifier, agentIdentifier } from "./acl-message.ts";
export { readAcl } from "./acl-read.ts";
export { aclTime, parseAclTime } from "./acl-time.ts";
export { writeAcl } from "./acl-write.ts";
export { composeMessage, composeReply, type MessageDraft, type ReplyDraft, idOfTrace, traceOf } from "./compose.ts";
export {
  aclParameters,
  carriedSignature,
  isSignedElsewhere,
  nameOutside,
  signatureParameters,
  withoutSignedText,
} from "./fipa-signature.ts";
export {
  type ContentStore,
  fetchContent,
  hashOfKept,
  isSurelySmall,
  exceedsInlineLimit,
  keptHash,
  offloadContent,
  isOffloaded,
} from "./content-store.ts";
export { filesOfMessage, type MessageFile } from "./message-files.ts";
export {
  type Address,
  type Content,
  DURABILITIES,
  type Durability,
  type Message,
  type MessageArtifact,
  type MessageError,
  type MessageSignature,
  type NearestCapability,
  PERFORMATIVES,
  type Performative,
  PRIORITIES,
  ROUTING_STRATEGIES,
  type RoutingStrategy,
  SYSTEM_SENDER,
  type TrailEntry,
  USER_SENDER,
} from "./message.ts";
export { causeOf, MessageCause } from "./message-cause.ts";
export { MessageLines } from "./message-lines.ts";
export { MESSAGE_REFUSALS } from "./message-problem.ts";
export { readMessage, restoreMessage } from "./read-message.ts";
export { keyIdOf } from "./key-id.ts";
export { signedText } from "./signed-text.ts";
export { isSignedWith, SIGNATURE_FAULTS, type SignatureFault, verifierOf } from "./verify-signature.ts";
export { isMessageId } from "./wire/wire-fields.ts";
export { MessageWire } from "./wire/wire-schema.ts";
export { contentWire, messageWire, storedText, writeMessage } from "./write-message.ts";
export {
  cancellationId,
  delegationOf,
  isCancellationId,
  isDelegation,
  isSubscription,
  letterOf,
  messageIdOf,
  runIdOf,
  subscriptionOf,
  taskIdOf,
  threadIdOf,
} from "./derived-ids.ts";
