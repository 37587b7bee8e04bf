import { lstatSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { isInside } from "./paths.ts";

type Closed = { readonly path: string; real: string; isThere: boolean };

/**
 * Files and directories that no grant opens: a directory with all that is in it. They are compared where they really
 * are, so that no link leads around it. What is not there yet is looked for each time; what is there stays, since no
 * guest can move it or a directory on its way.
 */
export class DeniedPaths {
  readonly #closed: readonly Closed[];

  constructor(paths: readonly string[]) {
    this.#closed = [...new Set(paths.map((path) => resolve(path)))].map((path) => ({
      path,
      real: path,
      isThere: false,
    }));
  }

  /** Whether a real path is one of them, or in one. */
  has(real: string): boolean {
    return this.lookUp()(real);
  }

  /** As `has`, for many paths: what is missing is looked for once, not for each. */
  lookUp(): (real: string) => boolean {
    const places = this.#closed.flatMap((closed) => [placeOf(closed), closed.path]);
    return (real) => places.some((place) => isInside(place, real));
  }

  /** Whether a real path is one of them, in one, or has one below it: it is not for guests to move. */
  holds(real: string): boolean {
    return this.has(real) || this.#closed.some((closed) => isInside(real, placeOf(closed)));
  }

  /** Whether a path that was refused leads into one of them, so that no grant would help. It may be missing. */
  refuses(path: string): boolean {
    return this.#closed.length > 0 && (this.has(path) || this.has(realOf(path)));
  }
}

function placeOf(closed: Closed): string {
  if (closed.isThere) return closed.real;
  closed.isThere = isThere(closed.path);
  closed.real = realOf(closed.path);
  return closed.real;
}

const isThere = (path: string): boolean => {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
};

/** Where a path leads; of one that is missing, where it would be. */
function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realOf(parent), basename(path));
  }
}
