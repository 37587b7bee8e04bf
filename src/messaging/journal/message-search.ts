import type { DatabaseSync } from "node:sqlite";
import { idOfTrace, PERFORMATIVES } from "../acl/index.ts";
import { type Head, type MessageQuery, type StoredMessage, wordKey } from "../router/index.ts";
import { headsIn, linesOf } from "./segments/chunk.ts";
import { ChunkReader } from "./segments/chunk-reader.ts";
import { lookupRow, names, offsetsOf, RECIPIENTS_ROW, SENDERS_ROW } from "./segments/lookup.ts";
import { storedMessage } from "./segments/rows.ts";
import { type SegmentRow, segmentRows } from "./segments/segment.ts";

/** Rows whose heads are looked at in one go before others get their turn: a millisecond or two. */
const SLICE = 64;
/** Messages that are found in one go before others get their turn. */
const FOUND_IN_A_SLICE = 500;
/** Keys that are looked up in one go before others get their turn. */
const KEYS_IN_A_SLICE = 64;

/** What sealed segments are asked for: keys of ids or of conversations. */
type Indexed = readonly ["id" | "conversation", readonly number[]];

/** Finds messages, newest first. Between slices a segment may be dropped by retention; what is in it is then gone. */
export class MessageSearch {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  async find(workspace: string, id: string): Promise<StoredMessage | undefined> {
    const filter = new Filter({ workspace, limit: 1 }, id);
    const [found] = await this.#collect(filter, ["id", [wordKey(workspace, id)]]);
    return found;
  }

  list(query: MessageQuery): Promise<readonly StoredMessage[]> {
    const filter = new Filter(query);
    return this.#collect(filter, filter.talks && ["conversation", [...filter.talks]]);
  }

  async #collect(filter: Filter, indexed: Indexed | undefined): Promise<readonly StoredMessage[]> {
    const found: StoredMessage[] = [];
    let keys = 0;
    for (const segment of segmentRows(this.#db).toReversed()) {
      if (found.length >= filter.limit) break;
      if (!filter.mayBeIn(segment)) continue;
      if (segment.isFiled && indexed) {
        await this.#lookUp(segment, filter, indexed, found);
        keys += indexed[1].length;
        if (keys < KEYS_IN_A_SLICE) continue;
        keys = 0;
        await new Promise((resolve) => setImmediate(resolve));
      } else if (!segment.isFiled || this.#occurs(segment, filter)) await this.#scan(segment, filter, found);
    }
    return found;
  }

  async #lookUp(segment: SegmentRow, filter: Filter, indexed: Indexed, found: StoredMessage[]): Promise<void> {
    const offsets = this.#offsets(segment, indexed);
    for (let from = 0; from < offsets.length && found.length < filter.limit;) {
      if (from > 0) await new Promise((resolve) => setImmediate(resolve));
      const slice = offsets.slice(
        from,
        from + Math.min(FOUND_IN_A_SLICE, Math.max(SLICE, filter.limit - found.length)),
      );
      from += slice.length;
      const rows = this.#unlessDropped(segment, () => {
        const chunks = new ChunkReader(this.#db, segment.n);
        return slice.flatMap((offset) => chunks.message(segment.firstSeq + offset) ?? []);
      });
      const fitting = rows.filter((message) => filter.fits(message));
      found.push(...fitting.slice(0, filter.limit - found.length));
    }
  }

  /** Where in the segment messages of these keys are, the newest first. */
  #offsets(segment: SegmentRow, [kind, keys]: Indexed): readonly number[] {
    return this.#unlessDropped(segment, () =>
      Map.groupBy(keys, (key) => lookupRow(kind, key))
        .entries()
        .toArray()
        .flatMap(([row, those]) => {
          const packed = this.#lookupRow(segment, row);
          return those.flatMap((key) => offsetsOf(packed, key));
        })
        .toSorted((one, other) => other - one),
    );
  }

  /** Whether the sender and the recipient that are looked for occur in a segment. */
  #occurs(segment: SegmentRow, { query: { workspace, sender, recipient } }: Filter): boolean {
    const isThere = (row: number, key: number | undefined) =>
      key === undefined || names(this.#lookupRow(segment, row), key);
    const senderKey = sender === undefined ? undefined : wordKey(workspace, sender);
    return (
      this.#unlessDropped(segment, () => [isThere(SENDERS_ROW, senderKey) && isThere(RECIPIENTS_ROW, recipient)])[0] ===
      true
    );
  }

  #lookupRow(segment: SegmentRow, row: number): unknown {
    return this.#db.prepare(`SELECT packed FROM lookup_${segment.n} WHERE bucket = ?`).get(row)?.["packed"];
  }

  async #scan(segment: SegmentRow, filter: Filter, found: StoredMessage[]): Promise<void> {
    let foundBefore = found.length;
    for (let belowSeq = filter.query.beforeSeq ?? Number.MAX_SAFE_INTEGER; found.length < filter.limit;) {
      const rows = this.#unlessDropped(segment, () =>
        this.#db
          .prepare(
            `SELECT seq, heads${filter.words.length === 0 ? "" : ", CAST(text AS BLOB) AS bytes"}
             FROM msg_${segment.n} WHERE seq < ? ORDER BY seq DESC LIMIT ${SLICE}`,
          )
          .all(belowSeq),
      );
      for (const row of rows) {
        if (found.length >= filter.limit) return;
        belowSeq = Number(row["seq"]);
        if (!filter.mayBeAmong(row["bytes"])) continue;
        const heads = headsIn(belowSeq, row["heads"]);
        if (heads.some((head) => filter.mayFit(head))) this.#read(segment, { seq: belowSeq, heads }, filter, found);
        if (found.length - foundBefore < FOUND_IN_A_SLICE) continue;
        foundBefore = found.length;
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (rows.length < SLICE) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #read(segment: SegmentRow, chunk: { seq: number; heads: readonly Head[] }, filter: Filter, found: StoredMessage[]) {
    const [row] = this.#unlessDropped(segment, () => [
      this.#db.prepare(`SELECT text FROM msg_${segment.n} WHERE seq = ?`).get(chunk.seq),
    ]);
    if (row === undefined) return;
    const lines = linesOf(row["text"]);
    for (let at = chunk.heads.length - 1; at >= 0 && found.length < filter.limit; at -= 1) {
      const [head, line] = [chunk.heads[at], lines[at]];
      if (head === undefined || line === undefined || !filter.mayFit(head)) continue;
      const message = storedMessage(head, line);
      if (filter.fits(message)) found.push(message);
    }
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

