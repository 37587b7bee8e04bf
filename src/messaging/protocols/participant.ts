import { type Message } from "../acl/index.ts";
import { type Arrival, newcomer, type Parts } from "./arrival.ts";
import { breach, type ViolationRule } from "./violation.ts";
import { type Call, type Conversation, type Participant } from "./conversation.ts";
import { CALLS_MAX } from "./initiator.ts";
import { moved, stateOf } from "./outcome.ts";
import { CANCELLED, CANCELLING, MISUNDERSTOOD, type Protocol, START, type Step, type StepBy } from "./protocol.ts";

/** Applies a message of a participant that is not the initiator to its part. */
export function byOther(protocol: Protocol, conversation: Conversation, arrival: Arrival): Parts {
  const { message, recipients } = arrival;
  const index = conversation.participants.findIndex(({ name }) => name === message.sender);
  const participant = conversation.participants[index] ?? recruit(protocol, conversation, message);
  if (participant === undefined) {
    return breach("participants-only", message, {
      protocol,
      conversation,
      reason: `${message.sender} takes no part in conversation ${conversation.id}`,
      hint: "No participant of it wrote to this sender. Begin a new conversation, or correct the conversation_id.",
    });
  }
  const refusal = misdirected(conversation, participant, recipients) ?? mistaken(protocol, participant, message);
  if (refusal !== undefined)
    return breach(refusal[0], message, { protocol, conversation, participants: [participant], reason: refusal[1] });
  const next = answered(protocol, participant, message);
  if (next === undefined) {
    const [rule, reason] = unexpected(protocol, conversation, participant, message);
    return breach(rule, message, { protocol, conversation, participants: [participant], reason });
  }
  if (next === participant) return { type: "parts", participants: conversation.participants };
  if (index === -1) return joined(protocol, conversation, arrival, next);
  return { type: "parts", participants: conversation.participants.with(index, next) };
}

function joined(protocol: Protocol, conversation: Conversation, arrival: Arrival, next: Participant): Parts {
  const participants = [...conversation.participants, next];
  if (participants.length <= arrival.terms.participantsMax) return { type: "parts", participants };
  return breach("participants-max", arrival.message, {
    protocol,
    conversation,
    reason: `it would have ${participants.length} participants, more than ${arrival.terms.participantsMax}`,
    hint: "`messages.participants_max` is the limit.",
  });
}

/** Adds a participant to which a recruiter may have forwarded the request. */
function recruit(protocol: Protocol, { participants }: Conversation, message: Message): Participant | undefined {
  if (protocol.step(START, "target", message.performative) === undefined) return undefined;
  const isPassedOn = participants.some(
    ({ role, state }) => role === "participant" && (state === "agreed" || state === "recruited"),
  );
  return isPassedOn ? newcomer(message.sender, "target") : undefined;
}

/** Whom the initiator's messages to this participant named for its answers (`reply_to`); undefined: the initiator itself. */
export const answersTo = ({ participants }: Conversation, name: string): string | undefined =>
  participants.find((participant) => participant.name === name)?.replyTo;

type Refusal = readonly [rule: ViolationRule, reason: string];

function misdirected(
  { initiator, participants }: Conversation,
  { replyTo }: Participant,
  recipients: readonly string[],
): Refusal | undefined {
  // Participants brought in by a recruiter know the designated receiver from the recruiter's request.
  const isReceiver = (name: string) =>
    name === initiator || name === replyTo || participants.some((other) => other.replyTo === name);
  const other = recipients.find((name) => !isReceiver(name));
  return other === undefined
    ? undefined
    : ["initiator-only", `it goes to ${other}, and answers go to ${replyTo ?? initiator}`];
}

