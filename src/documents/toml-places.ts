import { createRequire } from "node:module";
import type { AST } from "toml-eslint-parser";
import { placeAt, type Document } from "./document.ts";
import type { Path } from "./problem.ts";

type Span = readonly [start: number, end: number];
type Spans = { readonly key: Span; readonly value: Span };

const require = createRequire(import.meta.url);

const key = (path: Path): string => JSON.stringify(path);

/** Finds values in TOML text. The text is parsed a second time, with positions, at the first question and never before: most files are right. */
export function tomlPlaces(text: string): Document["locate"] {
  let spans: ReadonlyMap<string, Spans> | undefined;
  return (path, part = "value") => {
    spans ??= readSpans(text);
    const found = spans.get(key(path));
    return found === undefined ? undefined : placeAt(text, ...found[part]);
  };
}

function readSpans(text: string): ReadonlyMap<string, Spans> {
  const spans = new Map<string, Spans>();
  const { parseTOML }: typeof import("toml-eslint-parser") = require("toml-eslint-parser");
  const program = (() => {
    try {
      return parseTOML(text, { tomlVersion: "1.1" });
    } catch {
      // The two parsers disagree about this text. Problems are then shown without their line, which beats not being shown.
      return undefined;
    }
  })();
  for (const entry of program?.body[0].body ?? []) {
    if (entry.type === "TOMLKeyValue") noteEntry(entry, [], spans);
    else {
      const { resolvedKey: path, key: header } = entry;
      for (let length = 1; length <= path.length; length += 1) {
        // Indexes of arrays of tables are in the path but not in the header.
        const names = path.slice(0, length).filter((part) => typeof part === "string").length;
        const { range } = header.keys[names - 1] ?? header;
        note(spans, path.slice(0, length), { key: range, value: range });
      }
      for (const inner of entry.body) noteEntry(inner, path, spans);
    }
  }
  return spans;
}

function note(spans: Map<string, Spans>, path: Path, found: Spans): void {
  if (!spans.has(key(path))) spans.set(key(path), found);
}

function noteEntry(entry: AST.TOMLKeyValue, parent: Path, spans: Map<string, Spans>): void {
  let path = parent;
  for (const part of entry.key.keys) {
    path = [...path, part.type === "TOMLBare" ? part.name : part.value];
    note(spans, path, { key: part.range, value: entry.value.range });
  }
  noteContent(entry.value, path, spans);
}

function noteContent(content: AST.TOMLContentNode, path: Path, spans: Map<string, Spans>): void {
  if (content.type === "TOMLInlineTable") for (const entry of content.body) noteEntry(entry, path, spans);
  if (content.type === "TOMLArray")
    for (const [index, element] of content.elements.entries()) {
      note(spans, [...path, index], { key: element.range, value: element.range });
      noteContent(element, [...path, index], spans);
    }
}
