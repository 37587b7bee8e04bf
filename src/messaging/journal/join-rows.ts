import type { DatabaseSync } from "node:sqlite";
import { RowsBuilder, wordKey } from "../router/index.ts";
import { chunksOf, chunkValues, insertChunk, messageTable } from "./chunk.ts";
import { partiesOf } from "./packing.ts";

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
    const insert = db.prepare(insertChunk(n));
    for (let rows = next.all(-1); rows.length > 0; rows = next.all(rows.at(-1)?.["seq"] ?? 0)) {
      const builder = new RowsBuilder();
      for (const row of rows) addRow(builder, row);
      for (const chunk of chunksOf(builder.rows())) insert.run(...chunkValues(chunk));
    }
    db.exec(`DROP TABLE row_${n}; COMMIT;`);
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

function addRow(builder: RowsBuilder, row: Readonly<Record<string, unknown>>): void {
  const number = (column: string) => Number(row[column]);
  const text = (column: string) => String(row[column]);
  const workspace = text("workspace");
  builder.add(
    {
      seq: number("seq"),
      conversationKey: wordKey(workspace, text("conversation")),
      priority: number("priority"),
      expiresAtMs: number("expires_at_ms"),
      size: builder.lines.addText(text("body")),
    },
    { workspace, id: text("id"), sender: text("sender"), performative: text("performative"), atMs: number("at_ms") },
    partiesOf(row["recipients"]),
  );
}
