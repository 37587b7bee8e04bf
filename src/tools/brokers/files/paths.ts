import { isAbsolute, relative, resolve, sep } from "node:path";
import type { Caller } from "../../sandbox/index.ts";
import type { AttachedFile, FileAccess } from "../../catalogue/index.ts";

/** The directory in which a run's tools find the files attached to it. */
export const UPLOADS = "uploads";

/** A path below a granted directory, by its text; links are for `resolvePath` to follow. */
export type Granted = {
  readonly type: "granted";
  /** The granted path itself. */
  readonly root: string;
  /** The way from there, as the guest wrote it, with its `..` but without empty parts and `.`. */
  readonly way: readonly string[];
  /** Whether it was written as a directory: with a slash or a dot at its end. */
  readonly isDirectory: boolean;
  /** Whether writing is granted too, whatever was asked for. */
  readonly mayWrite: boolean;
  /** Whether it is the server's own directory. */
  readonly isHome: boolean;
};

/** Location of a guest's path, by its text. */
export type PathLocation =
  | Granted
  | { readonly type: "upload"; readonly file: AttachedFile }
  /** A directory that only leads to what is granted. */
  | { readonly type: "above"; readonly path: string; readonly children: readonly string[]; readonly isUploads: boolean }
  | { readonly type: "missing" }
  | { readonly type: "denied" };

export const isInside = (root: string, path: string): boolean => {
  const way = relative(root, path);
  return way === "" || (!isAbsolute(way) && way !== ".." && !way.startsWith(`..${sep}`));
};

/** The parts of a path that name something. */
export const partsOf = (path: string): readonly string[] =>
  path.split(sep).filter((part) => part !== "" && part !== ".");
export const isHidden = (part: string): boolean => part.startsWith(".") && part !== "..";

/** Whether a real path is inside a granted one, with nothing hidden on the way. */
export const isVisible = (root: string, path: string): boolean =>
  isInside(root, path) && !partsOf(relative(root, path)).some(isHidden);

/**
 * Finds the grant for a path, by its text alone. Guests have two names for their root, `/` and `.`, and their libraries
 * take either: a path is looked for in the server's directory and from the machine's root, in the order that its text
 * suggests. Only what is granted is found in either.
 */
export function locatePath(directory: string, caller: Caller, path: string, need: FileAccess): PathLocation {
  const home = resolve(directory);
  const climbs = !isAbsolute(path) && !isInside(home, resolve(home, path));
  const here = placeFrom(home, caller, { text: path.replace(/^\/+/, ""), need, home, climbs });
  const there = (): PathLocation => placeFrom(sep, caller, { text: path, need, home, climbs: false });
  if (isAbsolute(path)) {
    const absolute = there();
    return absolute.type === "granted" || here.type === "denied" ? absolute : here;
  }
  return here.type === "denied" && !climbs ? there() : here;
}

type Asked = {
  readonly text: string;
  readonly need: FileAccess;
  readonly home: string;
  /** Whether it leaves the server's directory; such a path never leads back in. */
  readonly climbs: boolean;
};

function placeFrom(base: string, { grants, context }: Caller, { text, need, home, climbs }: Asked): PathLocation {
  const target = resolve(base, text);
  const upload = base === home ? partsOf(relative(home, target)) : [];
  if (upload[0] === UPLOADS) return uploadAt(target, upload.slice(1), { files: context.files, need });
  const roots = grants.files.map((grant) => ({ path: resolve(home, grant.path), access: grant.access }));
  // A grant of a directory is not one of what is hidden in it: .env, .git and their like have to be named.
  const covering = roots.filter((root) => isVisible(root.path, target));
  const root = covering.find(({ access }) => access === "write" || need === "read");
  if (root !== undefined) {
    return {
      type: "granted",
      root: root.path,
      way: wayFrom(root.path, [...partsOf(base), ...partsOf(text)], target),
      isDirectory: /(^|\/)\.{0,2}$/.test(text),
      mayWrite: covering.some(({ access }) => access === "write"),
      isHome: target === home,
    };
  }
  const isCovered = roots.some((each) => isInside(each.path, target));
  if (isCovered || need === "write") return { type: "denied" };
  const children = new Set(
    roots
      .filter((each) => isInside(target, each.path) && !(climbs && isInside(home, each.path)))
      .map((each) => partsOf(relative(target, each.path))[0] ?? ""),
  );
  if (target === home && context.files.length > 0) children.add(UPLOADS);
  return children.size > 0 || target === home
    ? { type: "above", path: target, children: [...children].toSorted(), isUploads: false }
    : { type: "denied" };
}

/** What comes after the root in what was written; where it was reached by a detour, the straight way. */
function wayFrom(root: string, written: readonly string[], target: string): readonly string[] {
  const before = partsOf(root);
  const isStraight = before.every((part, index) => written[index] === part);
  return isStraight ? written.slice(before.length) : partsOf(relative(root, target));
}

function uploadAt(
  path: string,
  [name, ...deeper]: readonly string[],
  { files, need }: { readonly files: readonly AttachedFile[]; readonly need: FileAccess },
): PathLocation {
  if (need === "write") return { type: "denied" };
  if (name === undefined) {
    return files.length === 0 ? { type: "missing" } : { type: "above", path, children: [], isUploads: true };
  }
  const file = files.find((each) => each.name === name);
  return file === undefined || deeper.length > 0 ? { type: "missing" } : { type: "upload", file };
}
