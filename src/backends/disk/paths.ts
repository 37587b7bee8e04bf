import { realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { Caller } from "../../sandbox/index.ts";
import type { AttachedFile, FileAccess } from "../../tools/index.ts";

/** The directory in which a run's tools find the files attached to it. */
export const UPLOADS = "uploads";

/** Where a guest's path leads, as far as the text tells. */
export type Place =
  | { readonly type: "granted"; readonly path: string; readonly root: string }
  | { readonly type: "upload"; readonly file: AttachedFile }
  /** A directory that only leads to what is granted. */
  | { readonly type: "above"; readonly children: readonly string[] }
  | { readonly type: "missing" }
  | { readonly type: "denied" };

export const isInside = (root: string, path: string): boolean => {
  const way = relative(root, path);
  return way === "" || (!isAbsolute(way) && way !== ".." && !way.startsWith(`..${sep}`));
};

const partsOf = (path: string): readonly string[] => path.split(sep).filter((part) => part !== "");
const isHidden = (part: string): boolean => part.startsWith(".");

/** Finds the grant for a path, by its text alone; symbolic links are for `settle` to see. */
export function placeOf(directory: string, { grants, context }: Caller, path: string, need: FileAccess): Place {
  const target = resolve(directory, path);
  const upload = isAbsolute(path) ? undefined : partsOf(relative(directory, target));
  if (upload?.[0] === UPLOADS) return uploadAt(upload.slice(1), context.files, need);
  const roots = grants.files.map((grant) => ({ path: resolve(directory, grant.path), access: grant.access }));
  const covering = roots.filter((root) => isInside(root.path, target));
  const root = covering.find(({ access }) => access === "write" || need === "read");
  if (root !== undefined) {
    // A grant of a directory is not one of what is hidden in it: .env, .git and their like have to be named.
    if (partsOf(relative(root.path, target)).some(isHidden)) return { type: "denied" };
    return { type: "granted", path: target, root: root.path };
  }
  if (covering.length > 0 || need === "write") return { type: "denied" };
  const children = new Set(
    roots.filter((each) => isInside(target, each.path)).map((each) => partsOf(relative(target, each.path))[0] ?? ""),
  );
  if (target === resolve(directory) && context.files.length > 0) children.add(UPLOADS);
  if (children.size > 0 || target === resolve(directory)) return { type: "above", children: [...children].toSorted() };
  return { type: "denied" };
}

function uploadAt(parts: readonly string[], files: readonly AttachedFile[], need: FileAccess): Place {
  if (need === "write") return { type: "denied" };
  const [name, ...deeper] = parts;
  if (name === undefined) return files.length === 0 ? { type: "missing" } : { type: "above", children: [] };
  const file = files.find((each) => each.name === name);
  return file === undefined || deeper.length > 0 ? { type: "missing" } : { type: "upload", file };
}

/** A path whose directories have been followed to where they really are, inside what was granted. */
export type Settled = { readonly type: "settled"; readonly path: string; readonly root: string } | Refusable;
type Refusable = { readonly type: "denied" | "missing" };

/** Follows the links on the way to a granted path. Nothing outside the granted root is ever given back. */
export async function settle({ path, root }: Extract<Place, { type: "granted" }>): Promise<Settled> {
  const realRoot = await realpath(root).catch(() => undefined);
  if (realRoot === undefined) return { type: "missing" };
  const whole = await realpath(path).catch(() => undefined);
  if (whole !== undefined) return within(realRoot, whole);
  if (path === root) return { type: "missing" };
  const parent = await realpath(dirname(path)).catch(() => undefined);
  if (parent === undefined) return { type: "missing" };
  return within(realRoot, join(parent, basename(path)));
}

/** Whether a real path is inside a granted one, with nothing hidden on the way. */
export const isVisible = (root: string, path: string): boolean =>
  isInside(root, path) && !partsOf(relative(root, path)).some(isHidden);

/** A link may not lead out, nor to what is hidden. */
const within = (root: string, path: string): Settled =>
  isVisible(root, path) ? { type: "settled", path, root } : { type: "denied" };
