import type { DatabaseSync } from "node:sqlite";
import { conversationKey, type Recovered } from "../../../router/index.ts";
import { LookupBuilder } from "./lookup.ts";
import { partiesOf, unpackSettled } from "./packing.ts";
import { PendingBuilder, RecentBuilder } from "./pending.ts";
import { conversationRow } from "./rows.ts";
import { Segment, segmentRows } from "./segment.ts";

export type RecoveryOptions = {
  /** Ids accepted since then are given back. */
  readonly sinceMs: number;
  /** At most so many of them, the newest. */
  readonly recentMax: number;
};

/** What is read of a message when the server starts: everything but the body, of which SQLite reads only the length. */
const SCAN = `seq, recipients, at_ms, priority, expires_at_ms, workspace, conversation, octet_length(body), id, sender`;

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
        .prepare("SELECT seq, party, attempts, next_at_ms, reason FROM retry ORDER BY seq, party")
        .all()
        .map((row) => ({
          seq: Number(row["seq"]),
          party: Number(row["party"]),
          attempts: Number(row["attempts"]),
          nextAtMs: Number(row["next_at_ms"]),
          reason: String(row["reason"]),
        })),
      recent: recent.columns(),
      conversations: db
        .prepare("SELECT * FROM conversation WHERE is_open = 1 ORDER BY n")
        .all()
        .map((row) => conversationRow(row)),
    },
  };
}

/** Counts the open deliveries of a segment anew, from the disk. */
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
  const statement = db.prepare(`SELECT ${SCAN} FROM msg_${segment.n} ORDER BY seq`);
  statement.setReturnArrays(true);
  const rows: Iterable<unknown> = statement.iterate();
  for (const row of rows) {
    if (!Array.isArray(row)) continue;
    const cells: readonly unknown[] = row;
    const [seq, recipients, atMs, workspace] = [Number(cells[0]), cells[1], Number(cells[2]), String(cells[5])];
    const offset = seq - segment.firstSeq;
    const size = Number(cells[7]);
    const key = conversationKey(workspace, String(cells[6]));
    for (const party of partiesOf(recipients)) {
      lookup?.addRecipient(party);
      if (settled.has(offset, party)) continue;
      segment.open(offset, party);
      const [priority, expiresAtMs] = [Number(cells[3]), Number(cells[4])];
      sink?.pending.add({ seq, party, priority, expiresAtMs, atMs, conversationKey: key, size });
    }
    if (isOpen) segment.tellMessage(seq, atMs, messageBytes(size));
    const id = String(cells[8]);
    lookup?.add(offset, conversationKey(workspace, id), key, conversationKey(workspace, String(cells[9])));
    if (sink && atMs >= sink.sinceMs) sink.recent.add(seq, id, workspace, atMs);
  }
  if (lookup) segment.lookup = lookup;
}

function scanRecent(db: DatabaseSync, segment: Segment, recent: RecentBuilder, sinceMs: number): void {
  const rows = db
    .prepare(`SELECT seq, id, workspace, at_ms FROM msg_${segment.n} WHERE at_ms >= ? ORDER BY seq`)
    .iterate(sinceMs);
  for (const row of rows) {
    recent.add(Number(row["seq"]), String(row["id"]), String(row["workspace"]), Number(row["at_ms"]));
  }
}

/** What besides its body a message takes in a segment, about. */
const MESSAGE_OVERHEAD_BYTES = 180;

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
