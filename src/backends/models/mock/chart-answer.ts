import type { Json, JsonObject } from "../../../kernel/json.ts";
import { baseArguments, type Bench, type Section, section } from "./bench.ts";
import { columnsArgument, openParameters, purposeOf, sourceName } from "./fill.ts";
import { itemMembers, type Parameter, type Tool, withRole } from "./parameters.ts";
import { aggregateIn, cellOf, filesOf, isMissing, notesOf } from "./results.ts";
import type { DrawnKind } from "./toolbox.ts";
import {
  type Aggregate,
  aggregateName,
  capital,
  type Column,
  conditionsText,
  isTime,
  valueText,
} from "./language/index.ts";

/** Whether a file is a picture, which a chart tool writes and no other. */
export const isDrawing = (path: string): boolean => /\.(?:svg|png|jpe?g|pdf)$/i.test(path);

/** What is to be drawn: rows of a result, with what stands along, up and apart in them. */
export type Drawing = {
  readonly kind: DrawnKind;
  /** Undefined when the tool is to read the rows itself. */
  readonly rows: readonly JsonObject[] | undefined;
  readonly label: Column;
  /** The value drawn: an aggregate of a column, the column itself, or the number of rows. */
  readonly value: { readonly column: Column | undefined; readonly aggregate: Aggregate | undefined };
  readonly series: Column | undefined;
};

/** Points beyond this make a chart slow and no clearer. */
const POINTS_MAX = 2_000;

/** Draws rows of a result, or says why not. */
export function chartSection(bench: Bench, drawing: Drawing): Section | undefined {
  const tool = bench.toolbox.chart(drawing.kind);
  if (tool === undefined) return section([], [`I have no tool that draws a ${kindName(drawing.kind)}.`]);
  const input = chartInput(tool, bench, drawing);
  if (input === undefined)
    return section([], [`I could not fill the arguments of the tool ${tool.name}, so there is no chart.`]);
  const why = `I draw that as a ${kindName(drawing.kind)}.`;
  return drawnSection(bench, { name: tool.name, arguments: input, why });
}

export const kindName = (kind: DrawnKind): string =>
  ({ bar: "bar chart", line: "line chart", scatter: "scatter plot", histogram: "histogram" })[kind];

function drawnSection(
  { ledger }: Bench,
  call: { name: string; arguments: JsonObject; why: string },
): Section | undefined {
  const outcome = ledger.ask(call);
  if (outcome === undefined) return undefined;
  if (outcome.type === "failed")
    return section([], [`The chart was not drawn; the tool ${call.name} said: ${outcome.text.trim()}`]);
  const files = filesOf(outcome.structured);
  const lead = files.length > 0 ? `The chart is in ${files.join(", ")}.` : "The chart is drawn.";
  return section([lead], notesOf(outcome.structured));
}

function chartInput(tool: Tool, bench: Bench, drawing: Drawing): JsonObject | undefined {
  const table = withRole(tool, "table");
  const given = table !== undefined && drawing.rows !== undefined;
  const data = given ? { [table.name]: tableRows(table, drawing) } : fromSource(tool, bench, drawing);
  if (data === undefined) return undefined;
  const input = { ...data, ...kindArgument(tool, drawing.kind), ...wordsArguments(tool, bench, drawing) };
  return openParameters(tool, input).length > 0 ? undefined : input;
}

/** Whether a chart tool can read the rows that count itself, instead of being given them. */
export function readsSource(tool: Tool, bench: Bench): boolean {
  if (tool.parameters.some(({ role, required }) => role === "table" && required)) return false;
  const base = baseArguments(tool, bench);
  const columns = tool.parameters.some(({ role }) => role === "column" || role === "columns");
  return base.type === "filled" && base.caveats.length === 0 && columns;
}

/** A chart tool that reads the table itself is told its columns. */
function fromSource(tool: Tool, bench: Bench, { label, value, series }: Drawing): JsonObject | undefined {
  const base = baseArguments(tool, bench);
  if (base.type === "impossible") return undefined;
  const columns = tool.parameters.filter(({ role }) => role === "column" || role === "columns");
  const filled = columns.map((parameter): JsonObject => {
    const column = columnFor(parameter, label, value.column, series);
    return column === undefined ? {} : columnsArgument(parameter, [column]);
  });
  return filled.reduce((all, one) => ({ ...all, ...one }), base.input);
}

const columnFor = (parameter: Parameter, label: Column, value: Column | undefined, series: Column | undefined) => {
  const purpose = purposeOf(parameter);
  if (purpose === "series") return series;
  if (purpose === "x" || purpose === "label" || purpose === "group") return label;
  return purpose === "sort" ? undefined : value;
};

