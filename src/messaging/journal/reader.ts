import { existsSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import {
  type ConversationQuery,
  type ConversationRow,
  type DeadLetter,
  type DeadQuery,
  type MessageQuery,
  OUTCOMES,
  type StoredMessage,
  type StoredSettlement,
} from "../router/index.ts";
import { ChunkReader } from "./segments/chunk-reader.ts";
import { readError } from "./errors.ts";
import { MessageSearch } from "./message-search.ts";
import { unpackSettled } from "./segments/packing.ts";
import { conversationRow, deadLetter } from "./segments/rows.ts";
import { openForReading } from "./segments/schema.ts";
import { type SegmentRow, segmentRows } from "./segments/segment.ts";

/**
 * Reads `messages.db` by a connection of its own, which never holds the writer up. By seq, by id, of a conversation: a few
 * lookups for each segment. By sender or recipient: those segments are read through in which they occur, by everything else
 * all of them, newest first, in slices between which others get their turn.
 */
export class JournalReader implements Disposable {
  readonly #file: string;
  readonly #directory: string;
  #db: DatabaseSync | undefined;
  #search: MessageSearch | undefined;

  constructor(file: string, directory: string) {
    this.#file = file;
    this.#directory = directory;
  }

  read(seqs: readonly number[]): readonly StoredMessage[] {
    return this.#reading([], (db) => {
      const segments = segmentRows(db);
      return Map.groupBy(
        seqs.toSorted((one, other) => one - other),
        (seq) => segmentOf(segments, seq),
      )
        .entries()
        .toArray()
        .flatMap(([segment, wanted]) => (segment ? rowsOf(db, segment, wanted) : []));
    });
  }

  async find(workspace: string, id: string): Promise<StoredMessage | undefined> {
    return (await this.#searching((search) => search.find(workspace, id))) ?? undefined;
  }

  async list(query: MessageQuery): Promise<readonly StoredMessage[]> {
    return (await this.#searching((search) => search.list(query))) ?? [];
  }

  settlements(seqs: readonly number[]): readonly StoredSettlement[] {
    return this.#reading([], (db) => {
      const segments = segmentRows(db);
      const bySegment = Map.groupBy(seqs, (seq) => segmentOf(segments, seq));
      return bySegment
        .entries()
        .toArray()
        .flatMap(([segment, wanted]) => (segment ? settlementsOf(db, segment, new Set(wanted)) : []))
        .toSorted((one, other) => one.seq - other.seq || one.party - other.party);
    });
  }

  deadLetters({ workspace, party, code, before, limit }: DeadQuery): readonly DeadLetter[] {
    const where = new Conditions("workspace = ?", workspace);
    if (party !== undefined) where.and("party = ?", party);
    if (code !== undefined) where.and("code = ?", code);
    if (before !== undefined) where.and("(seq, party) < (?, ?)", before.seq, before.party);
    return this.#reading([], (db) =>
      db
        .prepare(`SELECT * FROM dead WHERE ${where.text} ORDER BY seq DESC, party DESC LIMIT ?`)
        .all(...where.values, limit)
        .map((row) => deadLetter(row)),
    );
  }

  deadCount(workspace: string): number {
    return this.#reading(0, (db) =>
      Number(db.prepare("SELECT count(*) AS n FROM dead WHERE workspace = ?").get(workspace)?.["n"]),
    );
  }

  deadLetter(seq: number, party: number): DeadLetter | undefined {
    return this.#reading(undefined, (db) => {
      const row = db.prepare("SELECT * FROM dead WHERE seq = ? AND party = ?").get(seq, party);
      return row && deadLetter(row);
    });
  }

  /** Those that are open have no index by time: they are sorted, and the router bounds how many there are. */
  conversations(query: ConversationQuery): readonly ConversationRow[] {
    const { workspace, state, protocol, participant, parent, isArchived = false, stuck, before, limit } = query;
    const where = new Conditions("workspace = ?", workspace);
    where.and("is_archived = ?", Number(isArchived));
    if (state !== undefined) where.and("state = ?", state);
    if (protocol !== undefined) where.and("protocol = ?", protocol);
    if (parent !== undefined) where.and("parent = ?", parent);
    if (participant !== undefined)
      where.and(
        "(initiator = ? OR EXISTS (SELECT 1 FROM json_each(participants) WHERE value = ?))",
        participant,
        participant,
      );
    if (stuck !== undefined) where.and(stuck.is ? STUCK : `NOT ${STUCK}`, stuck.silentSinceMs, stuck.nowMs);
    if (before !== undefined) where.and("(updated_at_ms, id) < (?, ?)", before.updatedAtMs, before.id);
    return this.#reading([], (db) =>
      [1, 0]
        .flatMap((isOpen) =>
          db
            .prepare(
              `SELECT * FROM conversation WHERE is_open = ${isOpen} AND ${where.text}
               ORDER BY updated_at_ms DESC, id DESC LIMIT ?`,
            )
            .all(...where.values, limit)
            .map((row) => conversationRow(row)),
        )
        .toSorted((one, other) => other.updatedAtMs - one.updatedAtMs || (one.id < other.id ? 1 : -1))
        .slice(0, limit),
    );
  }

  conversation(workspace: string, id: string): ConversationRow | undefined {
    return this.#reading(undefined, (db) => {
      const row = db.prepare("SELECT * FROM conversation WHERE workspace = ? AND id = ?").get(workspace, id);
      return row && conversationRow(row);
    });
  }

  [Symbol.dispose](): void {
    this.#db?.close();
    this.#db = undefined;
    this.#search = undefined;
  }

  /** `nothing` while there is no file yet. All that `query` reads is of one moment. */
  #reading<Result>(nothing: Result, query: (db: DatabaseSync) => Result): Result {
    try {
      const db = this.#open();
      if (!db) return nothing;
      db.exec("BEGIN");
      try {
        return query(db);
      } finally {
        db.exec("COMMIT");
      }
    } catch (error) {
      throw readError(error, this.#directory, this.#file);
    }
  }

  async #searching<Result>(search: (search: MessageSearch) => Promise<Result>): Promise<Result | undefined> {
    try {
      const db = this.#open();
      if (!db) return undefined;
      this.#search ??= new MessageSearch(db);
      return await search(this.#search);
    } catch (error) {
      throw readError(error, this.#directory, this.#file);
    }
  }

  #open(): DatabaseSync | undefined {
    if (!this.#db && existsSync(this.#file)) this.#db = openForReading(this.#file);
    return this.#db;
  }
}

