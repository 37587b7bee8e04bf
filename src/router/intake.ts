import { type Clock } from "../kernel/clock.ts";
import {
  type Message,
  type MessageError,
  type NearestCapability,
  PRIORITIES,
  storedText,
  SYSTEM_SENDER,
} from "../messages/index.ts";
import { type Addressing, type CapabilityMeaning, type Route } from "./addressing/index.ts";
import { ByMeaning, type Looked } from "./by-meaning.ts";
import { type Conversations } from "./conversations.ts";
import { deadLetter } from "./dead-letter.ts";
import { type Deliveries } from "./deliveries.ts";
import { type Feed } from "./feed.ts";
import { type Figures } from "./figures.ts";
import { loopOf } from "./loops.ts";
import { type Parcel, type Recipient, type Recipients } from "./mailboxes/index.ts";
import {
  conversationKey,
  failure,
  mailboxFull,
  NOT_STORED,
  routerFull,
  type RouterOptions,
  type Submitted,
  tooLarge,
} from "./ports/index.ts";
import { type Batch, type Duplicates, type Waiting, type Writer } from "./writing/index.ts";

/** After a refusal for want of room. */
const RETRY_AFTER_MS = 1_000;

export type IntakeParts = {
  readonly clock: Clock;
  readonly writer: Writer;
  readonly feed: Feed;
  readonly recipients: Recipients;
  readonly deliveries: Deliveries;
  readonly addressing: Addressing;
  /** For what nobody provides; absent, only what is written the same is the same. */
  readonly meaning: CapabilityMeaning | undefined;
  readonly conversations: Conversations;
  readonly duplicates: Duplicates;
  readonly options: RouterOptions;
  readonly figures: Figures;
  /** Names of those that message `seq` went to, as the journal has them. Never rejects. */
  readonly recipientsOf: (seq: number) => Promise<readonly string[]>;
  /** The server's answer to a sender: a `failure` or `not-understood`. */
  readonly answer: (message: Message, act: "failure" | "not-understood", error: MessageError) => void;
};

type Done = (submitted: Submitted) => void;

/** Whether a message would be delivered, and to whom. */
export type WhereTo =
  | { readonly type: "found"; readonly names: readonly string[]; readonly nearest: NearestCapability | undefined }
  | { readonly type: "nobody"; readonly error: MessageError };

/**
 * What happens to a message between a sender and the mailboxes.
 * I1. Nothing is delivered, and no sender is told "accepted", before the message is on disk (durability `none` excepted).
 * I2. An id that is known does nothing a second time; the answer is that of the first.
 * I3. What nobody can be found for, and what its conversation does not allow, is on record, and its sender is answered.
 * I4. A refused message left no trace: no room is reserved, no conversation moved, its id is free.
 */
export class Intake {
  readonly #parts: IntakeParts;
  readonly #byMeaning: ByMeaning | undefined;
  readonly #looking = new Set<Promise<void>>();
  #lastSeq = 0;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#byMeaning = parts.meaning && new ByMeaning(parts.meaning, parts.addressing);
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Numbers go on from here. */
  startAfter(seq: number): void {
    this.#lastSeq = seq;
  }

  /** `done` is called once, when it is on disk or refused; maybe before this returns. */
  submit(arrived: Arrived): void {
    const { clock, options, duplicates, addressing, writer } = this.#parts;
    const { message, body, done } = arrived;
    const nowMs = clock.nowMs();
    if (message.expiresAtMs !== undefined && message.expiresAtMs <= nowMs)
      return this.refuse(message, done, failure("EXPIRED", "it had expired when it came"));
    const known = duplicates.seqOf(idKey(message));
    if (known !== undefined) return void this.#duplicate(arrived, known);
    if (body.length > options.messageBytesMax)
      return this.refuse(message, done, tooLarge(body.length, options.messageBytesMax));
    const route = addressing.route(message);
    if (route.type === "nobody") return this.#nobody(arrived, route.error);
    if (route.type === "refused") return this.refuse(message, done, route.error);
    const loop = message.hops === 0 ? undefined : loopOf(message, namesOf(route.recipients), options.hopsMax);
    if (loop !== undefined) return this.refuse(message, done, loop);
    const reserved = this.#reserve(route, body.length);
    if ("error" in reserved) return this.refuse(message, done, reserved.error, RETRY_AFTER_MS);
    const batch = writer.batch();
    const entry = this.#parts.conversations.enter(message, namesOf(reserved.fit), batch);
    if (entry.type === "allowed") return this.#accept(arrived, reserved, { batch, nowMs });
    for (const recipient of reserved.fit) this.#release(recipient, body.length);
    if (entry.type === "refused") return this.refuse(message, done, entry.error);
    this.#record(arrived, "not-understood", entry.error);
  }

