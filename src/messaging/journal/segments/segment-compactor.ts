import type { DatabaseSync } from "node:sqlite";
import { headsIn, withoutWorkspace } from "./chunk.ts";
import { LookupBuilder } from "./lookup.ts";
import { recount } from "../recovery.ts";
import { dropSegmentTables } from "./schema.ts";
import type { Segment } from "./segment.ts";
import type { MetadataTables } from "./metadata-tables.ts";

export type TidyingOptions = {
  /** Segments that are settled are dropped, the oldest first, when all take more than about so many bytes. */
  readonly bytesMax: number;
  /** Dead letters kept; the oldest go first. */
  readonly deadLettersMax: number;
};

// What one step does: a millisecond or two, for which a batch may have to wait.
const ROWS_FILED = 64;
const ROWS_READ = 32;
const ROWS_DELETED = 200;

export type TidyingParts = {
  readonly db: DatabaseSync;
  /** All there are, oldest first; shared with the writer. */
  readonly segments: Segment[];
  readonly small: MetadataTables;
  readonly transact: (work: () => void) => void;
};

/** Background work of the writer, in small steps: segments are marked as settled, made findable, and dropped. */
export class SegmentCompactor {
  readonly #db: DatabaseSync;
  readonly #segments: Segment[];
  readonly #small: MetadataTables;
  readonly #options: TidyingOptions;
  readonly #transact: (work: () => void) => void;
  readonly #perhapsSettled: Set<Segment>;
  readonly #unfiled: Segment[];
  #olderThanMs = 0;
  /** Workspaces whose messages are deleted, one after the other, and how far that is. */
  readonly #deleted: { readonly workspace: string; n: number; seq: number }[] = [];
  #overdue: { readonly olderThanMs: number; workspace: string } | undefined;

  constructor(parts: TidyingParts, options: TidyingOptions) {
    const { db, segments, small, transact } = parts;
    this.#db = db;
    this.#segments = segments;
    this.#small = small;
    this.#transact = transact;
    this.#options = options;
    const sealed = segments.filter(({ isSealed }) => isSealed);
    this.#perhapsSettled = new Set(sealed.filter(({ isSettled, left }) => !isSettled && left <= 0));
    this.#unfiled = sealed.filter(({ isFiled }) => !isFiled);
  }

  sealed(segment: Segment): void {
    this.#unfiled.push(segment);
    if (segment.left <= 0) this.#perhapsSettled.add(segment);
  }

  mayBeSettled(segment: Segment): void {
    this.#perhapsSettled.add(segment);
  }

  retain(olderThanMs: number): void {
    this.#olderThanMs = Math.max(this.#olderThanMs, olderThanMs);
    this.#overdue = { olderThanMs, workspace: "" };
  }

  deleteWorkspace(workspace: string): void {
    this.#deleted.push({ workspace, n: 0, seq: -1 });
  }

  /** False when there was nothing to do. */
  step(): boolean {
    return (
      this.#erase() || this.#markSettled() || this.#file() || this.#drop() || this.#trimDead() || this.#deleteOverdue()
    );
  }

