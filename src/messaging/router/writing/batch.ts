import { type Message } from "../../acl/index.ts";
import {
  type ConversationRow,
  type DeadLetter,
  type FailedAttempt,
  type JournalBatch,
  type Outcome,
  OUTCOMES,
  type Party,
  type Placed,
  RowsBuilder,
} from "../ports/index.ts";

/** Something that waits for its batch to be on disk. */
export interface Waiting {
  /** It is on disk. Must not throw. */
  written(): void;
  /** Nothing of it is on disk. Must not throw. */
  lost(error: unknown): void;
}

const settlementColumns = () => ({
  seqs: new Array<number>(),
  parties: new Array<number>(),
  outcomes: new Array<number>(),
  attempts: new Array<number>(),
});

const retryColumns = () => ({
  seqs: new Array<number>(),
  parties: new Array<number>(),
  attempts: new Array<number>(),
  nextAtMs: new Array<number>(),
  reasons: new Array<string>(),
  histories: new Array<readonly FailedAttempt[]>(),
});

/** Adds the rows of one table's columns to those of another. */
function append<Columns extends Record<string, unknown[]>>(to: Columns, from: Columns): void {
  for (const [name, values] of Object.entries(from)) for (const value of values) to[name]?.push(value);
}

type Settled = { readonly seq: number; readonly party: number; readonly outcome: Outcome; readonly attempt: number };
type Retried = {
  readonly seq: number;
  readonly party: number;
  readonly attempts: number;
  readonly nextAtMs: number;
  readonly reason: string;
  readonly history: readonly FailedAttempt[];
};

/** What will be one transaction, while it is being filled. */
export class Batch {
  readonly waiting: Waiting[] = [];
  readonly parties: Party[] = [];
  readonly dead: DeadLetter[] = [];
  readonly buried: { readonly seq: number; readonly party: number }[] = [];
  readonly #messages: RowsBuilder;
  readonly #settlements = settlementColumns();
  readonly #retries = retryColumns();
  /** By workspace and id: several changes of one conversation are one row, made when the batch is closed. */
  readonly #conversations = new Map<string, () => ConversationRow>();
  /** The message whose line is the last one; not kept yet. */
  #drafted: Message | undefined;
  #keptBytes = 0;
  #isSynced = false;

  /** `before` determines the initial capacity. */
  constructor(before?: Batch) {
    this.#messages = new RowsBuilder(before === undefined ? undefined : before.#messages);
  }

  get messages(): number {
    return this.#messages.count;
  }

  /** Whether the journal has anything to write. */
  get hasRows(): boolean {
    return this.#settlements.seqs.length > 0 || this.#hasOtherRows;
  }

  /** Whether no caller waits for it, and it has only settlements. */
  get hasSettlementsOnly(): boolean {
    return this.#settlements.seqs.length > 0 && this.waiting.length === 0 && !this.#hasOtherRows;
  }

  get #hasOtherRows(): boolean {
    return (
      this.#messages.count + this.#retries.seqs.length + this.#conversations.size > 0 ||
      this.parties.length + this.dead.length + this.buried.length > 0
    );
  }

  /** It must survive a power cut. */
  sync(): void {
    this.#isSynced = true;
  }

  /** A delivery was given up; that survives a power cut. */
  bury(letter: DeadLetter): void {
    this.sync();
    this.dead.push(letter);
  }

  /** Writes a message's line, over that of a message that was not kept; its bytes. */
  draft(message: Message): number {
    const { lines } = this.#messages;
    lines.cut(this.#keptBytes);
    this.#drafted = message;
    return lines.add(message);
  }

  /** Adds a message for good, to mailboxes of these numbers. */
  keep(placed: Placed, message: Message, parties: readonly number[]): void {
    // Something that was found out meanwhile may have been said in between.
    if (this.#drafted !== message) this.draft(message);
    this.#messages.add(placed, message, parties);
    this.#keptBytes = this.#messages.lines.length;
    this.#drafted = undefined;
  }

  settlement({ seq, party, outcome, attempt }: Settled): void {
    const settlements = this.#settlements;
    settlements.seqs.push(seq);
    settlements.parties.push(party);
    settlements.outcomes.push(OUTCOMES.indexOf(outcome));
    settlements.attempts.push(attempt);
  }

  retry({ seq, party, attempts, nextAtMs, reason, history }: Retried): void {
    const retries = this.#retries;
    retries.seqs.push(seq);
    retries.parties.push(party);
    retries.attempts.push(attempts);
    retries.nextAtMs.push(nextAtMs);
    retries.reasons.push(reason);
    retries.histories.push(history);
  }

  conversation(key: string, row: () => ConversationRow): void {
    this.#conversations.set(key, row);
  }

  /** Moves the content of a batch that failed here, without its messages and conversations: they are lost. */
  inherit(other: Batch): void {
    for (const party of other.parties) this.parties.push(party);
    for (const letter of other.dead) this.dead.push(letter);
    for (const place of other.buried) this.buried.push(place);
    append(this.#settlements, other.#settlements);
    append(this.#retries, other.#retries);
    this.#isSynced ||= other.#isSynced;
  }

  rows(atMs: number): JournalBatch {
    this.#messages.lines.cut(this.#keptBytes);
    const { seqs, parties, outcomes, attempts } = this.#settlements;
    return {
      atMs,
      isSynced: this.#isSynced,
      parties: this.parties,
      messages: this.#messages.rows(),
      settlements: {
        seqs: new Float64Array(seqs),
        parties: new Uint32Array(parties),
        outcomes: new Uint8Array(outcomes),
        attempts: new Uint32Array(attempts),
      },
      retries: this.#retries,
      dead: this.dead,
      buried: this.buried,
      conversations: [...this.#conversations.values()].map((row) => row()),
    };
  }
}
