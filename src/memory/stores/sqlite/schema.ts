import { rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { makePrivateFile } from "../../../kernel/files/private-files.ts";
import { log } from "../../../kernel/log.ts";
import { wrongSchema } from "../../../kernel/sqlite/errors.ts";
import { damagedMemory, MemoryFileForeignError, snapshotNames } from "./errors.ts";
import { savedFile, takeSaved } from "./files/on-disk.ts";
import { TABLES } from "./tables.ts";

/** "CXE1": what kind of file it is, where SQLite's header has room for that. */
const APPLICATION_ID = 0x43_58_45_31;
const SCHEMA = 2;
/** Pages that are not here come from the system's cache, in about the same time. */
const CACHE_KIB = 8_192;
/** 64 MiB of log: a commit that finds more writes it back, when there was no time for that before. */
const LOG_PAGES_MAX = 16_000;
/** Backups and people's tools may read the file meanwhile. */
export const BUSY_MS = 5_000;

/** Opens the file, or makes it where it may be new. Throws MemoryFileForeignError, MemoryFileDamagedError, DatabaseTooNewError, DatabaseTooOldError, and what SQLite throws. */
export function openMemoryFile(
  file: string,
  synchronous: "normal" | "full",
  { isNew }: { readonly isNew: boolean },
): DatabaseSync {
  if (isNew) {
    takeSaved(file);
    refuseLost(file);
    makePrivateFile(file);
  }
  // Rows refer to others by number, and deletions remove dependent rows explicitly, so that SQLite need not check foreign keys.
  const db = new DatabaseSync(isNew ? file : existing(file), { timeout: BUSY_MS, enableForeignKeyConstraints: false });
  try {
    refuseOthers(db, file);
    // What is deleted is overwritten with zeros: forgotten is forgotten.
    db.exec(
      `PRAGMA journal_mode=WAL; PRAGMA synchronous=${synchronous}; PRAGMA secure_delete=ON;
       PRAGMA cache_size=-${CACHE_KIB}; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=${LOG_PAGES_MAX};`,
    );
    if (numberOf(db, "user_version") === 0) {
      const header = `PRAGMA application_id=${APPLICATION_ID}; PRAGMA user_version=${SCHEMA};`;
      db.exec(`BEGIN IMMEDIATE; ${TABLES} ${header} COMMIT;`);
    }
    // An older one, in which nothing is forgotten any more.
    rmSync(savedFile(file), { force: true });
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** SQLite's name of a file that it does not make. */
function existing(file: string): URL {
  const url = pathToFileURL(file);
  url.searchParams.set("mode", "rw");
  return url;
}

const sizeOf = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.size;

/**
 * A file that is empty, or missing beside its WAL, has lost data; SQLite would create it and discard the WAL.
 * A file that is missing altogether was removed on purpose.
 */
function refuseLost(file: string): void {
  const size = sizeOf(file);
  if (size !== undefined && size > 0) return;
  const hasSnapshots = snapshotNames(join(dirname(file), "snapshots")).length > 0;
  if ((sizeOf(`${file}-wal`) ?? 0) > 0)
    throw damagedMemory(file, `it is ${size === 0 ? "empty" : "gone"}, and the log of its last changes is there`);
  if (size === 0 && hasSnapshots) throw damagedMemory(file, "it is empty, and there are snapshots of what it was");
  if (hasSnapshots)
    log.warn(
      { file },
      "memory begins empty, though there are snapshots of one: `caxton memory snapshot list`, `caxton memory snapshot restore`",
    );
}

/** Whether a database is a memory, of any schema. */
export const isMemory = (db: DatabaseSync): boolean => numberOf(db, "application_id") === APPLICATION_ID;

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
  if (found !== SCHEMA) throw wrongSchema(file, { found, known: SCHEMA });
}

function numberOf(db: DatabaseSync, pragma: "application_id" | "user_version"): number {
  return Number(db.prepare(`PRAGMA ${pragma}`).get()?.[pragma] ?? 0);
}
