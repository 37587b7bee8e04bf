import type { DatabaseSync } from "node:sqlite";
import type { Recovered } from "../router/index.ts";
import { ERASED, HEAD_BYTES, headsIn, linesOf } from "./segments/chunk.ts";
import { LookupBuilder } from "./segments/lookup.ts";
import { unpackSettled } from "./segments/packing.ts";
import { PendingBuilder, RecentBuilder } from "./pending.ts";
import { conversationRow, failedAttempts, storedMessage } from "./segments/rows.ts";
import { Segment, segmentRows } from "./segments/segment.ts";

export type RecoveryOptions = {
  /** Ids accepted since then are given back. */
  readonly sinceMs: number;
  /** At most so many of them, the newest. */
  readonly recentMax: number;
};

/** Reads what is not settled, in the order of `seq`. Segments in which all is settled are not looked into. */
export function recover(
  db: DatabaseSync,
  options: RecoveryOptions,
): { readonly recovered: Recovered; readonly segments: Segment[] } {
  const segments = segmentRows(db).map((row) => new Segment(row));
  const pending = new PendingBuilder();
  const recent = new RecentBuilder(options.recentMax);
  for (const segment of segments) {
    if (!segment.isSettled) scan(db, segment, { pending, recent, sinceMs: options.sinceMs });
    else if (segment.lastAtMs >= options.sinceMs) scanRecent(db, segment, recent, options.sinceMs);
  }
  const dropped = Number(db.prepare("SELECT value FROM mark WHERE name = 'dropped_seq'").get()?.["value"] ?? 0);
  return {
    segments,
    recovered: {
      lastSeq: segments.reduce((last, { lastSeq }) => Math.max(last, lastSeq), dropped),
      parties: db
        .prepare("SELECT number, workspace, name FROM party ORDER BY number")
        .all()
        .map((row) => ({
          number: Number(row["number"]),
          workspace: String(row["workspace"]),
          name: String(row["name"]),
        })),
      pending: pending.columns(),
      // A row goes when its delivery is settled, in the same transaction, so that what is here is pending.
      retries: db
        .prepare("SELECT seq, party, attempts, next_at_ms, reason, history FROM retry ORDER BY seq, party")
        .all()
        .map((row) => ({
          seq: Number(row["seq"]),
          party: Number(row["party"]),
          attempts: Number(row["attempts"]),
          nextAtMs: Number(row["next_at_ms"]),
          reason: String(row["reason"]),
          history: failedAttempts(row["history"]),
        })),
      recent: recent.columns(),
      conversations: db
        .prepare("SELECT * FROM conversation WHERE is_open = 1 ORDER BY n")
        .all()
        .map((row) => conversationRow(row)),
    },
  };
}

/** Recounts the open deliveries of a segment from the disk. */
export function recount(db: DatabaseSync, segment: Segment): void {
  segment.left = 0;
  segment.balance = 0;
  scan(db, segment, undefined);
}

type Sink = { readonly pending: PendingBuilder; readonly recent: RecentBuilder; readonly sinceMs: number };

function scan(db: DatabaseSync, segment: Segment, sink: Sink | undefined): void {
  const settled = new SettledDeliveries(db, segment);
  const isOpen = !segment.isSealed;
  const lookup = isOpen ? new LookupBuilder() : undefined;
  for (const row of db.prepare(`SELECT seq, heads FROM msg_${segment.n} ORDER BY seq`).iterate()) {
    const heads = headsIn(Number(row["seq"]), row["heads"]);
    for (const head of heads) {
      const { seq, atMs, size, recipients, priority, expiresAtMs, conversationKey } = head;
      const offset = seq - segment.firstSeq;
      for (const party of recipients) {
        lookup?.addRecipient(party);
        if (settled.has(offset, party)) continue;
        segment.open(offset, party);
        sink?.pending.add({ seq, party, priority, expiresAtMs, atMs, conversationKey, size });
      }
      if (isOpen) segment.countMessage(seq, atMs, messageBytes(size));
      lookup?.add(offset, head.idKey, conversationKey, head.senderKey);
    }
  }
  if (lookup) segment.lookup = lookup;
  if (sink !== undefined) scanRecent(db, segment, sink.recent, sink.sinceMs);
}

/** The ids of what was accepted since then. Only rows in which there is one are read as a whole. */
function scanRecent(db: DatabaseSync, segment: Segment, recent: RecentBuilder, sinceMs: number): void {
  if (segment.lastAtMs < sinceMs) return;
  const text = db.prepare(`SELECT text FROM msg_${segment.n} WHERE seq = ?`);
  for (const row of db.prepare(`SELECT seq, heads FROM msg_${segment.n} ORDER BY seq`).iterate()) {
    const heads = headsIn(Number(row["seq"]), row["heads"]);
    if (heads.every(({ atMs }) => atMs < sinceMs)) continue;
    const lines = linesOf(text.get(Number(row["seq"]))?.["text"]);
    for (const [at, head] of heads.entries()) {
      const line = lines[at] ?? ERASED;
      if (head.atMs < sinceMs || line === ERASED) continue;
      const { seq, id, workspace, atMs } = storedMessage(head, line);
      recent.add(seq, id, workspace, atMs);
    }
  }
}

/** What besides its body a message takes in a segment, about: its head, its share of a row, its settlement. */
const MESSAGE_OVERHEAD_BYTES = HEAD_BYTES + 20;

/** About what a message takes on disk whose body has that length. */
export const messageBytes = (bodyLength: number): number => bodyLength + MESSAGE_OVERHEAD_BYTES;

/** The deliveries of one segment that are over; only a message with several recipients needs a set. */
class SettledDeliveries {
  readonly #first = new Map<number, number>();
  readonly #more = new Map<number, Set<number>>();

  constructor(db: DatabaseSync, segment: Segment) {
    for (const row of db.prepare(`SELECT packed FROM ack_${segment.n} ORDER BY n`).iterate()) {
      for (const { offset, party } of unpackSettled(row["packed"])) this.#add(offset, party);
    }
  }

  #add(offset: number, party: number): void {
    const first = this.#first.get(offset);
    if (first === undefined) this.#first.set(offset, party);
    else if (first !== party) {
      const more = this.#more.get(offset);
      if (more) more.add(party);
      else this.#more.set(offset, new Set([party]));
    }
  }

  has(offset: number, party: number): boolean {
    return this.#first.get(offset) === party || this.#more.get(offset)?.has(party) === true;
  }
}
