import { parse, TomlError } from "smol-toml";
import { normalise, problemAt, tooMuch, type Document, type Parsed } from "./document.ts";
import { DEPTH_MAX, DOCUMENT_LIMITS, tomlExcess } from "./limits.ts";
import { plainData } from "./plain.ts";
import { explainSyntax } from "./toml-syntax.ts";
import { tomlPlaces } from "./toml-places.ts";

/** Reads TOML 1.1. Dates become ISO strings. A syntax error is one problem: the parser cannot see past the first. */
export function parseToml(source: string, file: string, limits = DOCUMENT_LIMITS): Parsed {
  const text = normalise(source);
  const excess = tomlExcess(text, limits);
  if (excess !== undefined) return tooMuch(excess, text, file);
  let value: unknown;
  try {
    value = parse(text, { maxDepth: DEPTH_MAX });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const { message, fix, column, length } = explainSyntax(text, error);
    const place = { line: error.line, column, length };
    return {
      type: "malformed",
      problems: [{ severity: "error", code: "SYNTAX", path: "", message, fix, ...place, file }],
    };
  }
  const locate = tomlPlaces(text);
  const plain = plainData(value, limits.valuesMax);
  const document: Document = { data: plain.type === "plain" ? plain.data : {}, locate, text, file, syntax: "toml" };
  if (plain.type === "plain") return { type: "parsed", document, problems: [] };
  const { path, message, fix } = plain;
  return {
    type: "malformed",
    problems: [problemAt(document, path, { severity: "error", code: "SYNTAX", message, fix })],
  };
}