/** A query as conditions on a message. */
class Filter {
  readonly query: MessageQuery;
  readonly limit: number;
  /** One of them is written in each message that fits; none where that cannot be said. */
  readonly words: readonly string[];
  /** Keys of the conversations asked for; undefined when it may be any. */
  readonly talks: ReadonlySet<number> | undefined;
  readonly #id: string | undefined;
  readonly #keys: Partial<Pick<Head, "idKey" | "senderKey" | "performative">>;

  constructor(query: MessageQuery, id?: string) {
    const { workspace, sender, conversation, conversations, performative } = query;
    this.query = query;
    this.limit = query.limit;
    this.#id = id;
    this.words = query.trace === undefined ? [] : [query.trace, idOfTrace(query.trace)];
    const key = (word: string | undefined) => (word === undefined ? undefined : wordKey(workspace, word));
    const keys = {
      idKey: key(id),
      senderKey: key(sender),
      performative: performative === undefined ? undefined : PERFORMATIVES.findIndex((each) => each === performative),
    };
    const talks = conversations ?? (conversation === undefined ? undefined : [conversation]);
    this.talks = talks && new Set(Array.from(talks, (talk) => wordKey(workspace, talk)));
    this.#keys = Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined));
  }

  mayBeIn({ isSealed, firstSeq, firstAtMs, lastAtMs }: SegmentRow): boolean {
    const { beforeSeq, sinceMs, untilMs } = this.query;
    if (beforeSeq !== undefined && firstSeq >= beforeSeq) return false;
    return !isSealed || ((sinceMs ?? 0) <= lastAtMs && (untilMs ?? Number.POSITIVE_INFINITY) >= firstAtMs);
  }

  /** By the bytes of many messages, which are looked through a hundred times quicker than read. */
  mayBeAmong(bytes: unknown): boolean {
    if (!(bytes instanceof Uint8Array)) return true;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this.words.some((word) => text.includes(word));
  }

  /** By its head: two words may have one key. */
  mayFit(head: Head): boolean {
    const { recipient, sinceMs = 0, untilMs = Number.POSITIVE_INFINITY, beforeSeq } = this.query;
    const { idKey = head.idKey, senderKey = head.senderKey } = this.#keys;
    return (
      idKey === head.idKey &&
      this.talks?.has(head.conversationKey) !== false &&
      senderKey === head.senderKey &&
      (this.#keys.performative ?? head.performative) === head.performative &&
      head.atMs >= sinceMs &&
      head.atMs <= untilMs &&
      (beforeSeq === undefined || head.seq < beforeSeq) &&
      (recipient === undefined || head.recipients.includes(recipient))
    );
  }

  fits(message: StoredMessage): boolean {
    const { workspace, sender, recipient, conversation, conversations, performative, trace } = this.query;
    const { sinceMs = 0, untilMs = Number.POSITIVE_INFINITY, beforeSeq } = this.query;
    return (
      message.workspace === workspace &&
      message.id === (this.#id ?? message.id) &&
      message.conversation === (conversation ?? message.conversation) &&
      conversations?.has(message.conversation) !== false &&
      message.sender === (sender ?? message.sender) &&
      message.performative === (performative ?? message.performative) &&
      message.atMs >= sinceMs &&
      message.atMs <= untilMs &&
      (beforeSeq === undefined || message.seq < beforeSeq) &&
      (recipient === undefined || message.recipients.includes(recipient)) &&
      (trace === undefined || isOfTrace(message, trace))
    );
  }
}

/** A trace that began with the message is its id without dashes, and not written. */
const isOfTrace = ({ id, body }: StoredMessage, trace: string): boolean =>
  body.includes(trace) || id.replaceAll("-", "") === trace;
