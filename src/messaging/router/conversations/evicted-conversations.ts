import { type Clock } from "../../../kernel/clock.ts";
import { type Conversation } from "../../protocols/index.ts";
import { type Conversations } from "./conversations.ts";
import { matchQuery, mayBeTransient } from "./transient-conversations.ts";
import { type ConversationQuery, type MessageJournal, type StoredMessage } from "../ports/index.ts";
import { conversationOf, type RecoveryContext } from "./conversation-recovery.ts";
import { messagesByConversation } from "./messages-by-conversation.ts";

/** Messages read at once, and for one page at most: then the page is shorter than requested and says where to continue. */
const [AT_ONCE, LOOKED_AT_MAX] = [250, 100_000];
/**
 * Conversations whose messages are looked for together, twice as many each time: that costs about the same for few and for many,
 * and mostly a page is full with the first. `CHARACTERS_MAX` bounds what their messages take of memory.
 */
const [TALKS_MIN, TALKS_MAX, CHARACTERS_MAX] = [250, 4_000, 16 * 1024 * 1024];

export type EvictedConversationParts = RecoveryContext & {
  readonly clock: Clock;
  readonly journal: Pick<MessageJournal, "list" | "conversation">;
  readonly conversations: Pick<Conversations, "find">;
};

/** A conversation, and its last message. */
export type EvictedConversation = { readonly conversation: Conversation; readonly seq: number };

/**
 * Free conversations that have no row and are in memory no more, the newest first: up to `limit` of those whose last message is
 * older than `beforeSeq`. `nextSeq` is where to continue; undefined when all messages have been read.
 */
export async function listEvictedConversations(
  query: ConversationQuery,
  beforeSeq: number,
  parts: EvictedConversationParts,
): Promise<{ readonly found: readonly EvictedConversation[]; readonly nextSeq: number | undefined }> {
  const found: EvictedConversation[] = [];
  if (!mayBeTransient(query)) return { found, nextSeq: undefined };
  const { workspace, limit } = query;
  const { journal } = parts;
  /** What a message of them says nothing about: they have a row, are in memory, or were looked at. */
  const known = new Set<string>();
  let [before, looked, talksMax] = [beforeSeq, 0, TALKS_MIN];
  for (;;) {
    const newest = new Map<string, number>();
    let [isEnd, characters] = [false, 0];
    while (!isEnd && looked < LOOKED_AT_MAX && newest.size < talksMax && characters < CHARACTERS_MAX) {
      const stored = await journal.list({ workspace, beforeSeq: before, limit: AT_ONCE });
      characters += await gather(stored, { known, newest }, parts);
      looked += AT_ONCE;
      before = stored.at(-1)?.seq ?? 0;
      isEnd = stored.length < AT_ONCE;
    }
    found.push(...(await fitting(newest, { ...query, limit: limit - found.length }, parts)));
    if (found.length >= limit) return { found, nextSeq: found.at(-1)?.seq };
    if (isEnd) return { found, nextSeq: undefined };
    if (looked >= LOOKED_AT_MAX) return { found, nextSeq: before };
    talksMax = Math.min(talksMax * 2, TALKS_MAX);
  }
}

/** Of conversations and their newest messages, those that are asked for, in that order. */
async function fitting(
  newest: ReadonlyMap<string, number>,
  query: ConversationQuery,
  parts: EvictedConversationParts,
): Promise<readonly EvictedConversation[]> {
  const found: EvictedConversation[] = [];
  const talks = await messagesByConversation(parts.journal, query.workspace, new Set(newest.keys()));
  for (const [id, seq] of newest) {
    if (found.length >= query.limit) break;
    const said = talks.get(id) ?? [];
    // It stands where its last message is.
    if (said.at(-1)?.seq !== seq) continue;
    const made = conversationOf(said, parts);
    const conversation = made && matchQuery(made, query, parts.clock.nowMs());
    if (conversation !== undefined) found.push({ conversation, seq });
  }
  return found;
}

/**
 * Adds to `newest`, of each conversation that neither has a row nor is in memory, the newest of these messages; to `known`, all.
 * The answer is how large what it added is, in characters.
 */
async function gather(
  stored: readonly StoredMessage[],
  { known, newest }: { readonly known: Set<string>; readonly newest: Map<string, number> },
  { journal, conversations }: EvictedConversationParts,
): Promise<number> {
  let characters = 0;
  for (const { workspace, conversation, seq, body } of stored) {
    if (known.has(conversation)) continue;
    known.add(conversation);
    if (conversations.find(workspace, conversation) !== undefined) continue;
    if ((await journal.conversation(workspace, conversation)) !== undefined) continue;
    newest.set(conversation, seq);
    characters += body.length;
  }
  return characters;
}
