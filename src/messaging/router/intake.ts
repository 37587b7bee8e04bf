import { log } from "../../kernel/log.ts";
import { type Message, type MessageError, type NearestCapability, PRIORITIES, SYSTEM_SENDER } from "../acl/index.ts";
import { type Addressing, type CapabilityEmbeddings, type Route } from "./addressing/index.ts";
import { SemanticRouting, type SemanticMatch } from "./semantic-routing.ts";
import { type Conversations } from "./conversations/conversations.ts";
import { deadLetter } from "./deliveries/dead-letter.ts";
import { ConversationLookup } from "./conversations/conversation-lookup.ts";
import { type Deliveries } from "./deliveries/deliveries.ts";
import { expiryOf } from "./deliveries/expiry.ts";
import { type Arrived, EarlyMessages } from "./early-messages.ts";
import { loopOf } from "./conversations/loops.ts";
import { type QueuedMessage, type Recipient } from "./mailboxes/index.ts";
import {
  failure,
  mailboxFull,
  type MessageJournal,
  notStored,
  routerFull,
  LOOKING_UP,
  STILL_DEPLOYING,
  STOPPING,
  type Submitted,
  tooLarge,
  wordKey,
} from "./ports/index.ts";
import { type RouterCore } from "./router-core.ts";
import { type Batch, type Duplicates, type Waiting } from "./writing/index.ts";

/** Retry delay after a refusal because a limit was reached. */
const RETRY_AFTER_MS = 1_000;

export type IntakeParts = {
  readonly core: RouterCore;
  readonly deliveries: Deliveries;
  readonly addressing: Addressing;
  /** For capabilities without a provider; if absent, only equal names match. */
  readonly meaning: CapabilityEmbeddings | undefined;
  readonly conversations: Conversations;
  readonly duplicates: Duplicates;
  readonly journal: Pick<MessageJournal, "conversation" | "read">;
  /** The server's answer to a sender: a `failure` or `not-understood`. */
  readonly answer: (message: Message, act: "failure" | "not-understood", error: MessageError) => void;
};

type Done = Arrived["done"];

/** Whether a message would be delivered, and to whom. */
export type RoutingPreview =
  | { readonly type: "found"; readonly names: readonly string[]; readonly nearest: NearestCapability | undefined }
  | { readonly type: "unroutable"; readonly error: MessageError };

/**
 * What happens to a message between a sender and the mailboxes.
 * router.intake.I1. The router answers `accepted`, and delivers, only after the message is on disk (durability
 *   `none` excepted).
 * router.intake.I2. An id that is known does nothing a second time; the answer is that of the first.
 * router.intake.I3. An unroutable message, and one that its conversation does not allow, is stored, and its
 *   sender is answered.
 * router.intake.I4. A refused message left no trace: no room is reserved, no conversation moved, its id is free.
 * router.intake.I5. While agents are being deployed, a message without a recipient waits, and is not accepted before
 *   it has one.
 * router.intake.I6. A message that names a conversation which left memory is judged after that is loaded.
 */
export class Intake {
  readonly #core: RouterCore;
  readonly #parts: IntakeParts;
  readonly #semanticRouting: SemanticRouting | undefined;
  readonly #looking = new Set<Promise<void>>();
  readonly #early: EarlyMessages;
  readonly #lookup: ConversationLookup;
  #lastSeq = 0;

