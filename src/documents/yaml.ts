import type { Document as YamlDocument, Node, YAMLError } from "yaml";
import { normalise, placeAt, problemAt, type Document, type Parsed } from "./document.ts";
import { plainData } from "./plain.ts";
import type { Path, Problem } from "./problem.ts";
import { yamlLibrary } from "./yaml-library.ts";

const ALIASES_MAX = 100;

/** Reads YAML 1.2 with the core schema: no dates, no tags, no merge keys, at most 100 aliases. */
export function parseYaml(source: string, file: string): Parsed {
  const text = normalise(source);
  return readYaml(text, text, file);
}

/** Reads `yaml` and reports places as in `text`, whose offsets must be the same. */
export function readYaml(yaml: string, text: string, file: string): Parsed {
  const parsed = yamlLibrary().parseDocument(yaml, {
    schema: "core",
    version: "1.2",
    prettyErrors: false,
    logLevel: "silent",
    uniqueKeys: true,
  });
  const document: Document = { data: {}, locate: locator(parsed, text), text, file, syntax: "yaml" };
  const complaints = [...parsed.errors, ...parsed.warnings];
  if (complaints.length > 0)
    return { type: "malformed", problems: complaints.map((complaint) => syntaxProblem(complaint, text, file)) };
  let value: unknown;
  try {
    value = parsed.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    // An alias without its anchor, or too many of them: the only things that fail once the syntax is right.
    if (!(error instanceof ReferenceError)) throw error;
    const message = error.message.replace(/^./, (first) => first.toLowerCase());
    const fix = "Write the value out instead of using an alias (*name).";
    return {
      type: "malformed",
      problems: [problemAt(document, [], { severity: "error", code: "SYNTAX", message, fix })],
    };
  }
  const plain = plainData(value);
  if (plain.type === "plain") return { type: "parsed", document: { ...document, data: plain.data }, problems: [] };
  const { path, message, fix } = plain;
  return {
    type: "malformed",
    problems: [problemAt(document, path, { severity: "error", code: "SYNTAX", message, fix })],
  };
}

/** Better words for the mistakes people make; the rest is passed on. */
const WORDS: Readonly<Record<string, readonly [message: string, fix: string]>> = {
  TAB_AS_INDENT: ["tabs cannot indent YAML", "Use spaces."],
  DUPLICATE_KEY: ["this key is already defined", "Keep one of the two."],
  BLOCK_AS_IMPLICIT_KEY: ["a colon and a space inside text start a new key", 'Put the text in quotes: key: "a: b".'],
  MULTILINE_IMPLICIT_KEY: [
    "this line is indented like a continuation but looks like a key",
    "Align the keys, or put the text in quotes.",
  ],
  MISSING_CHAR: ["a quote, bracket or colon is missing", "Close what was opened on this or an earlier line."],
  MULTIPLE_DOCS: ["there are several documents in this file", "Keep one: remove the --- line."],
  BAD_SCALAR_START: ["text cannot begin with this character", "Put the text in quotes."],
  TAG_RESOLVE_FAILED: ["tags (!name) are not supported", "Remove the tag."],
  BAD_INDENT: ["this line is not indented as YAML needs it", "Align it with its neighbours, and close every bracket."],
};

function syntaxProblem(complaint: YAMLError, text: string, file: string): Problem {
  const [message, fix] = WORDS[complaint.code] ?? [
    complaint.message.replace(/^./, (first) => first.toLowerCase()),
    "Check quotes and indentation on this line.",
  ];
  return { severity: "error", code: "SYNTAX", path: "", message, fix, ...placeAt(text, ...complaint.pos), file };
}

function locator(parsed: YamlDocument, text: string): Document["locate"] {
  return (path, part = "value") => {
    const found = find(parsed.contents, path);
    const node = part === "key" ? (found?.key ?? found?.value) : (found?.value ?? found?.key);
    return node?.range ? placeAt(text, node.range[0], node.range[1]) : undefined;
  };
}

type Found = { readonly key: Node | undefined; readonly value: Node | undefined };

function find(top: unknown, path: Path): Found | undefined {
  const { isMap, isNode, isScalar, isSeq } = yamlLibrary();
  let found: Found = { key: undefined, value: isNode(top) ? top : undefined };
  for (const part of path) {
    const { value } = found;
    if (isMap(value)) {
      const pair = value.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
      if (pair === undefined) return undefined;
      found = { key: isNode(pair.key) ? pair.key : undefined, value: isNode(pair.value) ? pair.value : undefined };
    } else if (isSeq(value) && typeof part === "number") {
      const element = value.items[part];
      if (!isNode(element)) return undefined;
      found = { key: element, value: element };
    } else return undefined;
  }
  return found;
}
