import { statfsSync } from "node:fs";
import { join } from "node:path";
import { CaxtonError } from "../errors.ts";
import { localServer } from "../local-server.ts";
import { LostFile } from "../files/opened-file.ts";

export class StorageError extends CaxtonError<{ readonly sqlite: number }> {
  readonly code = "STORAGE_ERROR";
  readonly kind = "unavailable";
}

export class StorageFullError extends CaxtonError<{ readonly directory: string }> {
  readonly code = "STORAGE_FULL";
  readonly kind = "storage-full";
}

export class StorageReadOnlyError extends CaxtonError<{ readonly directory: string }> {
  readonly code = "STORAGE_READ_ONLY";
  readonly kind = "unavailable";
}

export class DataDirectoryInUseError extends CaxtonError<{
  readonly directory: string;
  readonly url: string | null;
  readonly pid: number | null;
}> {
  readonly code = "DATA_DIRECTORY_IN_USE";
  readonly kind = "conflict";
}

export class DatabaseTooNewError extends CaxtonError<{ readonly found: number; readonly known: number }> {
  readonly code = "DATABASE_TOO_NEW";
  readonly kind = "conflict";
}

export class DatabaseTooOldError extends CaxtonError<{ readonly found: number; readonly known: number }> {
  readonly code = "DATABASE_TOO_OLD";
  readonly kind = "conflict";
}

/** A database was removed while the server runs: what is written now would be lost at its end. */
export class DatabaseFileGoneError extends CaxtonError<{ readonly file: string }> {
  readonly code = "DATABASE_FILE_GONE";
  readonly kind = "unavailable";
}

/** Another file took the place of a database while the server runs. */
export class DatabaseFileForeignError extends CaxtonError<{ readonly file: string }> {
  readonly code = "DATABASE_FILE_FOREIGN";
  readonly kind = "conflict";
}

/** The content of a database is not sound. */
export class DatabaseDamagedError extends CaxtonError<{ readonly file: string }> {
  readonly code = "DATABASE_DAMAGED";
  readonly kind = "unavailable";
}

type UploadsFull = {
  readonly count: number;
  readonly countMax: number;
  readonly bytes: number;
  readonly bytesMax: number;
};

/** As many files of a workspace wait for a run as may. */
export class UploadsFullError extends CaxtonError<UploadsFull> {
  readonly code = "UPLOADS_FULL";
  readonly kind = "exhausted";
  override readonly retryAfterMs = 60_000;
  constructor(full: UploadsFull) {
    super(
      `${full.count} files of ${full.bytes} bytes wait for a run; at most ${full.countMax} of ${full.bytesMax} bytes may`,
      "Start the runs that the files are for. Files without a run are deleted after 24 hours. files.waiting_bytes_max of caxton.toml limits them.",
      full,
    );
  }
}

export class UploadTooLargeError extends CaxtonError<{ readonly bytesMax: number }> {
  readonly code = "UPLOAD_TOO_LARGE";
  readonly kind = "too-large";
}

export class ArtifactTooLargeError extends CaxtonError<{ readonly bytesMax: number }> {
  readonly code = "ARTIFACT_TOO_LARGE";
  readonly kind = "too-large";
}

/** SQLite's primary result codes that a person can do something about. Source: sqlite.org/rescode.html. */
const RESULT = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  damaged: 11,
  full: 13,
  cannotOpen: 14,
  noDatabase: 26,
} as const;

/** On a full disk SQLite also fails with a plain I/O error, where it makes the files beside the database. */
function hasNoRoom(directory: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize < ROOM_BYTES;
  } catch {
    return false;
  }
}
const ROOM_BYTES = 128 * 1024;

const resultCode = (error: unknown): number | undefined =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : undefined;

/** Whether SQLite threw because another connection holds the database. */
export const isBusy = (error: unknown): boolean => resultCode(error) === RESULT.busy;