  constructor(parts: IntakeParts) {
    this.#core = parts.core;
    this.#parts = parts;
    this.#semanticRouting = parts.meaning && new SemanticRouting(parts.meaning, parts.addressing);
    this.#early = new EarlyMessages(parts.core.options);
    this.#lookup = new ConversationLookup(parts);
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Sequence numbers continue from here. */
  startAfter(seq: number): void {
    this.#lastSeq = seq;
    // Those that were over at the last stop are not in memory.
    this.#parts.conversations.hasLeft ||= seq > 0;
  }

  /** `done` is called once, when it is on disk or refused; maybe before this returns. */
  submit(message: Message, done: Done, isLookedUp = false): void {
    const { clock, options, writer } = this.#core;
    const { duplicates, conversations } = this.#parts;
    const nowMs = clock.nowMs();
    if (message.expiresAtMs !== undefined && message.expiresAtMs <= nowMs)
      return this.refuse(message, done, failure("EXPIRED", "it had expired when it came"));
    const known = duplicates.seqOf(message);
    if (known !== undefined) return void this.#duplicate(message, done, known);
    const refused = isLookedUp || message.sender === SYSTEM_SENDER ? undefined : options.admit?.(message.workspace);
    if (refused !== undefined) return this.refuse(message, done, refused.error, refused.retryAfterMs);
    const held = isLookedUp ? "none" : this.#lookup.hold(message, () => this.submit(message, done, true));
    if (held === "held") return;
    if (held === "full") return this.refuse(message, done, LOOKING_UP, RETRY_AFTER_MS);
    const size = writer.batch().draft(message);
    if (size > options.messageBytesMax) return this.refuse(message, done, tooLarge(size, options.messageBytesMax));
    const arrived = { message, size, done };
    if (this.#early.mustFollow(message)) return this.#wait(arrived);
    const route = this.#core.figures.isRoutingSampled() ? this.#timedRoute(message) : this.#route(message);
    if (route.type === "unroutable" && this.#early.isOpen) return this.#wait(arrived);
    if (route.type === "unroutable") return this.#unroutable(arrived, route.error);
    if (route.type === "refused") return this.refuse(message, done, route.error);
    const loop = message.hops === 0 ? undefined : loopOf(message, namesOf(route.recipients), options.hopsMax);
    if (loop !== undefined) return this.refuse(message, done, loop);
    const reserved = this.#reserve(route, size);
    if ("error" in reserved) return this.refuse(message, done, reserved.error, RETRY_AFTER_MS);
    const entry = conversations.enter(message, namesOf(reserved.fit), writer.batch());
    if (entry.type === "allowed") return this.#accept(arrived, reserved, { nowMs });
    for (const recipient of reserved.fit) this.#release(recipient, size);
    if (entry.type === "refused") return this.refuse(message, done, entry.error);
    this.#record(arrived, "not-understood", entry.error);
  }

  /** I5. */
  #wait(arrived: Arrived): void {
    if (!this.#early.add(arrived)) this.refuse(arrived.message, arrived.done, STILL_DEPLOYING, RETRY_AFTER_MS);
  }

  /** I5: routes again what waits for its recipient, because agents were deployed; `isLast` once all are. */
  deployed(isLast: boolean): void {
    for (const { message, done } of this.#early.take(isLast)) this.submit(message, done);
  }

  /** To whom it is addressed; an answer goes to whom its conversation says, where a participant of that name exists. */
  #route(message: Message): Route {
    const { addressing, conversations } = this.#parts;
    const route = addressing.route(message);
    if (route.type !== "found" || message.address.type !== "receivers") return route;
    const names = conversations.insteadOf(message, namesOf(route.recipients));
    if (names === undefined) return route;
    const instead = addressing.route({ ...message, address: { type: "receivers", names } });
    return instead.type === "found" ? instead : route;
  }

  #timedRoute(message: Message): Route {
    const { clock, figures } = this.#core;
    const startedMs = clock.monotonicMs();
    const route = this.#route(message);
    const tookMs = clock.monotonicMs() - startedMs;
    // A capability without a provider may be any text, and is not counted by its name.
    const isProvided = route.type === "found" && message.address.type === "capability";
    figures.routed(isProvided ? message.address.capability : "", tookMs);
    return route;
  }

  /** No recipient: the provider of a similar capability gets it, if semantic routing is enabled; else the sender is notified. */
  #unroutable(arrived: Arrived, error: MessageError): void {
    const looking = this.#semanticRouting?.look(arrived.message, error);
    if (looking === undefined) return this.#record(arrived, "failure", error);
    const ended = this.#matchSemantically(arrived, looking).finally(() => this.#looking.delete(ended));
    this.#looking.add(ended);
  }

  async #matchSemantically(arrived: Arrived, looking: Promise<SemanticMatch>): Promise<void> {
    const { message, error, nearest } = await looking;
    if (nearest === undefined) return this.#record(arrived, "failure", error);
    const done: Done = (submitted) =>
      arrived.done(submitted.type === "accepted" ? { ...submitted, nearest } : submitted);
    this.submit(message, done);
  }

