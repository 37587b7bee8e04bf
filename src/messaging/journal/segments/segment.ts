import type { DatabaseSync, StatementSync } from "node:sqlite";
import { LookupBuilder } from "./lookup.ts";

/** What a row of the table `segment` says. */
export type SegmentRow = {
  readonly n: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly messages: number;
  readonly bytes: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly isSealed: boolean;
  readonly isSettled: boolean;
  readonly isFiled: boolean;
};

/** Every segment, oldest first. */
export function segmentRows(db: DatabaseSync): readonly SegmentRow[] {
  return db
    .prepare("SELECT * FROM segment ORDER BY n")
    .all()
    .map((row) => ({
      n: Number(row["n"]),
      firstSeq: Number(row["first_seq"]),
      lastSeq: Number(row["last_seq"]),
      messages: Number(row["messages"]),
      bytes: Number(row["bytes"]),
      firstAtMs: Number(row["first_at_ms"]),
      lastAtMs: Number(row["last_at_ms"]),
      isSealed: row["is_sealed"] === 1,
      isSettled: row["is_settled"] === 1,
      isFiled: row["is_filed"] === 1,
    }));
}

/**
 * One stretch of the journal as the writer knows it: messages in a table of their own, and what of them is not settled.
 * journal.segment.G1. `left` is how many deliveries are open, and `balance` the sum of their marks. Each delivery is
 *   added once and taken off once; if it is taken off twice, the balance shows it, and the segment is recounted
 *   from the disk.
 */
export class Segment {
  readonly n: number;
  readonly firstSeq: number;
  lastSeq: number;
  messages: number;
  /** About what its tables take. */
  bytes: number;
  firstAtMs: number;
  /** The latest time in it, wherever it stands: a clock may have been set back. */
  lastAtMs: number;
  isSealed: boolean;
  isSettled: boolean;
  isFiled: boolean;
  left = 0;
  balance = 0;
  /** While it is written, and until its lookup table is whole. */
  lookup: LookupBuilder | undefined;
  insert: StatementSync | undefined;
  settle: StatementSync | undefined;

  constructor(row: SegmentRow) {
    this.n = row.n;
    this.firstSeq = row.firstSeq;
    this.lastSeq = row.lastSeq;
    this.messages = row.messages;
    this.bytes = row.bytes;
    this.firstAtMs = row.firstAtMs;
    this.lastAtMs = row.lastAtMs;
    this.isSealed = row.isSealed;
    this.isSettled = row.isSettled;
    this.isFiled = row.isFiled;
  }

  open(offset: number, party: number): void {
    this.left += 1;
    this.balance = (this.balance + markOf(offset, party)) | 0;
  }

  close(offset: number, party: number): void {
    this.left -= 1;
    this.balance = (this.balance - markOf(offset, party)) | 0;
  }

  countMessage(seq: number, atMs: number, bytes: number): void {
    this.lastSeq = seq;
    if (this.messages === 0 || atMs < this.firstAtMs) this.firstAtMs = atMs;
    if (atMs > this.lastAtMs) this.lastAtMs = atMs;
    this.messages += 1;
    this.bytes += bytes;
  }

  /** Of no use any more: it is sealed, and what there was to file is filed. */
  release(): void {
    this.insert = undefined;
    this.lookup = undefined;
  }
}

/** 32 well-mixed bits of a delivery. */
function markOf(offset: number, party: number): number {
  let mark = Math.imul(offset ^ Math.imul(party + 1, 0x9e_37_79_b1), 0x85_eb_ca_6b);
  mark = Math.imul(mark ^ (mark >>> 15), 0xc2_b2_ae_35);
  return mark ^ (mark >>> 13);
}
