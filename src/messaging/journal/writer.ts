import type { DatabaseSync, StatementSync } from "node:sqlite";
import assert from "node:assert/strict";
import { OpenedDatabase } from "../../kernel/files/opened-file.ts";
import type { JournalBatch, MessageRows, Recovered } from "../router/index.ts";
import { type Chunk, chunksOf, chunkValues, insertChunk } from "./segments/chunk.ts";
import { LookupBuilder } from "./segments/lookup.ts";
import { SettledWords } from "./segments/packing.ts";
import { messageBytes, recover, type RecoveryOptions } from "./recovery.ts";
import { openForWriting, segmentTables } from "./segments/schema.ts";
import { Segment } from "./segments/segment.ts";
import { MetadataTables } from "./segments/metadata-tables.ts";
import { SegmentCompactor, type TidyingOptions } from "./segments/segment-compactor.ts";

export type WriterOptions = TidyingOptions & {
  readonly file: string;
  /** `normal`: no batch waits for the disk, whatever it says. */
  readonly synchronous: "normal" | "full";
  /** Messages are put into a new segment when the last one has about so many bytes, */
  readonly segmentBytesMax: number;
  /** or when the first message in it is so old. */
  readonly segmentMsMax: number;
};

/** Offsets within a segment are numbers of 32 bits, and seqs that are never written leave gaps. */
const SEGMENT_SPAN_MAX = 2 ** 31;

type Found = { readonly segments: Segment[]; readonly recovered: Recovered };

export type WriterFigures = { readonly messages: number; readonly dead: number };

/**
 * The one writer of `messages.db`. All calls are synchronous; in the server it lives in a thread of its own.
 * journal.writer.W1. A batch is one transaction. What memory knows is changed when it is committed.
 * journal.writer.W2. A transaction with `synchronous=full` also makes those durable that were committed before
 *   without it.
 * journal.writer.W3. It is committed only while the file is at its path: nothing that would be lost is acknowledged.
 * journal.writer.W4. Background work (`tidy`) is transactions of its own, each short.
 */
export class JournalWriter {
  readonly #db: DatabaseSync;
  readonly #options: WriterOptions;
  readonly #opened: OpenedDatabase;
  readonly #segments: Segment[];
  readonly #small: MetadataTables;
  readonly #compactor: SegmentCompactor;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  #isSynced = true;
  /** Of all that were ever written. */
  #lastSeq: number;

  private constructor(db: DatabaseSync, options: WriterOptions, { segments, recovered }: Found) {
    this.#db = db;
    this.#options = options;
    this.#opened = new OpenedDatabase(options.file);
    this.#segments = segments;
    this.#lastSeq = recovered.lastSeq;
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
    this.#small = new MetadataTables(db);
    const transact = (work: () => void) => this.#transact(false, work);
    this.#compactor = new SegmentCompactor({ db, segments, small: this.#small, transact }, options);
  }