  /** To whom it would go now. */
  async resolveRecipients(message: Message): Promise<RoutingPreview> {
    const { addressing } = this.#parts;
    const route = this.#route(message);
    if (route.type === "found") return { type: "found", names: namesOf(route.recipients), nearest: undefined };
    const looked = await this.#semanticRouting?.look(message, route.error);
    if (looked?.nearest === undefined) return { type: "unroutable", error: looked?.error ?? route.error };
    const near = addressing.route(looked.message);
    return near.type === "found"
      ? { type: "found", names: namesOf(near.recipients), nearest: looked.nearest }
      : { type: "unroutable", error: near.error };
  }

  /** I6, for a message that `judge` is asked about next. */
  recall({ workspace, conversationId }: Pick<Message, "workspace" | "conversationId">): Promise<void> {
    return this.#lookup.recall(workspace, conversationId);
  }

  /** Nothing is looked for any more; what was has come to its end. */
  async close(): Promise<void> {
    for (const { message, done } of this.#early.take(true)) this.refuse(message, done, STOPPING, RETRY_AFTER_MS);
    await this.#semanticRouting?.close();
    await Promise.all(this.#looking);
    await this.#lookup.idle();
  }

  /** Counts the refusal and notifies the sender. */
  refuse(message: Message, done: Done, error: MessageError, retryAfterMs?: number): void {
    this.#core.figures.error(error.code);
    this.#core.figures.received("refused");
    done({ type: "refused", id: message.id, error, retryAfterMs });
  }

  /** Room in each mailbox, or in none; of what is published, in those that have some (`left` have none). */
  #reserve({ recipients, isShared }: Found, size: number): Reserved {
    const { recipients: all, options } = this.#core;
    const [only] = recipients;
    if (recipients.length === 1 && only !== undefined && (only.isReader || all.reserve(only, size) === undefined))
      return { fit: recipients, left: NO_RECIPIENTS };
    const fit: Recipient[] = [];
    const left: Recipient[] = [];
    for (const recipient of recipients) {
      const full = recipient.isReader ? undefined : this.#room(recipient, size);
      if (full === undefined) fit.push(recipient);
      else if (full === "mailbox" && isShared) left.push(recipient);
      else {
        for (const other of fit) this.#release(other, size);
        return { error: full === "router" ? routerFull(all.bytes, options.totalBytesMax) : fullOf(recipient) };
      }
    }
    const [first] = left;
    return fit.length === 0 && first !== undefined ? { error: fullOf(first) } : { fit, left };
  }

  #room(recipient: Recipient, size: number): "mailbox" | "router" | undefined {
    const { recipients } = this.#core;
    const { deliveries } = this.#parts;
    const full = recipients.reserve(recipient, size);
    if (full !== "mailbox") return full;
    deliveries.sweep(recipient);
    return recipients.reserve(recipient, size);
  }

