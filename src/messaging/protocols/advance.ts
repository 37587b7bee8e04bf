/**
 * What a message does to its conversation.
 *
 * protocols.advance.P1. Pure: the same conversation and message give the same outcome; time is the message's `atMs`.
 * protocols.advance.P2. A breach moves nothing.
 * protocols.advance.P3. A message to several moves the part of each of them or of none.
 * protocols.advance.P4. Deadlines that passed before the message are applied before it is judged, in the order in
 *   which they passed.
 */
import { type Message, SYSTEM_SENDER } from "../acl/index.ts";
import { type Arrival, free, NO_NAMES } from "./arrival.ts";
import { breach, type ProtocolViolation } from "./violation.ts";
import {
  type Conversation,
  type ConversationStatus,
  type ConversationTerms,
  isOpen,
  type Participant,
  takesPart,
} from "./conversation.ts";
import { expire } from "./expire.ts";
import { byInitiator } from "./initiator.ts";
import { findProtocol, knownProtocol } from "./names.ts";
import { nextDeadline, IN_PROGRESS, INITIATED, statusOf } from "./outcome.ts";
import { byOther } from "./participant.ts";
import { type Protocol } from "./protocol.ts";
import { PROTOCOLS } from "./tables.ts";

/** The conversation after the message, or why the message is not allowed. */
export type Advance = { readonly type: "moved"; readonly conversation: Conversation } | ProtocolViolation;

const NO_PARTICIPANTS: readonly Participant[] = [];

/**
 * The conversation with one more message, or a breach. `recipients` are the names that the message goes to, without its
 * sender; `conversation` is what this function returned for the message before, undefined for the first. Never throws.
 */
export function advance(
  conversation: Conversation | undefined,
  message: Message,
  recipients: readonly string[],
  terms: ConversationTerms,
): Advance {
  if (conversation === undefined) return begin(message, recipients, terms);
  const protocol = knownProtocol(conversation.protocol);
  if (protocol === undefined) return advanceFree(conversation, message, recipients, terms);
  // What the server says about a message moves nothing: the message it is about did not move anything either.
  if (message.sender === SYSTEM_SENDER)
    return participantState(protocol, conversation, message, conversation.participants);
  return advanceChecked(protocol, conversation, { message, recipients, terms });
}

function begin(message: Message, recipients: readonly string[], terms: ConversationTerms): Advance {
  const { protocol: name } = message;
  if (name === undefined || message.sender === SYSTEM_SENDER)
    return opened(undefined, name, { message, recipients, terms });
  const named = findProtocol(name);
  switch (named.type) {
    case "own":
      return opened(undefined, name, { message, recipients, terms });
    case "unknown":
      return breach("unknown-protocol", message, {
        protocol: undefined,
        conversation: undefined,
        reason: `there is no protocol ${name}`,
        hint:
          named.meant === undefined
            ? `There are ${PROTOCOLS.map((known) => known.name).join(", ")}; without \`protocol\` a conversation is free.`
            : `Use ${named.meant}, or a name of your own that is less like it.`,
      });
    case "known":
      return beginChecked(named.protocol, { message, recipients, terms });
  }
}

function beginChecked(protocol: Protocol, arrival: Arrival): Advance {
  const { message } = arrival;
  if (!protocol.opening.includes(message.performative)) {
    const isAnswer = message.inReplyTo !== undefined;
    return breach("opening-act", message, {
      protocol,
      conversation: undefined,
      reason: `conversation ${message.conversationId} has not begun, and a ${protocol.name} begins with ${protocol.opening.join(" or ")}`,
      ...(isAnswer && { hint: "An answer has the conversation_id of the message that it answers." }),
    });
  }
  return opened(protocol, protocol.name, arrival);
}

function opened(protocol: Protocol | undefined, name: string | undefined, arrival: Arrival): Advance {
  const { message, recipients, terms } = arrival;
  const { address, atMs } = message;
  const capability = address.type === "capability" ? address.capability : undefined;
  const special = capability === undefined ? undefined : terms.capabilities.get(capability);
  const idleMs = special?.idleMs ?? terms.idleMs;
  const base: Conversation = {
    id: message.conversationId,
    workspace: message.workspace,
    protocol: name,
    capability,
    topic: address.type === "topic" ? address.topic : undefined,
    initiator: message.sender,
    participants:
      protocol === undefined
        ? joined(NO_PARTICIPANTS, message.sender, message.sender, { recipients, terms })
        : NO_PARTICIPANTS,
    status: INITIATED,
    version: 1,
    messageCount: 1,
    startedAtMs: atMs,
    lastActivityMs: atMs,
    idleMs,
    // A capability that may be silent for longer than conversations last lasts for that long.
    endsAtMs: atMs + Math.max(special?.lifeMs ?? terms.lifeMs, special?.idleMs ?? 0),
    dueAtMs: atMs + idleMs,
    parent: message.parentConversation,
    branches: NO_NAMES,
    merged: message.mergeConversations,
    archivedAtMs: undefined,
  };
  if (protocol === undefined) return { type: "moved", conversation: base };
  const parts = byInitiator(protocol, base, arrival);
  if (parts.type === "breach") return parts;
  const { participants } = parts;
  return {
    type: "moved",
    conversation: { ...base, participants, dueAtMs: nextDeadline(protocol, base, participants) },
  };
}