  /** Opens or makes the file, and reads what is pending. Throws WrongFile and what SQLite throws. */
  static open(
    options: WriterOptions,
    recovery: RecoveryOptions,
  ): { readonly writer: JournalWriter; readonly recovered: Recovered } {
    const db = openForWriting(options.file);
    try {
      const found = recover(db, recovery);
      return { writer: new JournalWriter(db, options, found), recovered: found.recovered };
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /** Throws what SQLite throws; then nothing of the batch is there. */
  append(batch: JournalBatch): void {
    const { messages, settlements } = batch;
    assert(messages.count === 0 || messages.firstSeq > this.#lastSeq, "messages come in the order of their numbers");
    const segment = messages.count > 0 ? this.#segmentFor(messages, batch.atMs) : undefined;
    const chunks = chunksOf(messages);
    this.#transact(batch.isSynced, () => {
      this.#small.write(batch);
      if (segment) insertMessages(this.#inserts(segment), chunks);
      if (settlements.seqs.length > 0) this.#settle(batch);
    });
    this.#small.committed();
    if (segment) {
      countMessages(segment, chunks);
      this.#lastSeq = messages.lastSeq;
    }
    this.#countSettled(batch);
  }

  /** Does a little of what is to be done besides; false when nothing is left to do. */
  tidy(): boolean {
    return this.#compactor.step();
  }

  /** Lets `tidy` drop what is older and over. */
  retain(olderThanMs: number): void {
    const open = this.#segments.at(-1);
    if (open && !open.isSealed && open.messages > 0 && open.lastAtMs < olderThanMs) this.#seal(open);
    this.#compactor.retain(olderThanMs);
  }

  /** Deletes the rows of a workspace, and lets `tidy` delete its messages. */
  deleteWorkspace(workspace: string): void {
    this.#transact(true, () => this.#small.deleteWorkspace(workspace));
    this.#small.committed();
    this.#compactor.deleteWorkspace(workspace);
  }

  figures(): WriterFigures {
    return {
      messages: this.#segments.reduce((sum, { messages }) => sum + messages, 0),
      dead: this.#small.dead,
    };
  }

  /** From now on the log is carried over by `checkpoint` alone. */
  checkpointElsewhere(): void {
    this.#db.exec("PRAGMA wal_autocheckpoint=0");
  }

  /** Pages of the log that are not in the file yet. */
  get logPages(): number {
    const state = this.#checkpoint("NOOP");
    return Number(state?.["log"] ?? 0) - Number(state?.["checkpointed"] ?? 0);
  }

  /** Checkpoints the log; `isWaiting` also waits for other connections. The next checkpoint does the rest. */
  checkpoint(isWaiting: boolean): void {
    this.#checkpoint(isWaiting ? "FULL" : "PASSIVE");
  }

  #checkpoint(how: "NOOP" | "PASSIVE" | "FULL") {
    try {
      return this.#db.prepare(`PRAGMA wal_checkpoint(${how})`).get();
    } catch {
      // For example a full disk: the next append reports it.
      return undefined;
    }
  }

  /** Writes the log back into the file. */
  close(): void {
    this.#db.close();
  }

  #transact(isSynced: boolean, work: () => void): void {
    this.#sync(isSynced && this.#options.synchronous === "full");
    this.#begin.run();
    try {
      work();
      this.#opened.mustBeThere();
      this.#commit.run();
    } catch (error) {
      // SQLite has already rolled back after some errors (a full disk among them).
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  #sync(isSynced: boolean): void {
    if (isSynced === this.#isSynced) return;
    this.#db.exec(`PRAGMA synchronous=${isSynced ? "FULL" : "NORMAL"}`);
    this.#isSynced = isSynced;
  }

  #segmentFor({ firstSeq, lastSeq }: MessageRows, atMs: number): Segment {
    const last = this.#segments.at(-1);
    if (last && !last.isSealed && !this.#isFull(last, lastSeq, atMs)) return last;
    if (last && !last.isSealed) this.#seal(last);
    return this.#start((last?.n ?? 0) + 1, firstSeq);
  }

  #isFull(segment: Segment, lastSeq: number, atMs: number): boolean {
    if (segment.messages === 0) return false;
    const { segmentBytesMax, segmentMsMax } = this.#options;
    return (
      segment.bytes >= segmentBytesMax ||
      atMs - segment.firstAtMs >= segmentMsMax ||
      lastSeq - segment.firstSeq >= SEGMENT_SPAN_MAX
    );
  }

  #start(n: number, firstSeq: number): Segment {
    this.#transact(false, () => {
      this.#db.exec(segmentTables(n));
      this.#db.prepare("INSERT INTO segment (n, first_seq) VALUES (?, ?)").run(n, firstSeq);
    });
    const times = { messages: 0, bytes: 0, firstAtMs: 0, lastAtMs: 0 };
    const segment = new Segment({
      n,
      firstSeq,
      lastSeq: 0,
      ...times,
      isSealed: false,
      isSettled: false,
      isFiled: false,
    });
    segment.lookup = new LookupBuilder();
    this.#segments.push(segment);
    return segment;
  }

  #seal(segment: Segment): void {
    const { n, lastSeq, messages, bytes, firstAtMs, lastAtMs } = segment;
    this.#transact(false, () =>
      this.#db
        .prepare(
          `UPDATE segment SET last_seq = ?, messages = ?, bytes = ?, first_at_ms = ?, last_at_ms = ?, is_sealed = 1
           WHERE n = ?`,
        )
        .run(lastSeq, messages, bytes, firstAtMs, lastAtMs, n),
    );
    segment.isSealed = true;
    segment.insert = undefined;
    this.#compactor.sealed(segment);
  }

  #inserts(segment: Segment): StatementSync {
    segment.insert ??= this.#db.prepare(insertChunk(segment.n));
    return segment.insert;
  }

  #settle({ settlements, atMs }: JournalBatch): void {
    const { seqs, parties, outcomes, attempts } = settlements;
    const bySegment = new Map<Segment, SettledWords>();
    for (const [index, seq] of seqs.entries()) {
      const segment = this.#segmentOf(seq);
      if (!segment) continue;
      let words = bySegment.get(segment);
      if (!words) bySegment.set(segment, (words = new SettledWords(seqs.length)));
      words.add(seq - segment.firstSeq, parties[index] ?? 0, outcomes[index] ?? 0, attempts[index] ?? 1);
    }
    for (const [segment, words] of bySegment) {
      segment.settle ??= this.#db.prepare(
        `INSERT INTO ack_${segment.n} (at_ms, low, high, packed) VALUES (?, ?, ?, ?)`,
      );
      segment.settle.run(atMs, words.low, words.high, words.bytes());
    }
  }

  #countSettled({ settlements: { seqs, parties } }: JournalBatch): void {
    for (const [index, seq] of seqs.entries()) {
      const segment = this.#segmentOf(seq);
      if (!segment) continue;
      segment.close(seq - segment.firstSeq, parties[index] ?? 0);
      if (segment.isSealed && segment.left <= 0) this.#compactor.mayBeSettled(segment);
    }
  }

  /** Undefined when retention has dropped it. */
  #segmentOf(seq: number): Segment | undefined {
    let [low, high] = [0, this.#segments.length - 1];
    const last = this.#segments[high];
    if (last && seq >= last.firstSeq) return last;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const segment = this.#segments[middle];
      if (!segment) return undefined;
      if (seq < segment.firstSeq) high = middle - 1;
      else if (seq > segment.lastSeq) low = middle + 1;
      else return segment;
    }
    return undefined;
  }
}

function insertMessages(insert: StatementSync, chunks: readonly Chunk[]): void {
  for (const chunk of chunks) insert.run(...chunkValues(chunk));
}

function countMessages(segment: Segment, chunks: readonly Chunk[]): void {
  for (const { heads } of chunks) {
    for (const { seq, idKey, conversationKey, senderKey, atMs, size, recipients } of heads) {
      const offset = seq - segment.firstSeq;
      segment.countMessage(seq, atMs, messageBytes(size));
      segment.lookup?.add(offset, idKey, conversationKey, senderKey);
      for (const party of recipients) {
        segment.open(offset, party);
        segment.lookup?.addRecipient(party);
      }
    }
  }
}
