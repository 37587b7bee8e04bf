import { MessageId } from "../../kernel/ids.ts";
import { idOfTrace, type Message, type MessageError, restoreMessage } from "../acl/index.ts";
import { type Conversation, type ConversationTerms, readConversation } from "../protocols/index.ts";
import { listEvictedConversations, type EvictedConversation } from "./conversations/evicted-conversations.ts";
import { type Conversations } from "./conversations/conversations.ts";
import { MailboxNotFoundError } from "./errors.ts";
import { mayBeTransient } from "./conversations/transient-conversations.ts";
import { type Intake } from "./intake.ts";
import { type BreakerState, type DeliveryState, type Recipient } from "./mailboxes/index.ts";
import {
  type ConversationQuery,
  type ConversationRow,
  type DeadLetter,
  type DeadQuery,
  type MessageJournal,
  type MessageQuery,
  type Outcome,
  type Presence,
  type StoredMessage,
  type StoredSettlement,
  type Submitted,
} from "./ports/index.ts";
import { conversationOf } from "./conversations/conversation-recovery.ts";
import { type RouterCore } from "./router-core.ts";
import { type Duplicates } from "./writing/index.ts";

/** How the delivery of a message to one recipient stands. Times are epoch milliseconds. */
export type DeliveryView = { readonly recipient: string } & (
  | { readonly state: "queued" | "blocked" }
  | { readonly state: "leased"; readonly attempt: number; readonly sinceMs: number; readonly untilMs: number }
  | { readonly state: "retrying"; readonly attempts: number; readonly nextAtMs: number; readonly reason: string }
  | { readonly state: Outcome; readonly attempt: number; readonly atMs: number }
  /** It ended, and how is kept no more. */
  | { readonly state: "over" }
);

/** A stored message and its deliveries. One without recipients has none. */
export type MessageView = {
  readonly seq: number;
  readonly message: Message;
  readonly deliveries: readonly DeliveryView[];
};

/** The mailbox of one recipient. */
export type MailboxView = {
  readonly workspace: string;
  readonly name: string;
  /** Undefined: neither deployed nor registered at present. */
  readonly presence: Presence | undefined;
  readonly messages: number;
  /** Characters of JSON. */
  readonly bytes: number;
  readonly leased: number;
  readonly retrying: number;
  readonly isPaused: boolean;
  readonly breaker: BreakerState;
  /** Moving average of how long a delivery takes. */
  readonly averageMs: number | undefined;
};

/** As `MessageQuery`, with names where the journal has numbers. */
export type RecordQuery = Omit<MessageQuery, "recipient"> & { readonly recipient?: string | undefined };
export type DeadLetterQuery = Omit<DeadQuery, "party"> & { readonly recipient?: string | undefined };

/** Which dead letter. */
export type DeadLetterKey = Pick<DeadLetter, "workspace" | "seq" | "party">;

export type RecordParts = {
  readonly core: RouterCore;
  readonly journal: MessageJournal;
  readonly intake: Intake;
  readonly conversations: Conversations;
  readonly duplicates: Duplicates;
  readonly terms: ConversationTerms;
};

/** Evicted free conversations, in the order of their last messages, and where to continue; undefined at the end. */
export type EvictedConversationPage = {
  readonly found: readonly EvictedConversation[];
  readonly nextSeq: number | undefined;
};

/** A conversation, and its place in a list: when its row was last changed, which may be a little behind. */
export type ListedConversation = { readonly conversation: Conversation; readonly updatedAtMs: number };

/** A clock may have been set back so far between a message and what it led to. */
const CLOCK_SLACK_MS = 3_600_000;
/** Messages that are read to make up a free conversation which has no row; it has few. */
const FOLDED_MAX = 1_000;

/** Reads messages, open deliveries and failed ones, and redelivers or deletes the latter. */
export class Records {
  readonly #core: RouterCore;
  readonly #parts: RecordParts;

  constructor(parts: RecordParts) {
    this.#core = parts.core;
    this.#parts = parts;
  }

  /** The message of this id; the newest, when it was a dead letter that was sent again. */
  async message(workspace: string, id: string): Promise<MessageView | undefined> {
    const { journal, duplicates } = this.#parts;
    const seq = duplicates.seqOf({ workspace, id });
    const [recent] = seq === undefined ? [] : await journal.read([seq]);
    const stored = recent ?? (await journal.find(workspace, id));
    if (stored === undefined) return undefined;
    const [view] = await this.#views([stored]);
    return view;
  }

  /** Whether a text is the id of a message, also of one that is in memory only and was sent recently. */
  async has(workspace: string, text: string): Promise<boolean> {
    const { journal, duplicates } = this.#parts;
    const { success, data: id } = MessageId.safeParse(text);
    return (
      success &&
      (duplicates.seqOf({ workspace, id }) !== undefined || (await journal.find(workspace, id)) !== undefined)
    );
  }

