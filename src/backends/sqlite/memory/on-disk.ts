import { closeSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** What was written to a file is on disk afterwards. */
export const flushFile = (file: string): void => flush(file, "r+");

/** Names of files that were made, renamed or removed in a directory are on disk afterwards. */
export const flushDirectory = (directory: string): void => flush(directory, "r");

/** Makes a directory with all above it, whose names are on disk afterwards. */
export function makeDirectory(directory: string): void {
  const made = mkdirSync(directory, { recursive: true });
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
