/** Text lifted out of a request, and where it began. */
export type Span = { readonly text: string; readonly start: number };

/** What can be lifted out of a request's text whole; `rest` is the text with all of it blanked, offsets kept. */
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
  const urls = taker.take(URL_TEXT, 0).map((span) => span.text.replace(/[.,;:!?'"]+$/, ""));
  const quotedFiles = taker.take(QUOTED_FILE, 1);
  const bareFiles = taker.take(BARE_FILE, 0, (found) => !NOT_FILES.test(found));
  const quoted = taker.see(QUOTATION);
  const files = [...quotedFiles, ...bareFiles].toSorted((a, b) => a.start - b.start);
  return { rest: taker.rest, files, attached, urls: [...new Set(urls)], csv, quoted };
}

/** A line of the list of attached files: `- uploads/name.csv (text/csv, 12 KB)`. */
const ATTACHED = /^[ \t]*[-*][ \t]+(\S.*?)[ \t]+\([\w.+-]+\/[\w.+-]+,[^)\n]*\)[ \t]*$/gm;
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

  see(pattern: RegExp): readonly Span[] {
    return Array.from(this.rest.matchAll(pattern), (found) => ({
      text: found.slice(1).find((part) => part !== undefined) ?? "",
      start: found.index,
    }));
  }

  blank(start: number, end: number): void {
    const hole = this.rest.slice(start, end).replaceAll(/[^\n]/g, "\u0000");
    this.rest = this.rest.slice(0, start) + hole + this.rest.slice(end);
  }
}

function takeCsv(taker: Taker): string | undefined {
  for (const fence of taker.rest.matchAll(/```[\w-]*[ \t]*\n([\s\S]*?)\n?```/g)) {
    const body = fence[1] ?? "";
    if (delimiterOf(body.split("\n")) === undefined) continue;
    taker.blank(fence.index, fence.index + fence[0].length);
    return body;
  }
  const lines = taker.rest.split("\n");
  for (let first = 0; first < lines.length - 1; first += 1) {
    let last = first + 2;
    if (delimiterOf(lines.slice(first, last)) === undefined) continue;
    while (last < lines.length && delimiterOf(lines.slice(first, last + 1)) !== undefined) last += 1;
    const body = lines.slice(first, last).join("\n");
    if (!looksLikeData(lines.slice(first, last))) continue;
    const start = lines.slice(0, first).join("\n").length + (first === 0 ? 0 : 1);
    taker.blank(start, start + body.length);
    return body;
  }
  return undefined;
}

const DELIMITERS = ["\t", ";", "|", ","] as const;

/** The delimiter that every line has equally often; undefined when there is none or fewer than two lines. */
export function delimiterOf(lines: readonly string[]): string | undefined {
  const filled = lines.filter((line) => line.trim() !== "");
  if (
    filled.length < 2 ||
    filled.length !== lines.filter((line, at) => line.trim() !== "" || at < lines.length - 1).length
  ) {
    return undefined;
  }
  return DELIMITERS.find((delimiter) => {
    const counts = filled.map((line) => cellsOf(line, delimiter).length);
    return (counts[0] ?? 0) > 1 && counts.every((count) => count === counts[0]);
  });
}

/** The cells of one line; a delimiter inside double quotes is none. */
export const cellsOf = (line: string, delimiter: string): readonly string[] => {
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

/** Whether lines with equal delimiters are a table and not two sentences with a comma each. */
function looksLikeData(lines: readonly string[]): boolean {
  const delimiter = delimiterOf(lines);
  if (delimiter === undefined) return false;
  const [header = [], ...rows] = lines.map((line) => cellsOf(line, delimiter));
  if (lines.some((line) => /[.?!:]\s*$/.test(line))) return false;
  if (header.some((cell) => cell.trim() === "" || cell.trim().split(/\s+/).length > 4)) return false;
  const numeric = rows.some((cells) => cells.some((cell) => /^\s*-?\d[\d.,]*\s*$/.test(cell)));
  return numeric || header.length > 2 || delimiter !== ",";
}
