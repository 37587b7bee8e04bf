import { createRequire } from "node:module";
import type { AST } from "toml-eslint-parser";
import { placeAt, type Document } from "./document.ts";

type Span = readonly [start: number, end: number];
/** A value and its members by name or index. A tree, so that a deep path costs no more than its parts. */
type Node = { spans?: { readonly key: Span; readonly value: Span }; readonly members: Map<string | number, Node> };

const require = createRequire(import.meta.url);

const newNode = (): Node => ({ members: new Map() });

function member(node: Node, part: string | number): Node {
  const known = node.members.get(part);
  if (known !== undefined) return known;
  const made = newNode();
  node.members.set(part, made);
  return made;
}

/** Finds values in TOML text. The text is parsed a second time, with positions, at the first question and never before: most files are right. */
export function tomlPlaces(text: string): Document["locate"] {
  let top: Node | undefined;
  return (path, part = "value") => {
    let node: Node | undefined = (top ??= readSpans(text));
    for (const each of path) node = node?.members.get(each);
    return node?.spans === undefined ? undefined : placeAt(text, ...node.spans[part]);
  };
}

function readSpans(text: string): Node {
  const top = newNode();
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
    if (entry.type === "TOMLKeyValue") noteEntry(entry, top);
    else {
      const { resolvedKey: path, key: header } = entry;
      let node = top;
      let names = 0;
      for (const part of path) {
        node = member(node, part);
        // Indexes of arrays of tables are in the path but not in the header.
        if (typeof part === "string") names += 1;
        const { range } = header.keys[names - 1] ?? header;
        node.spans ??= { key: range, value: range };
      }
      for (const inner of entry.body) noteEntry(inner, node);
    }
  }
  return top;
}

function noteEntry(entry: AST.TOMLKeyValue, parent: Node): void {
  let node = parent;
  for (const part of entry.key.keys) {
    node = member(node, part.type === "TOMLBare" ? part.name : part.value);
    node.spans ??= { key: part.range, value: entry.value.range };
  }
  noteContent(entry.value, node);
}

function noteContent(content: AST.TOMLContentNode, node: Node): void {
  if (content.type === "TOMLInlineTable") for (const entry of content.body) noteEntry(entry, node);
  if (content.type === "TOMLArray")
    for (const [index, element] of content.elements.entries()) {
      const inner = member(node, index);
      inner.spans ??= { key: element.range, value: element.range };
      noteContent(element, inner);
    }
}
