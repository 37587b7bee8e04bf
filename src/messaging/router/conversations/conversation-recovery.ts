import { type Clock } from "../../../kernel/clock.ts";
import { log } from "../../../kernel/log.ts";
import { type Message, restoreMessage } from "../../acl/index.ts";
import { advance, type Conversation, type ConversationTerms, readConversation } from "../../protocols/index.ts";
import { type Conversations } from "./conversations.ts";
import { isServerNotice, isChecked } from "./cached-conversation.ts";
import { type MessageJournal, type Recovered, type StoredMessage } from "../ports/index.ts";
import { messagesByConversation } from "./messages-by-conversation.ts";

/** Messages that are looked at after a start, how many at once, and of what size in all. */
const [LOOKED_AT_MAX, AT_ONCE, CHARACTERS_MAX] = [10_000, 250, 32 * 1024 * 1024];
/** Answers whose conversations wait to be looked for; more are left as they are. */
const LOOKING_BACK_MAX = 10_000;
/** Those that are looked for together: to look through the messages costs about the same for one and for many. */
const [LOOKING_BACK_AT_ONCE, ROWS_AT_ONCE] = [1_000, 64];
/** Pause after a search, as a multiple of its duration: replies to unknown messages take a tenth of the time at most. */
const PAUSES = 9;

/** What a mailbox's number stands for, and what bounds conversations. */
export type RecoveryContext = {
  readonly nameOf: (party: number) => string | undefined;
  readonly terms: ConversationTerms;
};

/**
 * A free conversation as its messages, the oldest first, make it; undefined when none of them began one, or one cannot be read:
 * then it stays unknown, and others do not.
 */
export function conversationOf(stored: readonly StoredMessage[], parts: RecoveryContext): Conversation | undefined {
  try {
    return madeOf(stored, parts);
  } catch (error) {
    const { workspace, conversation } = stored[0] ?? {};
    log.warn(
      { error, workspace, conversation },
      "a conversation cannot be known again: a message of it cannot be read",
    );
    return undefined;
  }
}

function madeOf(stored: readonly StoredMessage[], { nameOf, terms }: RecoveryContext): Conversation | undefined {
  const ids = new Set<string>();
  let conversation: Conversation | undefined;
  for (const { id, body, recipients } of stored) {
    // A message without recipient, or a dead letter that was sent again: neither moved anything.
    if (recipients.length === 0 || ids.has(id)) continue;
    ids.add(id);
    const message = restoreMessage(JSON.parse(body));
    if (conversation === undefined && isServerNotice(message)) continue;
    const names = recipients.flatMap((party) => nameOf(party) ?? []);
    const moved = advance(conversation, message, names, terms);
    if (moved.type === "moved") ({ conversation } = moved);
  }
  return conversation !== undefined && isChecked(conversation) ? undefined : conversation;
}

/** A conversation that an answer began, when and after which message. */
type Begun = { readonly workspace: string; readonly id: string; readonly atMs: number; readonly lastSeq: number };

export type ConversationRecoveryParts = RecoveryContext & {
  readonly clock: Clock;
  readonly journal: MessageJournal;
  readonly conversations: Pick<Conversations, "addRecovered" | "precede" | "forgot">;
};

/**
 * Free conversations that have no row are known again after a start: from the newest messages, while others get their turn.
 * One that was not is recovered when a participant replies in it.
 */
export class ConversationRecovery {
  readonly #parts: ConversationRecoveryParts;
  readonly #stop = new AbortController();
  #ended: Promise<void> = Promise.resolve();
  readonly #begun: Begun[] = [];
  #isRecovering = false;

  constructor(parts: ConversationRecoveryParts) {
    this.#parts = parts;
  }

