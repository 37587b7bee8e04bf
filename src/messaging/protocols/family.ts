import { type Conversation, isOpen } from "./conversation.ts";
import { knownProtocol } from "./names.ts";
import { closed, nextDeadline, IN_PROGRESS, moved, stateOf, statusOf } from "./outcome.ts";
import { type Message } from "../acl/index.ts";
import { type Step, UNREACHED } from "./protocol.ts";

/** Branches that a conversation remembers; later ones name their parent all the same. */
const BRANCHES_MAX = 100;

/** The conversation, which another one names as its parent; the same value when that is known or nothing more is kept. */
export function branched(conversation: Conversation, branch: string): Conversation {
  const { branches } = conversation;
  if (branches.includes(branch) || branches.length >= BRANCHES_MAX) return conversation;
  return { ...conversation, branches: [...branches, branch], version: conversation.version + 1 };
}

/** The result of merging a conversation into another one. */
export type Merge =
  | { readonly type: "merged"; readonly conversation: Conversation }
  /** These participants have open parts: the conversation must end or be cancelled first. */
  | { readonly type: "in-progress"; readonly participants: readonly string[] }
  | { readonly type: "already-merged"; readonly into: string };

/** The conversation, merged into `into`: no more messages are accepted in it. Idempotent: returns the same value. */
export function merged(conversation: Conversation, into: string): Merge {
  const { status, participants } = conversation;
  if (status.state === "merged") {
    return status.into === into ? { type: "merged", conversation } : { type: "already-merged", into: status.into };
  }
  const protocol = knownProtocol(conversation.protocol);
  if (protocol !== undefined && isOpen(conversation)) {
    const busy = participants.filter((participant) => stateOf(protocol, participant).ending === undefined);
    return { type: "in-progress", participants: busy.map(({ name }) => name) };
  }
  const next = { ...conversation, status: { state: "merged", into }, dueAtMs: undefined } as const;
  return { type: "merged", conversation: { ...next, version: conversation.version + 1 } };
}

/**
 * Archives the conversation if it is over, or is free and its participants have nothing open. Returns undefined for one
 * in progress. A free conversation is restored by its next message.
 */
export function archived(conversation: Conversation, nowMs: number): Conversation | undefined {
  if (conversation.archivedAtMs !== undefined) return conversation;
  const isFree = knownProtocol(conversation.protocol) === undefined;
  if (!isFree && isOpen(conversation)) return undefined;
  return { ...conversation, archivedAtMs: nowMs, version: conversation.version + 1 };
}

/** The conversation, in which a message to `recipient` could not be delivered for good: nothing can be expected of it. */
export function undelivered(
  conversation: Conversation,
  recipient: string,
  act?: Message["performative"],
): Conversation {
  const protocol = knownProtocol(conversation.protocol);
  const index = conversation.participants.findIndex(({ name }) => name === recipient);
  const participant = conversation.participants[index];
  if (protocol === undefined || participant === undefined) return conversation;
  if (!isOpen(conversation) && conversation.status.state !== "completed") return conversation;
  const { ending } = stateOf(protocol, participant);
  // What a message of the initiator gave to the recipient was not given when that message did not arrive.
  const isAward = ending === "done" && protocol.steps.some((step) => isGift(step, participant.state, act));
  if (ending !== undefined && !isAward) return conversation;
  const participants = conversation.participants.with(index, moved(participant, UNREACHED));
  const status = statusOf(protocol, participants);
  const isOver = status !== IN_PROGRESS;
  const dueAtMs = isOver ? undefined : nextDeadline(protocol, conversation, participants);
  return { ...conversation, participants, status, dueAtMs, version: conversation.version + 1 };
}

const isGift = ({ by, act, to }: Step, state: string, given: Message["performative"] | undefined): boolean =>
  by === "initiator" && to === state && act === given;

/** Ends the conversation from outside: open parts are closed. */
export function ended(conversation: Conversation): Conversation {
  if (!isOpen(conversation)) return conversation;
  const protocol = knownProtocol(conversation.protocol);
  const { participants } = conversation;
  return {
    ...conversation,
    participants: protocol === undefined ? participants : participants.map((each) => closed(protocol, each)),
    status: { state: "cancelled" },
    dueAtMs: undefined,
    version: conversation.version + 1,
  };
}
