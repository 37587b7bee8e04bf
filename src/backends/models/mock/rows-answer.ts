import type { JsonObject } from "../../../kernel/json.ts";
import { baseArguments, type Bench, failedSection, failure, type Section, section } from "./bench.ts";
import { columnsArgument, limitArgument, openParameters, orderArgument, purposeOf, sourceName } from "./fill.ts";
import { groupsOf } from "./group-answer.ts";
import { planGroup } from "./group-call.ts";
import type { Call } from "./ledger.ts";
import type { Tool } from "./parameters.ts";
import { cellOf, notesOf, numberIn, rowsOf } from "./results.ts";
import {
  type Column,
  conditionsText,
  counted,
  listed,
  markdownTable,
  numberText,
  valueText,
} from "./language/index.ts";

const ROWS_SHOWN = 10;
const COLUMNS_SHOWN = 8;

/** The rows that fit, or how many they are. */
export function rowsSection(bench: Bench): Section | undefined {
  const { frame, toolbox, ledger } = bench;
  const tool = toolbox.filter;
  const planned = tool === undefined ? undefined : planRows(tool, bench, frame.order?.count ?? ROWS_SHOWN);
  if (tool === undefined || planned === undefined) return countThroughGroups(bench);
  const outcome = ledger.ask(planned.call);
  if (outcome === undefined) return undefined;
  if (outcome.type === "failed") return failedSection(tool, outcome.text);
  const rows = rowsOf(outcome.structured);
  const lead = leadText(bench, matchedIn(outcome.structured) ?? rows.length, rows);
  const counting = frame.aggregates.includes("count");
  const text = counting || rows.length === 0 ? [lead] : [lead, rowTable(bench, rows)];
  return section(text, [...planned.caveats, ...notesOf(outcome.structured)]);
}

const matchedIn = (structured: JsonObject) =>
  numberIn(structured, ["rows_matched", "matched", "total", "count", "total_rows"]);

export type PlannedRows = { readonly call: Call; readonly caveats: readonly string[] };

/** The call for rows that fit the frame's conditions, in its order. */
export function planRows(
  tool: Tool,
  bench: Bench,
  rowsMax: number,
  columns: readonly Column[] = [],
): PlannedRows | undefined {
  const base = baseArguments(tool, bench);
  if (base.type === "impossible") return undefined;
  const { order, measures, conditions } = bench.frame;
  const [measure] = measures;
  const sort = tool.parameters.find((one) => one.role === "column" && purposeOf(one) === "sort");
  const sorted =
    order === undefined || measure === undefined || sort === undefined
      ? {}
      : { ...columnsArgument(sort, [measure]), ...orderArgument(tool, order.direction) };
  const shown = tool.parameters.find((one) => one.role === "columns" && purposeOf(one) !== "sort");
  const chosen = columns.length === 0 || shown === undefined ? {} : columnsArgument(shown, columns);
  const input = { ...base.input, ...chosen, ...sorted, ...limitArgument(tool, rowsMax) };
  if (openParameters(tool, input).length > 0) return undefined;
  const why = `I look up the rows of ${sourceName(bench.source)}${conditionsText(conditions)}.`;
  return { call: { name: tool.name, arguments: input, why }, caveats: base.caveats };
}

function leadText({ frame, table }: Bench, matched: number, rows: readonly JsonObject[]): string {
  const { order, measures } = frame;
  const [measure] = measures;
  if (order !== undefined && measure !== undefined && rows.length > 0) {
    const end = order.direction === "min" ? "lowest" : "highest";
    const values = rows.map((row) => valueText(cellOf(row, measure)));
    return `The ${counted(rows.length, "row")} with the ${end} ${measure.name}${conditionsText(frame.conditions)}: ${listed(values)}.`;
  }
  const share = table.rows === undefined || table.rows === 0 ? "" : ` (${numberText((matched / table.rows) * 100)} %)`;
  const of = table.rows === undefined ? counted(matched, "row") : `${matched} of ${counted(table.rows, "row")}${share}`;
  if (frame.conditions.length === 0) return `These are the first of ${counted(matched, "row")}.`;
  return `${of} ${matched === 1 ? "fits" : "fit"}:${conditionsText(frame.conditions).replace(" where", "")}.`;
}

function rowTable({ frame }: Bench, rows: readonly JsonObject[]): string {
  const names = Object.keys(rows[0] ?? {}).slice(0, COLUMNS_SHOWN);
  const shown = rows.slice(0, frame.order?.count ?? ROWS_SHOWN);
  return markdownTable(
    names,
    shown.map((row) => names.map((name) => valueText(row[name]))),
  );
}

/** Without a tool that filters, the counts of groups that fit add up to the rows that fit. */
function countThroughGroups(bench: Bench): Section | undefined {
  const { frame, toolbox, ledger } = bench;
  const column = frame.conditions[0]?.column;
  const tool = toolbox.group;
  const cannot = failure(`None of my tools looks up rows${conditionsText(frame.conditions)}.`);
  if (column === undefined || tool === undefined) return cannot;
  const grouped: Bench = { ...bench, frame: { ...frame, groups: [column], aggregates: ["count"] } };
  const planned = planGroup(tool, grouped, undefined);
  if (planned === undefined) return cannot;
  const outcome = ledger.ask(planned.call);
  if (outcome === undefined) return undefined;
  if (outcome.type === "failed") return failedSection(tool, outcome.text);
  const groups = groupsOf(rowsOf(outcome.structured), [column]);
  const matched = groups.reduce((sum, { count }) => sum + (count ?? 0), 0);
  return section([leadText(bench, matched, [])], [...planned.caveats, ...notesOf(outcome.structured)]);
}
