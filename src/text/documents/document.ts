import type { Excess } from "./limits.ts";
import { dotted, type Path, type Place, type Problem } from "./problem.ts";

export type Data = Readonly<Record<string, unknown>>;

/** A file that was read: plain data, and where each part of it stands in the text. */
export type Document = {
  /** Plain objects, arrays, strings, numbers and booleans; dates are ISO strings. */
  readonly data: Data;
  /** The place of a value, or of its key; undefined when the path is not in the file. The first call may cost some milliseconds. */
  readonly locate: (path: Path, part?: "key" | "value") => Place | undefined;
  /** The text that places refer to: without byte order mark, lines ended by LF. */
  readonly text: string;
  readonly file: string;
  readonly syntax: "toml" | "yaml";
};

/** Front matter and what follows it. */
export type MarkdownDocument = Document & {
  /** What follows the front matter, as written. */
  readonly body: string;
  /** The line of the file on which the body starts. */
  readonly bodyLine: number;
};

/** Result of reading: a document with warnings, or the problems. */
export type Parsed<Kind extends Document = Document> =
  | { readonly type: "parsed"; readonly document: Kind; readonly problems: readonly Problem[] }
  | { readonly type: "malformed"; readonly problems: readonly Problem[] };

/** Text as this room reads it: no byte order mark, lines ended by LF. */
export const normalise = (text: string): string => {
  const bare = text.startsWith("\uFEFF") ? text.slice(1) : text;
  return bare.includes("\r") ? bare.replaceAll(/\r\n?/g, "\n") : bare;
};

/** Line starts of the texts that were used last: many problems are about one text, or its front matter. */
const lined = new Map<string, readonly number[]>();
const LINED_MAX = 4;

function lineStarts(text: string): readonly number[] {
  const known = lined.get(text);
  if (known !== undefined) return known;
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  if (lined.size === LINED_MAX) lined.clear();
  lined.set(text, starts);
  return starts;
}

/** The place from one offset of a text to another, cut at the end of its first line. Takes logarithmic time after the first of a text. */
export function placeAt(text: string, start: number, end: number): Place {
  const from = Math.min(Math.max(start, 0), text.length);
  const starts = lineStarts(text);
  let [low, high] = [0, starts.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= from) low = middle;
    else high = middle;
  }
  const newline = starts[low + 1];
  const stop = Math.min(end, newline === undefined ? text.length : newline - 1);
  return { line: low + 1, column: from - (starts[low] ?? 0) + 1, length: Math.max(1, stop - from) };
}

/** Why a document is not parsed at all. */
export const tooMuch = ({ offset, message, fix }: Excess, text: string, file: string): Parsed<never> => ({
  type: "malformed",
  problems: [{ severity: "error", code: "SYNTAX", path: "", message, fix, ...placeAt(text, offset, offset), file }],
});

type Finding = Omit<Problem, keyof Place | "file" | "path">;

/** A problem about one path of a document, placed at it or at the nearest thing around it that the file holds. */
export function problemAt(document: Document, path: Path, finding: Finding, part: "key" | "value" = "value"): Problem {
  return { ...finding, path: dotted(path), ...nearestPlace(document, path, part), file: document.file };
}

/** Like pieces that are counted to find one among them; past it the place of the whole text has to do. */
export const OCCURRENCES_MAX = 500;

/** The place of the `occurrence`-th (from 0) piece of text like `snippet` at or after a value's beginning: for finding a part of a long text. */
export function placeWithin(document: Document, path: Path, snippet: string, occurrence: number): Place | undefined {
  const place = document.locate(path);
  if (place === undefined || snippet === "") return place;
  let from = (lineStarts(document.text)[place.line - 1] ?? 0) + place.column - 1;
  if (occurrence > OCCURRENCES_MAX) return place;
  for (let count = 0; count <= occurrence; count += 1) {
    const found = document.text.indexOf(snippet, count === 0 ? from : from + 1);
    if (found === -1) return place;
    from = found;
  }
  return placeAt(document.text, from, from + snippet.length);
}

function nearestPlace(document: Document, path: Path, part: "key" | "value"): Place {
  const exact = path.length === 0 ? undefined : document.locate(path, part);
  if (exact !== undefined) return exact;
  for (let length = path.length - 1; length > 0; length -= 1) {
    const place = document.locate(path.slice(0, length), "key");
    if (place !== undefined) return place;
  }
  return { line: 1, column: 1, length: 1 };
}
