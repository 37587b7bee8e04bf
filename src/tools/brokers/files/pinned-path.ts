import type { BigIntStats } from "node:fs";
import { constants } from "node:fs";
import { type FileHandle, lstat, open, readlink, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isVisible } from "./paths.ts";

/**
 * A handle that only says which file is meant, of whatever kind, without opening it. On Linux a name below
 * `/proc/self/fd` then leads to that file and no other, wherever it is moved and whatever takes its place.
 */
const LOCATE = 0x20_0000;
const { O_DIRECTORY, O_NOFOLLOW } = constants;

/** Whether this system can hold a file by a handle. Where it cannot, guests may not make links. */
export const CAN_PIN = process.platform === "linux";

export const descriptorPath = (handle: FileHandle): string => `/proc/self/fd/${handle.fd}`;

/** Something in a granted directory that stays what it was when it was looked at, until it is disposed of. */
export class PinnedPath implements Disposable {
  /** Leads there; for the length of its life only. */
  readonly path: string;
  /** Where it really was when it was taken hold of. */
  readonly real: string;
  readonly root: string;
  /** As it was then. */
  readonly stats: BigIntStats;
  readonly #handle: FileHandle | undefined;

  constructor(place: Pick<PinnedPath, "real" | "root" | "stats">, handle?: FileHandle) {
    this.path = handle === undefined ? place.real : descriptorPath(handle);
    this.real = place.real;
    this.root = place.root;
    this.stats = place.stats;
    this.#handle = handle;
  }

  stat(): Promise<BigIntStats> {
    return this.#handle === undefined ? lstat(this.path, { bigint: true }) : this.#handle.stat({ bigint: true });
  }

  /** The result of closing is not awaited. */
  [Symbol.dispose](): void {
    this.#handle?.close().catch(() => {});
  }
}

/**
 * Where what was opened really is, if that is inside the root: where the system can name an open file, by its name, else
 * when it is what was looked at.
 */
export async function resolveBeneath(handle: FileHandle, path: string, root: string): Promise<string | undefined> {
  if (CAN_PIN) {
    const real = await readlink(descriptorPath(handle));
    return isVisible(root, real) ? real : undefined;
  }
  const [opened, found] = await Promise.all([handle.stat(), lstat(path)]);
  const isSame = opened.dev === found.dev && opened.ino === found.ino && (await realpath(path)) === path;
  return isSame ? path : undefined;
}

type OpenAtOptions = { readonly root: string; readonly follow?: boolean; readonly isDirectory?: boolean };

/**
 * Takes hold of what is at a path, by default not following a link there; undefined when it is not inside the root. On
 * systems that cannot hold, only settled paths are asked for.
 */
export async function openAt(
  path: string,
  { root, follow, isDirectory }: OpenAtOptions,
): Promise<PinnedPath | undefined> {
  if (!CAN_PIN) {
    const isThere = (await realpath(dirname(path))) === dirname(path);
    return isThere ? new PinnedPath({ real: path, root, stats: await lstat(path, { bigint: true }) }) : undefined;
  }
  const handle = await open(
    path,
    LOCATE | (follow === true ? 0 : O_NOFOLLOW) | (isDirectory === true ? O_DIRECTORY : 0),
  );
  try {
    const [real, stats] = await Promise.all([readlink(descriptorPath(handle)), handle.stat({ bigint: true })]);
    const within = isVisible(root, real) ? root : await realpath(root);
    if (isVisible(within, real)) return new PinnedPath({ real, root: within, stats }, handle);
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  return undefined;
}

/** A name in a directory that is held, and where it really is. */
export type PinnedName = Disposable & { readonly name: string; readonly real: string };

/** Takes hold of a settled path's directory. `name` leads to the path's end through it, `isDirectory` with a slash. */
export async function openParent(
  { path, root }: { readonly path: string; readonly root: string },
  isDirectory = false,
): Promise<PinnedName | undefined> {
  const directory = await openAt(dirname(path), { root, isDirectory: true });
  if (directory === undefined) return undefined;
  return {
    name: `${directory.path}/${basename(path)}${isDirectory ? "/" : ""}`,
    real: join(directory.real, basename(path)),
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}
