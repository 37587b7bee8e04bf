import { DatabaseSync } from "node:sqlite";
import { DatabaseTooNewError } from "../index.ts";
import { MemoryFileForeignError } from "./errors.ts";

/** "CXE1": what kind of file it is, where SQLite's header has room for that. */
const APPLICATION_ID = 0x43_58_45_31;
const SCHEMA = 1;
const CACHE_KIB = 65_536;
/** Backups and people's tools may read the file meanwhile. */
const BUSY_MS = 5_000;

/**
 * The truth about memory; all indexes are made from it. Ids are UUIDs in 16 bytes; `row` numbers are this file's own and
 * what the indexes go by. Texts of passages are not kept: they follow from the observations.
 */
const TABLES = `
  CREATE TABLE scope (n INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE) STRICT;
  -- What is not known is ''.
  CREATE TABLE provenance (
    n INTEGER PRIMARY KEY, source TEXT NOT NULL, source_id TEXT NOT NULL, agent TEXT NOT NULL,
    UNIQUE (source, source_id, agent)
  ) STRICT;
  CREATE TABLE entity (
    row INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    scope INTEGER NOT NULL REFERENCES scope,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    confidence REAL NOT NULL,
    strength REAL NOT NULL,
    valid_from_ms INTEGER,
    valid_to_ms INTEGER,
    metadata TEXT,
    version INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    UNIQUE (scope, name)
  ) STRICT;
  CREATE TABLE observation (
    row INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    entity INTEGER NOT NULL REFERENCES entity ON DELETE CASCADE,
    text TEXT NOT NULL,
    confidence REAL NOT NULL,
    valid_from_ms INTEGER,
    valid_to_ms INTEGER,
    provenance INTEGER NOT NULL REFERENCES provenance,
    at_ms INTEGER NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER
  ) STRICT;
  CREATE INDEX observation_of ON observation (entity);
  CREATE TABLE relation (
    row INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    src INTEGER NOT NULL REFERENCES entity ON DELETE CASCADE,
    dst INTEGER NOT NULL REFERENCES entity ON DELETE CASCADE,
    type TEXT NOT NULL,
    strength REAL NOT NULL,
    confidence REAL NOT NULL,
    is_both INTEGER NOT NULL,
    valid_from_ms INTEGER,
    valid_to_ms INTEGER,
    metadata TEXT,
    provenance INTEGER NOT NULL REFERENCES provenance,
    created_at_ms INTEGER NOT NULL,
    UNIQUE (src, dst, type)
  ) STRICT;
  CREATE INDEX relation_to ON relation (dst);
  CREATE TABLE model (n INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, dims INTEGER NOT NULL, is_active INTEGER NOT NULL) STRICT;
  -- One row for each passage of an entity; it is found by \`row\`.
  CREATE TABLE passage (
    row INTEGER PRIMARY KEY,
    entity INTEGER NOT NULL REFERENCES entity ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    -- Its vector, rotated and rounded to bytes; NULL while there is none.
    model INTEGER REFERENCES model,
    scale REAL,
    vector BLOB,
    UNIQUE (entity, ordinal)
  ) STRICT;
  CREATE INDEX passage_without ON passage (row) WHERE vector IS NULL;
  -- Vectors of a model that does not count yet.
  CREATE TABLE coming (
    passage INTEGER PRIMARY KEY REFERENCES passage ON DELETE CASCADE,
    model INTEGER NOT NULL REFERENCES model,
    scale REAL NOT NULL,
    vector BLOB NOT NULL
  ) STRICT;
  CREATE TABLE change (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    entity BLOB,
    scope INTEGER NOT NULL REFERENCES scope,
    version INTEGER NOT NULL,
    action TEXT NOT NULL,
    provenance INTEGER NOT NULL REFERENCES provenance,
    at_ms INTEGER NOT NULL,
    details TEXT
  ) STRICT;
  CREATE INDEX change_of ON change (entity, seq);
`;

/** Opens or makes the file. Throws MemoryFileForeignError, DatabaseTooNewError, and what SQLite throws. */
export function openMemoryFile(file: string, synchronous: "normal" | "full"): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: BUSY_MS });
  try {
    refuseOthers(db, file);
    // What is deleted is overwritten with zeros: forgotten is forgotten.
    db.exec(
      `PRAGMA journal_mode=WAL; PRAGMA synchronous=${synchronous}; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;
       PRAGMA cache_size=-${CACHE_KIB}; PRAGMA temp_store=MEMORY;`,
    );
    if (numberOf(db, "user_version") === 0) {
      db.exec(
        `BEGIN IMMEDIATE; ${TABLES} PRAGMA application_id=${APPLICATION_ID}; PRAGMA user_version=${SCHEMA}; COMMIT;`,
      );
    }
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function refuseOthers(db: DatabaseSync, file: string): void {
  const [id, found] = [numberOf(db, "application_id"), numberOf(db, "user_version")];
  const isEmpty = found === 0 && db.prepare("SELECT 1 FROM sqlite_schema").get() === undefined;
  if (isEmpty) return;
  if (id !== APPLICATION_ID) {
    throw new MemoryFileForeignError(
      `${file} is not a memory: another program's database has its name`,
      "Move the file away, or give Caxton another data directory with --data-dir; it makes a new memory.",
      { file },
    );
  }
  if (found > SCHEMA) {
    throw new DatabaseTooNewError(
      `${file} was written by a newer Caxton (schema ${found}; this one knows ${SCHEMA})`,
      "Run the newer version, or restore a snapshot made before the upgrade.",
      { found, known: SCHEMA },
    );
  }
}

function numberOf(db: DatabaseSync, pragma: "application_id" | "user_version"): number {
  return Number(db.prepare(`PRAGMA ${pragma}`).get()?.[pragma] ?? 0);
}
