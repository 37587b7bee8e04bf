import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { backup, type DatabaseSync } from "node:sqlite";
import { makePrivateDirectory, makePrivateFile } from "../../../../kernel/files/private-files.ts";

/** What was written to a file is on disk afterwards. */
export const flushFile = (file: string): void => flush(file, "r+");

/** Names of files that were made, renamed or removed in a directory are on disk afterwards. */
export const flushDirectory = (directory: string): void => flush(directory, "r");

/** Makes a directory with all above it, whose names are on disk afterwards. */
export function makeDirectory(directory: string): void {
  const made = makePrivateDirectory(directory);
  if (made === undefined) return;
  const first = resolve(made);
  for (let one = resolve(directory); one.length >= first.length; one = dirname(one)) flushDirectory(dirname(one));
}

function flush(path: string, flags: "r" | "r+"): void {
  const descriptor = openSync(path, flags);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Gives a file another name too. Throws EEXIST where something has it, and never takes its place. */
export function nameFile(file: string, name: string): void {
  try {
    linkSync(file, name);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") throw error;
    // A file has one name in some file systems.
    copyFileSync(file, name, constants.COPYFILE_EXCL);
    flushFile(name);
  }
}

/** What SQLite puts beside a database while it is open. */
export const LOG_ENDINGS = ["-wal", "-shm"] as const;

/** Where a memory is copied to before it takes its place at its path again. */
export const savedFile = (file: string): string => `${file}.saved`;

/**
 * A process that was killed while it wrote a removed memory back may have left a complete copy beside its path: if nothing is
 * there, the copy is used.
 */
export function takeSaved(file: string): void {
  const saved = savedFile(file);
  if (existsSync(file) || !existsSync(saved)) return;
  // It has all that the log of the removed file had.
  for (const ending of LOG_ENDINGS) rmSync(file + ending, { force: true });
  renameSync(saved, file);
  flushDirectory(dirname(file));
}

/** An incremental copy restarts whenever another connection writes. */
const ALL_PAGES = 2 ** 30;
/** 16 MiB, between which others have their turn with the connection. */
const STEP_PAGES = 4_096;

/**
 * Copies a database at one moment to another file, durably and atomically. `isAlone`: no other connection
 * writes to it, so the copy can proceed in steps.
 */
export async function copyDatabase(
  source: DatabaseSync,
  to: string,
  { isAlone }: { readonly isAlone: boolean },
): Promise<void> {
  const directory = dirname(to);
  const part = `${to}.part`;
  rmSync(part, { force: true });
  try {
    makePrivateFile(part);
    await backup(source, part, { rate: isAlone ? STEP_PAGES : ALL_PAGES });
    flushFile(part);
    renameSync(part, to);
  } catch (error) {
    // A disk that is full is not to stay so.
    rmSync(part, { force: true });
    throw error;
  }
  flushDirectory(directory);
}
