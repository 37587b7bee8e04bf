import { type TimerQueue } from "../../../kernel/async/timer-queue.ts";
import { type Clock } from "../../../kernel/clock.ts";
import { type Message, type MessageError, SYSTEM_SENDER } from "../../acl/index.ts";
import {
  absorbed,
  advance,
  answersTo,
  archived,
  branched,
  type Conversation,
  type ConversationTerms,
  ended,
  expire,
  isOpen,
  resumed,
  takesPart,
  undelivered,
  UNREACHED,
} from "../../protocols/index.ts";
import { type EventBus } from "../event-bus.ts";
import { TransientConversations } from "./transient-conversations.ts";
import {
  forbidden,
  type CachedConversation,
  type ConversationTimeout,
  isServerNotice,
  isChecked,
  isFree,
  isPlainAppend,
  isPlain,
  isRowDue,
  keyOf,
  mergedInto,
  createCached,
  materialize,
  rowOf,
} from "./cached-conversation.ts";
import { WriteBehindBuffer } from "./write-behind-buffer.ts";
import { isCircle, pingPong, TURNS, turnsAfter } from "./loops.ts";
import { type ConversationQuery, type ConversationRow, failure } from "../ports/index.ts";
import { type Batch, type Writer } from "../writing/index.ts";

/** Conversations that are over and still remembered. */
const OVER_MAX = 10_000;
/** After a deadline could not be written. */
const AGAIN_MS = 1_000;
/** A free conversation's row is at most this much behind. */
const FREE_ROW_MS = 10_000;
/** Free conversations of one message that are remembered at least. */
const FRESH_MAX = 50_000;

/** What a conversation says to a message. */
export type Entry =
  | { readonly type: "allowed" }
  /** Its sender is answered with a not-understood. */
  | { readonly type: "breach"; readonly error: MessageError }
  | { readonly type: "refused"; readonly error: MessageError };

const ALLOWED: Entry = { type: "allowed" };

export type ConversationParts = {
  readonly clock: Clock;
  readonly alarm: TimerQueue;
  readonly writer: Writer;
  readonly feed: EventBus;
  readonly terms: ConversationTerms;
  /** Free conversations of one message that are remembered at least. */
  readonly freshMax?: number | undefined;
  /** An answer began a free conversation: what it answers was evicted, or never existed. `precede` adds the earlier part once it is found. */
  readonly begunByAnswer: (answer: Message) => void;
  /** A deadline of a conversation has passed, or the conversation timed out; must be quick and not throw. */
  readonly onTimeout: (lapsed: ConversationTimeout) => void;
};

/**
 * Conversations, kept with the messages that move them.
 * router.conversations.C1. A conversation whose protocol is checked moves with its message: in the same transaction,
 *   or not at all.
 * router.conversations.C2. A free conversation has a row from its second message on; what the row says of messages
 *   and participants is at most `FREE_ROW_MS` behind; reads write it first.
 * router.conversations.C3. When a batch is lost, every conversation is again as it is on disk. A part or conversation
 *   that ended without a message ends again.
 * router.conversations.C4. A message that began nothing leaves its conversation to be begun: what the server says
 *   about it begins none either.
 * router.conversations.C5. What is due (deadlines, the idle timeout, the maximum duration) is applied at its time; `onTimeout` is called
 *   once, and what it submits is in the same transaction.
 * router.conversations.C6. Of who began a checked conversation and named a participant for its answers (`reply_to`),
 *   answers go there instead; one that is addressed to both goes to both.
 */
export class Conversations {
  readonly #parts: ConversationParts;
  readonly #held = new Map<string, CachedConversation>();
  readonly #transient: TransientConversations;
  /** Keys of those that are over, the oldest first. */
  readonly #over = new Set<string>();
  readonly #moves = new WeakMap<Batch, Map<CachedConversation, Conversation>>();
  readonly #writeBehind: WriteBehindBuffer;

  constructor(parts: ConversationParts) {
    this.#parts = parts;
    const { clock, alarm, writer, freshMax = FRESH_MAX } = parts;
    this.#transient = new TransientConversations(freshMax);
    const write = (key: string, held: CachedConversation) =>
      this.#held.get(key) === held && this.#write(key, held, writer.batch());
    this.#writeBehind = new WriteBehindBuffer({ clock, alarm, write }, FREE_ROW_MS);
  }

