import type { TomlError } from "smol-toml";

type Explanation = {
  readonly message: string;
  readonly fix: string;
  readonly column: number;
  readonly length: number;
};

/** Messages of the parser, with a text and a fix for authors of documents. Any other message is passed on unchanged. */
const WORDS: Readonly<Record<string, readonly [message: string, fix: string]>> = {
  "unfinished string": ["this string is never closed", "Close it with the quotes it was opened with."],
  "invalid value": ["this is not a TOML value", 'Put text in quotes: key = "text".'],
  "illegal character in key": ["a key must be followed by =", 'Write key = "value".'],
  "expected comma or end of structure": [
    "a comma or the closing bracket is missing",
    "Close the list with ] or the inline table with }.",
  ],
  "trying to redefine an already defined table or value": [
    "this key or table is already defined",
    "Keep one of the two; merge their contents.",
  ],
  "illegal leading zero": ["a number must not begin with 0", "Remove the zero, or put the text in quotes."],
  "unrecognised escape sequence": [
    "this backslash starts no known escape",
    "Write \\\\ for a backslash, or use single quotes: 'C:\\dir'.",
  ],
  "invalid non-hex character in unicode escape": [
    "\\u, \\U and \\x need hexadecimal digits",
    "Write \\\\ for a backslash, or use single quotes: 'C:\\Users'.",
  ],
  "each key-value declaration must be followed by an end-of-line": [
    "nothing may follow the value on this line",
    "Start a new line for the next key.",
  ],
  "integer value cannot be represented losslessly": [
    "this whole number is too large",
    "Put it in quotes to keep every digit.",
  ],
};

const openString = (line: string): number => {
  let quote = "";
  let opened = -1;
  for (let index = 0; index < line.length; index += 1) {
    const character = line.charAt(index);
    if (quote === "") {
      if (character === "#") return -1;
      if (character === '"' || character === "'") [quote, opened] = [character, index];
    } else if (character === "\\" && quote === '"') index += 1;
    else if (character === quote) quote = "";
  }
  return quote === "" ? -1 : opened;
};

const CURLY = /[“”„‘’]/;

const header = (line: string): string | undefined => /^\s*(\[+[^\]]*\]+)/.exec(line)?.[1]?.replaceAll(/\s/g, "");
const key = (line: string): string | undefined => /^\s*([\w."'-]+)\s*=/.exec(line)?.[1]?.replaceAll(/["']/g, "");

/** The line, from 1, that defines the same table, or the same key of the same table, as line `number`. */
function earlierDefinition(
  text: string,
  number: number,
): { readonly first: number | undefined; readonly length: number } {
  const lines = text.split("\n").slice(0, number);
  const line = lines.at(-1) ?? "";
  const table = header(line);
  const start = table === undefined ? lines.slice(0, -1).findLastIndex((each) => header(each) !== undefined) + 1 : 0;
  const index = lines.findIndex(
    (each, at) =>
      at >= start && at < number - 1 && (table === undefined ? key(each) === key(line) : header(each) === table),
  );
  const length = (table ?? key(line) ?? "").length;
  return { first: index === -1 || length === 0 ? undefined : index + 1, length };
}

/** Turns a parser's complaint into what is wrong and how to fix it, by looking at the line it stands on. */
export function explainSyntax(text: string, error: TomlError): Explanation {
  const line = text.split("\n")[error.line - 1] ?? "";
  const column = Math.max(1, error.column);
  const at = (from: number, message: string, fix: string): Explanation => ({
    message,
    fix,
    column: from,
    length: Math.max(1, line.trimEnd().length - from + 1),
  });
  const rest = line.slice(column - 1);
  const said = (error.message.split("\n")[0] ?? "").replace(/^Invalid TOML document: /, "");

  if (CURLY.test(rest.charAt(0)))
    return at(column, "typographic quotes do not mark text", 'Use straight quotes: "text".');
  if (said.startsWith("control characters") && column > line.length) {
    const opened = openString(line);
    const from = opened === -1 ? column : opened + 1;
    return at(from, "this string is not closed on its line", 'Close it, or use """ … """ for text of several lines.');
  }
  const word = /^[A-Za-z][\w./:-]*/.exec(rest)?.[0] ?? "";
  if (said === "invalid value") {
    if (/^(true|false)$/i.test(word)) return at(column, `booleans are lower case`, `Write ${word.toLowerCase()}.`);
    if (/^(null|none|nil)$/i.test(word)) return at(column, `TOML has no ${word}`, "Leave the key out instead.");
    if (rest.trim() === "" || rest.startsWith("#")) return at(column, "the value is missing", 'Write key = "value".');
    if (word !== "") return at(column, "text must be in quotes", `Write "${rest.trim().replaceAll('"', "'")}".`);
  }
  if (said === "illegal character in numeric literal") {
    // A version or a duration, such as 1.0.0 or 30s.
    const from =
      Math.max(line.lastIndexOf("=", column), line.lastIndexOf("[", column), line.lastIndexOf(",", column)) + 1;
    const value = /[^\s,\]}#]+/.exec(line.slice(from));
    if (value !== null)
      return {
        ...at(from + value.index + 1, "text must be in quotes", `Write "${value[0]}".`),
        length: value[0].length,
      };
  }
  if (/^\s*[\w-]+\s*:/.test(line) && said === "illegal character in key")
    return at(
      column,
      "TOML uses = between a key and its value, not :",
      `Write ${line.trim().replace(/\s*:\s*/, " = ")}`,
    );
  if (/^\s*\[[^\]]*$/.test(line) && said === "illegal character in key")
    return at(line.indexOf("[") + 1, "this table header is not closed", `Write ${line.trim()}]`);
  if (said === "trying to redefine an already defined table or value") {
    const { first, length } = earlierDefinition(text, error.line);
    if (first !== undefined)
      return {
        ...at(
          1 + line.length - line.trimStart().length,
          `this is already defined on line ${first}`,
          "Keep one of the two; merge their contents.",
        ),
        length,
      };
  }
  const words = WORDS[said];
  if (words !== undefined) return { ...at(column, words[0], words[1]), length: 1 };
  return { ...at(column, said, "Compare the line with https://toml.io/en/v1.0.0."), length: 1 };
}
