import { isJsonObject, type Json, type JsonObject } from "../../../kernel/json.ts";
import { failedSection, failure, type Section, section } from "../bench.ts";
import { openParameters } from "../fill.ts";
import type { Ledger } from "../ledger.ts";
import { type Tool, withRole } from "../parameters.ts";
import { notesOf } from "./results.ts";
import { pathParameter } from "../toolbox.ts";
import { counted, listed } from "../language/index.ts";

const TEXT_SHOWN = 1_500;
const FILES_SHOWN = 40;

/** Lists a directory. */
export function listSection(ledger: Ledger, tool: Tool, directory: string | undefined): Section | undefined {
  const input = listInput(tool, directory);
  const place = directory ?? "the directory";
  const outcome = ledger.ask({ name: tool.name, arguments: input, why: `I list the files in ${place}.` });
  if (outcome === undefined) return undefined;
  if (outcome.type === "failed") return failedSection(tool, outcome.text);
  const entries = entriesOf(outcome.structured);
  if (entries.length === 0)
    return section(
      [outcome.text.trim() === "" ? `${place} holds no files.` : outcome.text.trim()],
      notesOf(outcome.structured),
    );
  const more = entries.length > FILES_SHOWN ? ` and ${entries.length - FILES_SHOWN} more` : "";
  return section(
    [
      `${place} holds ${counted(entries.length, "entry").replace("entrys", "entries")}: ${listed(entries.slice(0, FILES_SHOWN))}${more}.`,
    ],
    notesOf(outcome.structured),
  );
}

export function listInput(tool: Tool, directory: string | undefined): JsonObject {
  const parameter = withRole(tool, "directory") ?? withRole(tool, "file-path");
  if (parameter === undefined) return {};
  if (directory !== undefined) return { [parameter.name]: directory };
  return parameter.required && !parameter.hasDefault ? { [parameter.name]: "." } : {};
}

/** The names in a listing: strings, or objects with a path or a name. */
export function entriesOf(structured: JsonObject): readonly string[] {
  for (const listing of Object.values(structured)) {
    if (!Array.isArray(listing)) continue;
    const names = listing.flatMap(entryName);
    if (names.length > 0 && names.length === listing.length) return names;
  }
  return [];
}

const entryName = (entry: Json): readonly string[] => {
  if (typeof entry === "string") return [entry];
  if (!isJsonObject(entry)) return [];
  const name = entry["path"] ?? entry["name"] ?? entry["file"];
  return typeof name === "string" ? [name] : [];
};

/** The beginning of a file's text. */
export function readSection(ledger: Ledger, tool: Tool, path: string): Section | undefined {
  const parameter = withRole(tool, "file-path");
  if (parameter === undefined) return failure(`None of my tools reads ${path}.`);
  const outcome = ledger.ask({ name: tool.name, arguments: { [parameter.name]: path }, why: `I read ${path}.` });
  if (outcome === undefined) return undefined;
  if (outcome.type === "failed") return failedSection(tool, outcome.text);
  return quoted(`${path} reads:`, outcome.text, outcome.structured);
}

/** Quotes a tool's text up to the size limit of an answer. */
export function quoted(lead: string, text: string, structured: JsonObject): Section {
  const whole = text.trim() === "" ? JSON.stringify(structured, null, 2) : text.trim();
  const cut = whole.length > TEXT_SHOWN;
  return section(
    [lead, cut ? `${whole.slice(0, TEXT_SHOWN)} …` : whole],
    [...(cut ? ["The text is longer than what is shown."] : []), ...notesOf(structured)],
  );
}

/** Writes a text to a file. */
export function writeSection(ledger: Ledger, tool: Tool | undefined, path: string, text: string): Section | undefined {
  const place = tool === undefined ? undefined : pathParameter(tool);
  const content = tool === undefined ? undefined : withRole(tool, "content");
  if (tool === undefined || place === undefined || content === undefined)
    return section([], [`None of my tools writes files, so ${path} was not written.`]);
  const input = { [place.name]: path, [content.name]: text };
  if (openParameters(tool, input).length > 0)
    return section([], [`I could not fill the arguments of the tool ${tool.name}, so ${path} was not written.`]);
  const outcome = ledger.ask({ name: tool.name, arguments: input, why: `I will write the answer to ${path}.` });
  if (outcome === undefined) return undefined;
  if (outcome.type === "failed")
    return section([], [`${path} was not written; the tool ${tool.name} said: ${outcome.text.trim()}`]);
  return section([`I wrote this to ${path}.`], notesOf(outcome.structured));
}
