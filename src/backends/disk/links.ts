import { lstat, readdir, readlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { DirectoryEntry, Listing } from "../../sandbox/index.ts";
import { hold } from "./held.ts";
import { isHidden, isInside } from "./paths.ts";
import { settleLink, type Settled } from "./settle.ts";

type Found = Extract<Settled, { type: "settled" }>;

const ENTRIES_MAX = 10_000;
/** Entries of a directory that are looked through for links before it is moved. */
const MOVED_ENTRIES_MAX = 10_000;

/** Whether a symbolic link that says `target` would lead out of what is granted, seen from a real directory. */
export async function isLeadingOut(root: string, directory: string, target: string): Promise<boolean> {
  const led = await settleLink(root, directory, target);
  return led.type === "refused" && led.reason === "denied";
}

/** Files, directories and links that lead nowhere else; no pipes, nothing hidden. Undefined when the directory has moved away. */
export async function listDirectory({ path, root }: Found): Promise<Listing | undefined> {
  await using held = await hold(path, root, "directory");
  if (held === undefined) return undefined;
  // The slash goes through the handle's name to the directory itself.
  const found = (await readdir(`${held.path}/`)).filter((name) => !isHidden(name)).slice(0, ENTRIES_MAX);
  const entries = await Promise.all(
    found.map(async (name): Promise<DirectoryEntry | undefined> => {
      const stats = await lstat(`${held.path}/${name}`, { bigint: true }).catch(() => undefined);
      if (stats?.isFile() === true) return { name, kind: "file", inode: stats.ino };
      if (stats?.isDirectory() === true) return { name, kind: "directory", inode: stats.ino };
      if (stats?.isSymbolicLink() !== true) return undefined;
      const target = await readlink(`${held.path}/${name}`).catch(() => undefined);
      const isShown = target !== undefined && !(await isLeadingOut(root, path, target));
      return isShown ? { name, kind: "link", inode: stats.ino } : undefined;
    }),
  );
  return { inode: (await held.stat()).ino, entries: entries.filter((entry) => entry !== undefined) };
}

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
  if (stats.isSymbolicLink()) return isLeadingOut(to.root, dirname(to.path), await readlink(plain));
  if (!stats.isDirectory()) return !stats.isFile();
  return !isSamePlace && holdsLinkOut(plain, to);
}

async function holdsLinkOut(name: string, { path, root }: Found): Promise<boolean> {
  const found = await readdir(`${name}/`, { withFileTypes: true, recursive: true });
  if (found.length > MOVED_ENTRIES_MAX) return true;
  for (const entry of found) {
    if (!entry.isSymbolicLink()) continue;
    const target = await readlink(join(entry.parentPath, entry.name));
    const directory = join(path, entry.parentPath.slice(name.length));
    // By the text alone, since the directory is not there yet.
    if (!isInside(root, resolve(directory, target))) return true;
  }
  return false;
}