/** A reply to a message that was not sent here, or that a later request replaced. */
function mistaken(
  protocol: Protocol,
  participant: Participant,
  { inReplyTo, performative }: Message,
): Refusal | undefined {
  const { calls, cancelCall } = participant;
  if (inReplyTo === undefined || participant.state === START) return undefined;
  const latest = calls.at(-1);
  if (isAnswerTo(latest, inReplyTo) || isAnswerTo(cancelCall, inReplyTo)) return undefined;
  if (calls.some((call) => isAnswerTo(call, inReplyTo))) {
    const isStale = participant.round > 0 && performative !== "not-understood" && isCalled(protocol, participant);
    return isStale
      ? ["latest-call", `it answers ${inReplyTo}, and the call since then is ${latest?.replyWith ?? latest?.id}`]
      : undefined;
  }
  if (calls.length >= CALLS_MAX) return undefined;
  return [
    "own-conversation",
    `${inReplyTo} is no message of the initiator to ${participant.name} in this conversation`,
  ];
}

const isAnswerTo = (call: Call | undefined, inReplyTo: string) =>
  call !== undefined && (call.id === inReplyTo || call.replyWith === inReplyTo);

/** Whether its answer to a call is what is waited for. */
const isCalled = (protocol: Protocol, participant: Participant) =>
  stateOf(protocol, participant).ending === undefined &&
  protocol.step(participant.state, "participant", "propose") !== undefined;

/** The participant's part after its message; undefined when the message is not allowed. */
function answered(protocol: Protocol, participant: Participant, message: Message): Participant | undefined {
  const { performative } = message;
  if (performative === "not-understood") {
    return stateOf(protocol, participant).ending === undefined && participant.state !== START
      ? moved(participant, MISUNDERSTOOD)
      : participant;
  }
  if (participant.state === CANCELLING) return whileCancelling(protocol, participant, message);
  const step = protocol.step(participant.state, participant.role, performative);
  return step === undefined ? undefined : stepped(protocol, participant, step, message);
}

function stepped(protocol: Protocol, participant: Participant, { to }: Step, message: Message): Participant {
  const awaits = protocol.states.get(to)?.awaits;
  if (to === participant.state) return participant;
  // A deadline is for the other side: who proposes says until when the proposal holds.
  return moved(participant, to, awaits === "initiator" ? message.replyByMs : undefined);
}

/** The answer to the cancel, or what was on its way when that came. */
function whileCancelling(protocol: Protocol, participant: Participant, message: Message): Participant | undefined {
  const { before = START, cancelCall, role } = participant;
  const { performative, inReplyTo } = message;
  const isAnswer = inReplyTo === undefined || isAnswerTo(cancelCall, inReplyTo);
  if (isAnswer && performative === "inform") return moved(participant, CANCELLED);
  if (isAnswer && performative === "failure") return moved(participant, before);
  const step = protocol.step(before, role, performative);
  if (step === undefined) return undefined;
  // What is over, but for further results, can still be cancelled: these are not waited for.
  const isOver = protocol.states.get(step.to)?.ending !== undefined && protocol.acts(step.to, role).length === 0;
  return isOver ? moved(participant, step.to) : { ...participant, before: step.to };
}

function unexpected(
  protocol: Protocol,
  { status, id }: Conversation,
  participant: Participant,
  { performative }: Message,
): Refusal {
  const { name, state, role } = participant;
  if (status.state === "expired" && status.why !== "deadline")
    return ["conversation-alive", `conversation ${id} has expired`];
  const last = protocol.steps.find((step) => step.to === state && (step.by === role || step.by === "deadline"));
  const { ending } = stateOf(protocol, participant);
  if (state === CANCELLED || state === CANCELLING) return ["after-cancel", `the part of ${name} was cancelled`];
  if (ending === "rejected") return ["after-rejection", `${name} is out: ${state}`];
  if (ending === "expired" || isPast(protocol, state, performative, role))
    return ["answer-in-time", `it comes too late: ${last?.means ?? state}`];
  if (ending !== undefined) return ["one-answer", `the part of ${name} is over: ${state}`];
  const isRepeated = protocol.steps.some((step) => step.to === state && step.by === role && step.act === performative);
  return isRepeated ? ["one-answer", `${name} has done so already: ${state}`] : ["expected-act", `${name} is ${state}`];
}

/** Whether the act was allowed until the deadline that led to this state. */
const isPast = (protocol: Protocol, state: string, act: Message["performative"], by: StepBy) =>
  protocol.steps.some(
    (step) => step.by === "deadline" && step.to === state && protocol.step(step.from, by, act) !== undefined,
  );