/**
 * Whether this sender may speak in a conversation: the server may, a participant, and any sender once the list of participants
 * of a free conversation is full, since names are missing from it.
 */
function maySpeak(conversation: Conversation, sender: string, { participantsMax }: ConversationTerms): boolean {
  const isFull =
    conversation.participants.length >= participantsMax && knownProtocol(conversation.protocol) === undefined;
  return isFull || sender === SYSTEM_SENDER || takesPart(conversation, sender);
}

/** No act is checked; only participants speak, and those they address join, up to a limit. Silence does not end it for good. */
function advanceFree(
  conversation: Conversation,
  message: Message,
  recipients: readonly string[],
  terms: ConversationTerms,
): Advance {
  if (conversation.status.state === "merged")
    return breachMerged(undefined, conversation, message, conversation.status.into);
  if (message.protocol !== undefined && message.protocol !== conversation.protocol) {
    const named = findProtocol(message.protocol);
    if (named.type !== "own" && message.sender !== SYSTEM_SENDER) {
      return breach("one-protocol", message, {
        protocol: undefined,
        conversation,
        reason: `conversation ${conversation.id} began without a protocol, and ${message.protocol} begins one of its own`,
        hint: `Begin a new conversation, with "parent_conversation": "${conversation.id}" if it belongs to this one.`,
      });
    }
  }
  const { initiator } = conversation;
  if (!maySpeak(conversation, message.sender, terms)) {
    return breach("participants-only", message, {
      protocol: undefined,
      conversation,
      reason: `${message.sender} takes no part in conversation ${conversation.id}`,
      hint: "A participant brings others in by writing to them. Leave conversation_id out to begin a conversation.",
    });
  }
  // The server's answer to a sender who takes no part adds no participant.
  const participants =
    message.sender === SYSTEM_SENDER
      ? conversation.participants
      : joined(conversation.participants, initiator, message.sender, { recipients, terms });
  const revived = isOpen(conversation) ? conversation : { ...conversation, endsAtMs: message.atMs + terms.lifeMs };
  return said(revived, message, { protocol: undefined, participants, status: IN_PROGRESS });
}

/** The conversation with one more message that is allowed. */
function said(conversation: Conversation, message: Message, { protocol, participants, status }: Standing): Advance {
  const { atMs, mergeConversations } = message;
  const { merged } = conversation;
  const isOver = status !== IN_PROGRESS;
  const times = { lastActivityMs: atMs, idleMs: conversation.idleMs, endsAtMs: conversation.endsAtMs };
  // Written out: a spread costs several times as much, and this is done for each message.
  const next: Conversation = {
    id: conversation.id,
    workspace: conversation.workspace,
    protocol: conversation.protocol,
    capability: conversation.capability,
    topic: conversation.topic,
    initiator: conversation.initiator,
    participants,
    status,
    version: conversation.version + 1,
    messageCount: conversation.messageCount + 1,
    startedAtMs: conversation.startedAtMs,
    lastActivityMs: atMs,
    idleMs: conversation.idleMs,
    endsAtMs: conversation.endsAtMs,
    dueAtMs: isOver ? undefined : nextDeadline(protocol, times, participants),
    parent: conversation.parent,
    branches: conversation.branches,
    merged: mergeConversations.length === 0 ? merged : [...new Set([...merged, ...mergeConversations])],
    archivedAtMs: undefined,
  };
  return { type: "moved", conversation: next };
}

/** The free conversation after `count` more messages among those who are in it, the last of them at `atMs`. */
export function appendMessages(conversation: Conversation, count: number, atMs: number): Conversation {
  const times = { lastActivityMs: atMs, idleMs: conversation.idleMs, endsAtMs: conversation.endsAtMs };
  return {
    ...conversation,
    version: conversation.version + count,
    messageCount: conversation.messageCount + count,
    lastActivityMs: atMs,
    dueAtMs: nextDeadline(undefined, times, conversation.participants),
    archivedAtMs: undefined,
  };
}

