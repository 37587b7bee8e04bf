import type { Json, JsonObject } from "../../../kernel/json.ts";
import { baseArguments, type Bench, type Section, section } from "../bench.ts";
import { columnsArgument, openParameters, purposeOf, sourceName } from "../fill.ts";
import { itemMembers, type Parameter, type Tool, withRole } from "../parameters.ts";
import { filesOf, notesOf } from "./results.ts";
import type { DrawnKind } from "../toolbox.ts";

/** Whether a file is an image, which only chart tools write. */
export const isDrawing = (path: string): boolean => /\.(?:svg|png|jpe?g|pdf)$/i.test(path);

type Point = { readonly label: string | number; readonly value: number; readonly series?: string };

/** A chart to draw: points, or columns if the tool reads the rows; and its texts. */
export type Drawing = {
  readonly kind: DrawnKind;
  readonly points: readonly Point[] | undefined;
  readonly columns: { readonly x: string; readonly y: string } | undefined;
  readonly x: string;
  readonly y: string;
  readonly title: string;
};

/** Points beyond this make a chart slow and no clearer. */
const POINTS_MAX = 2_000;

/** Draws points, or says why not. */
export function chartSection(bench: Bench, drawing: Drawing): Section | undefined {
  const tool = bench.toolbox.chart(drawing.kind);
  if (tool === undefined) return section([], [`I have no tool that draws a ${kindName(drawing.kind)}.`]);
  const input = chartInput(tool, bench, drawing);
  if (input === undefined)
    return section([], [`I could not fill the arguments of the tool ${tool.name}, so there is no chart.`]);
  const outcome = bench.ledger.ask({
    name: tool.name,
    arguments: input,
    why: `I draw that as a ${kindName(drawing.kind)}.`,
  });
  if (outcome === undefined) return undefined;
  if (outcome.type === "failed")
    return section([], [`The chart was not drawn; the tool ${tool.name} said: ${outcome.text.trim()}`]);
  const files = filesOf(outcome.structured);
  const lead = files.length > 0 ? `The chart is in ${files.join(", ")}.` : "The chart is drawn.";
  return section([lead], notesOf(outcome.structured));
}

const kindName = (kind: DrawnKind): string =>
  ({ bar: "bar chart", line: "line chart", scatter: "scatter plot", histogram: "histogram" })[kind];

function chartInput(tool: Tool, bench: Bench, drawing: Drawing): JsonObject | undefined {
  const table = withRole(tool, "table");
  const data =
    table !== undefined && drawing.points !== undefined
      ? { [table.name]: tableRows(table, drawing.points) }
      : fromSource(tool, bench, drawing);
  if (data === undefined) return undefined;
  const input = { ...data, ...kindArgument(tool, drawing.kind), ...wordsArguments(tool, bench, drawing) };
  return openParameters(tool, input).length > 0 ? undefined : input;
}

/** Whether a chart tool can read the rows that count itself, instead of being given them. */
export function readsSource(tool: Tool, { source, plan }: Bench): boolean {
  if (tool.parameters.some(({ role, required }) => role === "table" && required)) return false;
  const columns = tool.parameters.some(({ role }) => role === "column" || role === "columns");
  return columns && baseArguments(tool, source, plan.conditions) !== undefined;
}

/** A chart tool that reads the table itself receives its columns. */
function fromSource(tool: Tool, { source, plan }: Bench, { columns: named }: Drawing): JsonObject | undefined {
  const base = baseArguments(tool, source, plan.conditions);
  if (base === undefined || named === undefined) return undefined;
  const columns = tool.parameters.filter(({ role }) => role === "column" || role === "columns");
  const filled = columns.map((parameter): JsonObject => {
    const purpose = purposeOf(parameter);
    if (purpose === "series" || purpose === "sort") return {};
    return columnsArgument(parameter, [
      purpose === "x" || purpose === "label" || purpose === "group" ? named.x : named.y,
    ]);
  });
  return filled.reduce((all, one) => ({ ...all, ...one }), base);
}

/** The points with the members that the parameter's items have. */
function tableRows(parameter: Parameter, all: readonly Point[]): Json {
  const points = all.slice(0, POINTS_MAX);
  const members = itemMembers(parameter.schema);
  const items = parameter.schema["items"];
  const plain = members.length === 0 && typeof items === "object" && items !== null && !Array.isArray(items);
  if (plain && "type" in items && items["type"] === "number") return points.map(({ value }) => value);
  if (members.length === 0) return points.map(({ label, value }) => ({ label: String(label), value }));
  return points.map(({ label, value, series }) =>
    Object.fromEntries(
      members.flatMap(([name, schema]): (readonly [string, Json])[] => {
        const part = PARTS.find(([, words]) => words.test(name))?.[0];
        if (part === "value") return [[name, value]];
        if (part === "label")
          return [[name, typeof label === "number" && schema["type"] !== "string" ? label : String(label)]];
        return part === "series" && series !== undefined ? [[name, series]] : [];
      }),
    ),
  );
}

const PARTS: readonly (readonly ["label" | "value" | "series", RegExp])[] = [
  ["series", /^(?:series|group|color|colour|category_?2|split|legend)$/i],
  ["value", /^(?:value|y|height|amount|count|number|size)$/i],
  ["label", /^(?:label|x|name|category|key|date|time)$/i],
];

/** For a tool that draws several kinds. */
function kindArgument(tool: Tool, kind: DrawnKind): JsonObject {
  const parameter = tool.parameters.find(({ choices }) =>
    choices.some((one) => /bar|line|scatter|histogram/i.test(one)),
  );
  const choice = parameter?.choices.find((one) => one.toLowerCase().includes(kind));
  return parameter === undefined || choice === undefined ? {} : { [parameter.name]: choice };
}

/** Title, names of the axes, and labels where they are apart from the values. */
function wordsArguments(tool: Tool, { request, source }: Bench, { points, x, y, title }: Drawing): JsonObject {
  const file = request.outputs.find(isDrawing);
  const words = tool.parameters.map(({ name, role, nameStems }): JsonObject => {
    if (role === "title") return { [name]: `${title} (${sourceName(source)})` };
    if (role === "labels") return { [name]: (points ?? []).map(({ label }) => String(label)) };
    if (role === "output-path") return file === undefined ? {} : { [name]: file };
    if (role !== "axis-label") return {};
    if (nameStems.includes("x")) return { [name]: x };
    return nameStems.includes("y") || nameStems.includes("value") ? { [name]: y } : {};
  });
  return words.reduce((all, one) => ({ ...all, ...one }), {});
}