  /** Nobody is there for it: who provides what is near in meaning gets it, where that is on; else its sender is told. */
  #nobody(arrived: Arrived, error: MessageError): void {
    const looking = this.#byMeaning?.look(arrived.message, error);
    if (looking === undefined) return this.#record(arrived, "failure", error);
    const ended = this.#byMeaningOf(arrived, looking).finally(() => this.#looking.delete(ended));
    this.#looking.add(ended);
  }

  async #byMeaningOf(arrived: Arrived, looking: Promise<Looked>): Promise<void> {
    const { message, error, nearest } = await looking;
    if (nearest === undefined) return this.#record(arrived, "failure", error);
    const done: Done = (submitted) =>
      arrived.done(submitted.type === "accepted" ? { ...submitted, nearest } : submitted);
    this.submit(arrival(message, done));
  }

  /** To whom it would go now. */
  async whereTo(message: Message): Promise<WhereTo> {
    const { addressing } = this.#parts;
    const route = addressing.route(message);
    if (route.type === "found") return { type: "found", names: namesOf(route.recipients), nearest: undefined };
    const looked = await this.#byMeaning?.look(message, route.error);
    if (looked?.nearest === undefined) return { type: "nobody", error: looked?.error ?? route.error };
    const near = addressing.route(looked.message);
    return near.type === "found"
      ? { type: "found", names: namesOf(near.recipients), nearest: looked.nearest }
      : { type: "nobody", error: near.error };
  }

  /** Nothing is looked for any more; what was has come to its end. */
  async close(): Promise<void> {
    await this.#byMeaning?.close();
    await Promise.all(this.#looking);
  }

  /** Counts it and tells the sender. */
  refuse(message: Message, done: Done, error: MessageError, retryAfterMs?: number): void {
    this.#parts.figures.error(error.code);
    done({ type: "refused", id: message.id, error, retryAfterMs });
  }

  /** Room in each mailbox, or in none; of what is published, in those that have some (`left` have none). */
  #reserve({ recipients, isShared }: Found, size: number): Reserved {
    const { recipients: all, options } = this.#parts;
    const [only] = recipients;
    if (recipients.length === 1 && only !== undefined && (only.isReader || all.reserve(only, size) === undefined))
      return { fit: recipients, left: NOBODY };
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
    const { recipients, deliveries } = this.#parts;
    const full = recipients.reserve(recipient, size);
    if (full !== "mailbox") return full;
    deliveries.sweep(recipient);
    return recipients.reserve(recipient, size);
  }

  #release(recipient: Recipient, size: number): void {
    if (recipient.isReader) return;
    recipient.mailbox.release(size);
    this.#parts.recipients.released(size);
  }

  #accept(arrived: Arrived, { fit: recipients, left }: Room, { batch, nowMs }: At): void {
    const { message, body } = arrived;
    const isVolatile = message.durability === "none";
    const seq = this.#row(message, body, { recipients, batch });
    this.#parts.duplicates.add(idKey(message), seq, nowMs);
    this.#parts.figures.accepted(message);
    for (const recipient of left) if (!isVolatile) batch.dead.push(unplaced(message, seq, recipient, nowMs));
    for (const { mailbox, isReader } of recipients) {
      if (isReader && !isVolatile) batch.settlement({ seq, party: mailbox.number, outcome: "done", attempt: 1 });
    }
    batch.waiting.push(new Submission(this, arrived, { seq, recipients }));
  }

  /** It is on disk: into the mailboxes. */
  written({ message, body, done }: Arrived, { seq, recipients }: Placed): void {
    const heat = body.length * recipients.length;
    this.#put(message, recipients, this.#parcel(message, seq, heat, body.length));
    done(accepted(message, seq, namesOf(recipients), false));
  }

  /** It is not, and must leave no trace (I4). */
  lost({ message, body, done }: Arrived, { recipients }: Placed): void {
    this.#parts.duplicates.forget(idKey(message));
    for (const recipient of recipients) this.#release(recipient, body.length);
    this.refuse(message, done, NOT_STORED, RETRY_AFTER_MS);
  }

  /** A dead letter once more, to its recipient alone; its conversation does not move again. */
  again({ message, done }: Omit<Arrived, "body">, recipient: Recipient, deadSeq: number): void {
    // What has expired since would expire again at once.
    const { expiresAtMs: _, ...rest } = message;
    const fresh = { ...rest, expiresAtMs: undefined, durability: "full" } as const;
    const body = storedText(fresh);
    const reserved = this.#reserve({ type: "found", recipients: [recipient], isShared: false }, body.length);
    if ("error" in reserved) return this.refuse(message, done, reserved.error, RETRY_AFTER_MS);
    const batch = this.#parts.writer.batch();
    batch.buried.push({ seq: deadSeq, party: recipient.mailbox.number });
    this.#accept({ message: fresh, body, done }, reserved, { batch, nowMs: this.#parts.clock.nowMs() });
  }

  /** Writes the message's row with the batch, and answers its number. */
  #row(message: Message, body: string, to: { recipients: readonly Recipient[]; batch: Batch }): number {
    this.#lastSeq += 1;
    const seq = this.#lastSeq;
    const { batch, recipients } = to;
    if (message.durability === "none") return seq;
    if (message.durability === "full") batch.sync();
    const [only] = recipients;
    batch.message({
      seq,
      id: message.id,
      workspace: message.workspace,
      conversation: message.conversationId,
      sender: message.sender,
      performative: message.performative,
      recipients:
        recipients.length === 1 && only !== undefined
          ? only.mailbox.number
          : recipients.map(({ mailbox }) => mailbox.number).join(","),
      priority: PRIORITIES.indexOf(message.priority),
      expiresAtMs: message.expiresAtMs ?? 0,
      atMs: message.atMs,
      body,
    });
    return seq;
  }

  #parcel(message: Message, seq: number, heat: number, size: number): Parcel {
    const isVolatile = message.durability === "none";
    return {
      seq,
      workspace: message.workspace,
      priority: PRIORITIES.indexOf(message.priority),
      conversationKey: conversationKey(message.workspace, message.conversationId),
      size,
      expiresAtMs: message.expiresAtMs ?? 0,
      isVolatile,
      message: this.#parts.recipients.heat(heat, isVolatile) ? message : undefined,
    };
  }

  #put(message: Message, recipients: readonly Recipient[], parcel: Parcel): void {
    const { deliveries, feed, recipients: all } = this.#parts;
    if (feed.isWatched) feed.tell({ type: "message", seq: parcel.seq, message, recipients: namesOf(recipients) });
    for (const recipient of recipients) {
      if (recipient.isReader) {
        if (parcel.message !== undefined) all.cool(parcel.size);
        continue;
      }
      recipient.mailbox.put(parcel);
      deliveries.pump(recipient);
    }
  }

  /** I3: on record, delivered to nobody, and the sender is answered in the same transaction. */
  #record({ message, body, done }: Arrived, act: "failure" | "not-understood", error: MessageError): void {
    const { writer, duplicates, clock, answer } = this.#parts;
    this.#parts.figures.error(error.code);
    const batch = writer.batch();
    const seq = this.#row(message, body, { recipients: [], batch });
    duplicates.add(idKey(message), seq, clock.nowMs());
    batch.waiting.push({
      written: () =>
        done({ type: "answered", id: message.id, conversationId: message.conversationId, answer: act, error }),
      lost: () => {
        duplicates.forget(idKey(message));
        this.refuse(message, done, NOT_STORED, RETRY_AFTER_MS);
      },
    });
    if (message.sender !== SYSTEM_SENDER) answer(message, act, error);
  }

  /** I2. */
  async #duplicate(arrived: Arrived, seq: number): Promise<void> {
    const { message, done } = arrived;
    await this.#parts.writer.settled();
    // Lost meanwhile: then this is the first that counts.
    if (this.#parts.duplicates.seqOf(idKey(message)) !== seq) return this.submit(arrived);
    done(accepted(message, seq, await this.#parts.recipientsOf(seq), true));
  }
}

type Found = Extract<Route, { type: "found" }>;
type Room = { readonly fit: readonly Recipient[]; readonly left: readonly Recipient[] };
type Reserved = Room | { readonly error: MessageError };

const fullOf = ({ mailbox: { name, messages, bytes } }: Recipient): MessageError => mailboxFull(name, messages, bytes);

/** What was published, and had no room in one of the mailboxes. */
const unplaced = (message: Message, seq: number, recipient: Recipient, atMs: number) =>
  deadLetter(
    message,
    { seq, mailbox: recipient.mailbox },
    { code: "MAILBOX_FULL", reason: fullOf(recipient).message, attempts: 0, atMs },
  );

/** Where a message went, and its number. */
type Placed = { readonly seq: number; readonly recipients: readonly Recipient[] };

/** A message that waits to be on disk: one object instead of two functions for each. */
class Submission implements Waiting {
  readonly #intake: Intake;
  readonly #arrived: Arrived;
  readonly #placed: Placed;

  constructor(intake: Intake, arrived: Arrived, placed: Placed) {
    this.#intake = intake;
    this.#arrived = arrived;
    this.#placed = placed;
  }

  written(): void {
    this.#intake.written(this.#arrived, this.#placed);
  }

  lost(): void {
    this.#intake.lost(this.#arrived, this.#placed);
  }
}

/** A message and its text for the journal. */
export type Arrived = { readonly message: Message; readonly body: string; readonly done: Done };

export const arrival = (message: Message, done: Done): Arrived => ({ message, body: storedText(message), done });

/** What a message is accepted with, and when. */
type At = { readonly batch: Batch; readonly nowMs: number };

const NOBODY: readonly Recipient[] = [];

const namesOf = (recipients: readonly Recipient[]): readonly string[] => {
  const [only] = recipients;
  return recipients.length === 1 && only !== undefined ? only.names : recipients.map(({ mailbox }) => mailbox.name);
};

const idKey = ({ workspace, id }: Message): string => (workspace === "default" ? id : `${workspace}/${id}`);

function accepted(message: Message, seq: number, recipients: readonly string[], duplicate: boolean): Submitted {
  const { id, conversationId, durability } = message;
  return { type: "accepted", id, seq, conversationId, recipients, duplicate, durability };
}
