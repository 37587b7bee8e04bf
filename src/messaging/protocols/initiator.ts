import { type Message } from "../acl/index.ts";
import { type Arrival, newcomer, type Parts } from "./arrival.ts";
import { breach, type ProtocolViolation, type ViolationRule } from "./violation.ts";
import { type Call, type Conversation, isOpen, type Participant } from "./conversation.ts";
import { moved, stateOf } from "./outcome.ts";
import { CANCELLING, MISUNDERSTOOD, type Protocol, START, type Step } from "./protocol.ts";

/** Calls of the initiator that are remembered for each participant; older ones are answered without a check. */
export const CALLS_MAX = 8;

/** What the initiator's message does to the parts of those it goes to; also the first message. */
export function byInitiator(protocol: Protocol, conversation: Conversation, arrival: Arrival): Parts {
  const { message, recipients, terms } = arrival;
  const known = conversation.participants;
  if (message.performative === "cancel") return cancelled(protocol, conversation, arrival);
  const next = [...known];
  let isChanged = false;
  for (const name of recipients) {
    const index = known.findIndex((participant) => participant.name === name);
    const before = known[index];
    const after =
      before === undefined
        ? entering(protocol, conversation, message, name)
        : stepping(protocol, conversation, { arrival, participant: before });
    if ("type" in after) return after;
    if (after === before) continue;
    isChanged = true;
    if (before === undefined) next.push(after);
    else next[index] = after;
  }
  if (next.length > terms.participantsMax) {
    return breach("participants-max", message, {
      protocol,
      conversation: known.length === 0 ? undefined : conversation,
      reason: `it would have ${next.length} participants, more than ${terms.participantsMax}`,
      hint: "`messages.participants_max` is the limit; several conversations may have one parent_conversation.",
    });
  }
  return { type: "parts", participants: isChanged ? outdone(protocol, next, arrival) : known };
}

/** The others, where what was said to the recipients means something for them: a bid that is taken outbids the last one. */
function outdone(protocol: Protocol, participants: readonly Participant[], { message, recipients }: Arrival) {
  return participants.map((participant) => {
    const step = protocol.step(participant.state, "rival", message.performative);
    return step === undefined || recipients.includes(participant.name)
      ? participant
      : { ...participant, state: step.to };
  });
}

function entering(
  protocol: Protocol,
  conversation: Conversation,
  message: Message,
  name: string,
): Participant | ProtocolViolation {
  const step = protocol.step(START, "initiator", message.performative);
  const isFirst = conversation.participants.length === 0;
  if (step !== undefined && (isFirst || (protocol.canGrow && isOpen(conversation)))) {
    if (message.replyByMs === undefined || message.replyByMs > message.atMs) {
      return called(protocol, newcomer(name, "participant"), step, message);
    }
    return breach("deadline-ahead", message, {
      protocol,
      conversation: isFirst ? undefined : conversation,
      reason: `its reply_by ${new Date(message.replyByMs).toISOString()} has passed, no participant could answer in time`,
      hint: "Leave reply_by out or set a later one; perhaps a clock is wrong.",
    });
  }
  return breach("no-newcomers", message, {
    protocol,
    conversation,
    participants: conversation.participants,
    reason: `${name} takes no part in conversation ${conversation.id}`,
    hint: "Write to others in a conversation of their own; parent_conversation ties it to this one.",
  });
}

const callOf = ({ id, replyWith }: Message): Call => ({ id, replyWith });

/** The participant after the initiator did what `step` says. */
function called(protocol: Protocol, participant: Participant, step: Step, message: Message): Participant {
  const calls = [...participant.calls, callOf(message)].slice(-CALLS_MAX);
  const awaits = protocol.states.get(step.to)?.awaits;
  return {
    ...moved(participant, step.to),
    deadlineMs: awaits === "participant" ? message.replyByMs : undefined,
    round: step.isRound ? participant.round + 1 : participant.round,
    calls,
    replyTo: message.replyTo ?? participant.replyTo,
  };
}

type Stepping = { readonly arrival: Arrival; readonly participant: Participant };

function stepping(
  protocol: Protocol,
  conversation: Conversation,
  { arrival, participant }: Stepping,
): Participant | ProtocolViolation {
  const { message, terms } = arrival;
  const { ending } = stateOf(protocol, participant);
  if (message.performative === "not-understood")
    return ending === undefined ? moved(participant, MISUNDERSTOOD) : participant;
  const step = protocol.step(participant.state, "initiator", message.performative);
  if (step !== undefined && !(step.isRound && participant.round >= terms.roundsMax)) {
    return called(protocol, participant, step, message);
  }
  const [rule, reason] = step === undefined ? unexpected(protocol, participant) : tooManyRounds(participant);
  return breach(rule, message, { protocol, conversation, participants: [participant], reason });
}

const tooManyRounds = ({ name, round }: Participant): readonly [ViolationRule, string] => [
  "rounds-max",
  `${name} has had ${round} rounds, which is the limit`,
];

function unexpected(protocol: Protocol, participant: Participant): readonly [ViolationRule, string] {
  const { name, state } = participant;
  if (state === CANCELLING) return ["after-cancel", `the part of ${name} is being cancelled`];
  if (stateOf(protocol, participant).ending !== undefined)
    return ["while-open", `the part of ${name} is over: ${state}`];
  return ["expected-act", `${name} is ${state}`];
}

/** `cancel`: all open parts of its recipients. */
function cancelled(protocol: Protocol, conversation: Conversation, { message, recipients }: Arrival): Parts {
  let reached = 0;
  const participants = conversation.participants.map((participant) => {
    if (!recipients.includes(participant.name)) return participant;
    if (stateOf(protocol, participant).ending !== undefined) return participant;
    reached += 1;
    if (participant.state === CANCELLING) return participant;
    return {
      ...moved(participant, CANCELLING),
      before: participant.state,
      deadlineMs: message.replyByMs,
      cancelCall: callOf(message),
    };
  });
  const stranger = recipients.find((name) => !participants.some((participant) => participant.name === name));
  if (reached > 0 && stranger === undefined) return { type: "parts", participants };
  return breach(stranger === undefined ? "while-open" : "no-newcomers", message, {
    protocol,
    conversation,
    participants: conversation.participants.filter(({ name }) => recipients.includes(name)),
    reason: stranger === undefined ? "nothing is in progress to cancel" : `${stranger} takes no part in it`,
    hint: "What is over cannot be cancelled.",
  });
}