  /** Looks at what was written up to `lastSeq`. */
  begin({ parties, lastSeq }: Pick<Recovered, "parties" | "lastSeq">): void {
    const workspaces = new Set(parties.map(({ workspace }) => workspace));
    this.#ended = this.#recoverAll(workspaces, lastSeq).catch((error: unknown) => {
      log.warn({ error }, "conversations of one message from before the start are not listed");
    });
  }

  /** Looks for what was said up to message `lastSeq` in the conversation that this answer began, as if there were nothing. */
  recover({ workspace, conversationId: id, atMs }: Message, lastSeq: number): void {
    if (this.#begun.length >= LOOKING_BACK_MAX) return;
    this.#begun.push({ workspace, id, atMs, lastSeq });
    if (this.#begun.length === 1 && !this.#isRecovering) this.#ended = this.#recoverAfter(this.#ended);
  }

  async #recoverAfter(others: Promise<void>): Promise<void> {
    this.#isRecovering = true;
    await others;
    const { clock } = this.#parts;
    while (this.#begun.length > 0 && !this.#stop.signal.aborted) {
      const fromMs = clock.monotonicMs();
      const begun = this.#begun.splice(0, LOOKING_BACK_AT_ONCE);
      for (const [workspace, answered] of Map.groupBy(begun, (each) => each.workspace)) {
        await this.#recoverEach(workspace, answered).catch((error: unknown) => {
          log.warn({ error }, "what was said before in conversations that answers began could not be looked for");
        });
      }
      const pauseMs = Math.ceil((clock.monotonicMs() - fromMs) * PAUSES);
      if (this.#begun.length > 0) await clock.sleep(pauseMs, this.#stop.signal).catch(() => {});
    }
    this.#isRecovering = false;
  }

  async #recoverEach(workspace: string, begun: readonly Begun[]): Promise<void> {
    const { journal, conversations } = this.#parts;
    const withoutRow = new Map<string, Begun>();
    for (const [looked, one] of begun.entries()) {
      if (looked % ROWS_AT_ONCE === ROWS_AT_ONCE - 1) await new Promise((resolve) => setImmediate(resolve));
      const row = await journal.conversation(workspace, one.id);
      if (row === undefined || row.startedAtMs >= one.atMs) withoutRow.set(one.id, one);
      else this.#precede(one, row.fold);
    }
    const beforeSeq = withoutRow.values().reduce((most, { lastSeq }) => Math.max(most, lastSeq), 0) + 1;
    const talks = await messagesByConversation(journal, workspace, new Set(withoutRow.keys()), beforeSeq);
    for (const [id, { lastSeq }] of withoutRow) {
      const said = (talks.get(id) ?? []).filter(({ seq }) => seq <= lastSeq);
      const earlier = conversationOf(said, this.#parts);
      if (earlier !== undefined) conversations.precede(earlier);
    }
  }

  /** What a row says was before; one that cannot be read is passed over. */
  #precede({ workspace, id }: Begun, fold: string): void {
    try {
      this.#parts.conversations.precede(readConversation(JSON.parse(fold)));
    } catch (error) {
      log.warn({ error, workspace, conversation: id }, "what was said before in a conversation cannot be read");
    }
  }

  async #recoverAll(workspaces: Iterable<string>, lastSeq: number): Promise<void> {
    for (const workspace of workspaces)
      this.#parts.conversations.addRecovered(await this.#recoverWorkspace(workspace, lastSeq));
  }

  async #recoverWorkspace(workspace: string, lastSeq: number): Promise<readonly Conversation[]> {
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
      if (stored.length < AT_ONCE) return this.#made(talks);
      looked += stored.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#parts.conversations.forgot();
    return this.#made(talks);
  }

  /** The oldest first. */
  #made(talks: ReadonlyMap<string, readonly StoredMessage[]>): readonly Conversation[] {
    const oldestFirst = talks.values().toArray().toReversed();
    return oldestFirst.flatMap((talk) => conversationOf(talk.toReversed(), this.#parts) ?? []);
  }

  /** Looks no further. */
  close(): Promise<void> {
    this.#stop.abort();
    return this.#ended;
  }
}