  /** Newest first. */
  async messages(query: RecordQuery): Promise<readonly MessageView[]> {
    const { recipient: name, ...rest } = query;
    const sinceMs = await this.#since(query);
    const recipient = name === undefined ? undefined : this.#core.recipients.find(query.workspace, name);
    if (name !== undefined && recipient === undefined) return [];
    return this.#views(await this.#parts.journal.list({ ...rest, sinceMs, recipient: recipient?.mailbox.number }));
  }

  /** Nothing of a trace is older than the message whose id it has, where there is one: what was before is not looked through. */
  async #since({ workspace, trace, sinceMs }: RecordQuery): Promise<number | undefined> {
    const root = trace === undefined ? undefined : idOfTrace(trace);
    const first = root === undefined ? undefined : await this.message(workspace, root);
    if (first === undefined) return sinceMs;
    return Math.max(sinceMs ?? 0, first.message.atMs - CLOCK_SLACK_MS);
  }

  async #views(stored: readonly StoredMessage[]): Promise<readonly MessageView[]> {
    if (stored.length === 0) return [];
    const { writer } = this.#core;
    const views = await this.#viewsNow(stored);
    const isUnknown = views.some(({ deliveries }) => deliveries.some(({ state }) => state === "over"));
    if (!isUnknown || writer.isIdle) return views;
    // How it ended may be about to be written.
    await writer.settled();
    return this.#viewsNow(stored);
  }

  async #viewsNow(stored: readonly StoredMessage[]): Promise<readonly MessageView[]> {
    const settlements = await this.#parts.journal.settlements(stored.map(({ seq }) => seq));
    const settled = new Map(settlements.map((each) => [`${each.seq}/${each.party}`, each]));
    return stored.map((each) => ({
      seq: each.seq,
      message: restoreMessage(JSON.parse(each.body)),
      deliveries: each.recipients.flatMap((party) => {
        const recipient = this.#core.recipients.byNumber(party);
        return recipient === undefined
          ? []
          : [this.#delivery(each.seq, recipient, settled.get(`${each.seq}/${party}`))];
      }),
    }));
  }

  #delivery(seq: number, { mailbox }: Recipient, settled: StoredSettlement | undefined): DeliveryView {
    const { clock } = this.#core;
    const recipient = mailbox.name;
    const state = mailbox.state(seq);
    if (state === undefined) {
      return settled === undefined
        ? { recipient, state: "over" }
        : { recipient, state: settled.outcome, attempt: settled.attempt, atMs: settled.atMs };
    }
    return { recipient, ...onTheWall(state, clock.nowMs() - clock.monotonicMs()) };
  }

  /** Mailboxes of a workspace; of all without one. */
  mailboxes(workspace?: string): readonly MailboxView[] {
    const views: MailboxView[] = [];
    for (const recipient of this.#core.recipients.all()) {
      if (workspace === undefined || recipient.mailbox.workspace === workspace)
        views.push(this.#mailboxView(recipient));
    }
    return views;
  }

  mailbox(workspace: string, name: string): MailboxView {
    return this.#mailboxView(this.recipient(workspace, name));
  }

  #mailboxView(recipient: Recipient): MailboxView {
    const { directory, clock } = this.#core;
    const { mailbox } = recipient;
    return {
      workspace: mailbox.workspace,
      name: mailbox.name,
      presence: directory.find(mailbox.workspace, mailbox.name)?.presence,
      messages: mailbox.messages,
      bytes: mailbox.bytes,
      leased: mailbox.leased,
      retrying: mailbox.retrying,
      isPaused: mailbox.isPaused,
      breaker: recipient.breaker(clock.monotonicMs()),
      averageMs: recipient.averageMs,
    };
  }

  /** Throws `MailboxNotFoundError` for those who cannot be written to. */
  recipient(workspace: string, name: string): Recipient {
    const recipient = this.#core.recipients.find(workspace, name);
    if (recipient === undefined) throw new MailboxNotFoundError(name);
    return recipient;
  }

  /** Newest first. */
  async deadLetters({ recipient: name, ...rest }: DeadLetterQuery): Promise<readonly DeadLetter[]> {
    const recipient = name === undefined ? undefined : this.#core.recipients.find(rest.workspace, name);
    if (name !== undefined && recipient === undefined) return [];
    return this.#parts.journal.deadLetters({ ...rest, party: recipient?.mailbox.number });
  }

  async deadLetter({ workspace, seq, party }: DeadLetterKey): Promise<DeadLetter | undefined> {
    const letter = await this.#parts.journal.deadLetter(seq, party);
    return letter?.workspace === workspace ? letter : undefined;
  }

  /**
   * Sends it again, with its id, to the one recipient, as if for the first time; it is a dead letter no more. Throws
   * MailboxNotFoundError.
   */
  async retryDead({ workspace, seq, recipient: name, body }: DeadLetter): Promise<Submitted> {
    const recipient = this.recipient(workspace, name);
    const message = restoreMessage(JSON.parse(body));
    const { promise, resolve } = Promise.withResolvers<Submitted>();
    this.#parts.intake.again(message, resolve, recipient, seq);
    return promise;
  }

  /** Resolves when it is gone for good. */
  async dropDead({ seq, party }: DeadLetter): Promise<void> {
    const { writer } = this.#core;
    writer.batch().buried.push({ seq, party });
    await writer.settled();
  }

  /** Last changed first. Of free conversations of one message, which have no row, those in memory: the newest (`listEvicted` has more). */
  async conversations(query: ConversationQuery): Promise<readonly Conversation[]> {
    const { writer } = this.#core;
    const { conversations } = this.#parts;
    if (conversations.catchUp()) await writer.settled();
    return (await this.listed(query)).map(({ conversation }) => conversation);
  }

  /** As `conversations`, with cursors; pending rows are not written first. */
  async listed(query: ConversationQuery): Promise<readonly ListedConversation[]> {
    const { conversations, journal } = this.#parts;
    const rows = await journal.conversations(query);
    const listed = rows.map((row) => {
      const conversation = conversations.find(row.workspace, row.id) ?? fold(row);
      return { conversation, updatedAtMs: row.updatedAtMs };
    });
    const fresh = conversations
      .withoutRow(query)
      .map((conversation) => ({ conversation, updatedAtMs: conversation.lastActivityMs }))
      .filter((one) => query.before === undefined || isEarlier(query.before, one));
    if (fresh.length === 0) return listed;
    return [...listed, ...fresh]
      .toSorted((one, other) => (isEarlier({ ...other, id: other.conversation.id }, one) ? 1 : -1))
      .slice(0, query.limit);
  }

  /** Whether `listEvicted` may find any that fit. */
  mayHaveEvicted(query: ConversationQuery): boolean {
    return this.#parts.conversations.hasForgotten && mayBeTransient(query);
  }

  /** Free conversations of one message that are in memory no more; from before message `beforeSeq`, else all. */
  listEvicted(query: ConversationQuery, beforeSeq = this.#parts.intake.lastSeq + 1): Promise<EvictedConversationPage> {
    return listEvictedConversations(query, beforeSeq, {
      ...this.#parts,
      clock: this.#core.clock,
      nameOf: this.#nameOf,
    });
  }

  /** Loads the conversation of a message if it has left memory, so that `judge` knows it. */
  recall(message: Pick<Message, "workspace" | "conversationId">): Promise<void> {
    return this.#parts.intake.recall(message);
  }

  /** Whether its conversation would take the message now, and what that is before it; `error` says why not. */
  judge(
    message: Message,
    recipients: readonly string[],
  ): { readonly error?: MessageError; readonly now?: Conversation } {
    return this.#parts.conversations.judge(message, recipients);
  }

  async conversation(workspace: string, id: string): Promise<Conversation | undefined> {
    const held = this.#parts.conversations.find(workspace, id);
    if (held !== undefined) return held;
    const { journal, terms } = this.#parts;
    const row = await journal.conversation(workspace, id);
    if (row !== undefined) return fold(row);
    const said = await journal.list({ workspace, conversation: id, limit: FOLDED_MAX });
    return conversationOf(said.toReversed(), { nameOf: this.#nameOf, terms });
  }

  readonly #nameOf = (party: number): string | undefined => this.#core.recipients.byNumber(party)?.mailbox.name;
}

/** Whether one comes after that place in a list. */
const isEarlier = (
  place: { readonly updatedAtMs: number; readonly id: string },
  { conversation: { id }, updatedAtMs }: ListedConversation,
): boolean => updatedAtMs < place.updatedAtMs || (updatedAtMs === place.updatedAtMs && id < place.id);

const fold = (row: ConversationRow): Conversation => readConversation(JSON.parse(row.fold));

/** With times of the wall's clock, which is `aheadMs` ahead of the monotonic one. */
function onTheWall(state: DeliveryState, aheadMs: number) {
  switch (state.state) {
    case "queued":
    case "blocked":
      return { state: state.state };
    case "leased": {
      const [sinceMs, untilMs] = [state.startedAtMs + aheadMs, state.endsAtMs + aheadMs].map(Math.round);
      return { state: state.state, attempt: state.attempt, sinceMs: sinceMs ?? 0, untilMs: untilMs ?? 0 };
    }
    case "retrying":
      return { ...state, nextAtMs: Math.round(state.nextAtMs + aheadMs) };
  }
}
