import { yamlLibrary } from "./yaml-library.ts";

/** Bounds of one document. They are checked in one pass before it is parsed, because the parsers have none. */
export type DocumentLimits = {
  /** UTF-16 units of the text. */
  readonly charsMax: number;
  /** Keys and table headers of TOML; a sixth of the tokens of YAML. */
  readonly keysMax: number;
  /** Parts of keys, elements and tables together. */
  readonly valuesMax: number;
};

/** Bounds of documents that clients and authors of agents and tools send. */
export const DOCUMENT_LIMITS: DocumentLimits = { charsMax: 256 * 1024, keysMax: 2_000, valuesMax: 10_000 };

/** Bounds of files that only the operator can name, such as a list of prices. */
export const OPERATOR_LIMITS: DocumentLimits = { charsMax: 16_777_216, keysMax: 200_000, valuesMax: 1_000_000 };

/** How deep values may nest, and how many parts one key may have. */
export const DEPTH_MAX = 64;
export const ALIASES_MAX = 100;
/** Columns of indentation; each level of a YAML block takes at least one. */
const INDENT_MAX = 200;
const TOKENS_PER_KEY = 6;

/** A bound that a text exceeds, and the offset where it does. */
export type Excess = { readonly offset: number; readonly message: string; readonly fix: string };

const SPLIT = "Split the file, or shorten it.";
const excess = (offset: number, message: string, fix: string = SPLIT): Excess => ({ offset, message, fix });
const tooDeep = (offset: number): Excess => excess(offset, `nested deeper than ${DEPTH_MAX} levels`, "Flatten it.");

/** What keeps a text from being read at all: its length, or bytes that were not UTF-8, which decoding replaces by U+FFFD. */
export function unreadable(text: string, { charsMax }: DocumentLimits): Excess | undefined {
  if (text.length > charsMax) return excess(charsMax, `the text has more than ${charsMax} characters`);
  const replaced = text.indexOf("\uFFFD");
  if (replaced === -1) return undefined;
  return excess(replaced, "this is not valid UTF-8, or the replacement character U+FFFD", "Save the file as UTF-8.");
}

const [NEWLINE, TAB, SPACE] = [10, 9, 32] as const;
const [DOUBLE, SINGLE, BACKSLASH, HASH] = [34, 39, 92, 35] as const;
const [COMMA, DOT, EQUALS] = [44, 46, 61] as const;
const [OPEN_LIST, CLOSE_LIST, OPEN_TABLE, CLOSE_TABLE] = [91, 93, 123, 125] as const;

/** Returns the first bound that a TOML text exceeds. Counts what stands outside of strings and comments, valid or not. */
export function tomlExcess(text: string, limits: DocumentLimits): Excess | undefined {
  const fault = unreadable(text, limits);
  if (fault !== undefined) return fault;
  let [keys, values, depth, dots] = [0, 0, 0, 0];
  let startsLine = true;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === SPACE || unit === TAB) continue;
    const isHeader = startsLine && unit === OPEN_LIST && depth === 0;
    startsLine = unit === NEWLINE;
    if (unit === DOUBLE || unit === SINGLE) at = endOfString(text, at, unit);
    else if (unit === HASH) at = endOfLine(text, at) - 1;
    else if (unit === DOT) [dots, values] = [dots + 1, values + 1];
    else if (unit === CLOSE_LIST || unit === CLOSE_TABLE) depth = Math.max(0, depth - 1);
    else if (unit === COMMA || unit === EQUALS || unit === NEWLINE || unit === OPEN_LIST || unit === OPEN_TABLE) {
      dots = 0;
      if (unit === EQUALS || isHeader) keys += 1;
      if (unit !== NEWLINE) values += 1;
      if (unit === OPEN_LIST || unit === OPEN_TABLE) depth += 1;
    }
    if (dots >= DEPTH_MAX) return excess(at, `this key has more than ${DEPTH_MAX} parts`, "Flatten it.");
    if (depth > DEPTH_MAX) return tooDeep(at);
    if (keys > limits.keysMax) return excess(at, `more than ${limits.keysMax} keys and tables`);
    if (values > limits.valuesMax) return excess(at, `more than ${limits.valuesMax} values`);
  }
  return undefined;
}

function endOfLine(text: string, from: number): number {
  const found = text.indexOf("\n", from);
  return found === -1 ? text.length : found;
}

/** The offset of the last quote of a string, or of the last character before its line or text ends without one. */
function endOfString(text: string, start: number, quote: typeof DOUBLE | typeof SINGLE): number {
  const isLong = text.charCodeAt(start + 1) === quote && text.charCodeAt(start + 2) === quote;
  for (let at = start + (isLong ? 3 : 1); at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === BACKSLASH && quote === DOUBLE) at += 1;
    else if (unit === NEWLINE && !isLong) return at - 1;
    else if (unit === quote) {
      if (!isLong) return at;
      if (text.charCodeAt(at + 1) === quote && text.charCodeAt(at + 2) === quote) return at + 2;
    }
  }
  return text.length;
}

const closed = (depth: number, strays: number): readonly [number, number] =>
  depth === 0 ? [0, strays + 1] : [depth - 1, strays];

/** Returns the first bound that a YAML text exceeds, by its tokens. Stops there. */
export function yamlExcess(text: string, limits: DocumentLimits): Excess | undefined {
  const fault = unreadable(text, limits);
  if (fault !== undefined) return fault;
  const { CST, Lexer } = yamlLibrary();
  const tokensMax = limits.keysMax * TOKENS_PER_KEY;
  let [offset, tokens, depth, indicators, aliases, strays] = [0, 0, 0, 0, 0, 0];
  let startsLine = true;
  for (const token of new Lexer().lex(text)) {
    tokens += 1;
    const type = CST.tokenType(token);
    if (type === "newline") indicators = 0;
    else if (type === "seq-item-ind" || type === "explicit-key-ind") indicators += 1;
    else if (type === "flow-map-start" || type === "flow-seq-start") depth += 1;
    else if (type === "flow-map-end" || type === "flow-seq-end") [depth, strays] = closed(depth, strays);
    else if (type === "alias") aliases += 1;
    else if (type === "space" && startsLine && token.length > INDENT_MAX)
      return excess(offset, `indented by more than ${INDENT_MAX} columns`, "Flatten it.");
    startsLine = token === "\n";
    if (depth > DEPTH_MAX || indicators > DEPTH_MAX) return tooDeep(offset);
    if (strays > DEPTH_MAX) return excess(offset, "too many closing brackets", "Remove them.");
    if (aliases > ALIASES_MAX) return excess(offset, `more than ${ALIASES_MAX} aliases`, "Write the values out.");
    if (tokens > tokensMax) return excess(offset, `more than ${tokensMax} words, signs and line ends`);
    // The lexer marks documents and plain text with control characters that are not in the text.
    if (token !== CST.DOCUMENT && token !== CST.FLOW_END && token !== CST.SCALAR) offset += token.length;
  }
  return undefined;
}
