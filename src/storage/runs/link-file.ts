import { constants } from "node:fs";
import { copyFile, link } from "node:fs/promises";

/** The same file under another name; a copy where the file system has no links. Files of runs are never changed once written. */
export async function linkFile(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (isMissing(error)) throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
  }
}

export const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOENT";
