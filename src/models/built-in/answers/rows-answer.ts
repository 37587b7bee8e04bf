import type { JsonObject } from "../../../kernel/json.ts";
import { type Bench, failedSection, failure, type Section, section } from "../bench.ts";
import { rowsCall } from "./plan-call.ts";
import { cellOf, isMissing, notesOf, numberIn, rowsOf } from "./results.ts";
import {
  capital,
  conditionsText,
  counted,
  endWord,
  listed,
  markdownTable,
  plural,
  valueText,
} from "../language/index.ts";
import { cellText, isLevel, leftOut, levelText } from "./group-answer.ts";
import { cannot } from "./figures-answer.ts";

const ROWS_SHOWN = 10;
const COLUMNS_SHOWN = 8;
/** Rows that are fetched beyond those asked for, to see who is level with the last. */
const LEVEL = 5;

/** Rows that fit, or the first ones by a column, with their names. */
export function rowsSection(bench: Bench): Section | undefined {
  const { plan, toolbox, ledger, table } = bench;
  const tool = toolbox.filter;
  const rank = plan.order?.rank;
  const wanted = plan.order === undefined ? ROWS_SHOWN : (plan.order.count ?? rank ?? 1);
  const call = tool === undefined ? undefined : rowsCall(tool, bench, wanted + LEVEL);
  if (tool === undefined || call === undefined) return cannot(bench);
  const outcome = ledger.ask(call);
  if (outcome === undefined) return undefined;
  if (outcome.type === "failed") return failedSection(tool, outcome.text);
  const rows = rowsOf(outcome.structured);
  const matched = numberIn(outcome.structured, ["rows_matched", "matched", "total"]) ?? rows.length;
  const notes = notesOf(outcome.structured);
  const [of, asked] = plan.figures.map((figure) => figure.of);
  if (rows.length === 0) return section([`No ${plural(plan.noun)} fit${conditionsText(plan.conditions)}.`], notes);
  if (plan.order === undefined && of !== undefined) {
    const shown = rows.slice(0, ROWS_SHOWN);
    return section(
      [`${capital(of.text)}: ${listed(shown.map((row) => cellText(row, of.text)))}.`, rowTable(shown)],
      notes,
    );
  }
  if (plan.order === undefined || of === undefined) {
    const more = matched > ROWS_SHOWN ? `; these are the first ${ROWS_SHOWN}` : "";
    const names = rows.slice(0, ROWS_SHOWN).map((row) => rowName(row, bench));
    const named = new Set(names).size === names.length ? `${more}: ${listed(names)}` : more;
    return section([`${counted(matched, plan.noun)}${named}.`, rowTable(rows.slice(0, ROWS_SHOWN))], notes);
  }
  const value = (row: JsonObject) => cellOf(row, of.text);
  const present = rows.filter((row) => !isMissing(value(row)));
  if (rank !== undefined && isLevel(present.map(value), rank)) return failure(levelText(rank));
  const level = present.filter((row) => value(row) === value(present[wanted - 1] ?? {}));
  const shown =
    rank !== undefined
      ? present.slice(rank - 1, rank)
      : wanted === 1 && level.length > 0
        ? present.filter((row) => value(row) === value(present[0] ?? {}))
        : present.slice(0, wanted);
  const dated = table.columns.find(({ name: own }) => own === of.text)?.type === "date";
  const word = endWord(plan.order.direction, rank, dated);
  const names = shown.map((row) => rowName(row, bench));
  const [name = ""] = names;
  const single = shown.length === 1;
  const lead =
    wanted > 1 && rank === undefined
      ? `The ${shown.length} with the ${word} ${of.text}: ${listed(shown.map((row, at) => `${names[at]} (${valueText(value(row))})`))}.`
      : `${listed(names)} ${single ? "has" : "have"} the ${word} ${of.text}: ${valueText(value(shown[0] ?? {}))}.`;
  const unnamed =
    name === ""
      ? `The ${word} ${of.text} is ${valueText(value(shown[0] ?? {}))}${single ? "" : `, in ${shown.length}${shown.length === rows.length && rows.length < matched ? " or more" : ""} rows`}.`
      : lead;
  const known = shown.map((row) => valueText(cellOf(row, asked?.text ?? "")));
  const also = asked === undefined ? [] : [`${capital(asked.text)}: ${listed(known)}.`];
  const missing = table.columns.find(({ name: own }) => own === of.text)?.missing ?? 0;
  return section(
    [[unnamed, ...also].join(" "), rowTable(shown)],
    [...(missing > 0 && plan.conditions.length === 0 ? [leftOut(missing, of.text)] : []), ...notes],
  );
}

/** Returns the label of a row: its name, else its date, else the text that differs most. */
function rowName(row: JsonObject, { table, plan }: Bench): string {
  const measured = plan.figures[0]?.of?.text;
  const rows = table.rows ?? 0;
  const ranked = table.columns
    .filter(({ name, type }) => name !== measured && type !== "number")
    .map((column) => {
      const named = column.parts.some((part) => /^(?:name|title|model)$/.test(part));
      const unique = (column.distinct ?? 0) / Math.max(1, rows);
      const fixed = plan.conditions.some(({ key, operator }) => key.column === column && operator === "=");
      return {
        name: column.name,
        date: column.type === "date",
        score: fixed && unique < 0.9 ? 0 : column.type === "date" ? 0.75 : unique + (named && unique > 0.3 ? 0.5 : 0),
      };
    })
    .filter(({ score }) => score >= 0.5)
    .toSorted((a, b) => b.score - a.score);
  const numbered = table.columns.find(({ parts, distinct }) => parts.includes("id") && distinct === rows);
  const people = table.columns.filter(
    ({ parts }) => parts.includes("name") && (parts.includes("first") || parts.includes("last")),
  );
  if (people.length === 2) return people.map(({ name }) => cellText(row, name)).join(" ");
  const [best] = ranked;
  if (best !== undefined && (!best.date || numbered === undefined)) return cellText(row, best.name);
  return numbered === undefined ? "" : `${numbered.name} ${cellText(row, numbered.name)}`;
}

function rowTable(rows: readonly JsonObject[]): string {
  const names = Object.keys(rows[0] ?? {}).slice(0, COLUMNS_SHOWN);
  return markdownTable(
    names,
    rows.map((row) => names.map((name) => valueText(row[name]))),
  );
}
