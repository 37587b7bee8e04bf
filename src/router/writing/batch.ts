import {
  type ConversationRow,
  type DeadLetter,
  type JournalBatch,
  type Outcome,
  OUTCOMES,
  type Party,
} from "../ports/index.ts";

/** A message's row. */
export type MessageRow = {
  readonly seq: number;
  readonly id: string;
  readonly workspace: string;
  readonly conversation: string;
  readonly sender: string;
  readonly performative: string;
  readonly recipients: number | string;
  readonly priority: number;
  readonly expiresAtMs: number;
  readonly atMs: number;
  readonly body: string;
};

/** Something that waits for its batch to be on disk. */
export interface Waiting {
  /** It is on disk. Must not throw. */
  written(): void;
  /** Nothing of it is on disk. Must not throw. */
  lost(error: unknown): void;
}

const columns = () => ({
  seqs: new Array<number>(),
  ids: new Array<string>(),
  workspaces: new Array<string>(),
  conversations: new Array<string>(),
  senders: new Array<string>(),
  performatives: new Array<string>(),
  recipients: new Array<number | string>(),
  priorities: new Array<number>(),
  expiresAtMs: new Array<number>(),
  atMs: new Array<number>(),
  bodies: new Array<string>(),
});

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
};

/** What will be one transaction, while it is being filled. */
export class Batch {
  readonly waiting: Waiting[] = [];
  readonly parties: Party[] = [];
  readonly dead: DeadLetter[] = [];
  readonly buried: { readonly seq: number; readonly party: number }[] = [];
  readonly #messages = columns();
  readonly #settlements = settlementColumns();
  readonly #retries = retryColumns();
  /** By workspace and id: several changes of one conversation are one row, made when the batch is closed. */
  readonly #conversations = new Map<string, () => ConversationRow>();
  #isSynced = false;

  get messages(): number {
    return this.#messages.seqs.length;
  }

  /** Whether the journal has anything to write. */
  get hasRows(): boolean {
    return (
      this.#messages.seqs.length + this.#settlements.seqs.length + this.#retries.seqs.length > 0 ||
      this.parties.length + this.dead.length + this.buried.length + this.#conversations.size > 0
    );
  }

  /** It must survive a power cut. */
  sync(): void {
    this.#isSynced = true;
  }

  message(row: MessageRow): void {
    const messages = this.#messages;
    messages.seqs.push(row.seq);
    messages.ids.push(row.id);
    messages.workspaces.push(row.workspace);
    messages.conversations.push(row.conversation);
    messages.senders.push(row.sender);
    messages.performatives.push(row.performative);
    messages.recipients.push(row.recipients);
    messages.priorities.push(row.priority);
    messages.expiresAtMs.push(row.expiresAtMs);
    messages.atMs.push(row.atMs);
    messages.bodies.push(row.body);
  }

  settlement({ seq, party, outcome, attempt }: Settled): void {
    const settlements = this.#settlements;
    settlements.seqs.push(seq);
    settlements.parties.push(party);
    settlements.outcomes.push(OUTCOMES.indexOf(outcome));
    settlements.attempts.push(attempt);
  }

  retry({ seq, party, attempts, nextAtMs, reason }: Retried): void {
    const retries = this.#retries;
    retries.seqs.push(seq);
    retries.parties.push(party);
    retries.attempts.push(attempts);
    retries.nextAtMs.push(nextAtMs);
    retries.reasons.push(reason);
  }

  conversation(key: string, row: () => ConversationRow): void {
    this.#conversations.set(key, row);
  }

  /** Takes over what a batch holds that could not be written, without its messages and conversations: they are lost. */
  inherit(other: Batch): void {
    for (const party of other.parties) this.parties.push(party);
    for (const letter of other.dead) this.dead.push(letter);
    for (const place of other.buried) this.buried.push(place);
    append(this.#settlements, other.#settlements);
    append(this.#retries, other.#retries);
    this.#isSynced ||= other.#isSynced;
  }

  rows(atMs: number): JournalBatch {
    return {
      atMs,
      isSynced: this.#isSynced,
      parties: this.parties,
      messages: this.#messages,
      settlements: this.#settlements,
      retries: this.#retries,
      dead: this.dead,
      buried: this.buried,
      conversations: [...this.#conversations.values()].map((row) => row()),
    };
  }
}
