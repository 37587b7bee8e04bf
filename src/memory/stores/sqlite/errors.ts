import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { CaxtonError } from "../../../kernel/errors.ts";
import { StorageError, storageError, StorageReadOnlyError } from "../../../kernel/sqlite/errors.ts";

/** Something else has the name of Caxton's memory. */
export class MemoryFileForeignError extends CaxtonError<{ readonly file: string }> {
  readonly code = "MEMORY_FILE_FOREIGN";
  readonly kind = "conflict";
}

/** The file is no sound database any more. `snapshot`: the latest, by its name. */
export class MemoryFileDamagedError extends CaxtonError<{ readonly file: string; readonly snapshot: string | null }> {
  readonly code = "MEMORY_FILE_DAMAGED";
  readonly kind = "unavailable";
}

/** The file was removed while the server runs, and cannot be written back. */
export class MemoryFileGoneError extends CaxtonError<{ readonly file: string }> {
  readonly code = "MEMORY_FILE_GONE";
  readonly kind = "unavailable";
}

const SNAPSHOT = /^memory-\d{8}T\d{9}Z-[a-z]+\.db$/;
/** Whether a file is a copy of damaged memory, which cannot be restored. */
export const isLeftDamaged = (name: string): boolean => name.endsWith("-damaged.db");

/** Names of the files of snapshots in a directory, also of damaged memories that were left there, in any order. */
export const snapshotNames = (directory: string): readonly string[] =>
  existsSync(directory) ? readdirSync(directory).filter((name) => SNAPSHOT.test(name)) : [];

/** SQLite's primary result codes. Source: sqlite.org/rescode.html. */
const RESULT = { busy: 5, locked: 6, readOnly: 8, damaged: 11, cannotOpen: 14, noDatabase: 26 } as const;

/** Converts an error to a memory error with a remedy; returns unknown errors unchanged. */
export function memoryError(error: unknown, file: string): unknown {
  if (error instanceof CaxtonError) return error;
  const errcode = error instanceof Error && "errcode" in error ? error.errcode : undefined;
  const result = typeof errcode === "number" ? errcode & 0xff : undefined;
  if (result === RESULT.damaged || result === RESULT.noDatabase)
    return damagedMemory(file, error instanceof Error ? error.message : String(error), error);
  if (result === RESULT.busy || result === RESULT.locked)
    return new StorageError(
      `the memory ${file} is held by another program: ${error instanceof Error ? error.message : String(error)}`,
      "End that program, or try again when it is done.",
      { sqlite: result },
      { cause: error },
    );
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isFile() === false)
    return new MemoryFileForeignError(
      `${file} is ${found.isDirectory() ? "a directory" : "no file"}, where memory's file should be`,
      "Move it away; Caxton makes a new memory, or puts a snapshot there: `caxton memory snapshot list`.",
      { file },
      { cause: error },
    );
  if (found && (result === RESULT.readOnly || result === RESULT.cannotOpen))
    return new StorageReadOnlyError(
      `the memory ${file} cannot be opened to be written`,
      "Make it, what lies beside it as -wal and -shm, and the directory writable for the user that the server runs as.",
      { directory: dirname(file) },
      { cause: error },
    );
  return storageError(error, dirname(file));
}

/** The same of a copy of it: where it is copied to may be full or not to be written. */
export function copyError(error: unknown, { file, to }: { readonly file: string; readonly to: string }): unknown {
  const known = memoryError(error, file);
  return known instanceof StorageReadOnlyError ? storageError(error, dirname(to)) : known;
}

/** The error for damaged memory, with a remedy: the latest snapshot, or an empty memory. */
export function damagedMemory(file: string, why: string, cause?: unknown): MemoryFileDamagedError {
  const latest = snapshotNames(join(dirname(file), "snapshots"))
    .filter((name) => !isLeftDamaged(name))
    .toSorted()
    .at(-1)
    ?.slice(0, -".db".length);
  return new MemoryFileDamagedError(
    `the memory ${file} is damaged: ${why}`,
    latest === undefined
      ? "There is no snapshot to go back to. Stop the server and move memory.db, memory.db-wal and memory.db-shm away together: it starts with an empty memory, into which an export can be imported."
      : `\`caxton memory snapshot restore ${latest}\` makes memory what it was then, the latest there is; the damaged file is left beside the snapshots. \`caxton memory snapshot list\` shows earlier ones.`,
    { file, snapshot: latest ?? null },
    { cause },
  );
}

const SAVES = "`caxton memory snapshot create` and `caxton memory export --history` save what memory holds now.";

/** The error for a file that was removed at runtime. `why`: the reason why it could not be written back. */
export function removedMemory(file: string, why: unknown): MemoryFileGoneError {
  const hint = why instanceof CaxtonError ? `${why.hint} ` : "";
  return new MemoryFileGoneError(
    `the memory ${file} was removed while the server runs, and cannot be written back: ${why instanceof Error ? why.message : String(why)}`,
    `${hint}It is tried again with the next change; until then nothing is changed. ${SAVES}`,
    { file },
    { cause: why },
  );
}

/** The error for a file that was replaced at runtime. */
export const replacedMemory = (file: string): MemoryFileForeignError =>
  new MemoryFileForeignError(
    `the memory ${file} was replaced by another file at runtime; the server continues with the previous file, read-only`,
    `Restart the server to use the new one, or put the former one back in its place. ${SAVES}`,
    { file },
  );
