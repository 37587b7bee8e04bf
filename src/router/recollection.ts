import { log } from "../kernel/log.ts";
import { restoreMessage } from "../messages/index.ts";
import { advance, type Conversation, type ConversationTerms } from "../protocols/index.ts";
import { isAboutNothing, isChecked } from "./held-conversation.ts";
import { type MessageJournal, type Recovered, type StoredMessage } from "./ports/index.ts";

/** Messages that are looked at after a start, how many at once, and of what size in all. */
const [LOOKED_AT_MAX, AT_ONCE, CHARACTERS_MAX] = [10_000, 250, 32 * 1024 * 1024];

/** What a mailbox's number stands for, and what bounds conversations. */
export type Recollecting = {
  readonly nameOf: (party: number) => string | undefined;
  readonly terms: ConversationTerms;
};

/** A free conversation as its messages, the oldest first, make it; undefined when none of them began one. */
export function conversationOf(
  stored: readonly StoredMessage[],
  { nameOf, terms }: Recollecting,
): Conversation | undefined {
  const ids = new Set<string>();
  let conversation: Conversation | undefined;
  for (const { id, body, recipients } of stored) {
    // Nobody was there for it, or it is a dead letter that was sent again: neither moved anything.
    if (recipients.length === 0 || ids.has(id)) continue;
    ids.add(id);
    const message = restoreMessage(JSON.parse(body));
    if (conversation === undefined && isAboutNothing(message)) continue;
    const names = recipients.flatMap((party) => nameOf(party) ?? []);
    const moved = advance(conversation, message, names, terms);
    if (moved.type === "moved") ({ conversation } = moved);
  }
  return conversation !== undefined && isChecked(conversation) ? undefined : conversation;
}

/** Free conversations that have no row are known again after a start: from the newest messages, while others get their turn. */
export class Recollection {
  readonly #journal: MessageJournal;
  readonly #recollecting: Recollecting;
  readonly #stop = new AbortController();
  #ended: Promise<void> = Promise.resolve();

  constructor(journal: MessageJournal, recollecting: Recollecting) {
    this.#journal = journal;
    this.#recollecting = recollecting;
  }

  /** Looks at what was written up to `lastSeq`; `found` gets a workspace's conversations, the oldest first. */
  begin(
    { parties, lastSeq }: Pick<Recovered, "parties" | "lastSeq">,
    found: (conversations: readonly Conversation[]) => void,
  ): void {
    const workspaces = new Set(parties.map(({ workspace }) => workspace));
    this.#ended = this.#lookAtAll(workspaces, lastSeq, found).catch((error: unknown) => {
      log.warn({ error }, "conversations of one message from before the start are not listed");
    });
  }

  async #lookAtAll(workspaces: Iterable<string>, lastSeq: number, found: (some: readonly Conversation[]) => void) {
    for (const workspace of workspaces) found(await this.#lookAt(workspace, lastSeq));
  }

  async #lookAt(workspace: string, lastSeq: number): Promise<readonly Conversation[]> {
    const journal = this.#journal;
    const talks = new Map<string, StoredMessage[]>();
    const withRow = new Set<string>();
    let [beforeSeq, looked, characters] = [lastSeq + 1, 0, 0];
    while (looked < LOOKED_AT_MAX && characters < CHARACTERS_MAX && !this.#stop.signal.aborted) {
      const stored = await journal.list({ workspace, beforeSeq, limit: AT_ONCE });
      for (const message of stored) {
        const { conversation, seq, body } = message;
        [beforeSeq, characters] = [seq, characters + body.length];
        if (withRow.has(conversation)) continue;
        const talk = talks.get(conversation);
        if (talk !== undefined) talk.push(message);
        else if ((await journal.conversation(workspace, conversation)) === undefined)
          talks.set(conversation, [message]);
        else withRow.add(conversation);
      }
      if (stored.length < AT_ONCE) break;
      looked += stored.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const oldestFirst = talks.values().toArray().toReversed();
    return oldestFirst.flatMap((talk) => conversationOf(talk.toReversed(), this.#recollecting) ?? []);
  }

  /** Looks no further. */
  close(): Promise<void> {
    this.#stop.abort();
    return this.#ended;
  }
}
