import { type Conversation, type ConversationStatus, type Participant } from "./conversation.ts";
import { CANCELLED, CANCELLING, CLOSED, type Ending, type Protocol, type StepState } from "./protocol.ts";

// Shared, so that a message in a running conversation makes no object for its status.
export const INITIATED: ConversationStatus = { state: "initiated" };
export const IN_PROGRESS: ConversationStatus = { state: "in-progress" };

/** A conversation ends with the first of these endings that one of its parts has. */
const RANKS: readonly Ending[] = ["done", "failed", "cancelled", "expired", "rejected", "refused"];

export function stateOf(protocol: Protocol, { state }: Participant): StepState {
  const found = protocol.states.get(state);
  // A state of a protocol's later version, stored and read back by an older server: nothing can be done in it.
  return found ?? { name: state, awaits: "none", ending: "failed", ignoresIdleTimeout: false, isPassive: false };
}

/** How the conversation stands, with its participants as they are. */
export function statusOf(protocol: Protocol, participants: readonly Participant[]): ConversationStatus {
  let ended = 0;
  for (const participant of participants) {
    const { ending, isPassive } = stateOf(protocol, participant);
    if (ending !== undefined) ended += 1;
    else if (!isPassive) return IN_PROGRESS;
  }
  return ended === 0 ? IN_PROGRESS : endOf(protocol, participants);
}

function endOf(protocol: Protocol, participants: readonly Participant[]): ConversationStatus {
  const endings = participants.map((participant) => stateOf(protocol, participant).ending);
  const ending = RANKS.find((rank) => endings.includes(rank)) ?? "failed";
  const those = participants.filter((_, index) => endings[index] === ending);
  const by = those.map(({ name }) => name);
  switch (ending) {
    case "done":
    case "rejected":
    case "refused":
      return { state: "completed", outcome: ending, by };
    case "failed":
      return { state: "failed", error: those.map(({ name, state }) => `${name} ${state}`).join(", "), by };
    case "cancelled":
      return { state: "cancelled" };
    case "expired":
      return { state: "expired", why: "deadline" };
  }
}

/** The next time at which the conversation changes without a message: a deadline, the idle timeout or its end. Deadlines include their moment. */
export function nextDeadline(
  protocol: Protocol | undefined,
  { lastActivityMs, idleMs, endsAtMs }: Pick<Conversation, "lastActivityMs" | "idleMs" | "endsAtMs">,
  participants: readonly Participant[],
): number {
  const idle = lastActivityMs + idleMs;
  if (protocol === undefined) return Math.min(idle, endsAtMs);
  let due = endsAtMs;
  let isPatient = false;
  for (const participant of participants) {
    isPatient ||= stateOf(protocol, participant).ignoresIdleTimeout;
    if (participant.deadlineMs !== undefined) due = Math.min(due, participant.deadlineMs + 1);
  }
  return isPatient ? due : Math.min(due, idle);
}

/** Whether the idle timeout does not apply: a participant waits for work that takes long. */
export const isPatient = (protocol: Protocol, participants: readonly Participant[]): boolean =>
  participants.some((participant) => stateOf(protocol, participant).ignoresIdleTimeout);

/** The participant after its deadline: as the table says, or as it was where the table knows no deadline. */
export function afterDeadline(protocol: Protocol, participant: Participant): Participant {
  if (participant.state === CANCELLING) return moved(participant, CANCELLED);
  const step = protocol.step(participant.state, "deadline", undefined);
  return step === undefined ? { ...participant, deadlineMs: undefined } : moved(participant, step.to);
}

/** The participant's part, over because the whole conversation is. */
export const closed = (protocol: Protocol, participant: Participant): Participant =>
  stateOf(protocol, participant).ending === undefined ? moved(participant, CLOSED) : participant;

/** In another state, with a deadline of its own or none. */
export const moved = (participant: Participant, state: string, deadlineMs?: number): Participant => ({
  name: participant.name,
  role: participant.role,
  state,
  before: undefined,
  deadlineMs,
  round: participant.round,
  calls: participant.calls,
  cancelCall: undefined,
  replyTo: participant.replyTo,
});
