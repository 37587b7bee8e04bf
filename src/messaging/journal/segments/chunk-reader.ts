import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Head, StoredMessage } from "../../router/index.ts";
import { ERASED, headsIn, linesOf } from "./chunk.ts";
import { storedMessage } from "./rows.ts";

/** Reads messages of one segment, which are many in a row; the row that was read last is at hand. */
export class ChunkReader {
  readonly #at: StatementSync;
  #heads: readonly Head[] = [];
  #lines: readonly string[] = [];
  #firstSeq = 0;
  #lastSeq = -1;

  constructor(db: DatabaseSync, n: number) {
    this.#at = db.prepare(`SELECT seq, last_seq, heads, text FROM msg_${n} WHERE seq <= ? ORDER BY seq DESC LIMIT 1`);
  }

  message(seq: number): StoredMessage | undefined {
    if (seq < this.#firstSeq || seq > this.#lastSeq) this.#turnTo(seq);
    const index = this.#heads.findIndex((head) => head.seq === seq);
    const [head, line] = [this.#heads[index], this.#lines[index]];
    return head === undefined || line === undefined || line === ERASED ? undefined : storedMessage(head, line);
  }

  #turnTo(seq: number): void {
    const row = this.#at.get(seq);
    if (row === undefined) return;
    this.#firstSeq = Number(row["seq"]);
    this.#lastSeq = Number(row["last_seq"]);
    this.#heads = headsIn(this.#firstSeq, row["heads"]);
    this.#lines = linesOf(row["text"]);
  }
}
