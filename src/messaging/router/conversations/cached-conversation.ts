import { type Message, type MessageError, SYSTEM_SENDER } from "../../acl/index.ts";
import {
  type Conversation,
  isOpen,
  knownProtocol,
  merged,
  readConversation,
  appendMessages,
  type ParticipantTimeout,
  takesPart,
} from "../../protocols/index.ts";
import { failure } from "../ports/index.ts";
import { type ConversationRow } from "../ports/index.ts";

/** Who said what, as a digest. */
export type Turn = { readonly sender: string; readonly digest: string };

/** A conversation in memory. Parsed when it is first needed. */
export type CachedConversation = {
  now: Conversation | string;
  /** Messages that are not in `now` yet: of a free conversation nothing but their number and the last one's time counts. */
  more: number;
  moreAtMs: number;
  /** As on disk; undefined before its first row is there. */
  written: Conversation | string | undefined;
  /** The row says less than was said since, and is written before long. */
  isLate: boolean;
  /** When its alarm rings, monotonic; undefined when none is set. */
  alarmAtMs: number | undefined;
  turns: readonly Turn[];
};

const NO_TURNS: readonly Turn[] = [];

export const createCached = (
  now: CachedConversation["now"],
  written: CachedConversation["written"],
): CachedConversation => ({
  now,
  more: 0,
  moreAtMs: 0,
  written,
  isLate: false,
  alarmAtMs: undefined,
  turns: NO_TURNS,
});

/** As it is now, with all that was said. */
export function materialize(held: CachedConversation): Conversation {
  if (typeof held.now !== "string") return held.more === 0 ? held.now : caughtUp(held, held.now);
  const parsed = readConversation(JSON.parse(held.now));
  if (held.written === held.now) held.written = parsed;
  held.now = parsed;
  return parsed;
}

function caughtUp(held: CachedConversation, before: Conversation): Conversation {
  const now = appendMessages(before, held.more, held.moreAtMs);
  held.now = now;
  held.more = 0;
  return now;
}

/**
 * Whether all that the message does to its conversation is to be one more: between those who are in it, without a protocol,
 * and answering nothing, of which circles are made. Most messages are such.
 */
export function isPlainAppend({ now }: CachedConversation, message: Message, recipients: readonly string[]): boolean {
  if (typeof now === "string" || now.protocol !== undefined || message.protocol !== undefined) return false;
  if (now.archivedAtMs !== undefined) return false;
  if (now.status.state !== "in-progress" || message.inReplyTo !== undefined || !isPlain(message)) return false;
  if (!takesPart(now, message.sender)) return false;
  for (const name of recipients) if (!takesPart(now, name)) return false;
  return true;
}

/** Whether its protocol is one that is checked. */
export const isChecked = ({ protocol }: Pick<Conversation, "protocol">): boolean =>
  knownProtocol(protocol) !== undefined;

/** Whether it is known without reading it that nothing is checked in it. */
export const isFree = ({ now }: CachedConversation): boolean => typeof now !== "string" && now.protocol === undefined;

/** Nothing that other conversations have to know of. */
export const isPlain = ({ parentConversation, mergeConversations }: Message): boolean =>
  parentConversation === undefined && mergeConversations.length === 0;

/** The server's answer to a message that had no recipient, or that no conversation of its protocol begins with: it begins none. */
export const isServerNotice = ({ sender, performative, inReplyTo }: Message): boolean =>
  sender === SYSTEM_SENDER &&
  inReplyTo !== undefined &&
  (performative === "failure" || performative === "not-understood");

/** A conversation as the journal keeps it. */
export const rowOf = (conversation: Conversation): ConversationRow => ({
  workspace: conversation.workspace,
  id: conversation.id,
  protocol: conversation.protocol,
  state: conversation.status.state,
  isOpen: isOpen(conversation),
  isArchived: conversation.archivedAtMs !== undefined,
  initiator: conversation.initiator,
  participants: conversation.participants.map(({ name }) => name),
  parent: conversation.parent,
  messages: conversation.messageCount,
  startedAtMs: conversation.startedAtMs,
  updatedAtMs: conversation.lastActivityMs,
  expiresAtMs: conversation.dueAtMs ?? 0,
  fold: JSON.stringify(conversation),
});

export const forbidden = (sender: string, id: string): MessageError =>
  failure("CONVERSATION_FORBIDDEN", `${sender} takes no part in conversation ${id}`, {
    hint: "Only participants branch, merge, end or archive a conversation.",
    details: { conversation: id, sender },
  });

/** The conversation, merged into `into`: an open end of a chain of merges, so that no cycle results. `find` follows the chain. */
export function mergedInto(
  conversation: Conversation,
  into: Conversation,
  find: (id: string) => Conversation | undefined,
): Conversation | MessageError {
  const { id } = conversation;
  const merge = merged(conversation, into.id);
  if (merge.type === "merged" && merge.conversation === conversation) return conversation;
  const chain = chainFrom(into, find);
  if (chain.includes(id)) {
    const links = chain.slice(0, chain.indexOf(id) + 1);
    const why = links.length === 1 ? "" : `: ${links.join(" was merged into ")}`;
    return failure("CONVERSATION_MERGE_CYCLE", `conversation ${id} cannot be merged into itself${why}`, {
      hint: "Merge it into another conversation.",
    });
  }
  const end = chain.at(-1);
  if (merge.type === "already-merged" || (end !== undefined && end !== into.id)) {
    const [from, to] = merge.type === "already-merged" ? [id, merge.into] : [into.id, end];
    return failure("CONVERSATION_MERGED", `conversation ${from} was already merged into ${to}`, { hint: `Use ${to}.` });
  }
  if (merge.type === "merged") return merge.conversation;
  const busy = merge.participants;
  return failure(
    "CONVERSATION_UNDER_WAY",
    `conversation ${id} cannot be merged while ${busy.join(", ")} owe something`,
    {
      hint: "Cancel it, or wait until it is over.",
      details: { conversation: id, participants: [...busy] },
    },
  );
}

/** The ids of the conversation and of those it was merged into, as far as they are in memory. */
function chainFrom(first: Conversation, find: (id: string) => Conversation | undefined): readonly string[] {
  const ids = [first.id];
  for (let { status } = first; status.state === "merged" && !ids.includes(status.into);) {
    ids.push(status.into);
    status = find(status.into)?.status ?? status;
  }
  return ids;
}

/** What time did to a conversation. */
export type ConversationTimeout = {
  readonly conversation: Conversation;
  readonly lapses: readonly ParticipantTimeout[];
  /** Why; absent: a deadline passed. */
  readonly error?: MessageError;
};

export const keyOf = (workspace: string, id: string): string => `${workspace}/${id}`;

/** Whether a row says what `now` is no more. */
export const isRowDue = (before: Conversation | undefined, now: Conversation): boolean =>
  before === undefined || before.status.state !== now.status.state || before.archivedAtMs !== now.archivedAtMs;
