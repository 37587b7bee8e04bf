import type { ModelTool } from "../port/index.ts";
import { readTool, type Tool, withRole } from "./parameters.ts";
import type { ChartKind } from "./language/index.ts";

export type DrawnKind = Exclude<ChartKind, "any">;

/** The tools at hand by what they are good for. */
export type Toolbox = {
  readonly all: readonly Tool[];
  readonly describe: Tool | undefined;
  readonly group: Tool | undefined;
  readonly statistics: Tool | undefined;
  /** Gives rows that fit conditions. */
  readonly filter: Tool | undefined;
  /** Gives rows as they are. */
  readonly rows: Tool | undefined;
  readonly chart: (kind: DrawnKind) => Tool | undefined;
  readonly listFiles: Tool | undefined;
  readonly readFile: Tool | undefined;
  readonly writeFile: Tool | undefined;
  readonly fetch: Tool | undefined;
};

/** Sorts tools by their schemas' roles and the words of their names. */
export function toolboxOf(tools: readonly ModelTool[]): Toolbox {
  const all = tools.map(readTool);
  const charts = all.filter(isChart);
  const tabular = all.filter((tool) => takesTable(tool) && !charts.includes(tool));
  const pick = (words: RegExp, fits: (tool: Tool) => boolean, among = tabular) => best(among, words, fits);
  const group = pick(
    /^(?:group|aggregate|pivot|summari[sz]e|count)$/,
    (tool) => withRole(tool, "columns") !== undefined || hasGroupColumn(tool),
  );
  const describe = pick(
    /^(?:describe|profile|inspect|schema|columns|info|overview|summary|head|preview|analy[sz]e)$/,
    needsOnlySource,
  );
  const filter = pick(
    /^(?:filter|select|where|find|search|query)$/,
    (tool) => withRole(tool, "conditions") !== undefined,
  );
  const files = all.filter((tool) => !charts.includes(tool) && !isCsvOnly(tool));
  return {
    all,
    describe,
    group,
    filter,
    statistics: pick(/^(?:statistic|stat|correlation|correlate|summari[sz]e|regression)$/, (tool) => tool !== group),
    rows: pick(/^(?:parse|read|rows|load|records|import)$/, needsOnlySource),
    chart: (kind) => chartFor(charts, kind),
    listFiles: best(files, /^(?:list|ls|dir|directory|tree|files|browse)$/, (tool) =>
      needsOnly(tool, ["directory", "file-path"]),
    ),
    readFile: best(
      files,
      /^(?:read|cat|open|get|load|view)$/,
      (tool) => withRole(tool, "file-path") !== undefined && needsOnly(tool, ["file-path"]),
    ),
    writeFile: best(
      files,
      /^(?:write|save|create|store|put)$/,
      (tool) => pathParameter(tool) !== undefined && withRole(tool, "content") !== undefined,
    ),
    fetch: best(
      all,
      /^(?:fetch|get|request|download|http|read|browse|url)$/,
      (tool) => withRole(tool, "url") !== undefined && needsOnly(tool, ["url"]),
    ),
  };
}

/** The fitting tool whose own name says it best: an earlier word of the name counts more. */
function best(tools: readonly Tool[], words: RegExp, fits: (tool: Tool) => boolean): Tool | undefined {
  const ranked = tools
    .filter(fits)
    .map((tool) => ({ tool, place: tool.ownStems.findIndex((part) => words.test(part)) }))
    .filter(({ place }) => place >= 0);
  return ranked.toSorted((a, b) => a.place - b.place || a.tool.ownStems.length - b.tool.ownStems.length)[0]?.tool;
}

/** The parameters in which tools take the path of a file. */
export const pathParameter = (tool: Tool) => withRole(tool, "file-path") ?? withRole(tool, "output-path");

/** Whether a tool works on a table that a file or a text holds. */
export const takesTable = (tool: Tool) => {
  if (withRole(tool, "csv-text") !== undefined) return true;
  return (
    withRole(tool, "file-path") !== undefined &&
    ["csv", "table", "column", "tabular", "spreadsheet"].some((word) => tool.stems.has(word))
  );
};

const isCsvOnly = (tool: Tool) => withRole(tool, "csv-text") !== undefined;

const hasGroupColumn = (tool: Tool) =>
  tool.parameters.some(
    ({ role, nameStems }) => role === "column" && (nameStems.includes("group") || nameStems.includes("by")),
  );

const SOURCES: readonly string[] = ["file-path", "csv-text"];
const needsOnlySource = (tool: Tool) => needsOnly(tool, SOURCES);

const needsOnly = (tool: Tool, roles: readonly string[]) =>
  tool.parameters.every(({ required, hasDefault, role }) => !required || hasDefault || roles.includes(role));

const CHART_WORDS: { readonly [kind in DrawnKind]: readonly string[] } = {
  bar: ["bar", "bars", "column"],
  line: ["line", "lines", "timeseries"],
  scatter: ["scatter", "points", "xy"],
  histogram: ["histogram", "distribution"],
};
const ANY_CHART = ["chart", "plot", "graph", "diagram", "visualize", "visualise", "draw", "render"];

const isChart = (tool: Tool) =>
  tool.ownStems.some((part) => ANY_CHART.includes(part) || CHART_WORDS.histogram.includes(part) || part === "scatter");

/** Returns the tool for a kind of chart: a specific one, or one with a parameter for the kind. */
function chartFor(charts: readonly Tool[], kind: DrawnKind): Tool | undefined {
  const own = charts.find(({ ownStems }) => ownStems.some((part) => CHART_WORDS[kind].includes(part)));
  const named = charts.find(({ parameters }) =>
    parameters.some(({ choices }) => choices.some((one) => one.toLowerCase().includes(kind))),
  );
  const unspecific = charts.find(
    ({ ownStems }) =>
      !Object.values(CHART_WORDS)
        .flat()
        .some((word) => ownStems.includes(word)),
  );
  return own ?? named ?? unspecific;
}
