import { DatabaseSync } from "node:sqlite";
import { makePrivateFile } from "../../../kernel/files/private-files.ts";
import { messageTable } from "./chunk.ts";

/** "CXM1": what kind of file it is, where SQLite's header has room for that. */
const APPLICATION_ID = 0x43_58_4d_31;
const SCHEMA = 3;
const CACHE_KIB = 65_536;
const BUSY_MS = 1_000;
/** 4 MiB of log: a checkpoint holds commits up, so it comes often and does little. */
const CHECKPOINT_PAGES = 1_000;

/** A file that is not what it should be; thrown where it is opened, and said in the server's words on the other side. */
export class WrongFile extends Error {
  readonly reason: WrongFileReason;
  constructor(reason: WrongFileReason) {
    super(reason.type);
    this.reason = reason;
  }
}

export type WrongFileReason =
  | { readonly type: "foreign" }
  | { readonly type: "schema"; readonly found: number; readonly known: number };

/**
 * What is in the file. Messages are in tables of their own for each segment (`segmentTables`), many in one row (`Chunk`) and
 * without an index, so that a segment is written in order and dropped at once. Nothing else is written for a message that goes well.
 */
const TABLES = `
  CREATE TABLE segment (
    n INTEGER PRIMARY KEY,
    first_seq INTEGER NOT NULL,
    -- From here on what it was when the segment was sealed; 0 before.
    last_seq INTEGER NOT NULL DEFAULT 0,
    messages INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    first_at_ms INTEGER NOT NULL DEFAULT 0,
    last_at_ms INTEGER NOT NULL DEFAULT 0,
    is_sealed INTEGER NOT NULL DEFAULT 0,
    -- Every delivery in it is over: it is not read when the server starts.
    is_settled INTEGER NOT NULL DEFAULT 0,
    -- Its lookup table is whole.
    is_filed INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  -- What must outlive the segments: the highest seq that retention has dropped.
  CREATE TABLE mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE party (number INTEGER PRIMARY KEY, workspace TEXT NOT NULL, name TEXT NOT NULL) STRICT;
  CREATE TABLE retry (
    seq INTEGER NOT NULL,
    party INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    next_at_ms INTEGER NOT NULL,
    reason TEXT NOT NULL,
    -- [{ attempt, atMs, reason }], oldest first.
    history TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (seq, party)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE dead (
    n INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL,
    party INTEGER NOT NULL,
    id TEXT NOT NULL,
    workspace TEXT NOT NULL,
    conversation TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    performative TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    body TEXT NOT NULL,
    -- As in retry.
    history TEXT NOT NULL DEFAULT '[]',
    UNIQUE (seq, party)
  ) STRICT;
  CREATE INDEX dead_of_workspace ON dead (workspace, seq, party);
  CREATE TABLE conversation (
    n INTEGER PRIMARY KEY,
    workspace TEXT NOT NULL,
    id TEXT NOT NULL,
    protocol TEXT,
    state TEXT NOT NULL,
    is_open INTEGER NOT NULL,
    is_archived INTEGER NOT NULL,
    initiator TEXT NOT NULL,
    participants TEXT NOT NULL,
    parent TEXT,
    messages INTEGER NOT NULL,
    started_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    fold TEXT NOT NULL,
    UNIQUE (workspace, id)
  ) STRICT;
  -- No index holds the time of an open one, which each of its messages changes.
  CREATE INDEX conversation_open ON conversation (workspace) WHERE is_open = 1;
  CREATE INDEX conversation_over ON conversation (workspace, updated_at_ms, id) WHERE is_open = 0;
  CREATE INDEX conversation_parent ON conversation (workspace, parent) WHERE parent IS NOT NULL;
`;

/** The tables of segment `n`: messages, packed settlements, and where what is found once it is sealed. */
export const segmentTables = (n: number): string => `
  ${messageTable(n)}
  CREATE TABLE ack_${n} (
    n INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    -- Lowest and highest offset from the segment's first seq.
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    packed BLOB NOT NULL
  ) STRICT;
  CREATE TABLE lookup_${n} (bucket INTEGER PRIMARY KEY, packed BLOB NOT NULL) STRICT;
`;

export const dropSegmentTables = (n: number): string =>
  `DROP TABLE msg_${n}; DROP TABLE ack_${n}; DROP TABLE lookup_${n};`;

/** Opens the file for writing, made when it is not there. Throws WrongFile and what SQLite throws. */
export function openForWriting(file: string): DatabaseSync {
  makePrivateFile(file);
  const db = new DatabaseSync(file, { timeout: BUSY_MS });
  try {
    const isNew = checkFile(db);
    db.exec(
      `PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-${CACHE_KIB};
       PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=${CHECKPOINT_PAGES};`,
    );
    if (isNew) {
      const header = `PRAGMA application_id=${APPLICATION_ID}; PRAGMA user_version=${SCHEMA};`;
      db.exec(`BEGIN IMMEDIATE; ${TABLES} ${header} COMMIT;`);
    }
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Opens a file that is there, for reading alone. */
export function openForReading(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS });
  db.exec("PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8192;");
  return db;
}

/** Whether there is nothing in it yet. */
function checkFile(db: DatabaseSync): boolean {
  const application = numberOf(db, "PRAGMA application_id");
  const found = numberOf(db, "PRAGMA user_version");
  if (application === APPLICATION_ID) {
    if (found !== SCHEMA) throw new WrongFile({ type: "schema", found, known: SCHEMA });
    return false;
  }
  const tables = numberOf(db, "SELECT count(*) FROM sqlite_schema");
  if (application !== 0 || found !== 0 || tables !== 0) throw new WrongFile({ type: "foreign" });
  return true;
}

/** The one number that a query answers with. */
export const numberOf = (db: DatabaseSync, query: string): number =>
  Number(Object.values(db.prepare(query).get() ?? {})[0] ?? 0);