  /** Whether there may be conversations with a row that are not in memory. */
  hasLeft = false;

  /** Those in memory. */
  get size(): number {
    return this.#held.size;
  }

  restore(rows: readonly ConversationRow[]): void {
    for (const row of rows) {
      const held = createCached(row.fold, row.fold);
      this.#held.set(keyOf(row.workspace, row.id), held);
      if (row.expiresAtMs > 0) this.#ringAt(keyOf(row.workspace, row.id), held, row.expiresAtMs);
    }
  }

  /** A conversation that left memory is known again. */
  recall(row: ConversationRow): void {
    if (this.find(row.workspace, row.id) !== undefined) return;
    this.restore([row]);
    if (!row.isOpen) this.#forgetLater(keyOf(row.workspace, row.id));
  }

  /** As it is now, if it is in memory. */
  find(workspace: string, id: string): Conversation | undefined {
    const key = keyOf(workspace, id);
    const held = this.#held.get(key);
    return held === undefined ? this.#transient.find(key) : materialize(held);
  }

  /** Moves the conversation, in memory and with this batch; or says why the message is not allowed, and moves nothing. */
  enter(message: Message, recipients: readonly string[], batch: Batch): Entry {
    const key = keyOf(message.workspace, message.conversationId);
    const held = this.#held.get(key);
    if (held !== undefined && this.#isQuick(held) && isPlainAppend(held, message, recipients)) {
      held.more += 1;
      held.moreAtMs = message.atMs;
      if (!held.isLate) this.#writeBehind.add(key, held);
      return ALLOWED;
    }
    const standing = held === undefined ? this.#transient.find(key) : materialize(held);
    const before = standing && this.#upTo(message.atMs, key, standing);
    if (before === undefined && isServerNotice(message)) return ALLOWED;
    const turns = before === undefined ? [] : turnsAfter(held?.turns ?? [], before, message);
    if (turns.length === TURNS && isCircle(turns)) return { type: "refused", error: pingPong(message, recipients) };
    const moved = advance(before, message, recipients, this.#parts.terms);
    if (moved.type === "breach") {
      // The sender may have taken part in what was forgotten before another sender restarted it: it may try again.
      const isStranger = moved.rule === "participants-only" && before !== undefined && !isChecked(before);
      if (isStranger && message.inReplyTo !== undefined) this.#parts.begunByAnswer(message);
      return { type: "breach", error: moved.error };
    }
    const { conversation } = moved;
    if (before === undefined && !isChecked(conversation) && isPlain(message)) {
      this.#remember(key, conversation);
      if (message.inReplyTo !== undefined) this.#parts.begunByAnswer(message);
      return ALLOWED;
    }
    const family = this.#family(message, conversation, before === undefined);
    if ("code" in family) return { type: "breach", error: family };
    for (const relative of family) this.#move(keyOf(relative.workspace, relative.id), relative, batch);
    const now = this.#held.get(key);
    if (now !== undefined) now.turns = turns;
    return ALLOWED;
  }

  /** C5: the checked conversation after its deadlines up to this time: they are not always looked at before the next message. */
  #upTo(atMs: number, key: string, conversation: Conversation): Conversation {
    if (conversation.dueAtMs === undefined || conversation.dueAtMs > atMs || !isChecked(conversation))
      return conversation;
    this.#expire(key, conversation, atMs);
    const held = this.#held.get(key);
    return held === undefined ? conversation : materialize(held);
  }

  /**
   * C6: `names` with whom a checked conversation's initiator named for this sender's answers (`reply_to`) in the initiator's
   * place; undefined when the message goes where it is addressed.
   */
  insteadOf({ workspace, conversationId, sender }: Message, names: readonly string[]): readonly string[] | undefined {
    const held = this.#held.get(keyOf(workspace, conversationId));
    if (held === undefined || isFree(held)) return undefined;
    const now = materialize(held);
    const replyTo = isChecked(now) ? answersTo(now, sender) : undefined;
    if (replyTo === undefined || names.includes(replyTo) || !names.includes(now.initiator)) return undefined;
    return names.map((name) => (name === now.initiator ? replyTo : name));
  }

