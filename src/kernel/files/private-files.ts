import { closeSync, lstatSync, mkdirSync, openSync } from "node:fs";

/** Modes of what holds the data of users: for the user of the server alone. */
export const PRIVATE_DIRECTORY = 0o700;
export const PRIVATE_FILE = 0o600;

/** Makes a directory with all above it; the first that was made, if any was. One that exists keeps its mode. */
export const makePrivateDirectory = (directory: string): string | undefined =>
  mkdirSync(directory, { recursive: true, mode: PRIVATE_DIRECTORY });

/**
 * Makes an empty file where there is nothing, for a database: SQLite gives the files beside it the same mode. A file that
 * exists is not opened, since closing it would release the locks that this process holds on it.
 */
export function makePrivateFile(file: string): void {
  try {
    closeSync(openSync(file, "wx", PRIVATE_FILE));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}

/** Whether users other than the owner have any right to a file or directory. False where there is nothing, and for links. */
export function isOpenToOthers(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || process.platform === "win32") return false;
  return (found.isFile() || found.isDirectory()) && (found.mode & 0o077) !== 0;
}