  /** Replaces the lines of a workspace's messages in some rows. The heads stay: what they say has no text. */
  #erase(): boolean {
    const [at] = this.#deleted;
    if (!at) return false;
    const segment = this.#segments.find(({ n }) => n >= at.n);
    if (!segment) return this.#deleted.shift() !== undefined;
    if (segment.n > at.n) Object.assign(at, { n: segment.n, seq: -1 });
    const rows = this.#db
      .prepare(`SELECT seq, text FROM msg_${segment.n} WHERE seq > ? ORDER BY seq LIMIT ${ROWS_READ}`)
      .all(at.seq);
    this.#transact(() => {
      const update = this.#db.prepare(`UPDATE msg_${segment.n} SET text = ? WHERE seq = ?`);
      for (const { seq, text } of rows) {
        const left = withoutWorkspace(String(text), at.workspace);
        if (left !== text) update.run(left, Number(seq));
      }
    });
    const last = rows.at(-1);
    if (last === undefined) Object.assign(at, { n: segment.n + 1, seq: -1 });
    else at.seq = Number(last["seq"]);
    return true;
  }

  #markSettled(): boolean {
    const [segment] = this.#perhapsSettled;
    if (!segment) return false;
    // A delivery was taken off twice, which nothing does: what the disk says decides.
    if (segment.left !== 0 || segment.balance !== 0) recount(this.#db, segment);
    if (segment.left === 0) {
      this.#transact(() => this.#db.prepare("UPDATE segment SET is_settled = 1 WHERE n = ?").run(segment.n));
      segment.isSettled = true;
      segment.settle = undefined;
    }
    this.#perhapsSettled.delete(segment);
    return true;
  }

  #file(): boolean {
    const [segment] = this.#unfiled;
    if (!segment) return false;
    const lookup = (segment.lookup ??= new LookupBuilder());
    if (lookup.count < segment.messages && this.#readForLookup(segment, lookup)) return true;
    const rows = lookup.take(ROWS_FILED);
    try {
      this.#transact(() => {
        const insert = this.#db.prepare(`INSERT OR REPLACE INTO lookup_${segment.n} (bucket, packed) VALUES (?, ?)`);
        for (const [row, packed] of rows) insert.run(row, packed);
        if (rows.length === 0) this.#db.prepare("UPDATE segment SET is_filed = 1 WHERE n = ?").run(segment.n);
      });
    } catch (error) {
      lookup.giveBack(rows.length);
      throw error;
    }
    if (rows.length > 0) return true;
    segment.isFiled = true;
    segment.lookup = undefined;
    this.#unfiled.shift();
    return true;
  }

  /** After a crash, what memory knew of a segment is read again; false when there is nothing more to read. */
  #readForLookup(segment: Segment, lookup: LookupBuilder): boolean {
    const rows = this.#db
      .prepare(`SELECT seq, heads FROM msg_${segment.n} WHERE seq > ? ORDER BY seq LIMIT ${ROWS_READ}`)
      .all(segment.firstSeq + lookup.lastOffset);
    for (const row of rows) {
      for (const { seq, idKey, conversationKey, senderKey, recipients } of headsIn(Number(row["seq"]), row["heads"])) {
        lookup.add(seq - segment.firstSeq, idKey, conversationKey, senderKey);
        for (const party of recipients) lookup.addRecipient(party);
      }
    }
    return rows.length > 0;
  }

  #drop(): boolean {
    const bytes = this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
    const isTooMuch = bytes > this.#options.bytesMax;
    const segment = this.#segments.find(
      ({ isSealed, isSettled, lastAtMs }) => isSealed && isSettled && (isTooMuch || lastAtMs < this.#olderThanMs),
    );
    if (!segment) return false;
    this.#transact(() => {
      this.#db.exec(dropSegmentTables(segment.n));
      this.#db.prepare("DELETE FROM segment WHERE n = ?").run(segment.n);
      this.#db
        .prepare(
          `INSERT INTO mark (name, value) VALUES ('dropped_seq', ?1) ON CONFLICT (name)
           DO UPDATE SET value = max(value, ?1)`,
        )
        .run(segment.lastSeq);
    });
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    const unfiled = this.#unfiled.indexOf(segment);
    if (unfiled >= 0) this.#unfiled.splice(unfiled, 1);
    return true;
  }

  #trimDead(): boolean {
    const tooMany = this.#small.dead - this.#options.deadLettersMax;
    if (tooMany <= 0) return false;
    let deleted = 0;
    this.#transact(() => {
      deleted = this.#small.deleteDead(Math.min(tooMany, ROWS_DELETED), Number.MAX_SAFE_INTEGER);
    });
    this.#small.dead -= deleted;
    return deleted > 0;
  }

  /** Dead letters and conversations that are over, a few at a time. */
  #deleteOverdue(): boolean {
    const overdue = this.#overdue;
    if (!overdue) return false;
    let [dead, over] = [0, 0];
    this.#transact(() => {
      dead = this.#small.deleteDead(ROWS_DELETED, overdue.olderThanMs);
      over = this.#deleteConversations(overdue.workspace, overdue.olderThanMs);
    });
    this.#small.dead -= dead;
    if (dead + over > 0) return true;
    const next = this.#db
      .prepare("SELECT min(workspace) AS workspace FROM conversation WHERE is_open = 0 AND workspace > ?")
      .get(overdue.workspace)?.["workspace"];
    if (typeof next === "string") overdue.workspace = next;
    else this.#overdue = undefined;
    return true;
  }

  #deleteConversations(workspace: string, olderThanMs: number): number {
    return Number(
      this.#db
        .prepare(
          `DELETE FROM conversation WHERE n IN (SELECT n FROM conversation
           WHERE is_open = 0 AND workspace = ? AND updated_at_ms < ? LIMIT ?)`,
        )
        .run(workspace, olderThanMs, ROWS_DELETED).changes,
    );
  }
}
