import { type Call, type Conversation, type ConversationStatus, isOpen, type Participant } from "./conversation.ts";
import { knownProtocol } from "./names.ts";
import { closed, nextDeadline, IN_PROGRESS, isPatient, afterDeadline, stateOf, statusOf } from "./outcome.ts";
import { CANCELLING, type Protocol } from "./protocol.ts";

/** A part whose deadline passed: as it was, and the state in which it is. */
export type ParticipantTimeout = {
  readonly participant: Participant;
  readonly to: string;
  /** The initiator's message that should have been answered; undefined where the part continues without an answer. */
  readonly unanswered: Call | undefined;
};

/** The conversation as time made it; the very same value when nothing was due. */
export type Expiry = { readonly conversation: Conversation; readonly lapses: readonly ParticipantTimeout[] };

const NOTHING: readonly ParticipantTimeout[] = [];

/**
 * Applies all timeouts up to `nowMs`, in the order in which they occurred: deadlines (proposals are closed, a
 * request has expired), silence, the end of a conversation's life. The outcome does not depend on when it is asked.
 */
export function expire(conversation: Conversation, nowMs: number): Expiry {
  if (!isOpen(conversation) || conversation.dueAtMs === undefined || conversation.dueAtMs > nowMs) {
    return { conversation, lapses: NOTHING };
  }
  const protocol = knownProtocol(conversation.protocol);
  const lapses: ParticipantTimeout[] = [];
  let now = conversation;
  while (now.dueAtMs !== undefined && now.dueAtMs <= nowMs) now = happened(protocol, now, lapses);
  return { conversation: now, lapses };
}

/** What is due next, done. */
function happened(
  protocol: Protocol | undefined,
  conversation: Conversation,
  lapses: ParticipantTimeout[],
): Conversation {
  const { dueAtMs = 0, participants } = conversation;
  if (protocol !== undefined) {
    const after = participants.map((participant) => overdue(protocol, participant, dueAtMs));
    const late = after.flatMap((now, index) => lapseOf(protocol, participants[index], now));
    if (late.length > 0) {
      lapses.push(...late);
      const status = statusOf(protocol, after);
      const isOver = status !== IN_PROGRESS;
      // `initiated` stays: no participant sent anything.
      const stands = isOver ? status : conversation.status;
      return changed(conversation, after, stands, isOver ? undefined : nextDeadline(protocol, conversation, after));
    }
  }
  const isSilent = protocol === undefined || !isPatient(protocol, participants);
  const isIdle = isSilent && conversation.lastActivityMs + conversation.idleMs < conversation.endsAtMs;
  const after =
    protocol === undefined ? participants : participants.map((participant) => closed(protocol, participant));
  return changed(conversation, after, { state: "expired", why: isIdle ? "idle" : "life" }, undefined);
}

const overdue = (protocol: Protocol, participant: Participant, nowMs: number) =>
  participant.deadlineMs !== undefined && participant.deadlineMs < nowMs
    ? afterDeadline(protocol, participant)
    : participant;

function lapseOf(
  protocol: Protocol,
  participant: Participant | undefined,
  now: Participant,
): readonly ParticipantTimeout[] {
  if (participant === undefined || participant === now) return NOTHING;
  const isAwaited = stateOf(protocol, participant).awaits === "participant" && participant.state !== CANCELLING;
  const isOver = stateOf(protocol, now).ending !== undefined;
  const unanswered = isAwaited && isOver ? participant.calls.at(-1) : undefined;
  return [{ participant, to: now.state, unanswered }];
}

const changed = (
  conversation: Conversation,
  participants: readonly Participant[],
  status: ConversationStatus,
  dueAtMs: number | undefined,
): Conversation => ({ ...conversation, participants, status, dueAtMs, version: conversation.version + 1 });
