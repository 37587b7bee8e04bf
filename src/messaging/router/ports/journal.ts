/**
 * What is kept of messages on disk: the port that the router writes through and reads from.
 *
 * A batch crosses to the writer's thread in one `postMessage`, so it is columns of numbers and strings: entry `i` of every
 * column of a table belongs to row `i`. Mailboxes ("parties") are numbers there; the batch that uses a number first says
 * whose it is.
 */
import { type MessageRows } from "./message-rows.ts";

/** How a delivery ended for good. As numbers in columns: the index here, so append only. */
export const OUTCOMES = ["done", "dead", "expired", "dropped"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Deliveries that are over: message `seqs[i]` to mailbox `parties[i]`. They come back from `recover` no more. */
export type SettlementColumns = {
  readonly seqs: Float64Array;
  readonly parties: Uint32Array;
  /** Indexes of `OUTCOMES`. */
  readonly outcomes: Uint8Array;
  /** Which attempt it ended with. Above 1 there is a row of `RetryColumns`, which goes with this. */
  readonly attempts: Uint32Array;
};

/** An attempt to deliver that failed. */
export type FailedAttempt = {
  /** From 1. */
  readonly attempt: number;
  /** When it failed; of one that the end of the server cut short, when it began. Epoch milliseconds. */
  readonly atMs: number;
  /** At most `LIMITS.failureReasonCharsMax`. */
  readonly reason: string;
};

/** Deliveries that failed and are tried again: put in place of an earlier row of the same message and mailbox. */
export type RetryColumns = {
  readonly seqs: readonly number[];
  readonly parties: readonly number[];
  /** Attempts made so far, 1 or more. */
  readonly attempts: readonly number[];
  readonly nextAtMs: readonly number[];
  /** Why the last one failed. */
  readonly reasons: readonly string[];
  /** Each that failed, oldest first, as far as is known. */
  readonly histories: readonly (readonly FailedAttempt[])[];
};

/** A delivery that was given up: whole, because the message's own row is dropped after its time. */
export type DeadLetter = {
  /** The message's `seq`; with `party` the key. */
  readonly seq: number;
  readonly party: number;
  readonly id: string;
  readonly workspace: string;
  readonly conversation: string;
  readonly sender: string;
  /** The name of mailbox `party`. */
  readonly recipient: string;
  readonly performative: string;
  /** A code of docs/errors.md. */
  readonly code: string;
  readonly reason: string;
  readonly attempts: number;
  /** Failed attempts, oldest first. */
  readonly history: readonly FailedAttempt[];
  readonly atMs: number;
  readonly body: string;
};

/** A conversation as it is after the messages of the same batch: put in place of its earlier row. */
export type ConversationRow = {
  readonly workspace: string;
  readonly id: string;
  readonly protocol: string | undefined;
  /** As in `in-progress`; see the room `protocols`. */
  readonly state: string;
  /** Whether more may be said in it; what is over is not given back by `recover`. */
  readonly isOpen: boolean;
  readonly isArchived: boolean;
  readonly initiator: string;
  readonly participants: readonly string[];
  readonly parent: string | undefined;
  readonly messages: number;
  readonly startedAtMs: number;
  readonly updatedAtMs: number;
  /** Time of its next timeout; epoch milliseconds, 0 is never. */
  readonly expiresAtMs: number;
  /** The fold as JSON: the state from which `protocols` continues. */
  readonly fold: string;
};

/** What one transaction holds. Empty columns and lists are usual. */
export type JournalBatch = {
  /** When it was closed, epoch milliseconds: the time of its settlements. */
  readonly atMs: number;
  /** Whether it must survive a power cut (`full`); else only the end of the process. */
  readonly isSynced: boolean;
  /** Mailboxes numbered since the last batch; names and numbers never change. */
  readonly parties: readonly Party[];
  readonly messages: MessageRows;
  readonly settlements: SettlementColumns;
  readonly retries: RetryColumns;
  readonly dead: readonly DeadLetter[];
  /** Dead letters sent again or dropped. */
  readonly buried: readonly { readonly seq: number; readonly party: number }[];
  readonly conversations: readonly ConversationRow[];
};

/** Whose a mailbox is. */
export type Party = { readonly number: number; readonly workspace: string; readonly name: string };

/** All that is not settled, in columns that cross threads without a copy; ascending by `seqs`, one row a delivery. */
export type PendingColumns = {
  readonly seqs: Float64Array;
  readonly parties: Uint32Array;
  readonly priorities: Uint8Array;
  readonly expiresAtMs: Float64Array;
  readonly atMs: Float64Array;
  /** `wordKey` of workspace and conversation. */
  readonly conversationKeys: Uint32Array;
  /** Bytes of the message's line. */
  readonly sizes: Uint32Array;
};

/** What the journal knew when it was closed, or when the process or the machine died. */
export type Recovered = {
  /** The highest `seq` ever given, 0 for none; also counts what retention has dropped. */
  readonly lastSeq: number;
  readonly parties: readonly Party[];
  readonly pending: PendingColumns;
  /** Only of deliveries that are pending. */
  readonly retries: readonly {
    readonly seq: number;
    readonly party: number;
    readonly attempts: number;
    readonly nextAtMs: number;
    readonly reason: string;
    readonly history: readonly FailedAttempt[];
  }[];
  /** Ids accepted since `sinceMs`, oldest first, for the duplicate window. */
  readonly recent: {
    readonly ids: readonly string[];
    readonly workspaces: readonly string[];
    readonly seqs: Float64Array;
    readonly atMs: Float64Array;
  };
  /** Those that are open. */
  readonly conversations: readonly ConversationRow[];
};

/** A message as it is on disk. */
export type StoredMessage = {
  readonly seq: number;
  readonly id: string;
  readonly workspace: string;
  readonly conversation: string;
  readonly sender: string;
  readonly performative: string;
  /** Numbers of mailboxes. */
  readonly recipients: readonly number[];
  readonly priority: number;
  readonly expiresAtMs: number;
  readonly atMs: number;
  readonly body: string;
};

/** Which messages; every condition given must hold. Newest first. */
export type MessageQuery = {
  readonly workspace: string;
  readonly sender?: string | undefined;
  /** A mailbox's number. */
  readonly recipient?: number | undefined;
  readonly conversation?: string | undefined;
  /** Of any of these. */
  readonly conversations?: ReadonlySet<string> | undefined;
  readonly performative?: string | undefined;
  /** The trace's 32 digits. */
  readonly trace?: string | undefined;
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  /** Only those with a lower `seq`: where the page before ended. */
  readonly beforeSeq?: number | undefined;
  readonly limit: number;
};

export type DeadQuery = {
  readonly workspace: string;
  readonly party?: number | undefined;
  readonly code?: string | undefined;
  /** Only those before this one, in the order of the answer (newest first, by `seq` then `party`). */
  readonly before?: { readonly seq: number; readonly party: number } | undefined;
  readonly limit: number;
};

export type ConversationQuery = {
  readonly workspace: string;
  readonly state?: string | undefined;
  readonly protocol?: string | undefined;
  readonly participant?: string | undefined;
  readonly parent?: string | undefined;
  /** Absent: those not archived. */
  readonly isArchived?: boolean | undefined;
  /** Only those that are stuck, or only the others: open, and a participant's deadline is past, or checked and silent for too long. */
  readonly stuck?: { readonly is: boolean; readonly nowMs: number; readonly silentSinceMs: number } | undefined;
  /** Only those before this one, in the order of the answer (last changed first, by `updatedAtMs` then `id`). */
  readonly before?: { readonly updatedAtMs: number; readonly id: string } | undefined;
  readonly limit: number;
};

/** How deliveries of a message ended. */
export type StoredSettlement = {
  readonly seq: number;
  readonly party: number;
  readonly outcome: Outcome;
  readonly attempt: number;
  readonly atMs: number;
};

export type JournalStats = {
  readonly messages: number;
  readonly dead: number;
  /** Of all its files. */
  readonly bytes: number;
};

/**
 * Where messages are kept. One writer: `append` is called again only when the call before has ended.
 * ports.journal.J1. What `append` resolved for is given back by `recover` and by reads after a kill of the process;
 *   when `isSynced`, after a power cut too.
 * ports.journal.J2. A batch is there whole or not at all.
 * ports.journal.J3. A delivery that a settlement of J1 names is pending no more.
 * ports.journal.J4. A message that has a pending delivery is not dropped by retention.
 * ports.journal.J5. Reads see every batch that `append` has resolved for.
 */
export interface MessageJournal {
  /** Opens what is there. Called once, before all else; starts no thread when there is nothing yet. */
  recover(options: { readonly sinceMs: number }): Promise<Recovered>;
  /** Writes a batch in one transaction; rejects with a storage error, and then nothing of it is there. */
  append(batch: JournalBatch): Promise<void>;
  /** Those that are still kept, ascending by `seq`. */
  read(seqs: readonly number[]): Promise<readonly StoredMessage[]>;
  /** The newest of this id. Slow for what was accepted a while ago: the router knows the seqs of the duplicate window. */
  find(workspace: string, id: string): Promise<StoredMessage | undefined>;
  list(query: MessageQuery): Promise<readonly StoredMessage[]>;
  /** How the deliveries of these messages ended, as far as that is still known. */
  settlements(seqs: readonly number[]): Promise<readonly StoredSettlement[]>;
  deadLetters(query: DeadQuery): Promise<readonly DeadLetter[]>;
  deadLetter(seq: number, party: number): Promise<DeadLetter | undefined>;
  conversations(query: ConversationQuery): Promise<readonly ConversationRow[]>;
  conversation(workspace: string, id: string): Promise<ConversationRow | undefined>;
  figures(): Promise<JournalStats>;
  /** Drops what is older and not pending (J4): messages, settlements, dead letters, conversations that are over. */
  retain(olderThanMs: number): Promise<void>;
  /** Deletes the text of all messages of a workspace, its conversations, dead letters and mailboxes. */
  deleteWorkspace(workspace: string): Promise<void>;
  /** After the last batch; checkpoints and ends the thread. */
  close(): Promise<void>;
}