/** Joins an evicted free conversation, `earlier`, with the one that began in its place, `since`. Both are open. */
export function resumed(earlier: Conversation, since: Conversation, terms: ConversationTerms): Conversation {
  const { lastActivityMs } = since;
  // A sender who took no part before adds no participant.
  const participants = maySpeak(earlier, since.initiator, terms)
    ? withAllOf(earlier, since, terms)
    : earlier.participants;
  const endsAtMs = earlier.endsAtMs > lastActivityMs ? earlier.endsAtMs : since.endsAtMs;
  return {
    ...earlier,
    participants,
    status: IN_PROGRESS,
    version: earlier.version + since.version,
    messageCount: earlier.messageCount + since.messageCount,
    lastActivityMs,
    endsAtMs,
    dueAtMs: nextDeadline(undefined, { lastActivityMs, idleMs: earlier.idleMs, endsAtMs }, participants),
    branches: [...earlier.branches, ...since.branches],
    merged: [...earlier.merged, ...since.merged],
    archivedAtMs: undefined,
  };
}

/** The conversation after `others` were merged into it: their participants join where no act is checked. */
export function absorbed(
  conversation: Conversation,
  others: readonly Conversation[],
  terms: ConversationTerms,
): Conversation {
  if (others.length === 0) return conversation;
  const isFree = knownProtocol(conversation.protocol) === undefined;
  const participants = others.reduce(
    (all, other) => (isFree ? withAllOf({ ...conversation, participants: all }, other, terms) : all),
    conversation.participants,
  );
  const merged = [...new Set([...conversation.merged, ...others.map(({ id }) => id)])];
  return { ...conversation, participants, merged, version: conversation.version + 1 };
}

/** The participants with those of another conversation. */
function withAllOf({ participants, initiator }: Conversation, other: Conversation, terms: ConversationTerms) {
  const recipients = other.participants.map(({ name }) => name);
  return joined(participants, initiator, other.initiator, { recipients, terms });
}

/** How a conversation stands after a message. `protocol` is undefined where nothing is checked. */
type Standing = {
  readonly protocol: Protocol | undefined;
  readonly participants: readonly Participant[];
  readonly status: ConversationStatus;
};

function advanceChecked(protocol: Protocol, before: Conversation, arrival: Arrival): Advance {
  const { message } = arrival;
  if (before.status.state === "merged") return breachMerged(protocol, before, message, before.status.into);
  if (message.protocol !== undefined && message.protocol !== protocol.name) {
    const named = findProtocol(message.protocol);
    if (named.type !== "known" || named.protocol !== protocol) return breachProtocol(protocol, before, message);
  }
  const isDue = before.dueAtMs !== undefined && before.dueAtMs <= message.atMs;
  const conversation = isDue ? expire(before, message.atMs).conversation : before;
  const parts =
    message.sender === conversation.initiator
      ? byInitiator(protocol, conversation, arrival)
      : byOther(protocol, conversation, arrival);
  if (parts.type === "breach") return parts;
  return participantState(protocol, conversation, message, parts.participants);
}

/** The conversation with parts that may have moved; what is over stays so when they have not. */
function participantState(
  protocol: Protocol,
  conversation: Conversation,
  message: Message,
  participants: readonly Participant[],
): Advance {
  const isUnmoved = participants === conversation.participants && !isOpen(conversation);
  const status = isUnmoved ? conversation.status : statusOf(protocol, participants);
  return said(conversation, message, { protocol, participants, status });
}

const breachMerged = (protocol: Protocol | undefined, conversation: Conversation, message: Message, into: string) =>
  breach("conversation-here", message, {
    protocol,
    conversation,
    reason: `conversation ${conversation.id} was merged into ${into}`,
    hint: `Send it with "conversation_id": "${into}".`,
  });

const breachProtocol = (protocol: Protocol, conversation: Conversation, message: Message) =>
  breach("one-protocol", message, {
    protocol,
    conversation,
    reason: `conversation ${conversation.id} is a ${protocol.name} and no ${message.protocol}`,
    hint: `Begin a new conversation, with "parent_conversation": "${conversation.id}" if it belongs to this one.`,
  });

/** The participants with the sender and the recipients; the same array when all were known. */
function joined(
  participants: readonly Participant[],
  initiator: string,
  sender: string,
  { recipients, terms }: { readonly recipients: readonly string[]; readonly terms: ConversationTerms },
): readonly Participant[] {
  let all = participants;
  if (sender !== initiator && !takesPart({ initiator, participants: all }, sender)) all = [...all, free(sender)];
  for (const name of recipients) {
    if (all.length >= terms.participantsMax) return all.length > terms.participantsMax ? participants : all;
    if (name !== initiator && !isAmong(all, name)) all = all.length === 0 ? [free(name)] : [...all, free(name)];
  }
  return all;
}

function isAmong(participants: readonly Participant[], name: string): boolean {
  for (const participant of participants) if (participant.name === name) return true;
  return false;
}
