import { normalise, tooMuch, type Document, type MarkdownDocument, type Parsed } from "./document.ts";
import { DOCUMENT_LIMITS, unreadable, yamlExcess } from "./limits.ts";
import { type Place, type Problem, PROBLEMS_MAX } from "./problem.ts";
import { repairFrontMatter, type Repair } from "./repair.ts";
import { readYaml } from "./yaml.ts";

type Split = {
  /** As long as the text up to the closing line, with everything but the fields blanked, so that offsets agree. */
  readonly yaml: string;
  readonly body: string;
  readonly bodyLine: number;
  /** The line before the first field; lines count from 1. */
  readonly openLine: number;
};

const FENCE = /^[ \t]*---[ \t]*$/;

/** The parts of a Markdown file that begins with front matter; undefined when it has none, or the closing line is missing. */
function split(text: string): Split | "unopened" | "unclosed" {
  const lines = text.split("\n");
  const open = lines.findIndex((line) => line.trim() !== "");
  const opening = lines[open];
  if (opening === undefined || !FENCE.test(opening)) return "unopened";
  const indent = opening.indexOf("-");
  // A rule (---) inside a block of text is indented deeper than the lines that hold the front matter.
  const close = lines.findIndex((line, index) => index > open && FENCE.test(line) && line.indexOf("-") <= indent);
  if (close === -1) return "unclosed";
  const fields = lines.slice(open + 1, close);
  const blank = lines.slice(0, open + 1).map((line) => " ".repeat(line.length));
  return {
    // With the last line's end, which belongs to text that keeps its blank lines.
    yaml: [...blank, ...fields, ""].join("\n"),
    body: lines.slice(close + 1).join("\n"),
    bodyLine: close + 2,
    openLine: open + 1,
  };
}

/**
 * Reads Markdown with YAML front matter. Where the front matter is not YAML but means something plain to its reader
 * (an unquoted colon in a description, uneven indentation) it is repaired, with a warning for each line repaired.
 */
export function parseFrontMatter(source: string, file: string): Parsed<MarkdownDocument> {
  const text = normalise(source);
  const fault = unreadable(text, DOCUMENT_LIMITS);
  if (fault !== undefined) return tooMuch(fault, text, file);
  const parts = split(text);
  if (typeof parts === "string") return { type: "malformed", problems: [missingFence(parts, file)] };
  return readParts(parts, text, file);
}

/** Reads a file of YAML fields with the same repairs. Lines `---` around the fields are optional. */
export function parseFields(source: string, file: string): Parsed<MarkdownDocument> {
  const text = normalise(source);
  const parts = split(text);
  // Text after a second --- stays in, and YAML reports it as another document.
  const isFenced = typeof parts !== "string" && parts.body.trim() === "";
  const openLine = /^\s*---[ \t]*\n/.exec(text)?.[0].split("\n").length ?? 1;
  return readParts(isFenced ? parts : { yaml: text, body: "", bodyLine: 0, openLine: openLine - 1 }, text, file);
}

function readParts(parts: Split, text: string, file: string): Parsed<MarkdownDocument> {
  const { body, bodyLine } = parts;
  // What is too much is not repaired.
  const excess = yamlExcess(parts.yaml, DOCUMENT_LIMITS);
  if (excess !== undefined) return tooMuch(excess, text, file);
  const strict = readYaml(parts.yaml, text, file, DOCUMENT_LIMITS);
  if (strict.type === "parsed")
    return { type: "parsed", document: { ...strict.document, body, bodyLine }, problems: [] };

  const repair = repairFrontMatter(parts.yaml, parts.openLine);
  const repaired = readYaml(repair.yaml, repair.yaml, file, DOCUMENT_LIMITS);
  // The complaints about the text as it was written are the ones its author can follow.
  if (repaired.type === "malformed") return strict;
  const document: MarkdownDocument = { ...movedBack(repaired.document, repair, text), body, bodyLine };
  const problems = repair.changes.slice(0, PROBLEMS_MAX).map(({ line, column, length, reason, fix }): Problem => ({
    severity: "warning",
    code: "FRONT_MATTER_REPAIRED",
    path: "",
    message: reason,
    fix,
    line,
    column,
    length,
    file,
  }));
  return { type: "parsed", document, problems };
}

function movedBack(document: Document, repair: Repair, text: string): Document {
  const lines = text.split("\n");
  const back = (place: Place): Place => {
    const width = lines[place.line - 1]?.length ?? 0;
    const column = Math.min(place.column + (repair.shifts.get(place.line) ?? 0), Math.max(1, width));
    return { line: place.line, column, length: Math.max(1, Math.min(place.length, width - column + 1)) };
  };
  const locate: Document["locate"] = (path, part) => {
    const place = document.locate(path, part);
    return place === undefined ? undefined : back(place);
  };
  return { ...document, text, locate };
}

const missingFence = (what: "unopened" | "unclosed", file: string): Problem => ({
  severity: "error",
  code: "SYNTAX",
  path: "",
  message: what === "unopened" ? "the file does not begin with front matter" : "the front matter is not closed",
  fix:
    what === "unopened"
      ? "Begin the file with a line --- then the fields (name: …), then another line ---."
      : "Add a line --- after the last field.",
  line: 1,
  column: 1,
  length: 1,
  file,
});
