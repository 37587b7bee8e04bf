import { type MessageJournal, type StoredMessage } from "./ports/index.ts";

/** Messages read of all the conversations together; each has few. */
const SAID_MAX = 1_000;

/** All that was said in conversations that have no row, before message `beforeSeq` where that is given; each the oldest first. */
export async function talksOf(
  journal: Pick<MessageJournal, "list">,
  workspace: string,
  conversations: ReadonlySet<string>,
  beforeSeq?: number,
): Promise<ReadonlyMap<string, readonly StoredMessage[]>> {
  if (conversations.size === 0) return new Map();
  let said = await journal.list({ workspace, conversations, beforeSeq, limit: SAID_MAX });
  if (said.length >= SAID_MAX) {
    const each: StoredMessage[] = [];
    for (const conversation of conversations)
      each.push(...(await journal.list({ workspace, conversation, beforeSeq, limit: SAID_MAX })));
    said = each;
  }
  return Map.groupBy(said.toReversed(), ({ conversation }) => conversation);
}
