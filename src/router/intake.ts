import { type Clock } from "../kernel/clock.ts";
import { type Message, type MessageError, PRIORITIES, SYSTEM_SENDER, writeMessage } from "../messages/index.ts";
import { type Addressing, type Route } from "./addressing/index.ts";
import { type Conversations } from "./conversations.ts";
import { type Deliveries } from "./deliveries.ts";
import { type Feed } from "./feed.ts";
import { loopOf } from "./loops.ts";
import { isReader, type Parcel, type Recipient, type Recipients } from "./mailboxes/index.ts";
import {
  conversationKey,
  failure,
  mailboxFull,
  routerFull,
  type RouterOptions,
  type Submitted,
  tooLarge,
} from "./ports/index.ts";
import { type Batch, type Duplicates, type Writer } from "./writing/index.ts";

/** After a refusal for want of room. */
const RETRY_AFTER_MS = 1_000;

export type IntakeParts = {
  readonly clock: Clock;
  readonly writer: Writer;
  readonly feed: Feed;
  readonly recipients: Recipients;
  readonly deliveries: Deliveries;
  readonly addressing: Addressing;
  readonly conversations: Conversations;
  readonly duplicates: Duplicates;
  readonly options: RouterOptions;
  /** Names of those that message `seq` went to, as the journal has them. Never rejects. */
  readonly recipientsOf: (seq: number) => Promise<readonly string[]>;
  /** The server's answer to a sender: a `failure` or `not-understood`. */
  readonly answer: (message: Message, act: "failure" | "not-understood", error: MessageError) => void;
};

type Done = (submitted: Submitted) => void;

/**
 * What happens to a message between a sender and the mailboxes.
 * I1. Nothing is delivered, and no sender is told "accepted", before the message is on disk (durability `none` excepted).
 * I2. An id that is known does nothing a second time; the answer is that of the first.
 * I3. What nobody can be found for, and what its conversation does not allow, is on record, and its sender is answered.
 * I4. A refused message left no trace: no room is reserved, no conversation moved, its id is free.
 */
export class Intake {
  readonly #parts: IntakeParts;
  #lastSeq = 0;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Numbers go on from here. */
  startAfter(seq: number): void {
    this.#lastSeq = seq;
  }

  /** `done` is called once, when it is on disk or refused; maybe before this returns. */
  submit(message: Message, done: Done): void {
    const { clock, options, duplicates, addressing, writer } = this.#parts;
    const nowMs = clock.nowMs();
    if (message.expiresAtMs !== undefined && message.expiresAtMs <= nowMs)
      return refuse(message, done, failure("EXPIRED", "it had expired when it came"));
    const known = duplicates.seqOf(idKey(message));
    if (known !== undefined) return void this.#duplicate(message, known, done);
    const body = writeMessage(message);
    if (body.length > options.messageBytesMax)
      return refuse(message, done, tooLarge(body.length, options.messageBytesMax));
    const route = addressing.route(message);
    if (route.type === "nobody") return this.#record({ message, body, done }, "failure", route.error);
    if (route.type === "refused") return refuse(message, done, route.error);
    const loop = message.hops === 0 ? undefined : loopOf(message, route.recipients.map(nameOf), options.hopsMax);
    if (loop !== undefined) return refuse(message, done, loop);
    const full = this.#reserve(route, body.length);
    if (full !== undefined) return refuse(message, done, full, RETRY_AFTER_MS);
    const batch = writer.batch();
    const entry = this.#parts.conversations.enter(message, route.recipients.map(nameOf), batch);
    if (entry.type === "allowed") return this.#accept({ message, body, done }, route, batch);
    for (const recipient of route.recipients) this.#release(recipient, body.length);
    if (entry.type === "refused") return refuse(message, done, entry.error);
    this.#record({ message, body, done }, "not-understood", entry.error);
  }

