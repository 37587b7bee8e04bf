import { CaxtonError } from "../../../kernel/errors.ts";

/** Another program's file has the name of Caxton's memory. */
export class MemoryFileForeignError extends CaxtonError<{ readonly file: string }> {
  readonly code = "MEMORY_FILE_FOREIGN";
  readonly kind = "conflict";
}

/** The file is no sound database any more. */
export class MemoryFileDamagedError extends CaxtonError<{ readonly file: string }> {
  readonly code = "MEMORY_FILE_DAMAGED";
  readonly kind = "unavailable";
}

/** SQLite's primary result codes for a file whose content is not a sound database. Source: sqlite.org/rescode.html. */
const DAMAGED: readonly number[] = [11, 26];

/** What SQLite said of a file that is no sound database, as ours; anything else as it is. */
export function damagedError(error: unknown, file: string): unknown {
  const errcode = error instanceof Error && "errcode" in error ? error.errcode : undefined;
  if (typeof errcode !== "number" || !DAMAGED.includes(errcode & 0xff)) return error;
  return new MemoryFileDamagedError(
    `the memory ${file} is damaged: ${error instanceof Error ? error.message : ""}`,
    "Stop the server, move memory.db, memory.db-wal and memory.db-shm away together, and restore the latest snapshot in their place; without one the server starts with an empty memory.",
    { file },
  );
}
