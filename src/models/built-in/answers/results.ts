import { isJsonObject, type Json, type JsonObject } from "../../../kernel/json.ts";
import { type Aggregate, AGGREGATE_WORDS, capital } from "../language/index.ts";

export { numberIn } from "../language/index.ts";

const ROW_KEYS = ["rows", "groups", "records", "data", "results", "items", "values", "matches"];

/** The rows of a structured result: a list of objects. */
export function rowsOf(structured: JsonObject): readonly JsonObject[] {
  const keys = [...ROW_KEYS, ...Object.keys(structured).filter((key) => !ROW_KEYS.includes(key) && key !== "columns")];
  for (const key of keys) {
    const listed = structured[key];
    if (!Array.isArray(listed) || listed.length === 0) continue;
    if (listed.every(isJsonObject)) return listed;
  }
  return [];
}

/** Sentences of a result that say how it came about: its notes and warnings, each with a full stop. */
export function notesOf(structured: JsonObject): readonly string[] {
  return ["notes", "note", "warnings", "warning"].flatMap((key) => {
    const value = structured[key];
    const notes = Array.isArray(value) ? value : [value];
    return notes.flatMap((note) => (typeof note === "string" && note !== "" ? [sentence(note)] : []));
  });
}

const sentence = (text: string): string => {
  const whole = capital(text.trim());
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
};

/** A row's aggregate, under its own name, a synonym, or together with the column's name. */
export function aggregateIn(row: JsonObject, aggregate: Aggregate, column: string | undefined): number | undefined {
  const own = row[aggregate];
  if (typeof own === "number") return own;
  for (const [key, value] of Object.entries(row)) {
    if (typeof value !== "number") continue;
    const lower = key.toLowerCase();
    const bare =
      column === undefined ? lower : lower.replace(column.toLowerCase(), "").replaceAll(/^[_\s(-]+|[_\s)-]+$/g, "");
    const word = bare === "" ? lower : bare;
    if (Object.hasOwn(AGGREGATE_WORDS, word) && AGGREGATE_WORDS[word] === aggregate) return value;
  }
  return undefined;
}

/** A row's value in a column; tools rename columns that would clash with their own members. */
export const cellOf = (row: JsonObject, name: string): Json => row[name] ?? row[`${name} (column)`] ?? null;

/** Whether a cell stands for a missing value. */
export const isMissing = (cell: Json): boolean => cell === null || cell === "" || cell === "(missing)";

/** Files a result says it made. */
export function filesOf(structured: JsonObject): readonly string[] {
  const keys = ["file", "file_name", "path", "artifact", "name", "filename", "output", "files", "artifacts"];
  const named = keys.flatMap((key) => {
    const value = structured[key];
    return (Array.isArray(value) ? value : [value]).flatMap((one) => {
      if (typeof one === "string") return [one];
      const name = isJsonObject(one) ? (one["name"] ?? one["path"] ?? one["file"]) : undefined;
      return typeof name === "string" ? [name] : [];
    });
  });
  return [...new Set(named.filter((name) => /\.[a-z0-9]{1,8}$/i.test(name)))];
}
