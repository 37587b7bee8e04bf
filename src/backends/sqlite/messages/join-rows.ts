import type { DatabaseSync } from "node:sqlite";
import { headBytes, messageTable, packMessages } from "./chunk.ts";

/** Rows that become one; more than a chunk takes. */
const ROWS = 128;

/**
 * Schema 1 had a row for each message: puts them together, segment by segment, each in a transaction of its own. What is done
 * already when it is cut short stays done. Throws what SQLite throws.
 */
export function joinRows(db: DatabaseSync): void {
  for (const row of db.prepare("SELECT n FROM segment ORDER BY n").all()) joinSegment(db, Number(row["n"]));
}

function joinSegment(db: DatabaseSync, n: number): void {
  const isOld = db.prepare(`SELECT 1 FROM pragma_table_info('msg_${n}') WHERE name = 'body'`).get() !== undefined;
  if (!isOld) return;
  db.exec(`BEGIN IMMEDIATE; ALTER TABLE msg_${n} RENAME TO row_${n}; ${messageTable(n)}`);
  try {
    const next = db.prepare(`SELECT * FROM row_${n} WHERE seq > ? ORDER BY seq LIMIT ${ROWS}`);
    const insert = db.prepare(`INSERT INTO msg_${n} (seq, last_seq, heads, text) VALUES (?, ?, ?, ?)`);
    for (let rows = next.all(-1); rows.length > 0; rows = next.all(rows.at(-1)?.["seq"] ?? 0)) {
      const numbers = (column: string) => rows.map((row) => Number(row[column]));
      const texts = (column: string) => rows.map((row) => String(row[column]));
      const chunks = packMessages({
        seqs: numbers("seq"),
        ids: texts("id"),
        workspaces: texts("workspace"),
        conversations: texts("conversation"),
        senders: texts("sender"),
        performatives: texts("performative"),
        recipients: rows.map(({ recipients }) => (typeof recipients === "number" ? recipients : String(recipients))),
        priorities: numbers("priority"),
        expiresAtMs: numbers("expires_at_ms"),
        atMs: numbers("at_ms"),
        bodies: texts("body"),
      });
      for (const { firstSeq, lastSeq, heads, text } of chunks) insert.run(firstSeq, lastSeq, headBytes(heads), text);
    }
    db.exec(`DROP TABLE row_${n}; COMMIT;`);
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}
