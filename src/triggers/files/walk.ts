import { opendir, lstat, realpath } from "node:fs/promises";
import { join } from "node:path";
import { type FilePattern, matchesFile, mayContain } from "../../kernel/triggers/file-pattern.ts";

/** A file below a folder, as it was found. */
export type FoundFile = {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedAtMs: number;
  /** When its name, place or content changed last. */
  readonly changedAtMs: number;
};

const isGone = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");

/**
 * Finds the files below a folder that match a pattern. Yields once for each entry, undefined for one that does not match, so that the caller can
 * interrupt the work. Links are not followed. Throws if the folder itself or one below it cannot be read; one that disappears meanwhile is left out.
 */
export async function* walk(
  folder: string,
  pattern: FilePattern,
  names: readonly string[] = [],
): AsyncGenerator<FoundFile | undefined, void, undefined> {
  const here = join(folder, ...names);
  try {
    // A link may have taken its place.
    if (names.length > 0 && (await realpath(here)) !== here) return;
    for await (const entry of await opendir(here)) {
      const path = [...names, entry.name];
      if (entry.isDirectory() && mayContain(pattern, path)) yield* walk(folder, pattern, path);
      else yield entry.isFile() && matchesFile(pattern, path) ? await look(folder, path) : undefined;
    }
  } catch (error) {
    if (names.length === 0 || !isGone(error)) throw error;
  }
}

async function look(folder: string, names: readonly string[]): Promise<FoundFile | undefined> {
  try {
    const found = await lstat(join(folder, ...names));
    if (!found.isFile()) return undefined;
    return { path: names.join("/"), bytes: found.size, modifiedAtMs: found.mtimeMs, changedAtMs: found.ctimeMs };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}
