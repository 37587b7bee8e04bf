import { type Json } from "../../kernel/json.ts";
import { type Message, type MessageError } from "../acl/index.ts";
import { type Conversation, isOpen, type Participant } from "./conversation.ts";
import { knownProtocol } from "./names.ts";
import { CANCELLING, type Protocol, START } from "./protocol.ts";

/** The rules that a message can break, and what each says. */
export const VIOLATION_RULES = {
  "opening-act": "a conversation begins with an act that its protocol opens with",
  "unknown-protocol":
    "a name that begins with fipa-, or resembles that of a known protocol, must be that of a known protocol",
  "one-protocol": "a conversation keeps the protocol it began with",
  "expected-act": "in each state only the acts of the protocol's table are allowed",
  "one-answer": "what was answered is not answered again",
  "answer-in-time": "an answer comes before the deadline that was asked for",
  "deadline-ahead": "a deadline lies in the future",
  "latest-call": "in a further round the latest call is answered, not an earlier one",
  "own-conversation": "in_reply_to names a message of the same conversation",
  "participants-only": "only participants send messages in a conversation",
  "initiator-only": "participants answer only the initiator, or the agents in its reply_to",
  "no-newcomers":
    "the initiator brings others in only with the act that opens the conversation, where the protocol has many",
  "after-rejection": "whose proposal was rejected is out",
  "after-cancel": "a cancelled part accepts no further messages",
  "while-open": "when a participant's part is over, nothing more is said about it",
  "conversation-alive": "in a conversation that expired nothing more is said",
  "conversation-here": "a merged conversation continues in the one it was merged into",
  "participants-max": "a conversation has at most so many participants",
  "rounds-max": "calls and counter-proposals to one participant end after so many rounds",
} as const;
export type ViolationRule = keyof typeof VIOLATION_RULES;

/** Performatives that a participant may send now. */
export type Expected = { readonly who: string; readonly acts: readonly string[] };

/** A message that its protocol does not allow. Nothing moved; the sender gets a not-understood with `error`. */
export type ProtocolViolation = {
  readonly type: "breach";
  readonly rule: ViolationRule;
  /** Of the participants concerned, and of the initiator: at most ten. */
  readonly expected: readonly Expected[];
  /** Code `PROTOCOL_BREACH`; its details name rule, protocol, specification, state and what was expected. */
  readonly error: MessageError;
};

/** Where the conversation stood, and what else there is to say. */
export type ViolationContext = {
  readonly protocol: Protocol | undefined;
  readonly conversation: Conversation | undefined;
  /** Those whose part the message is about. */
  readonly participants?: readonly Participant[];
  /** The reason in this case, a clause. */
  readonly reason: string;
  readonly hint?: string;
};

const EXPECTED_MAX = 10;
const CANCEL_ANSWERS = ["inform", "failure"];

export function breach(rule: ViolationRule, message: Message, context: ViolationContext): ProtocolViolation {
  const { protocol, conversation, participants = [], reason } = context;
  const expected = protocol === undefined ? [] : expectedOf(protocol, conversation, participants, message);
  const state = participants[0]?.state ?? conversation?.status.state ?? START;
  const where = protocol === undefined ? "" : ` (${protocol.name}, ${protocol.specification})`;
  const details: Record<string, Json> = {
    rule,
    says: VIOLATION_RULES[rule],
    conversation: message.conversationId,
    protocol: protocol?.name ?? message.protocol ?? null,
    specification: protocol?.specification ?? null,
    state,
    act: message.performative,
    sender: message.sender,
    expected: expected.map(({ who, acts }) => ({ who, acts: [...acts] })),
  };
  return {
    type: "breach",
    rule,
    expected,
    error: {
      code: "PROTOCOL_BREACH",
      message: `${message.sender} may not send ${message.performative} here: ${reason}${where}`,
      hint: context.hint ?? hintOf(expected),
      details,
    },
  };
}

function expectedOf(
  protocol: Protocol,
  conversation: Conversation | undefined,
  participants: readonly Participant[],
  message: Message,
): readonly Expected[] {
  if (conversation === undefined) return [{ who: message.sender, acts: protocol.opening }];
  return expectedIn(protocol, conversation, participants);
}

function expectedIn(
  protocol: Protocol,
  conversation: Conversation,
  participants: readonly Participant[],
): readonly Expected[] {
  const expected: Expected[] = [];
  const initiators = new Set<string>();
  for (const participant of participants) {
    for (const act of protocol.acts(participant.state, "initiator")) initiators.add(act);
    if (isInProgress(protocol, participant)) initiators.add("cancel");
    const acts = participant.state === CANCELLING ? CANCEL_ANSWERS : protocol.acts(participant.state, participant.role);
    if (acts.length > 0 && expected.length < EXPECTED_MAX - 1) expected.push({ who: participant.name, acts });
  }
  if (initiators.size > 0) expected.push({ who: conversation.initiator, acts: [...initiators] });
  return expected;
}

/** What its protocol allows next, of at most ten; nothing in a free conversation and in one that is over. */
export function expectedNow(conversation: Conversation): readonly Expected[] {
  const protocol = knownProtocol(conversation.protocol);
  if (protocol === undefined || !isOpen(conversation)) return [];
  return expectedIn(protocol, conversation, conversation.participants);
}

const isInProgress = (protocol: Protocol, { state }: Participant) =>
  state !== CANCELLING && protocol.states.get(state)?.ending === undefined;

function hintOf(expected: readonly Expected[]): string {
  if (expected.length === 0) return "Begin a new conversation: leave conversation_id out.";
  return `Expected: ${expected.map(({ who, acts }) => `${acts.join(" or ")} by ${who}`).join("; ")}.`;
}
