import type { Dirent } from "node:fs";
import { lstat, opendir, readlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { DirectoryEntry, FileKind, Listing } from "../../sandbox/index.ts";
import type { PinnedPath } from "./pinned-path.ts";
import { isHidden, isInside } from "./paths.ts";
import { resolveLink, type ResolvedPath } from "./resolve-path.ts";

type Found = Extract<ResolvedPath, { type: "settled" }>;

const ENTRIES_MAX = 10_000;
/** Entries of a directory that the system is asked for at once. */
const READ_AT_ONCE = 512;
/** Entries whose numbers are looked up; those of the rest are reported as unknown. */
const NUMBERED_MAX = 1_000;
/** Entries of a directory that are looked through for links before it is moved. */
const MOVED_ENTRIES_MAX = 10_000;

/** Whether a symbolic link that says `target` would lead out of what is granted, seen from a real directory. */
export async function escapesRoot(root: string, directory: string, target: string): Promise<boolean> {
  const led = await resolveLink(root, directory, target);
  return led.type === "refused" && led.reason === "denied";
}

/** Files, directories and links that lead nowhere else; no pipes, nothing hidden. */
export async function listDirectory({ path, real, root, stats }: PinnedPath): Promise<Listing> {
  // The slash goes through the handle's name to the directory itself.
  const shown: Dirent[] = [];
  // In pieces: to read a directory of a million entries at once would block the server.
  for await (const entry of await opendir(`${path}/`, { bufferSize: READ_AT_ONCE })) {
    if (!isHidden(entry.name)) shown.push(entry);
    if (shown.length === ENTRIES_MAX) break;
  }
  shown.sort((one, other) => (one.name < other.name ? -1 : 1));
  const entries = await Promise.all(
    shown.map(async (entry, index): Promise<DirectoryEntry | undefined> => {
      const { name } = entry;
      const kind = kindOf(entry);
      if (kind === undefined) return undefined;
      if (kind === "link") {
        const target = await readlink(`${path}/${name}`).catch(() => undefined);
        if (target === undefined || (await escapesRoot(root, real, target))) return undefined;
      }
      if (index >= NUMBERED_MAX) return { name, kind, inode: 0n };
      const about = await lstat(`${path}/${name}`, { bigint: true }).catch(() => undefined);
      return about && { name, kind, inode: about.ino };
    }),
  );
  return { inode: stats.ino, entries: entries.filter((entry) => entry !== undefined) };
}

const kindOf = (entry: Dirent): FileKind | undefined =>
  entry.isFile() ? "file" : entry.isDirectory() ? "directory" : entry.isSymbolicLink() ? "link" : undefined;

/**
 * Whether what is moved or linked from one place to another is, or holds, a symbolic link that would lead out from
 * there. Guests are checked whenever they follow one; this is for the programs of others, which may not be.
 */
export async function leadsOut(
  name: string,
  { from, to }: { readonly from: Found; readonly to: Found },
): Promise<boolean> {
  const plain = name.replace(/\/$/, "");
  const stats = await lstat(plain);
  const isSamePlace = from.root === to.root && dirname(from.path) === dirname(to.path);
  if (stats.isSymbolicLink()) return escapesRoot(to.root, dirname(to.path), await readlink(plain));
  if (!stats.isDirectory()) return !stats.isFile();
  return !isSamePlace && holdsLinkOut(plain, to);
}

/** Looks no further than it has to: a directory with too many entries counts as one that does. */
async function holdsLinkOut(name: string, { path, root }: Found): Promise<boolean> {
  const left = [""];
  let seen = 0;
  for (let way = left.pop(); way !== undefined; way = left.pop()) {
    for await (const entry of await opendir(join(name, way, "/"))) {
      seen += 1;
      if (seen > MOVED_ENTRIES_MAX) return true;
      const inside = join(way, entry.name);
      if (entry.isDirectory()) left.push(inside);
      if (!entry.isSymbolicLink()) continue;
      // By the text alone, since the directory is not there yet.
      const target = await readlink(join(name, inside));
      if (!isInside(root, resolve(path, way, target))) return true;
    }
  }
  return false;
}
