import { log } from "../kernel/log.ts";
import { type Message, restoreMessage } from "../messages/index.ts";
import { advance, type Conversation, type ConversationTerms, readConversation } from "../protocols/index.ts";
import { type Conversations } from "./conversations.ts";
import { isAboutNothing, isChecked } from "./held-conversation.ts";
import { type MessageJournal, type Recovered, type StoredMessage } from "./ports/index.ts";

/** Messages that are looked at after a start, how many at once, and of what size in all. */
const [LOOKED_AT_MAX, AT_ONCE, CHARACTERS_MAX] = [10_000, 250, 32 * 1024 * 1024];
/** Answers whose conversations wait to be looked for; more are left as they are. */
const LOOKING_BACK_MAX = 1_000;

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

export type RecollectionParts = Recollecting & {
  readonly journal: MessageJournal;
  readonly conversations: Pick<Conversations, "recollect" | "precede">;
};

/**
 * Free conversations that have no row are known again after a start: from the newest messages, while others get their turn.
 * One that was not is known again when somebody answers in it.
 */
export class Recollection {
  readonly #parts: RecollectionParts;
  readonly #stop = new AbortController();
  #ended: Promise<void> = Promise.resolve();
  #lookingBack = 0;

  constructor(parts: RecollectionParts) {
    this.#parts = parts;
  }

  /** Looks at what was written up to `lastSeq`. */
  begin({ parties, lastSeq }: Pick<Recovered, "parties" | "lastSeq">): void {
    const workspaces = new Set(parties.map(({ workspace }) => workspace));
    this.#ended = this.#lookAtAll(workspaces, lastSeq).catch((error: unknown) => {
      log.warn({ error }, "conversations of one message from before the start are not listed");
    });
  }

  /** Looks for what was said up to message `lastSeq` in the conversation that this answer began, as if there were nothing. */
  lookBack(answer: Message, lastSeq: number): void {
    if (this.#lookingBack >= LOOKING_BACK_MAX) return;
    this.#lookingBack += 1;
    this.#ended = this.#lookBackAfter(this.#ended, answer, lastSeq);
  }

  async #lookBackAfter(others: Promise<void>, answer: Message, lastSeq: number): Promise<void> {
    await others;
    try {
      if (!this.#stop.signal.aborted) await this.#lookBack(answer, lastSeq);
    } catch (error) {
      const { conversationId: conversation } = answer;
      log.warn({ error, conversation }, "what was said before in a conversation could not be looked for");
    }
    this.#lookingBack -= 1;
  }

  async #lookBack({ workspace, conversationId: conversation, atMs }: Message, lastSeq: number): Promise<void> {
    const { journal, conversations } = this.#parts;
    const row = await journal.conversation(workspace, conversation);
    if (row !== undefined && row.startedAtMs < atMs) {
      conversations.precede(readConversation(JSON.parse(row.fold)));
      return;
    }
    const said = await journal.list({ workspace, conversation, beforeSeq: lastSeq + 1, limit: AT_ONCE });
    const earlier = conversationOf(said.toReversed(), this.#parts);
    if (earlier !== undefined) conversations.precede(earlier);
  }

  async #lookAtAll(workspaces: Iterable<string>, lastSeq: number): Promise<void> {
    for (const workspace of workspaces) this.#parts.conversations.recollect(await this.#lookAt(workspace, lastSeq));
  }

  async #lookAt(workspace: string, lastSeq: number): Promise<readonly Conversation[]> {
    const { journal } = this.#parts;
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
    return oldestFirst.flatMap((talk) => conversationOf(talk.toReversed(), this.#parts) ?? []);
  }

  /** Looks no further. */
  close(): Promise<void> {
    this.#stop.abort();
    return this.#ended;
  }
}
