import { stringify as stringifyToml } from "smol-toml";
import { stringify as stringifyYaml } from "yaml";
import type { Data } from "./document.ts";

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

/** Markdown whose front matter holds the data, text of several lines as it reads. */
export function writeFrontMatter(data: Data, body: string): string {
  const yaml = stringifyYaml(data, { version: "1.2", schema: "core", lineWidth: 0, blockQuote: "literal" });
  return `---\n${yaml}---\n${body === "" ? "" : `\n${body}${body.endsWith("\n") ? "" : "\n"}`}`;
}
