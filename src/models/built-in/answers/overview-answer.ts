import { type Section, section } from "../bench.ts";
import { type Source, sourceName } from "../fill.ts";
import { aggregateIn, notesOf } from "./results.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import {
  type Column,
  columnNames,
  counted,
  listed,
  markdownTable,
  type Request,
  type Table,
  valueText,
} from "../language/index.ts";

/** A table that was read. */
export type Looked = { readonly request: Request; readonly source: Source; readonly table: Table };

/** Words of a request for the size or the columns of a table. Others may group or choose rows: they are for the planner. */
const PLAIN =
  /^(?:a|all|an|and|are|attributes?|columns?|compare|contains?|count|csv|data|dataset|do|does|entries|fields?|file|for|give|has|have|headers?|how|in|inside|is|it|its|large|big|lines?|list|long|many|me|names?|number|observations?|of|please|points|records?|rows?|show|table|tell|the|there|these|they|this|total|types?|their|us|variables?|what|which|with)$/;

/** Whether a request asks what a table holds, not for figures of it. */
export const asksForOverview = ({ asks, questions, figures }: Request): boolean => {
  const words = questions.flat().length;
  if (asks.has("missing") && asks.has("columns")) return true;
  if (asks.has("overview") && !figures && words <= 8) return true;
  const isPlain = questions.flat().every(({ lower }) => PLAIN.test(lower));
  return (asks.has("columns") || asks.has("rows")) && words <= 12 && isPlain && !figures;
};

/** Describes a table: the requested aspects, or all. */
export function overviewSection(looked: Looked, structured: JsonObject): Section {
  const { request, table } = looked;
  const { asks } = request;
  const notes = notesOf(structured);
  if (asks.has("missing")) return section([missingText(looked)], notes);
  const size = sizeText(looked);
  if (asks.has("rows") && !asks.has("columns") && !asks.has("overview")) return section([size], notes);
  if (asks.has("columns") && !asks.has("overview")) {
    return section([`${size} The columns are ${columnNames(table.columns)}.`, columnTable(table.columns)], notes);
  }
  return section([size, columnTable(table.columns)], [...missingCaveats(table.columns), ...notes]);
}

const sizeText = ({ source, table }: Looked) => {
  const rows = table.rows === undefined ? "" : `${counted(table.rows, "row")} and `;
  const name = sourceName(source);
  return `${name.slice(0, 1) === "t" ? `T${name.slice(1)}` : name} has ${rows}${counted(table.columns.length, "column")}.`;
};

function missingText({ table, source }: Looked): string {
  if (table.columns.every(({ missing }) => missing === undefined)) {
    return `The tool does not say which values of ${sourceName(source)} are missing.`;
  }
  const gaps = table.columns.filter(({ missing }) => (missing ?? 0) > 0);
  if (gaps.length === 0) return `No column of ${sourceName(source)} has missing values.`;
  const items = gaps.map(({ name, missing }) => `${name} (${missing})`);
  const of = table.rows === undefined ? "" : ` of ${counted(table.rows, "row")}`;
  return `Missing values${of}: ${listed(items)}.`;
}

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
