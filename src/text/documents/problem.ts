/** Where a value sits in a document: keys and array indexes from the top. */
export type Path = readonly (string | number)[];

/** A stretch of one line. Line and column count from 1, in UTF-16 units; length is at least 1. */
export type Place = { readonly line: number; readonly column: number; readonly length: number };

/** Something wrong, or worth knowing, in a file that a user wrote; complete enough to be shown as it is. */
export type Problem = Place & {
  readonly severity: "error" | "warning";
  /** UPPER_SNAKE; a program may act on it. */
  readonly code: string;
  /** Dotted, as in `model.temperature` or `tools.1`; empty for the whole file. */
  readonly path: string;
  readonly message: string;
  /** What to do about it, one sentence. */
  readonly fix: string;
  readonly file: string;
  /** Values that would have been accepted, nearest first. */
  readonly alternatives?: readonly string[];
  /** The line holds a secret: it is not shown, and must not be logged. */
  readonly secret?: true;
};

const BARE = /^[A-Za-z0-9_-]+$/;

/** Characters of a path that are shown. */
const PATH_CHARS_MAX = 500;

/** A path as people write it: `tools.1`, `tool_config."a.b"`; cut after 500 characters. */
export function dotted(path: Path): string {
  const text = path
    .map((part) => (typeof part === "number" ? String(part) : part.slice(0, PATH_CHARS_MAX)))
    .map((part) => (BARE.test(part) ? part : JSON.stringify(part)))
    .join(".");
  return text.length > PATH_CHARS_MAX ? `${text.slice(0, PATH_CHARS_MAX)}…` : text;
}

/** By code units. Not `localeCompare`: loading the collation tables costs a start some milliseconds. */
export const compareText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

/** Problems of one kind that are looked for, and problems that are reported, of one document. */
export const PROBLEMS_MAX = 100;

/** Problems in reading order, each once, errors before warnings on the same spot; at most 100, and warnings only as far as errors leave room. */
export function arrange(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Map(
    problems.map((problem) => [JSON.stringify([problem.code, problem.path, problem.line, problem.message]), problem]),
  );
  return [...seen.values()]
    .toSorted((left, right) => compareText(left.severity, right.severity))
    .slice(0, PROBLEMS_MAX)
    .toSorted(
      (left, right) =>
        left.line - right.line || left.column - right.column || compareText(left.severity, right.severity),
    );
}