  /** Room in each mailbox, or in none. */
  #reserve({ recipients }: Extract<Route, { type: "found" }>, size: number): MessageError | undefined {
    const { recipients: all, deliveries, options } = this.#parts;
    for (const [index, recipient] of recipients.entries()) {
      if (isReader(recipient.mailbox.name)) continue;
      let full = all.reserve(recipient, size);
      if (full === "mailbox") {
        deliveries.sweep(recipient);
        full = all.reserve(recipient, size);
      }
      if (full === undefined) continue;
      for (const other of recipients.slice(0, index)) this.#release(other, size);
      const { name, messages, bytes } = recipient.mailbox;
      return full === "router" ? routerFull(all.bytes, options.totalBytesMax) : mailboxFull(name, messages, bytes);
    }
    return undefined;
  }

  #release(recipient: Recipient, size: number): void {
    if (isReader(recipient.mailbox.name)) return;
    recipient.mailbox.release(size);
    this.#parts.recipients.released(size);
  }

  #accept({ message, body, done }: Arrived, { recipients }: Extract<Route, { type: "found" }>, batch: Batch): void {
    const { duplicates, clock } = this.#parts;
    const seq = this.#row(message, body, { recipients, batch });
    duplicates.add(idKey(message), seq, clock.nowMs());
    const isVolatile = message.durability === "none";
    for (const { mailbox } of recipients) {
      if (isReader(mailbox.name) && !isVolatile)
        batch.settlement({ seq, party: mailbox.number, outcome: "done", attempt: 1 });
    }
    batch.waiting.push({
      written: () => {
        this.#put(message, recipients, this.#parcel(message, seq, body.length * recipients.length, body.length));
        done(accepted(message, seq, recipients.map(nameOf), false));
      },
      lost: () => {
        duplicates.forget(idKey(message));
        for (const recipient of recipients) this.#release(recipient, body.length);
        refuse(message, done, notStored, RETRY_AFTER_MS);
      },
    });
  }

  /** A dead letter once more, to its recipient alone; its conversation does not move again. */
  again({ message, body, done }: Arrived, recipient: Recipient, deadSeq: number): void {
    const route = { type: "found", recipients: [recipient] } as const;
    const full = this.#reserve(route, body.length);
    if (full !== undefined) return refuse(message, done, full, RETRY_AFTER_MS);
    const batch = this.#parts.writer.batch();
    batch.buried.push({ seq: deadSeq, party: recipient.mailbox.number });
    // What has expired since would expire again at once.
    const { expiresAtMs: _, ...rest } = message;
    const fresh = { ...rest, expiresAtMs: undefined, durability: "full" } as const;
    this.#accept({ message: fresh, body: writeMessage(fresh), done }, route, batch);
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
    if (feed.isWatched) feed.tell({ type: "message", seq: parcel.seq, message, recipients: recipients.map(nameOf) });
    for (const recipient of recipients) {
      if (isReader(recipient.mailbox.name)) {
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
    const batch = writer.batch();
    const seq = this.#row(message, body, { recipients: [], batch });
    duplicates.add(idKey(message), seq, clock.nowMs());
    batch.waiting.push({
      written: () =>
        done({ type: "answered", id: message.id, conversationId: message.conversationId, answer: act, error }),
      lost: () => {
        duplicates.forget(idKey(message));
        refuse(message, done, notStored, RETRY_AFTER_MS);
      },
    });
    if (message.sender !== SYSTEM_SENDER) answer(message, act, error);
  }

  /** I2. */
  async #duplicate(message: Message, seq: number, done: Done): Promise<void> {
    await this.#parts.writer.settled();
    // Lost meanwhile: then this is the first that counts.
    if (this.#parts.duplicates.seqOf(idKey(message)) !== seq) return this.submit(message, done);
    done(accepted(message, seq, await this.#parts.recipientsOf(seq), true));
  }
}

export type Arrived = { readonly message: Message; readonly body: string; readonly done: Done };

const nameOf = ({ mailbox }: Recipient): string => mailbox.name;

const idKey = ({ workspace, id }: Message): string => (workspace === "default" ? id : `${workspace}/${id}`);

const notStored = failure("MESSAGE_NOT_STORED", "the message could not be written", {
  hint: "The server's log has the cause. Send it again with the same id.",
});

function accepted(message: Message, seq: number, recipients: readonly string[], duplicate: boolean): Submitted {
  const { id, conversationId, durability } = message;
  return { type: "accepted", id, seq, conversationId, recipients, duplicate, durability };
}

function refuse(message: Message, done: Done, error: MessageError, retryAfterMs?: number): void {
  done({ type: "refused", id: message.id, error, retryAfterMs });
}
