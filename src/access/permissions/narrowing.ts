import { fitsGlob, type Glob, parseGlob } from "../../kernel/glob.ts";

/** What a grant can be limited to: agents with their runs and approvals, tool servers, capabilities to which messages are sent. */
export type NarrowingKind = "agents" | "tools" | "capabilities";

/** Globs of names, in any letter case. Without any, a grant is not limited. */
export type Narrowing = Readonly<Partial<Record<NarrowingKind, readonly string[] | undefined>>>;

export const isNarrowed = (narrowing: Narrowing): boolean =>
  Object.values(narrowing).some((patterns) => patterns !== undefined);

const KNOWN_MAX = 10_000;
const globs = new Map<string, Glob>();

/** Whether a name fits one of the patterns of its kind; a kind without patterns is not granted. */
export function fits(narrowing: Narrowing, kind: NarrowingKind, name: string): boolean {
  return narrowing[kind]?.some((pattern) => fitsGlob(globOf(pattern), name.toLowerCase())) ?? false;
}

function globOf(pattern: string): Glob {
  const known = globs.get(pattern);
  if (known !== undefined) return known;
  const glob = parseGlob(pattern.toLowerCase());
  if (globs.size >= KNOWN_MAX) globs.clear();
  globs.set(pattern, glob);
  return glob;
}
