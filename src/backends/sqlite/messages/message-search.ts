import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { conversationKey, type MessageQuery, type StoredMessage } from "../../../router/index.ts";
import { lookupRow, names, offsetsOf, RECIPIENTS_ROW, SENDERS_ROW } from "./lookup.ts";
import { MESSAGE_COLUMNS, storedMessage } from "./rows.ts";
import { type SegmentRow, segmentRows } from "./segment.ts";

/** Messages read in one go before others get their turn: about two milliseconds. */
const SLICE = 4_096;

/** Finds messages, newest first. Between slices a segment may be dropped by retention; what is in it is then gone. */
export class MessageSearch {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  async find(workspace: string, id: string): Promise<StoredMessage | undefined> {
    const filter = new Filter({ workspace, limit: 1 }, id);
    const [found] = await this.#collect(filter, ["id", conversationKey(workspace, id)]);
    return found;
  }

  list(query: MessageQuery): Promise<readonly StoredMessage[]> {
    const { workspace, conversation } = query;
    const key = conversation === undefined ? undefined : conversationKey(workspace, conversation);
    return this.#collect(new Filter(query), key === undefined ? undefined : ["conversation", key]);
  }

  async #collect(
    filter: Filter,
    indexed: readonly ["id" | "conversation", number] | undefined,
  ): Promise<readonly StoredMessage[]> {
    const found: StoredMessage[] = [];
    for (const segment of segmentRows(this.#db).toReversed()) {
      if (found.length >= filter.limit) break;
      if (!filter.mayBeIn(segment)) continue;
      const missing = filter.limit - found.length;
      if (segment.isFiled && indexed) found.push(...this.#lookUp(segment, filter, indexed, missing));
      else if (!segment.isFiled || this.#occurs(segment, filter)) await this.#scan(segment, filter, found);
    }
    return found;
  }

  #lookUp(
    segment: SegmentRow,
    filter: Filter,
    [kind, key]: readonly ["id" | "conversation", number],
    limit: number,
  ): readonly StoredMessage[] {
    return this.#unlessDropped(segment, () => {
      const rows: StoredMessage[] = [];
      const message = this.#db.prepare(
        `SELECT ${MESSAGE_COLUMNS} FROM msg_${segment.n} WHERE seq = ? AND ${filter.text}`,
      );
      const offsets = offsetsOf(this.#lookupRow(segment, lookupRow(kind, key)), key);
      for (const offset of offsets.toReversed()) {
        if (rows.length >= limit) break;
        const row = message.get(segment.firstSeq + offset, ...filter.values);
        if (row) rows.push(storedMessage(row));
      }
      return rows;
    });
  }

  /** Whether the sender and the recipient that are looked for occur in a segment. */
  #occurs(segment: SegmentRow, { query: { workspace, sender, recipient } }: Filter): boolean {
    const isThere = (row: number, key: number | undefined) =>
      key === undefined || names(this.#lookupRow(segment, row), key);
    const senderKey = sender === undefined ? undefined : conversationKey(workspace, sender);
    return (
      this.#unlessDropped(segment, () => [isThere(SENDERS_ROW, senderKey) && isThere(RECIPIENTS_ROW, recipient)])[0] ===
      true
    );
  }

  #lookupRow(segment: SegmentRow, row: number): unknown {
    return this.#db.prepare(`SELECT packed FROM lookup_${segment.n} WHERE bucket = ?`).get(row)?.["packed"];
  }

  async #scan(segment: SegmentRow, filter: Filter, found: StoredMessage[]): Promise<void> {
    const { beforeSeq = Number.MAX_SAFE_INTEGER } = filter.query;
    let high = Math.min(this.#lastSeq(segment), beforeSeq - 1);
    while (high >= segment.firstSeq && found.length < filter.limit) {
      const low = Math.max(segment.firstSeq, high - SLICE + 1);
      const rows = this.#unlessDropped(segment, () =>
        this.#db
          .prepare(
            `SELECT ${MESSAGE_COLUMNS} FROM msg_${segment.n} WHERE seq BETWEEN ? AND ? AND ${filter.text}
             ORDER BY seq DESC LIMIT ?`,
          )
          .all(low, high, ...filter.values, filter.limit - found.length),
      );
      for (const row of rows) found.push(storedMessage(row));
      high = low - 1;
      if (high >= segment.firstSeq) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #lastSeq(segment: SegmentRow): number {
    if (segment.isSealed) return segment.lastSeq;
    const [row] = this.#unlessDropped(segment, () => [
      this.#db.prepare(`SELECT max(seq) AS seq FROM msg_${segment.n}`).get(),
    ]);
    return Number(row?.["seq"] ?? 0);
  }

  #unlessDropped<Found>(segment: SegmentRow, query: () => readonly Found[]): readonly Found[] {
    try {
      return query();
    } catch (error) {
      if (segmentRows(this.#db).some(({ n }) => n === segment.n)) throw error;
      return [];
    }
  }
}

/** A query as conditions on a message's row. */
class Filter {
  readonly query: MessageQuery;
  readonly limit: number;
  readonly text: string;
  readonly values: readonly SQLInputValue[];

  constructor(query: MessageQuery, id?: string) {
    const { workspace, sender, recipient, conversation, performative, trace, sinceMs, untilMs, beforeSeq, limit } =
      query;
    const conditions: (readonly [string, SQLInputValue | undefined])[] = [
      ["workspace = ?", workspace],
      ["id = ?", id],
      ["conversation = ?", conversation],
      ["sender = ?", sender],
      ["performative = ?", performative],
      // A number for one recipient, kept as the floating point number it was bound as; several are a text with commas.
      [
        "instr(',' || iif(typeof(recipients) = 'text', recipients, CAST(recipients AS INTEGER)) || ',', ?) > 0",
        recipient === undefined ? undefined : `,${recipient},`,
      ],
      ["at_ms >= ?", sinceMs],
      ["at_ms <= ?", untilMs],
      ["seq < ?", beforeSeq],
      ["instr(body, ?) > 0", trace],
    ];
    const given = conditions.filter(([, value]) => value !== undefined);
    this.query = query;
    this.limit = limit;
    this.text = given.map(([text]) => text).join(" AND ");
    this.values = given.map(([, value]) => value ?? null);
  }

  mayBeIn({ isSealed, firstSeq, firstAtMs, lastAtMs }: SegmentRow): boolean {
    const { beforeSeq, sinceMs, untilMs } = this.query;
    if (beforeSeq !== undefined && firstSeq >= beforeSeq) return false;
    return !isSealed || ((sinceMs ?? 0) <= lastAtMs && (untilMs ?? Number.POSITIVE_INFINITY) >= firstAtMs);
  }
}
