import { fitsGlob, type Glob, parseGlob } from "../glob.ts";

/** A pattern of paths below a folder: `*` and `?` within a name, `**` for any number of folders. */
export type FilePattern = readonly (Glob | "**")[];

const SEGMENTS_MAX = 16;
const ANY_FOLDERS_MAX = 2;

/** Returns why a text is no pattern of paths below a folder; undefined if it is one. */
export function filePatternProblem(text: string): string | undefined {
  if (text.length === 0 || text.length > 512) return "it has 1 to 512 characters";
  if (text.includes("\0") || text.includes("\\")) return "it has no backslash and no character 0";
  if (text.startsWith("/")) return "it is relative to the folder of the workspace";
  const segments = text.split("/");
  if (segments.length > SEGMENTS_MAX) return `it has at most ${SEGMENTS_MAX} names`;
  if (segments.some((segment) => segment === "")) return "a name is missing between slashes";
  if (segments.some((segment) => segment === "." || segment === "..")) return "it may not leave its folder";
  if (segments.at(-1) === "**") return "it ends with the name of files, for example **/*.csv";
  if (segments.some((segment) => segment !== "**" && segment.includes("**"))) return "** stands for whole names";
  const anyFolders = segments.filter((segment) => segment === "**").length;
  return anyFolders > ANY_FOLDERS_MAX ? `** stands in it at most ${ANY_FOLDERS_MAX} times` : undefined;
}

export const parseFilePattern = (text: string): FilePattern =>
  text.split("/").map((segment) => (segment === "**" ? segment : parseGlob(segment)));

/** Whether a file with these names on its path matches. */
export const matchesFile = (pattern: FilePattern, names: readonly string[]): boolean => fits(pattern, names, false);

/** Whether files below a folder can match. */
export const mayContain = (pattern: FilePattern, names: readonly string[]): boolean => fits(pattern, names, true);

function fits([first, ...pattern]: FilePattern, names: readonly string[], isFolder: boolean): boolean {
  const [name, ...rest] = names;
  if (name === undefined) return isFolder ? first !== undefined : first === undefined;
  if (first === undefined) return false;
  if (first === "**") return fits(pattern, names, isFolder) || fits([first, ...pattern], rest, isFolder);
  return fitsGlob(first, name) && fits(pattern, rest, isFolder);
}
