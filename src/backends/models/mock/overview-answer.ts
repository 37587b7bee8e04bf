import { type Bench, type Section, section } from "./bench.ts";
import { sourceName } from "./fill.ts";
import { aggregateIn, notesOf } from "./results.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import { type Column, columnNames, counted, listed, markdownTable, valueText } from "./language/index.ts";

/** What a table holds: what is asked of it, or all of it. */
export function overviewSection(bench: Bench, structured: JsonObject): Section {
  const { request, table, frame } = bench;
  const { asks } = request;
  const notes = notesOf(structured);
  const specific = [
    ...(asks.has("missing") ? [missingText(bench)] : []),
    ...(asks.has("distinct") ? frame.groups.map(distinctText) : []),
  ];
  if (specific.length > 0) return section(specific, notes);
  const size = sizeText(bench);
  if (asks.has("rows") && !asks.has("columns") && !asks.has("overview")) return section([size], notes);
  if (asks.has("columns") && !asks.has("overview")) {
    return section([`${size} The columns are ${columnNames(table.columns)}.`, columnTable(table.columns)], notes);
  }
  const understood = asks.has("overview") || asks.has("columns") || asks.has("rows") || request.words.length < 3;
  const lead = understood
    ? size
    : `${size} I could not tell which column or figure you mean, so this is what it holds.`;
  return section([lead, columnTable(table.columns)], [...missingCaveats(table.columns), ...notes]);
}

const sizeText = ({ source, table }: Bench) => {
  const rows = table.rows === undefined ? "" : `${counted(table.rows, "row")} and `;
  const name = sourceName(source);
  return `${name.slice(0, 1) === "t" ? `T${name.slice(1)}` : name} has ${rows}${counted(table.columns.length, "column")}.`;
};

function missingText({ table, source, frame }: Bench): string {
  const asked = [...new Set([...frame.groups, ...frame.measures])];
  const columns = asked.length > 0 ? asked : table.columns;
  if (columns.every(({ missing }) => missing === undefined)) {
    return `The tool does not say which values of ${sourceName(source)} are missing.`;
  }
  const gaps = columns.filter(({ missing }) => (missing ?? 0) > 0);
  if (gaps.length === 0 && asked.length > 0) return `No row is without ${columnNames(asked)}.`;
  if (gaps.length === 0) return `No column of ${sourceName(source)} has missing values.`;
  const items = gaps.map(({ name, missing }) => `${name} (${missing})`);
  const of = table.rows === undefined ? "" : ` of ${counted(table.rows, "row")}`;
  return `Missing values${of}: ${listed(items)}.`;
}

const distinctText = ({ name, distinct, values }: Column): string => {
  const some = values.length > 0 ? `: ${values.length < (distinct ?? 0) ? "most often " : ""}${listed(values)}` : "";
  return distinct === undefined
    ? `The tool does not say how many different values ${name} has.`
    : `${name} has ${counted(distinct, "different value")}${some}.`;
};

const missingCaveats = (columns: readonly Column[]): readonly string[] => {
  const gaps = columns.filter(({ missing }) => (missing ?? 0) > 0);
  return gaps.length === 0
    ? []
    : [`Some values are missing: ${listed(gaps.map(({ name, missing }) => `${name} ${missing}`))}.`];
};

const COLUMNS_SHOWN = 40;

function columnTable(columns: readonly Column[]): string {
  const rows = columns
    .slice(0, COLUMNS_SHOWN)
    .map(({ name, type, distinct, min, max, values, facts }) => [
      name,
      typeof facts["type"] === "string" ? facts["type"] : type,
      valueText(distinct),
      min === undefined && max === undefined ? values.slice(0, 3).join(", ") : `${valueText(min)} to ${valueText(max)}`,
      valueText(aggregateIn(facts, "mean", undefined)),
    ]);
  const shown = markdownTable(["column", "type", "different values", "range or most frequent", "mean"], rows);
  const hidden = columns.length - rows.length;
  return hidden > 0 ? `${shown}\n\n… and ${counted(hidden, "more column")}.` : shown;
}