  /** What `enter` would say, and the conversation as it is; nothing is moved. */
  judge(
    message: Message,
    recipients: readonly string[],
  ): { readonly error?: MessageError; readonly now?: Conversation } {
    const now = this.find(message.workspace, message.conversationId);
    if (now === undefined && isServerNotice(message)) return {};
    const standing = now === undefined ? {} : { now };
    const moved = advance(now, message, recipients, this.#parts.terms);
    if (moved.type === "breach") return { ...standing, error: moved.error };
    const family = this.#family(message, moved.conversation, now === undefined);
    return "code" in family ? { ...standing, error: family } : standing;
  }

  /** Whether one more message in it needs neither a row nor an event (C2). */
  #isQuick(held: CachedConversation): boolean {
    return held.written !== undefined && !this.#parts.feed.isWatched;
  }

  /** Writes rows that are behind; whether there were any. */
  catchUp(): boolean {
    return this.#writeBehind.writeAll();
  }

  #remember(key: string, conversation: Conversation): void {
    this.#transient.remember(key, conversation);
    const { feed } = this.#parts;
    if (feed.isWatched) feed.emit({ type: "conversation", conversation });
  }

  /** Whether free conversations of one message may have been evicted: `listEvictedConversations` finds them. */
  get hasForgotten(): boolean {
    return this.#transient.hasForgotten;
  }

  /** There are older ones than `addRecovered` received. */
  forgot(): void {
    this.#transient.hasForgotten = true;
  }

  /** Adds the conversations recovered after a restart, the oldest first; those that began again since are continuations. */
  addRecovered(conversations: readonly Conversation[]): void {
    for (const conversation of conversations) {
      const { workspace, id } = conversation;
      if (this.find(workspace, id) === undefined) this.#transient.remember(keyOf(workspace, id), conversation);
      else this.precede(conversation);
    }
  }

  /** Adds the earlier part of a free conversation that was evicted and began again; no effect if it is known. */
  precede(earlier: Conversation): void {
    const { workspace, id, startedAtMs, status } = earlier;
    const since = this.find(workspace, id);
    if (since === undefined || !isOpen(since) || since.startedAtMs <= startedAtMs) return;
    if (isChecked(since) || isChecked(earlier) || status.state === "merged") return;
    this.#move(keyOf(workspace, id), resumed(earlier, since, this.#parts.terms), this.#parts.writer.batch());
  }

  /** Free conversations of one message that fit, in no order: those that have no row. */
  withoutRow(query: ConversationQuery): readonly Conversation[] {
    return this.#transient.list(query, this.#parts.clock.nowMs());
  }

  /** The conversation of the message, its parent, and those merged into it, after the message; or why it may not touch them. */
  #family(message: Message, conversation: Conversation, isFirst: boolean): MessageError | readonly Conversation[] {
    const { workspace, sender, parentConversation, mergeConversations } = message;
    const { terms } = this.#parts;
    const isStranger = (each: Conversation) => sender !== SYSTEM_SENDER && !takesPart(each, sender);
    const parent = isFirst && parentConversation !== undefined ? this.find(workspace, parentConversation) : undefined;
    if (parent !== undefined && isStranger(parent)) return forbidden(sender, parent.id);
    const others: Conversation[] = [];
    for (const id of new Set(mergeConversations)) {
      const other = this.find(workspace, id);
      if (other === undefined) return failure("CONVERSATION_NOT_FOUND", `there is no conversation ${id} to merge`);
      if (isStranger(other)) return forbidden(sender, id);
      const merge = mergedInto(other, conversation, (each) => this.find(workspace, each));
      if ("code" in merge) return merge;
      others.push(merge);
    }
    const branch = parent === undefined ? [] : [branched(parent, conversation.id)];
    return [absorbed(conversation, others, terms), ...branch, ...others];
  }

  /** C1, C2. */
  #move(key: string, conversation: Conversation, batch: Batch): void {
    this.#transient.forget(key);
    const held = this.#held.get(key) ?? createCached(conversation, undefined);
    const before = held.written === undefined ? undefined : materialize(held);
    this.#held.set(key, held);
    held.now = conversation;
    held.more = 0;
    const { feed } = this.#parts;
    const isOver = !isOpen(conversation);
    if (isOver) this.#forgetLater(key);
    else if (this.#over.size > 0) this.#over.delete(key);
    if (conversation.dueAtMs !== undefined && isChecked(conversation)) this.#ringAt(key, held, conversation.dueAtMs);
    if (isChecked(conversation) || isRowDue(before, conversation)) this.#write(key, held, batch);
    else if (!held.isLate) this.#writeBehind.add(key, held);
    if (feed.isWatched) feed.emit({ type: "conversation", conversation });
  }

  /** As it is now, with this batch. */
  #write(key: string, held: CachedConversation, batch: Batch): void {
    const conversation = materialize(held);
    held.isLate = false;
    batch.conversation(key, () => rowOf(conversation));
    this.#moveWith(batch, held, conversation);
  }

  /** C3: what is on disk is known when the batch is. */
  #moveWith(batch: Batch, held: CachedConversation, conversation: Conversation): void {
    const known = this.#moves.get(batch);
    if (known !== undefined) return void known.set(held, conversation);
    const moves = new Map([[held, conversation]]);
    this.#moves.set(batch, moves);
    batch.waiting.push({
      written: () => {
        for (const [each, written] of moves) each.written = written;
      },
      lost: () => this.#goBack(),
    });
  }

  #goBack(): void {
    for (const [key, held] of this.#held) {
      if (held.written === undefined) this.#held.delete(key);
      else if (held.now !== held.written && !isChecked(materialize(held))) this.#writeBehind.add(key, held);
      else if (held.now !== held.written) {
        held.now = held.written;
        // A deadline may be what was lost: it passes again.
        const { dueAtMs } = materialize(held);
        if (dueAtMs !== undefined) this.#ringAt(key, held, Math.max(dueAtMs, this.#parts.clock.nowMs() + AGAIN_MS));
      }
    }
  }

  #forgetLater(key: string): void {
    this.#over.delete(key);
    this.#over.add(key);
    if (this.#over.size <= OVER_MAX) return;
    this.hasLeft = true;
    for (const oldest of this.#over) {
      this.#over.delete(oldest);
      this.#held.delete(oldest);
      return;
    }
  }

  /** C5: sees to the conversation at that time of the wall clock. One alarm for each, which is set again when it is early. */
  #ringAt(key: string, held: CachedConversation, dueAtMs: number): void {
    const { clock, alarm } = this.#parts;
    const atMs = clock.monotonicMs() + Math.max(0, dueAtMs - clock.nowMs());
    if (held.alarmAtMs !== undefined && held.alarmAtMs <= atMs) return;
    held.alarmAtMs = atMs;
    alarm.at(atMs, () => {
      if (this.#held.get(key) !== held || held.alarmAtMs !== atMs) return;
      held.alarmAtMs = undefined;
      const now = materialize(held);
      if (now.dueAtMs === undefined) return;
      if (now.dueAtMs > clock.nowMs()) this.#ringAt(key, held, now.dueAtMs);
      else this.#expire(key, now, clock.nowMs());
    });
  }

  #expire(key: string, conversation: Conversation, nowMs: number): void {
    const expiry = expire(conversation, nowMs);
    if (expiry.conversation === conversation) return;
    this.#move(key, expiry.conversation, this.#parts.writer.batch());
    this.#parts.onTimeout(expiry);
  }

  /** Free conversations that nothing was said in for too long, and the least used of too many, leave memory. */
  sweep(heldMax: number): void {
    const nowMs = this.#parts.clock.nowMs();
    const free: { readonly key: string; readonly atMs: number }[] = [];
    for (const [key, held] of this.#held) {
      if (typeof held.now === "string") continue;
      const now = materialize(held);
      if (isChecked(now)) continue;
      if (now.dueAtMs !== undefined && now.dueAtMs <= nowMs) this.#expire(key, now, nowMs);
      else free.push({ key, atMs: now.lastActivityMs });
    }
    const excess = this.#held.size - heldMax;
    if (excess <= 0) return;
    this.hasLeft = true;
    for (const { key } of free.toSorted((one, other) => one.atMs - other.atMs).slice(0, excess)) this.#held.delete(key);
  }

  /**
   * Whether a deadline of a checked conversation covers this message, which expired: then `lapsed` reports the missing answer.
   * A conversation that is not in memory is over, and `lapsed` was called.
   */
  coversExpiry({ workspace, conversationId, sender, protocol, replyByMs, expiresAtMs = Infinity }: Message): boolean {
    if (replyByMs === undefined || expiresAtMs <= replyByMs) return false;
    const now = this.find(workspace, conversationId);
    return now === undefined ? isChecked({ protocol }) : isChecked(now) && now.initiator === sender;
  }

  /** Nothing can be expected of `recipient` in this conversation: what it was sent could not be delivered. */
  undelivered({ workspace, conversationId, performative }: Message, recipient: string): void {
    this.#change(workspace, conversationId, (conversation) => undelivered(conversation, recipient, performative));
  }

  /** Whether the message gave `recipient` what ended its part: that does not hold if the message is not delivered. */
  isAward({ id, workspace, conversationId, performative }: Message, recipient: string): boolean {
    const now = this.find(workspace, conversationId);
    const isLast = now?.participants.some(({ name, calls }) => name === recipient && calls.at(-1)?.id === id);
    return now !== undefined && isLast === true && undelivered(now, recipient, performative) !== now;
  }

  /** Ends the open parts of a participant that was removed; `lapsed` is called for each, with the error. */
  removed(workspace: string, name: string, error: MessageError): void {
    for (const held of Array.from(this.#held.values())) {
      if (typeof held.now === "string" && !held.now.includes(JSON.stringify(name))) continue;
      const now = materialize(held);
      const participant = now.workspace === workspace && now.participants.find((each) => each.name === name);
      const conversation = participant && this.#change(workspace, now.id, (each) => undelivered(each, name));
      if (!participant || !conversation) continue;
      const lapse = { participant, to: UNREACHED, unanswered: participant.calls.at(-1) };
      this.#parts.onTimeout({ conversation, lapses: [lapse], error });
    }
  }

  /** Forgets the conversations of a workspace; nothing is written. */
  deleteWorkspace(workspace: string): void {
    for (const keys of [this.#held, this.#over, ...this.#transient.generations])
      for (const key of keys.keys()) if (key.startsWith(keyOf(workspace, ""))) keys.delete(key);
  }

  /** Ends an open conversation from outside; one that is not in memory is over. */
  end(workspace: string, id: string): void {
    this.#change(workspace, id, ended);
  }

  /** Archives a conversation, also an evicted one; undefined when it is in progress. */
  archive(conversation: Conversation): Conversation | undefined {
    const after = archived(conversation, this.#parts.clock.nowMs());
    if (after === undefined || after === conversation) return after;
    this.#move(keyOf(conversation.workspace, conversation.id), after, this.#parts.writer.batch());
    return after;
  }

  /** Merges one into another, also those that left memory; or says why not. Merged again, it stays as it is. */
  merge(conversation: Conversation, into: Conversation): Conversation | MessageError {
    const merge = mergedInto(conversation, into, (id) => this.find(conversation.workspace, id));
    if ("code" in merge || merge === conversation) return merge;
    const { terms, writer } = this.#parts;
    for (const each of [merge, absorbed(into, [conversation], terms)])
      this.#move(keyOf(each.workspace, each.id), each, writer.batch());
    return merge;
  }

  /** Returns the conversation if it has changed (C3). */
  #change(workspace: string, id: string, change: (each: Conversation) => Conversation): Conversation | undefined {
    const { writer } = this.#parts;
    const before = this.find(workspace, id);
    const after = before && change(before);
    if (after === undefined || after === before) return undefined;
    this.#move(keyOf(workspace, id), after, writer.batch());
    const lost = () => writer.redo(() => void this.#change(workspace, id, change));
    writer.batch().waiting.push({ written: () => {}, lost });
    return after;
  }
}