/** The drawing's rows with the members that the parameter's items have. */
function tableRows(parameter: Parameter, drawing: Drawing): Json {
  const members = itemMembers(parameter.schema);
  const rows = (drawing.rows ?? []).slice(0, POINTS_MAX).filter((row) => valueIn(row, drawing) !== undefined);
  const items = parameter.schema["items"];
  const plain = members.length === 0 && typeof items === "object" && items !== null && !Array.isArray(items);
  if (plain && "type" in items && items["type"] === "number") return rows.map((row) => valueIn(row, drawing) ?? 0);
  if (members.length === 0) {
    return rows.map((row) => ({ label: labelIn(row, drawing, "string"), value: valueIn(row, drawing) ?? 0 }));
  }
  return rows.map((row) =>
    Object.fromEntries(
      members.flatMap(([name, schema]): (readonly [string, Json])[] => {
        const part = partOf(name);
        if (part === "value") return [[name, valueIn(row, drawing) ?? 0]];
        if (part === "label") return [[name, labelIn(row, drawing, schema["type"] ?? null)]];
        if (part === "series" && drawing.series !== undefined) return [[name, textOf(cellOf(row, drawing.series))]];
        return [];
      }),
    ),
  );
}

const PARTS: readonly (readonly ["label" | "value" | "series", RegExp])[] = [
  ["series", /^(?:series|group|color|colour|category_?2|split|legend)$/i],
  ["value", /^(?:value|y|height|amount|count|number|size)$/i],
  ["label", /^(?:label|x|name|category|key|date|time)$/i],
];
const partOf = (name: string) => PARTS.find(([, words]) => words.test(name))?.[0];

const textOf = (cell: Json) => (isMissing(cell) ? "(missing)" : valueText(cell));

function labelIn(row: JsonObject, { label }: Drawing, type: Json): Json {
  const cell = cellOf(row, label);
  const types = Array.isArray(type) ? type : [type];
  if (typeof cell === "number" && (types.includes("number") || types.includes("integer"))) return cell;
  return textOf(cell);
}

function valueIn(row: JsonObject, { value }: Drawing): number | undefined {
  const cell = value.column === undefined ? null : cellOf(row, value.column);
  const own = typeof cell === "number" ? cell : undefined;
  const found = value.aggregate === undefined ? own : aggregateIn(row, value.aggregate, value.column);
  // Digits that are only the error of binary fractions would be drawn as labels.
  return found === undefined ? undefined : Number(found.toPrecision(12));
}

/** For a tool that draws several kinds. */
function kindArgument(tool: Tool, kind: DrawnKind): JsonObject {
  const parameter = tool.parameters.find(({ choices }) =>
    choices.some((one) => /bar|line|scatter|histogram/i.test(one)),
  );
  const choice = parameter?.choices.find((one) => one.toLowerCase().includes(kind));
  return parameter === undefined || choice === undefined ? {} : { [parameter.name]: choice };
}

/** Title, names of the axes, and labels where they are apart from the values. */
function wordsArguments(tool: Tool, bench: Bench, drawing: Drawing): JsonObject {
  const { label } = drawing;
  const file = bench.request.outputs.find(isDrawing);
  const words = tool.parameters.map(({ name, role, nameStems }): JsonObject => {
    if (role === "title") return { [name]: titleOf(bench, drawing) };
    if (role === "labels") return { [name]: (drawing.rows ?? []).map((row) => labelIn(row, drawing, "string")) };
    if (role === "output-path") return file === undefined ? {} : { [name]: file };
    if (role !== "axis-label") return {};
    if (nameStems.includes("x")) return { [name]: label.name };
    return nameStems.includes("y") || nameStems.includes("value") ? { [name]: valueName(drawing) } : {};
  });
  return words.reduce((all, one) => ({ ...all, ...one }), {});
}

function titleOf({ frame, source }: Bench, drawing: Drawing): string {
  const { kind, label, series } = drawing;
  const about = `${conditionsText(frame.conditions)} (${sourceName(source)})`;
  const apart = series === undefined ? "" : ` and ${series.name}`;
  if (kind === "histogram") return `Distribution of ${label.name}${about}`;
  if (kind === "scatter") return `${valueName(drawing)} against ${label.name}${apart}${about}`;
  return `${capital(valueName(drawing))} by ${label.name}${apart}${about}`;
}

const valueName = ({ kind, value: { column, aggregate } }: Drawing) => {
  if (column === undefined || kind === "histogram") return "number of rows";
  return aggregate === undefined ? column.name : `${aggregateName(aggregate)} ${column.name}`;
};

/** How the groups of a frame are drawn: time along the bottom, a second column apart. */
export function groupDrawing(
  bench: Bench,
  measure: Column | undefined,
  rows: readonly JsonObject[],
): Drawing | undefined {
  const { groups, aggregates, chart } = bench.frame;
  const label = groups.find(isTime) ?? groups[0];
  if (label === undefined || chart === undefined || rows.length === 0) return undefined;
  const series = groups.find((column) => column !== label);
  const kind = chart === "histogram" || chart === "scatter" ? "bar" : chart;
  return {
    kind,
    rows,
    label,
    value: { column: measure, aggregate: measure === undefined ? "count" : (aggregates[0] ?? "mean") },
    series,
  };
}
