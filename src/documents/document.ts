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

/** What reading gave: a document, with warnings, or the reasons why there is none. */
export type Parsed<Kind extends Document = Document> =
  | { readonly type: "parsed"; readonly document: Kind; readonly problems: readonly Problem[] }
  | { readonly type: "malformed"; readonly problems: readonly Problem[] };

/** Text as this room reads it: no byte order mark, lines ended by LF. */
export const normalise = (text: string): string => {
  const bare = text.startsWith("\uFEFF") ? text.slice(1) : text;
  return bare.includes("\r") ? bare.replaceAll(/\r\n?/g, "\n") : bare;
};

/** The place from one offset of a text to another, cut at the end of its first line. */
export function placeAt(text: string, start: number, end: number): Place {
  const from = Math.min(Math.max(start, 0), text.length);
  const before = text.slice(0, from);
  const line = before.split("\n").length;
  const column = from - before.lastIndexOf("\n");
  const newline = text.indexOf("\n", from);
  const stop = Math.min(end, newline === -1 ? text.length : newline);
  return { line, column, length: Math.max(1, stop - from) };
}

type Finding = Omit<Problem, keyof Place | "file" | "path">;

/** A problem about one path of a document, placed at it or at the nearest thing around it that the file holds. */
export function problemAt(document: Document, path: Path, finding: Finding, part: "key" | "value" = "value"): Problem {
  return { ...finding, path: dotted(path), ...nearestPlace(document, path, part), file: document.file };
}

/** The place of the `occurrence`-th (from 0) piece of text like `snippet` at or after a value's beginning: for finding a part of a long text. */
export function placeWithin(document: Document, path: Path, snippet: string, occurrence: number): Place | undefined {
  const place = document.locate(path);
  if (place === undefined || snippet === "") return place;
  const lines = document.text.split("\n").slice(0, place.line - 1);
  let from = lines.reduce((sum, line) => sum + line.length + 1, 0) + place.column - 1;
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
