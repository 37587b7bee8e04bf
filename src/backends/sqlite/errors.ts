import { CaxtonError } from "../../kernel/errors.ts";
import { localServer } from "../../kernel/local-server.ts";

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

export class UploadTooLargeError extends CaxtonError<{ readonly bytesMax: number }> {
  readonly code = "UPLOAD_TOO_LARGE";
  readonly kind = "too-large";
}

export class ArtifactTooLargeError extends CaxtonError<{ readonly bytesMax: number }> {
  readonly code = "ARTIFACT_TOO_LARGE";
  readonly kind = "too-large";
}

/** SQLite's primary result codes that a person can do something about. Source: sqlite.org/rescode.html. */
const RESULT = { busy: 5, locked: 6, readOnly: 8, ioError: 10, full: 13, cannotOpen: 14 } as const;

const resultCode = (error: unknown): number | undefined =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : undefined;

/** What SQLite or the file system threw, as one of ours; anything unknown is passed through. */
export function storageError(error: unknown, directory: string): unknown {
  if (error instanceof CaxtonError) return error;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const result = resultCode(error);
  if (result === RESULT.full || code === "ENOSPC" || code === "EDQUOT") {
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
  if (result !== undefined) {
    const message = error instanceof Error ? error.message : String(error);
    return new StorageError(
      `the database in ${directory} failed: ${message}`,
      result === RESULT.busy || result === RESULT.locked
        ? "Another program holds it: end that one, or try again when it is done."
        : "Check the disk; `caxton doctor` looks at the data directory.",
      { sqlite: result },
      { cause: error },
    );
  }
  return error;
}

/** Says which server it is, where that one has left word. */
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