  #release(recipient: Recipient, size: number): void {
    if (recipient.isReader) return;
    recipient.mailbox.release(size);
    this.#core.recipients.released(size);
  }

  #accept(arrived: Arrived, { fit: recipients, left }: Room, { nowMs, expiresAtMs }: Times): void {
    const { message } = arrived;
    const { figures, writer } = this.#core;
    const { duplicates } = this.#parts;
    const queued = this.#queued(arrived, expiresAtMs);
    const { seq, isVolatile } = queued;
    const batch = writer.batch();
    if (!isVolatile) keep(batch, message, queued, recipients);
    duplicates.add(message, seq, nowMs);
    figures.accepted(message);
    if (!isVolatile) {
      for (const recipient of left) batch.dead.push(unplaced(message, seq, recipient, nowMs));
      for (const { mailbox, isReader } of recipients)
        if (isReader) batch.settlement({ seq, party: mailbox.number, outcome: "done", attempt: 1 });
    }
    batch.waiting.push(new Submission(this, arrived, queued, recipients));
  }

  /** It is on disk: into the mailboxes. */
  written({ message, size, done }: Arrived, queued: QueuedMessage, recipients: readonly Recipient[]): void {
    const isHot = this.#core.recipients.heat(size * recipients.length, queued.isVolatile);
    queued.message = isHot ? message : undefined;
    this.#put(message, recipients, queued);
    this.#core.figures.received("accepted");
    done(accepted(message, queued.seq, namesOf(recipients), false));
  }

  /** It is not, and must leave no trace (I4). */
  lost({ message, size, done }: Arrived, recipients: readonly Recipient[], error: unknown): void {
    this.#parts.duplicates.forget(message);
    for (const recipient of recipients) this.#release(recipient, size);
    this.refuse(message, done, notStored(error), RETRY_AFTER_MS);
  }

  /** A dead letter once more, to its recipient alone; its conversation does not move again. */
  again(message: Message, done: Done, recipient: Recipient, deadSeq: number): void {
    const { writer, clock } = this.#core;
    // What has expired since would expire again at once.
    const endless = message.signature === undefined ? { expiresAtMs: undefined, replyByMs: undefined } : {};
    const fresh = { ...message, ...endless, durability: "full" } as const;
    const size = writer.batch().draft(fresh);
    const reserved = this.#reserve({ type: "found", recipients: recipient.alone, isShared: false }, size);
    if ("error" in reserved) return this.refuse(message, done, reserved.error, RETRY_AFTER_MS);
    writer.batch().buried.push({ seq: deadSeq, party: recipient.mailbox.number });
    // The deadlines of a signed message are part of it; they no longer end its delivery.
    this.#accept({ message: fresh, size, done }, reserved, { nowMs: clock.nowMs(), expiresAtMs: 0 });
  }

  /** With the next number. */
  #queued({ message, size }: Arrived, expiresAtMs = expiryOf(message)): QueuedMessage {
    this.#lastSeq += 1;
    return {
      seq: this.#lastSeq,
      workspace: message.workspace,
      priority: PRIORITIES.indexOf(message.priority),
      conversationKey: wordKey(message.workspace, message.conversationId),
      size,
      expiresAtMs,
      isVolatile: message.durability === "none",
      message: undefined,
    };
  }

  #put(message: Message, recipients: readonly Recipient[], queued: QueuedMessage): void {
    const { feed, recipients: all } = this.#core;
    const { deliveries } = this.#parts;
    if (feed.isWatched) feed.emit({ type: "message", seq: queued.seq, message, recipients: namesOf(recipients) });
    for (const recipient of recipients) {
      if (recipient.isReader) {
        if (queued.message !== undefined) all.cool(queued.size);
        continue;
      }
      recipient.mailbox.put(queued);
      if (queued.expiresAtMs > 0) deliveries.watchExpiry(recipient);
      deliveries.pump(recipient);
    }
  }

  /** I3: stored without deliveries, and the sender is answered in the same transaction. */
  #record(arrived: Arrived, act: "failure" | "not-understood", error: MessageError): void {
    const { writer, clock, figures } = this.#core;
    const { duplicates, answer } = this.#parts;
    const { message, done } = arrived;
    figures.error(error.code);
    const batch = writer.batch();
    const queued = this.#queued(arrived);
    if (!queued.isVolatile) keep(batch, message, queued, NO_RECIPIENTS);
    duplicates.add(message, queued.seq, clock.nowMs());
    batch.waiting.push({
      written: () => {
        figures.received("answered");
        done({ type: "answered", id: message.id, conversationId: message.conversationId, answer: act, error });
      },
      lost: (cause) => {
        duplicates.forget(message);
        this.refuse(message, done, notStored(cause), RETRY_AFTER_MS);
      },
    });
    if (message.sender !== SYSTEM_SENDER) answer(message, act, error);
  }

  /** I2. */
  async #duplicate(message: Message, done: Done, seq: number): Promise<void> {
    await this.#core.writer.settled();
    // Lost meanwhile: then this is the first that counts.
    if (this.#parts.duplicates.seqOf(message) !== seq) return this.submit(message, done);
    this.#core.figures.received("duplicate");
    done(accepted(message, seq, await this.#recipientsOf(seq), true));
  }

  /** Names of those that message `seq` went to, as the journal has them. Never rejects. */
  async #recipientsOf(seq: number): Promise<readonly string[]> {
    try {
      const [stored] = await this.#parts.journal.read([seq]);
      return (stored?.recipients ?? []).flatMap((party) => this.#core.recipients.byNumber(party)?.mailbox.name ?? []);
    } catch (error) {
      log.error({ error }, "a message could not be read");
      return [];
    }
  }
}

/** Its row, with the batch. */
function keep(batch: Batch, message: Message, queued: QueuedMessage, recipients: readonly Recipient[]): void {
  if (message.durability === "full") batch.sync();
  const [only] = recipients;
  const isOne = recipients.length === 1 && only !== undefined;
  batch.keep(queued, message, isOne ? only.number : recipients.map(({ mailbox }) => mailbox.number));
}

/** `expiresAtMs` where it is not that of the message; 0: never. */
type Times = { readonly nowMs: number; readonly expiresAtMs?: number };
type Found = Extract<Route, { type: "found" }>;
type Room = { readonly fit: readonly Recipient[]; readonly left: readonly Recipient[] };
type Reserved = Room | { readonly error: MessageError };

const fullOf = ({ mailbox: { name, messages, bytes } }: Recipient): MessageError => mailboxFull(name, messages, bytes);

/** What was published, and had no room in one of the mailboxes. */
const unplaced = (message: Message, seq: number, recipient: Recipient, atMs: number) =>
  deadLetter(
    message,
    { seq, mailbox: recipient.mailbox },
    { code: "MAILBOX_FULL", reason: fullOf(recipient).message, attempts: 0, history: [], atMs },
  );

/** A message that waits to be on disk: one object instead of two functions for each. */
class Submission implements Waiting {
  readonly #intake: Intake;
  readonly #arrived: Arrived;
  readonly #queued: QueuedMessage;
  readonly #recipients: readonly Recipient[];

  constructor(intake: Intake, arrived: Arrived, queued: QueuedMessage, recipients: readonly Recipient[]) {
    this.#intake = intake;
    this.#arrived = arrived;
    this.#queued = queued;
    this.#recipients = recipients;
  }

  written(): void {
    this.#intake.written(this.#arrived, this.#queued, this.#recipients);
  }

  lost(error: unknown): void {
    this.#intake.lost(this.#arrived, this.#recipients, error);
  }
}

const NO_RECIPIENTS: readonly Recipient[] = [];

const namesOf = (recipients: readonly Recipient[]): readonly string[] => {
  const [only] = recipients;
  return recipients.length === 1 && only !== undefined ? only.names : recipients.map(({ mailbox }) => mailbox.name);
};

function accepted(message: Message, seq: number, recipients: readonly string[], duplicate: boolean): Submitted {
  const { id, conversationId, durability } = message;
  return { type: "accepted", id, seq, conversationId, recipients, duplicate, durability };
}
