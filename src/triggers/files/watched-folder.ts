import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, lstat, open, readlink, realpath } from "node:fs/promises";
import { join } from "node:path";
import { FileChangedError } from "../errors.ts";

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
const FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

/** A regular file that is open, and below its folder. */
export type WatchedFile = AsyncDisposable & {
  readonly bytes: number;
  readonly modifiedAtMs: number;
  /** Reads it from the beginning. */
  readonly content: () => AsyncIterable<Uint8Array>;
};

/** Returns the real path of a workspace's folder; undefined if there is none, or a link in its place. */
export async function folderOf(root: string, workspace: string): Promise<string | undefined> {
  try {
    const folder = join(await realpath(root), workspace);
    return (await realpath(folder)) === folder ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** Opens a file below a folder. Throws FileChangedError if it is gone, no regular file, or elsewhere because a link leads there. */
export async function openWatched(folder: string, path: string): Promise<WatchedFile> {
  const place = join(folder, path);
  const handle = await open(place, FLAGS).catch(() => undefined);
  if (handle === undefined) throw new FileChangedError(path, "is gone or cannot be read");
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || !(await isAt(handle, place)))
      throw new FileChangedError(path, "is not a file of this folder");
    return {
      bytes: stats.size,
      modifiedAtMs: stats.mtimeMs,
      content: () => handle.createReadStream({ start: 0, autoClose: false }),
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Whether an open file is really at a path without links. */
async function isAt(handle: FileHandle, place: string): Promise<boolean> {
  if (process.platform === "linux") return (await readlink(`/proc/self/fd/${handle.fd}`)) === place;
  const [opened, found] = await Promise.all([handle.stat(), lstat(place)]);
  return opened.dev === found.dev && opened.ino === found.ino && (await realpath(place)) === place;
}

/** Returns the SHA-256 of a file. */
export async function hashOf(file: WatchedFile): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of file.content()) hash.update(piece);
  return hash.digest("hex");
}

/** The content of a file, which fails at its end if it has another hash. */
export async function* sameContent(file: WatchedFile, path: string, expected: string): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  for await (const piece of file.content()) {
    hash.update(piece);
    yield piece;
  }
  if (hash.digest("hex") !== expected)
    throw new FileChangedError(path, "has changed; its new content is another event");
}
