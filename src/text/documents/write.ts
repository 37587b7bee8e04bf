import { stringify as stringifyToml } from "smol-toml";
import type { Data } from "./document.ts";
import { yamlLibrary } from "./yaml-library.ts";

/** One YAML document. */
export const writeYaml = (value: unknown): string => yamlLibrary().stringify(value);

const isTable = (value: unknown): value is Data => typeof value === "object" && value !== null && !Array.isArray(value);

/** TOML with keys in the order given, tables last, and text of several lines as it reads. Keys without a value are left out, as TOML has no null. */
export function writeToml(data: Data): string {
  const entries = Object.entries(withoutNulls(data));
  const scalars = entries.filter(([, value]) => !isTable(value)).map(([key, value]) => writeEntry(key, value));
  const tables = entries.filter(([, value]) => isTable(value)).map(([key, value]) => stringifyToml({ [key]: value }));
  return [scalars.join(""), ...tables].filter((part) => part !== "").join("\n");
}

function withoutNulls(table: Data): Data {
  return Object.fromEntries(
    Object.entries(table)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([key, value]) => [key, isTable(value) ? withoutNulls(value) : value]),
  );
}

function writeEntry(key: string, value: unknown): string {
  if (typeof value !== "string" || !value.includes("\n")) return stringifyToml({ [key]: value });
  const name = /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
  // The line end after the opening quotes is not a part of the text.
  return `${name} = ${isLiteral(value) ? `'''\n${value}'''` : `"""\n${escaped(value)}"""`}\n`;
}

// oxlint-disable-next-line no-control-regex -- these are what TOML does not allow inside '''
const UNPRINTABLE = /[\u0000-\u0008\u000B-\u001F\u007F]/;

const isLiteral = (text: string): boolean => !text.includes("'''") && !text.endsWith("'") && !UNPRINTABLE.test(text);

const escaped = (text: string): string =>
  text
    .replaceAll("\\", "\\\\")
    .replaceAll('"""', '""\\"')
    .replace(/"$/, '\\"')
    .replaceAll(
      new RegExp(UNPRINTABLE, "g"),
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );

/** What a block of lines cannot hold faithfully: a first line that is blank or indented, lines of blanks, control characters. */
// oxlint-disable-next-line no-control-regex -- these are what YAML does not allow in a block
const FRAGILE = /^[ \t\n]|\n[ \t]+(\n|$)|[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u2028\u2029\uFEFF]/;

/** Markdown whose front matter holds the data, text of several lines as it reads. */
export function writeFrontMatter(data: Data, body: string): string {
  const { Document, visit } = yamlLibrary();
  const document = new Document(data, { version: "1.2", schema: "core" });
  visit(document, {
    Scalar: (_key, node) => {
      const { value } = node;
      if (typeof value !== "string" || !value.includes("\n")) return;
      node.type = FRAGILE.test(value) ? "QUOTE_DOUBLE" : "BLOCK_LITERAL";
    },
  });
  const yaml = document.toString({ lineWidth: 0, doubleQuotedMinMultiLineLength: Infinity });
  return `---\n${yaml}---\n${body === "" ? "" : `\n${body}${body.endsWith("\n") ? "" : "\n"}`}`;
}
