import { lstat, readlink, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { Refusal } from "../../sandbox/index.ts";
import { type Granted, isHidden, isInside, isVisible, partsOf } from "./paths.ts";
import { codeOf } from "./refusal.ts";

/** A path whose directories have been followed to where they really are, inside what was granted; its end may be missing. */
export type ResolvedPath = { readonly type: "settled"; readonly path: string; readonly root: string } | Unsettled;
type Unsettled = { readonly type: "refused"; readonly reason: Refusal };

const LINKS_MAX = 40;
const no = (reason: Refusal): Unsettled => ({ type: "refused", reason });

/**
 * Follows the links on the way to a granted path, and at its end if `follow` is set or it was written as a directory.
 * Never returns a path outside the granted directory, and does not reveal whether one exists.
 */
export async function resolvePath(place: Granted, follow: boolean): Promise<ResolvedPath> {
  const { root, way, isDirectory } = place;
  const last = way.at(-1);
  if (!follow && !isDirectory && last !== undefined && last !== "..") return settleParent(place);
  const real = await realOf(targetPath(place));
  const realRoot = await rootOf(root, real);
  if (realRoot === undefined) return no("not-found");
  if (real !== undefined)
    return isVisible(realRoot, real) ? { type: "settled", path: real, root: realRoot } : no("denied");
  return walk(realRoot, way, { follow: true, isDirectory });
}

/** The path to ask the system for. */
export const targetPath = ({ root, way, isDirectory }: Granted): string =>
  [root, ...way].join("/") + (isDirectory && way.length > 0 ? "/" : "");

/** Where the root really is. What is real and begins with its name has shown that it is there. */
const rootOf = async (root: string, real: string | undefined): Promise<string | undefined> =>
  real !== undefined && isVisible(root, real) ? root : realOf(root);

/** Follows the links on the way to a granted path's directory; what is at its end is not looked at. The granted directory itself has no such place. */
export async function settleParent({ root, way }: Granted): Promise<ResolvedPath> {
  const last = way.at(-1);
  if (last === undefined) return no("denied");
  const parent = await realOf([root, ...way.slice(0, -1)].join("/"));
  const realRoot = await rootOf(root, parent);
  if (realRoot === undefined) return no("not-found");
  if (parent === undefined) return walk(realRoot, way, { follow: false, isDirectory: false });
  // `..` at the end cannot be changed, and the system reports that.
  const path = last === ".." ? `${parent}/..` : join(parent, last);
  return isVisible(realRoot, parent) && isVisible(realRoot, path)
    ? { type: "settled", path, root: realRoot }
    : no("denied");
}

/** Where a symbolic link in a real directory would lead to: refused as denied when that is outside of the root. */
export const resolveLink = (root: string, directory: string, target: string): Promise<ResolvedPath> =>
  isAbsolute(target) && !isInside(root, resolve(target))
    ? Promise.resolve(no("denied"))
    : walk(root, [...partsOf(isAbsolute(target) ? "" : relative(root, directory)), ...wayOf(root, target)], {
        follow: true,
        isDirectory: false,
      });

const wayOf = (root: string, target: string): readonly string[] =>
  partsOf(isAbsolute(target) ? relative(root, resolve(target)) : target);

const realOf = (path: string): Promise<string | undefined> => realpath(path).catch(() => undefined);

/**
 * The slow way, part by part: for missing entries, for ends that are not followed, and to find why a path leads
 * nowhere. It reads nothing outside of the root.
 */
async function walk(
  root: string,
  way: readonly string[],
  { follow, isDirectory }: { readonly follow: boolean; readonly isDirectory: boolean },
): Promise<ResolvedPath> {
  const left = [...way];
  let at = root;
  let links = 0;
  for (let part = left.shift(); part !== undefined; part = left.shift()) {
    if (part === "..") {
      if (at === root) return no("denied");
      at = dirname(at);
      continue;
    }
    if (isHidden(part)) return no("denied");
    const next = join(at, part);
    const kind = await kindOf(next);
    if (kind === "missing") return missing(root, next, left);
    if (kind === "link" && (left.length > 0 || follow)) {
      links += 1;
      if (links > LINKS_MAX) return no("loop");
      const target = await readlink(next);
      if (isAbsolute(target)) {
        if (!isInside(root, resolve(target))) return no("denied");
        at = root;
      }
      left.unshift(...wayOf(root, target));
      continue;
    }
    if (kind === "other" && left.length > 0) return no("not-directory");
    at = next;
  }
  if (isDirectory && (await kindOf(at)) !== "directory") return no("not-directory");
  return { type: "settled", path: at, root };
}

/** What is missing at the end of a way can be made there; half way it is an end, unless what follows leads out. */
function missing(root: string, path: string, left: readonly string[]): ResolvedPath {
  if (left.length === 0) return { type: "settled", path, root };
  return no(isVisible(root, resolve(path, ...left)) ? "not-found" : "denied");
}

async function kindOf(path: string): Promise<"directory" | "link" | "other" | "missing"> {
  try {
    const stats = await lstat(path);
    return stats.isDirectory() ? "directory" : stats.isSymbolicLink() ? "link" : "other";
  } catch (error) {
    if (codeOf(error) === "ENOENT") return "missing";
    throw error;
  }
}
