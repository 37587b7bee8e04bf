import { open } from "node:fs/promises";

/** Names of files that were made, renamed or removed in a directory are on disk afterwards. */
export async function flushDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
