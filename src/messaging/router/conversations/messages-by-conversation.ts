import { type MessageJournal, type StoredMessage } from "../ports/index.ts";

/** Messages read of all the conversations together, at least; each has few. */
const SAID_MAX = 1_000;

/**
 * All that was said in conversations that have no row, before message `beforeSeq` where that is given; each the oldest first. Of
 * one that has more than `SAID_MAX`, the newest.
 */
export async function messagesByConversation(
  journal: Pick<MessageJournal, "list">,
  workspace: string,
  conversations: ReadonlySet<string>,
  beforeSeq?: number,
): Promise<ReadonlyMap<string, readonly StoredMessage[]>> {
  if (conversations.size === 0) return new Map();
  const limit = Math.max(SAID_MAX, conversations.size * 2);
  const said = await journal.list({ workspace, conversations, beforeSeq, limit });
  if (said.length < limit || conversations.size === 1)
    return Map.groupBy(said.toReversed(), ({ conversation }) => conversation);
  // Some may be missing: fewer together have room for all.
  const all = [...conversations];
  const half = Math.ceil(all.length / 2);
  const one = await messagesByConversation(journal, workspace, new Set(all.slice(0, half)), beforeSeq);
  return new Map([...one, ...(await messagesByConversation(journal, workspace, new Set(all.slice(half)), beforeSeq))]);
}