/** Of an open conversation; the times are when silence began to be too long, and now. */
const STUCK = `(is_open = 1 AND ((protocol IS NOT NULL AND updated_at_ms < ?) OR EXISTS
  (SELECT 1 FROM json_each(fold, '$.participants') AS each WHERE json_extract(each.value, '$.deadlineMs') < ?)))`;

/** Conditions that must all hold, and what stands for their question marks. */
class Conditions {
  text: string;
  readonly values: (string | number)[];

  constructor(text: string, ...values: readonly (string | number)[]) {
    this.text = text;
    this.values = [...values];
  }

  and(text: string, ...values: readonly (string | number)[]): void {
    this.text += ` AND ${text}`;
    this.values.push(...values);
  }
}

const segmentOf = (segments: readonly SegmentRow[], seq: number): SegmentRow | undefined =>
  segments.find(({ firstSeq, lastSeq, isSealed }) => seq >= firstSeq && (!isSealed || seq <= lastSeq));

function rowsOf(db: DatabaseSync, segment: SegmentRow, seqs: readonly number[]): readonly StoredMessage[] {
  const chunks = new ChunkReader(db, segment.n);
  return seqs.flatMap((seq) => chunks.message(seq) ?? []);
}

function settlementsOf(db: DatabaseSync, segment: SegmentRow, seqs: ReadonlySet<number>): readonly StoredSettlement[] {
  const offsets = [...seqs].map((seq) => seq - segment.firstSeq);
  const [low, high] = [Math.min(...offsets), Math.max(...offsets)];
  return db
    .prepare(`SELECT at_ms, packed FROM ack_${segment.n} WHERE high >= ? AND low <= ? ORDER BY n`)
    .all(low, high)
    .flatMap((row) =>
      unpackSettled(row["packed"]).flatMap(({ offset, party, outcome, attempt }) => {
        const seq = segment.firstSeq + offset;
        const atMs = Number(row["at_ms"]);
        return seqs.has(seq) ? [{ seq, party, outcome: OUTCOMES[outcome] ?? "done", attempt, atMs }] : [];
      }),
    );
}
