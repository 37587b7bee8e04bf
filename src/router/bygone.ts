import { type Clock } from "../kernel/clock.ts";
import { type Conversation } from "../protocols/index.ts";
import { type Conversations } from "./conversations.ts";
import { asAskedFor, mayBeFresh } from "./fresh-conversations.ts";
import { type ConversationQuery, type MessageJournal, type StoredMessage } from "./ports/index.ts";
import { conversationOf, type Recollecting } from "./recollection.ts";
import { talksOf } from "./talks.ts";

/** Messages looked at in one go, and for one answer at most: then it has fewer than were asked for, and where to go on. */
const [AT_ONCE, LOOKED_AT_MAX] = [250, 100_000];

export type BygoneParts = Recollecting & {
  readonly clock: Clock;
  readonly journal: Pick<MessageJournal, "list" | "conversation">;
  readonly conversations: Pick<Conversations, "find">;
};

/** A conversation, and its last message. */
export type Bygone = { readonly conversation: Conversation; readonly seq: number };

/**
 * Free conversations that have no row and are in memory no more, the newest first: up to `limit` of those whose last message is
 * older than `beforeSeq`. `nextSeq` is where to go on; undefined when all messages have been looked at.
 */
export async function bygone(
  query: ConversationQuery,
  beforeSeq: number,
  parts: BygoneParts,
): Promise<{ readonly found: readonly Bygone[]; readonly nextSeq: number | undefined }> {
  const found: Bygone[] = [];
  if (!mayBeFresh(query)) return { found, nextSeq: undefined };
  const { workspace, limit } = query;
  const { journal, clock } = parts;
  /** What a message of them says nothing about: they have a row, are in memory, or were looked at. */
  const known = new Set<string>();
  for (let [before, looked] = [beforeSeq, 0]; ; looked += AT_ONCE) {
    if (looked >= LOOKED_AT_MAX) return { found, nextSeq: before };
    const stored = await journal.list({ workspace, beforeSeq: before, limit: AT_ONCE });
    const newest = await forgotten(stored, known, parts);
    const talks = await talksOf(journal, workspace, new Set(newest.keys()));
    for (const [id, { seq }] of newest) {
      const said = talks.get(id) ?? [];
      // It stands where its last message is.
      if (said.at(-1)?.seq !== seq) continue;
      const made = conversationOf(said, parts);
      const conversation = made && asAskedFor(made, query, clock.nowMs());
      if (conversation === undefined) continue;
      found.push({ conversation, seq });
      if (found.length >= limit) return { found, nextSeq: seq };
    }
    if (stored.length < AT_ONCE) return { found, nextSeq: undefined };
    before = stored.at(-1)?.seq ?? 0;
  }
}

/** The newest of these messages of each conversation that neither has a row nor is in memory; adds all to `known`. */
async function forgotten(
  stored: readonly StoredMessage[],
  known: Set<string>,
  { journal, conversations }: BygoneParts,
): Promise<ReadonlyMap<string, StoredMessage>> {
  const newest = new Map<string, StoredMessage>();
  for (const message of stored) {
    const { workspace, conversation } = message;
    if (known.has(conversation)) continue;
    known.add(conversation);
    if (conversations.find(workspace, conversation) !== undefined) continue;
    if ((await journal.conversation(workspace, conversation)) === undefined) newest.set(conversation, message);
  }
  return newest;
}
