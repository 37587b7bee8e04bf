import type { Document as YamlDocument, Node, Pair, YAMLError, YAMLMap } from "yaml";
import { normalise, placeAt, problemAt, tooMuch, type Document, type Parsed } from "./document.ts";
import { ALIASES_MAX, DOCUMENT_LIMITS, type DocumentLimits, yamlExcess } from "./limits.ts";
import { plainData } from "./plain.ts";
import { type Path, type Problem, PROBLEMS_MAX } from "./problem.ts";
import { yamlLibrary } from "./yaml-library.ts";

/** Reads YAML 1.2 with the core schema: no dates, no tags, no merge keys, at most 100 aliases. */
export function parseYaml(source: string, file: string, limits = DOCUMENT_LIMITS): Parsed {
  const text = normalise(source);
  return readYaml(text, text, file, limits);
}

/** Reads `yaml` and reports places as in `text`, whose offsets must be the same. */
export function readYaml(yaml: string, text: string, file: string, limits: DocumentLimits): Parsed {
  const excess = yamlExcess(yaml, limits);
  if (excess !== undefined) return tooMuch(excess, text, file);
  const parsed = yamlLibrary().parseDocument(yaml, {
    schema: "core",
    version: "1.2",
    prettyErrors: false,
    // With "silent" the library drops every document but the first without an error.
    logLevel: "error",
    // The library compares each key with all before it; `keysGivenTwice` takes linear time.
    uniqueKeys: false,
  });
  const document: Document = { data: {}, locate: locator(parsed, text), text, file, syntax: "yaml" };
  const complaints = [...parsed.errors, ...parsed.warnings, ...keysGivenTwice(parsed)]
    .toSorted((one, other) => one.pos[0] - other.pos[0])
    .slice(0, PROBLEMS_MAX);
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
  const plain = plainData(value, limits.valuesMax);
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
  MULTIPLE_DOCS: [
    "there are several documents in this file",
    "Keep one: remove the --- line. A prompt after a second --- needs a .md file.",
  ],
  BAD_SCALAR_START: ["text cannot begin with this character", "Put the text in quotes."],
  TAG_RESOLVE_FAILED: ["tags (!name) are not supported", "Remove the tag."],
  BAD_INDENT: ["this line is not indented as YAML needs it", "Align it with its neighbours, and close every bracket."],
};

type Complaint = Pick<YAMLError, "code" | "message" | "pos"> & { readonly first?: number };

/** Scalar keys that a table has already, as text: `1` and `"1"` would be one key of the data. */
function* keysGivenTwice(parsed: YamlDocument): Generator<Complaint> {
  const { isCollection, isMap, isPair, isScalar } = yamlLibrary();
  const waiting: unknown[] = [parsed.contents];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (isPair(next)) waiting.push(next.value ?? undefined);
    if (!isCollection(next)) continue;
    const seen = new Map<string, number>();
    for (const item of next.items) {
      waiting.push(item);
      if (!isMap(next) || !isPair(item) || !isScalar(item.key)) continue;
      const { value, range } = item.key;
      const key = String(value);
      const [start, end] = range ?? [0, 0];
      const first = seen.get(key);
      if (first === undefined) seen.set(key, start);
      else yield { code: "DUPLICATE_KEY", message: "", pos: [start, end], first };
    }
  }
}

function syntaxProblem(complaint: Complaint, text: string, file: string): Problem {
  const [message, fix] = WORDS[complaint.code] ?? [
    complaint.message.replace(/^./, (first) => first.toLowerCase()),
    "Check quotes and indentation on this line.",
  ];
  const place = placeAt(text, ...complaint.pos);
  const { first } = complaint;
  const where = first === undefined ? message : `${message} on line ${placeAt(text, first, first).line}`;
  return { severity: "error", code: "SYNTAX", path: "", message: where, fix, ...place, file };
}

function locator(parsed: YamlDocument, text: string): Document["locate"] {
  const indexes = new WeakMap<YAMLMap, Index>();
  return (path, part = "value") => {
    const found = find(parsed.contents, path, indexes);
    const node = part === "key" ? (found?.key ?? found?.value) : (found?.value ?? found?.key);
    return node?.range ? placeAt(text, node.range[0], node.range[1]) : undefined;
  };
}

type Found = { readonly key: Node | undefined; readonly value: Node | undefined };

type Index = ReadonlyMap<string, Pair>;

function indexOf(map: YAMLMap, indexes: WeakMap<YAMLMap, Index>): Index {
  const known = indexes.get(map);
  if (known !== undefined) return known;
  const { isScalar } = yamlLibrary();
  const index = new Map(map.items.flatMap((item) => (isScalar(item.key) ? [[String(item.key.value), item]] : [])));
  indexes.set(map, index);
  return index;
}

function find(top: unknown, path: Path, indexes: WeakMap<YAMLMap, Index>): Found | undefined {
  const { isMap, isNode, isSeq } = yamlLibrary();
  let found: Found = { key: undefined, value: isNode(top) ? top : undefined };
  for (const part of path) {
    const { value } = found;
    if (isMap(value)) {
      const pair = indexOf(value, indexes).get(String(part));
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