/** What SQLite or the file system threw, as one of ours; anything unknown is passed through. */
export function storageError(error: unknown, directory: string): unknown {
  if (error instanceof CaxtonError) return error;
  if (error instanceof LostFile) return lostDatabase(error.file, error.now);
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const result = resultCode(error);
  const isFull = result === RESULT.full || (result === RESULT.ioError && hasNoRoom(directory));
  if (isFull || code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG") {
    return new StorageFullError(
      `the disk that holds ${directory} is full`,
      "Free space there, or move the data directory with --data-dir; unfinished runs continue after a restart.",
      { directory },
      { cause: error },
    );
  }
  if (
    result === RESULT.readOnly ||
    result === RESULT.cannotOpen ||
    code === "EACCES" ||
    code === "EROFS" ||
    code === "EPERM"
  ) {
    return new StorageReadOnlyError(
      `the data directory ${directory} cannot be written`,
      "Make it writable for this user, or choose another with --data-dir or CAXTON_DATA_DIR.",
      { directory },
      { cause: error },
    );
  }
  if (result === RESULT.damaged || result === RESULT.noDatabase)
    return damagedDatabase(join(directory, "caxton.db"), error);
  if (result !== undefined) {
    const message = error instanceof Error ? error.message : String(error);
    return new StorageError(
      `the database in ${directory} failed: ${message}`,
      result === RESULT.busy || result === RESULT.locked
        ? "Another program holds it: end that one, or try again when it is done."
        : "Check the disk, its free space and its quota; `caxton doctor` looks at the data directory. The system's log may say more.",
      { sqlite: result },
      { cause: error },
    );
  }
  return error;
}

/** Whether SQLite threw because of the disk or the file, and not because of a statement. */
export function isFileFault(error: unknown): boolean {
  const result = resultCode(error);
  return result !== undefined && FILE_FAULTS.includes(result);
}
const FILE_FAULTS: readonly number[] = [
  RESULT.readOnly,
  RESULT.ioError,
  RESULT.damaged,
  RESULT.full,
  RESULT.cannotOpen,
  RESULT.noDatabase,
];

/** The error for a database whose schema version is not one that this Caxton can use. */
export const wrongSchema = (file: string, { found, known }: { readonly found: number; readonly known: number }) =>
  found > known
    ? new DatabaseTooNewError(
        `${file} was written by a newer Caxton (schema ${found}; this one knows ${known})`,
        "Run the newer version, or restore a backup made before the upgrade.",
        { found, known },
      )
    : new DatabaseTooOldError(
        `${file} was written by a version of Caxton that was never released (schema ${found}; this one needs ${known})`,
        "Run that version to export what you need. Then move the file and its -wal away, or choose another data directory with --data-dir; Caxton makes a new file.",
        { found, known },
      );

/** A database that is not at its path any more. */
export const lostDatabase = (file: string, now: LostFile["now"]): DatabaseFileGoneError | DatabaseFileForeignError =>
  now === "gone"
    ? new DatabaseFileGoneError(
        `the database ${file} (or its log, ${file}-wal) was removed while the server runs; nothing is stored until it is back`,
        "If it was moved, move it back with its -wal. Otherwise stop the server and start it again: it begins with an empty database, or with a backup that you put there first.",
        { file },
      )
    : new DatabaseFileForeignError(
        `the database ${file} (or its log, ${file}-wal) was replaced by another file while the server runs; nothing is stored in either`,
        "Restart the server to use the new file, or put the former one back with its -wal.",
        { file },
      );

const damagedDatabase = (file: string, cause: unknown): DatabaseDamagedError =>
  new DatabaseDamagedError(
    `the database ${file} is damaged: ${cause instanceof Error ? cause.message : String(cause)}`,
    "Stop the server and copy caxton.db and caxton.db-wal elsewhere. Put a backup in their place, or make one of what can be read: `sqlite3 caxton.db .recover | sqlite3 new.db`. Without caxton.db and caxton.db-wal the server starts with an empty database.",
    { file },
    { cause },
  );

/** Names the server, if it has written its server file. */
export function dataDirectoryInUse(directory: string, cause: unknown): DataDirectoryInUseError {
  const server = localServer(directory);
  const which = server ? `the Caxton server at ${server.url} (process ${server.pid})` : "another Caxton server";
  const stop = server ? `Use that one (--server ${server.url}), stop it (kill ${server.pid})` : "Stop it";
  return new DataDirectoryInUseError(
    `${which} is using the data directory ${directory}`,
    `${stop}, or give this one a directory of its own with --data-dir.`,
    { directory, url: server?.url ?? null, pid: server?.pid ?? null },
    { cause },
  );
}
