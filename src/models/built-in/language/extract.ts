/** Text lifted out of a request, and where it began. */
export type Span = { readonly text: string; readonly start: number };

/** Parts extracted from a request's text; `rest` is the text with these parts blanked. Offsets stay equal unless the text is long. */
export type Extracts = {
  readonly rest: string;
  /** Paths with an extension, in order. */
  readonly files: readonly Span[];
  /** Paths of the list of attached files. */
  readonly attached: readonly string[];
  readonly urls: readonly string[];
  /** CSV text: a fenced block, or two and more lines with the same delimiters. */
  readonly csv: string | undefined;
  /** Other quoted strings, and code in backticks; they stay in `rest` too. */
  readonly quoted: readonly Span[];
};

/** Lifts tables, addresses, paths and quotations out of a text. */
export function extract(text: string): Extracts {
  const taker = new Taker(text);
  const attached = taker.take(ATTACHED, 1).map((span) => span.text);
  taker.take(ATTACHED_HEADING, 0);
  const csv = takeCsv(taker);
  taker.shorten();
  const urls = taker.take(URL_TEXT, 0).map((span) => span.text.replace(/[.,;:!?'"]+$/, ""));
  const quotedFiles = taker.take(QUOTED_FILE, 1);
  const bareFiles = taker.take(BARE_FILE, 0, (found) => !NOT_FILES.test(found));
  const quoted = taker.see(QUOTATION);
  const files = [...quotedFiles, ...bareFiles].toSorted((a, b) => a.start - b.start);
  return { rest: taker.rest, files, attached, urls: [...new Set(urls)], csv, quoted };
}

/** Of a text that is longer than twice this, only its beginning and its end are read for words, files and addresses. */
const END_CHARS_READ = 20_000;

/** A line of the list of attached files: `- uploads/name.csv (text/csv, 12 KB)`. */
const ATTACHED = /^[ \t]*[-*][ \t]+(\S.{0,500}?)[ \t]\([\w.+-]{1,100}\/[\w.+-]{1,100},[^)\n]{1,100}\)[ \t]*$/gm;
const ATTACHED_HEADING = /^[ \t]*attached files?:[ \t]*$/gim;
const URL_TEXT = /\bhttps?:\/\/[^\s<>"'`)\]]+/gi;
const EXTENSION = String.raw`\.(?:[a-z][a-z0-9]{0,9}|[A-Z][A-Z0-9]{1,9})`;
const QUOTED_FILE = new RegExp(String.raw`(?:"|'|\x60|“|‘)([^"'\x60“”‘’\n]{1,200}?${EXTENSION})(?:"|'|\x60|”|’)`, "g");
const BARE_FILE = new RegExp(String.raw`(?<![\w./~-])(?:[\w.~-]*/)*[\w~-][\w.~-]*${EXTENSION}(?![\w/])`, "g");
/** Abbreviations and host names, which have the shape of a file. */
const NOT_FILES =
  /^(?:e\.g|i\.e|a\.m|p\.m|u\.s|u\.k|etc\.|vs\.|approx\.|www\.)|^[\w-]+\.(?:com|org|net|io|dev|ai|gov|edu)$/i;
const QUOTATION = /(?:"|“|`)([^"“”`\n]{1,200})(?:"|”|`)|(?<![\p{L}\p{N}])['‘]([^'‘’\n]{1,200})['’](?![\p{L}\p{N}])/gu;

/** Takes matches out of a text so that nothing is read as two things. */
class Taker {
  rest: string;
  constructor(text: string) {
    this.rest = text;
  }

  take(pattern: RegExp, group: number, fits: (text: string) => boolean = () => true): readonly Span[] {
    const taken: Span[] = [];
    for (const found of this.rest.matchAll(pattern)) {
      const text = found[group] ?? "";
      if (!fits(text)) continue;
      taken.push({ text, start: found.index });
      this.blank(found.index, found.index + found[0].length);
    }
    return taken;
  }

  /** Removes the middle of a text that is too long for a request, blanked parts first. */
  shorten(): void {
    if (this.rest.length <= 2 * END_CHARS_READ) return;
    const text = this.rest.replaceAll(/[\0\n]{100,}/g, "\n");
    this.rest =
      text.length <= 2 * END_CHARS_READ ? text : `${text.slice(0, END_CHARS_READ)}\n${text.slice(-END_CHARS_READ)}`;
  }

  see(pattern: RegExp): readonly Span[] {
    return Array.from(this.rest.matchAll(pattern), (found) => ({
      text: found.slice(1).find((part) => part !== undefined) ?? "",
      start: found.index,
    }));
  }

  blank(start: number, end: number): void {
    if (end <= start) return;
    const hole = this.rest.slice(start, end).replaceAll(/[^\n]/g, "\u0000");
    this.rest = this.rest.slice(0, start) + hole + this.rest.slice(end);
  }
}

function takeCsv(taker: Taker): string | undefined {
  for (const fence of taker.rest.matchAll(/```[\w-]*[ \t]*\n([\s\S]*?)\n?```/g)) {
    const body = fence[1] ?? "";
    const lines = body.split("\n");
    if (DELIMITERS.every((delimiter) => tableEnd(lines, 0, delimiter) < lines.length)) continue;
    taker.blank(fence.index, fence.index + fence[0].length);
    return body;
  }
  const lines = taker.rest.split("\n");
  // End of the run of lines of equal width, by delimiter; equal for every line of the run.
  const ends = new Map<string, number>();
  let start = 0;
  for (const [first, line] of lines.entries()) {
    for (const delimiter of DELIMITERS) {
      const known = ends.get(delimiter) ?? 0;
      const end = known > first ? known : tableEnd(lines, first, delimiter);
      ends.set(delimiter, end);
      if (end - first < 2 || !looksLikeData(lines.slice(first, Math.min(end, first + LINES_JUDGED)), delimiter))
        continue;
      const body = lines.slice(first, end).join("\n");
      taker.blank(start, start + body.length);
      return body;
    }
    start += line.length + 1;
  }
  return undefined;
}

const DELIMITERS = ["\t", ";", "|", ","] as const;

/** Returns the end of the lines with as many cells as the first one; `first` itself if that has only one cell. */
function tableEnd(lines: readonly string[], first: number, delimiter: string): number {
  const width = cellCount(lines[first] ?? "", delimiter);
  if (width < 2) return first;
  let end = first + 1;
  while (end < lines.length && cellCount(lines[end] ?? "", delimiter) === width) end += 1;
  // A line end after the last line of a fenced table.
  return end === lines.length - 1 && lines[end]?.trim() === "" ? lines.length : end;
}

const cellCount = (line: string, delimiter: string): number =>
  line.includes('"') ? cellsOf(line, delimiter).length : line.split(delimiter).length;

/** Returns the cells of one line; delimiters inside double quotes do not count. */
const cellsOf = (line: string, delimiter: string): readonly string[] => {
  const cells: string[] = [];
  let cell = "";
  let quoted = false;
  for (const character of line) {
    if (character === '"') quoted = !quoted;
    if (character === delimiter && !quoted) {
      cells.push(cell);
      cell = "";
    } else cell += character;
  }
  return [...cells, cell];
};

const SENTENCE_END = /[.?!:]\s*$/;
const LINES_JUDGED = 50;

/** Whether lines with equal delimiters are a table and not two sentences with a comma each. */
function looksLikeData(lines: readonly string[], delimiter: string): boolean {
  if (lines.some((line) => SENTENCE_END.test(line))) return false;
  const [header = [], ...rows] = lines.map((line) => cellsOf(line, delimiter));
  if (header.some((cell) => cell.trim() === "" || cell.trim().split(/\s+/).length > 4)) return false;
  const numeric = rows.some((cells) => cells.some((cell) => /^\s*-?\d[\d.,]*\s*$/.test(cell)));
  return numeric || header.length > 2 || delimiter !== ",";
}
