import { type Column, isGroupable, isIdentity, type Table } from "./columns.ts";
import { type Condition, conditionsOf } from "./conditions.ts";
import { type Grouping, groupingOf, labelColumn, NO_GROUPS } from "./grouping.ts";
import { type Hints, matchColumns, type PlacedWord, rivals } from "./matching.ts";
import type { ChartKind, Ranking, Request } from "./request.ts";
import { ADDITIVE, type Aggregate } from "./vocabulary.ts";
import { aggregateName, listed } from "./wording.ts";

/** What a request wants of one table. */
export type Frame = {
  readonly goal: Goal;
  readonly groups: readonly Column[];
  /** Numbers looked at; none means that rows are counted. */
  readonly measures: readonly Column[];
  readonly aggregates: readonly Aggregate[];
  readonly conditions: readonly Condition[];
  readonly order: Order | undefined;
  readonly chart: Exclude<ChartKind, "any"> | undefined;
  /** Readings that were as likely, as sentences for the answer. */
  readonly doubts: readonly string[];
};

/** `groups`: a number per group. `column`: numbers of whole columns. `rows`: the rows themselves. `pair`: one column against another. */
export type Goal = "overview" | "groups" | "column" | "rows" | "pair" | "distribution";

export type Order = {
  readonly direction: "max" | "min";
  readonly count: number | undefined;
  /** The request asks which is first, not only for a sorted list. */
  readonly asksFirst: boolean;
};

/** Reads a request with the columns of its table. */
export function frameOf(request: Request, table: Table): Frame {
  const placed = request.words.map((word, index): PlacedWord => ({ ...word, index }));
  const conditions = conditionsOf(placed, table);
  const conditionWords = new Set(conditions.flatMap(({ at }) => at));
  const free = placed.filter(({ index }) => !conditionWords.has(index));
  const pairs = request.asks.has("relationship");
  const groupable = table.columns.filter((one) => isGroupable(one, table.rows) && !(pairs && one.type === "number"));
  const asked = groupingOf(free, table, groupable, request.ranking);
  const grouping = asked.columns.length > 0 ? asked : comparedValues(request, conditions);
  const found = measuresOf(request, table, { free, conditions, grouping });
  const reading: Reading = { request, table, conditions, grouping, free, ...found };
  const frame = goalFrame(reading);
  const doubts = [...doubtsOf(found.measures, found.rivals, grouping), ...unmeasured(reading, frame)];
  return { conditions, doubts, ...frame };
}

type Reading = {
  readonly request: Request;
  readonly table: Table;
  readonly conditions: readonly Condition[];
  readonly grouping: Grouping;
  readonly free: readonly PlacedWord[];
  readonly measures: readonly Column[];
  readonly rivals: readonly Column[];
};

/** "Compare Biscoe and Dream" groups by the column that both are values of. */
function comparedValues({ asks, words }: Request, conditions: readonly Condition[]): Grouping {
  const several = conditions.find(({ operator, values }) => operator === "=" && values.length > 1);
  const compares = asks.has("comparison") || asks.has("relationship") || words.some(({ lower }) => lower === "than");
  return { ...NO_GROUPS, columns: several !== undefined && compares ? [several.column] : [] };
}

type MeasureContext = Pick<Reading, "free" | "conditions" | "grouping">;

function measuresOf({ ranking, asks }: Request, table: Table, { free, conditions, grouping }: MeasureContext) {
  const taken = new Set([...grouping.columns, ...conditions.map(({ column }) => column)]);
  const numeric = table.columns.filter(({ type }) => type === "number");
  const hints: Hints = ranking === undefined ? {} : { [ranking.at]: rankingHints(ranking) };
  const rest = free.filter(({ index }) => !grouping.at.includes(index));
  const preferred = matchColumns(
    numeric.filter((column) => !taken.has(column)),
    rest,
    hints,
  );
  // A column that is filtered on can be the one that is measured, when it is named apart from its filter.
  const matches =
    preferred.length > 0
      ? preferred
      : matchColumns(
          numeric.filter((one) => !grouping.columns.includes(one)),
          rest,
          hints,
        );
  const several = asks.has("relationship") || asks.has("comparison") || asks.has("overview");
  return { measures: severalMeasures(matches, several), rivals: rivals(matches) };
}

/** Kinds of column that a superlative means; of a maximum and a minimum the one at its own end. */
const rankingHints = ({ means, inverted, direction }: Ranking): readonly string[] => [
  ...means,
  ...(inverted ?? []),
  ...(direction === "max" ? ["max", "maximum", "high", "peak"] : ["min", "minimum", "low"]),
];

/** The best column, and others that words of their own speak of. */
function severalMeasures(matches: ReturnType<typeof matchColumns>, several: boolean): readonly Column[] {
  const taken: (typeof matches)[number][] = [];
  for (const match of matches) {
    const own = match.at.filter((index) => !taken.some(({ at }) => at.includes(index)));
    const strong = taken.length === 0 || match.explicit || (own.length > 0 && match.score >= (several ? 0.8 : 1.2));
    if (strong && taken.length < 4) taken.push(match);
  }
  // In the order of the text, since "X against Y" is not "Y against X".
  return taken.toSorted((a, b) => Math.min(...a.at) - Math.min(...b.at)).map(({ column }) => column);
}

type Shape = Omit<Frame, "conditions" | "doubts">;

function goalFrame(reading: Reading): Shape {
  const { request, grouping, measures, conditions } = reading;
  const { asks, ranking, aggregates, chart } = request;
  const pair = pairOf(reading);
  if (pair !== undefined) return pair;
  if (asks.has("missing") && chart === undefined) {
    const about = mentionedColumn({ ...reading, measures: [] }, () => true)?.columns ?? [];
    return shape("overview", { groups: about, measures });
  }
  if (asks.has("trend")) {
    const trend = trendOf(reading);
    if (trend !== undefined) return trend;
  }
  if (asks.has("distribution") && grouping.columns.length === 0 && measures.length > 0) {
    return shape("distribution", { measures: measures.slice(0, 1), chart: "histogram" });
  }
  if (asks.has("distribution") && grouping.columns.length === 0 && measures.length === 0) {
    const counted = mentionedGroup(reading);
    if (counted !== undefined) return { ...groupFrame(reading, counted), chart: "bar" };
  }
  if (asks.has("distinct") && measures.length === 0 && !asks.has("comparison"))
    return shape("overview", { groups: grouping.columns });
  if (ranking !== undefined && measures.length === 0 && !canCount(ranking)) return shape("overview", {});
  if (grouping.identity && wantsRows(reading)) return shape("rows", {});
  if (grouping.columns.length > 0) return groupFrame(reading, grouping);
  if (ranking !== undefined && (ranking.count ?? 0) > 0) return rankedRows(reading);
  const mentioned = mentionedGroup(reading);
  if (mentioned !== undefined) return groupFrame(reading, mentioned);
  if (ranking !== undefined && measures.length > 0) {
    return shape("column", { measures: measures.slice(0, 1), aggregates: [ranking.direction, "mean"] });
  }
  if (chart === "histogram" && measures.length > 0) return shape("distribution", { measures, chart });
  const about = aggregates.some((aggregate) => aggregate !== "count") || measures.length > 0;
  if (about && measures.length > 0 && !asks.has("columns")) return columnFrame(reading);
  if (conditions.length > 0) return shape("rows", { aggregates });
  const whole = asks.has("overview") || asks.has("columns") || asks.has("rows") || asks.has("missing");
  const named = whole ? undefined : mentionedColumn(reading, (column) => column.type === "text");
  return named === undefined ? shape("overview", {}) : groupFrame(reading, named);
}

/** Whether "the most" of nothing in particular can mean the most rows; "the best" or "the oldest" cannot. */
const canCount = ({ means }: Ranking) => means.length === 0 || means.includes("size");

const wantsRows = ({ request: { ranking, aggregates, chart }, conditions }: Reading) =>
  ranking === undefined && aggregates.length === 0 && chart === undefined && conditions.length > 0;

const shape = (goal: Goal, more: Partial<Shape>): Shape => ({
  goal,
  groups: [],
  measures: [],
  aggregates: [],
  order: undefined,
  chart: undefined,
  ...more,
});

/** "X against Y", "relationship between X and Y", a scatter plot. */
function pairOf({ request, measures, grouping, table }: Reading): Shape | undefined {
  const [first, second] = measures;
  const wanted = request.asks.has("relationship") || request.chart === "scatter";
  if (!wanted || first === undefined) return undefined;
  const other =
    second ?? table.columns.find((one) => one !== first && grouping.columns.includes(one) && one.type !== "text");
  if (other === undefined) return undefined;
  const groups = grouping.columns.filter((column) => column !== other);
  return shape("pair", {
    measures: [first, other],
    groups,
    chart: request.chart === undefined ? undefined : "scatter",
  });
}

/** A number along a column of dates or years. */
function trendOf({ request, measures, grouping, table }: Reading): Shape | undefined {
  const time =
    grouping.columns.find(isTime) ?? table.columns.find(({ type }) => type === "date") ?? table.columns.find(isTime);
  if (time === undefined) return undefined;
  const others = grouping.columns.filter((column) => column !== time);
  const kept = measures.filter((column) => column !== time).slice(0, 1);
  const aggregates = aggregatesFor(request, kept[0], grouping);
  const chart = request.chart === undefined || request.chart === "any" ? "line" : request.chart;
  return shape("groups", { groups: [time, ...others], measures: kept, aggregates, chart });
}

/** Whether a column runs along time. */
export const isTime = ({ type, parts }: Column) =>
  type === "date" || parts.some((part) => part === "year" || part === "month" || part === "week" || part === "quarter");

function groupFrame({ request, measures, table }: Reading, grouping: Grouping): Shape {
  const { ranking, asks } = request;
  const kept = measures.filter((column) => !grouping.columns.includes(column)).slice(0, 3);
  const identity = grouping.identity || grouping.columns.some((column) => isIdentity(column, table.rows));
  const [only] = kept;
  const aggregates: readonly Aggregate[] =
    kept.length > 0 && identity && ranking !== undefined
      ? [orderDirection(request, only)]
      : aggregatesFor(request, only, grouping);
  // "The highest price per shop" wants every shop; "the shop with the highest price" wants one.
  const ordered = ranking !== undefined && (!grouping.every || identity || ranking.count !== undefined);
  const direction = orderDirection(request, only);
  const order = ordered ? { direction, count: ranking.count, asksFirst: ranking.count === undefined } : undefined;
  const timed = grouping.columns.some(isTime);
  const wantsChart = request.chart !== undefined || asks.has("trend");
  const chosen = request.chart === "any" || request.chart === undefined ? (timed ? "line" : "bar") : request.chart;
  const chart = !wantsChart ? undefined : chosen === "histogram" && kept.length === 0 ? "bar" : chosen;
  return shape("groups", { groups: grouping.columns, measures: kept, aggregates, order, chart });
}

/** "The 3 most expensive": single rows by the column that names them. */
function rankedRows(reading: Reading): Shape {
  const { table, measures, request } = reading;
  const label = labelColumn(table);
  if (label !== undefined && measures.length > 0) {
    return groupFrame(reading, { ...NO_GROUPS, columns: [label], identity: true });
  }
  const order: Order = {
    direction: orderDirection(request, measures[0]),
    count: request.ranking?.count,
    asksFirst: false,
  };
  return shape("rows", { measures, order });
}

/** A group that is only mentioned: "the average salary of departments". */
function mentionedGroup(reading: Reading): Grouping | undefined {
  const { aggregates, ranking, chart, asks } = reading.request;
  const grouped = asks.has("comparison") || asks.has("distribution");
  if (aggregates.length === 0 && ranking === undefined && chart === undefined && !grouped) return undefined;
  if (asks.has("rows") || asks.has("columns")) return undefined;
  const single = ranking !== undefined || chart !== undefined;
  return mentionedColumn(reading, (column) => single || !isIdentity(column, reading.table.rows));
}

/** The column that can be a group and is named best by the words left. */
function mentionedColumn(
  { table, free, conditions, measures }: Reading,
  fits: (column: Column) => boolean,
): Grouping | undefined {
  const taken = new Set([...conditions.map(({ column }) => column), ...measures]);
  const candidates = table.columns.filter((one) => !taken.has(one) && isGroupable(one, table.rows) && fits(one));
  const matches = matchColumns(candidates, free).filter(({ score }) => score >= 1);
  const [best] = matches;
  if (best === undefined) return undefined;
  const identity = isIdentity(best.column, table.rows);
  return { ...NO_GROUPS, columns: [best.column], at: best.at, rivals: rivals(matches), identity };
}

function columnFrame({ request, measures }: Reading): Shape {
  const { chart } = request;
  if (chart !== undefined && measures.length > 1)
    return shape("pair", { measures: measures.slice(0, 2), chart: "scatter" });
  const adds = request.aggregates.length === 0 && measures.every(isAdditive);
  const aggregates: readonly Aggregate[] = adds ? ["sum"] : request.aggregates;
  if (chart === undefined) return shape("column", { measures, aggregates });
  return shape("distribution", { measures: measures.slice(0, 1), aggregates, chart: "histogram" });
}

const isAdditive = ({ parts }: Column) => parts.some((part) => ADDITIVE.has(part));

/** The direction in which the first of an order is sought, turned round where the column calls for it. */
function orderDirection({ ranking }: Request, measure: Column | undefined): "max" | "min" {
  const direction = ranking?.direction ?? "max";
  const turned = measure !== undefined && (ranking?.inverted ?? []).some((kind) => measure.parts.includes(kind));
  if (!turned) return direction;
  return direction === "max" ? "min" : "max";
}

/** What to compute per group: what is asked for, or what answers a superlative. */
function aggregatesFor(request: Request, measure: Column | undefined, { every }: Grouping): readonly Aggregate[] {
  if (measure === undefined) return ["count"];
  const { ranking } = request;
  const asked = request.aggregates.filter((aggregate) => aggregate !== "distinct" && aggregate !== "count");
  const settled = asked.filter((aggregate) => aggregate !== "max" && aggregate !== "min");
  if (settled.length > 0) return settled;
  if (asked.length > 0) return asked.length > 1 ? asked : [...asked, "mean"];
  const extreme = orderDirection(request, measure);
  if (every && ranking !== undefined && ranking.count === undefined) return [extreme, "mean"];
  const meant = ranking?.means.some((kind) => measure.parts.includes(kind)) ?? false;
  if (isAdditive(measure) && !meant) return ["sum", "mean"];
  return ranking === undefined ? ["mean"] : ["mean", extreme];
}

/** What was asked of a column that could not be told. */
function unmeasured({ request, measures, table, conditions }: Reading, { goal }: Shape): readonly string[] {
  if (measures.length > 0 || conditions.some(({ column }) => column.type === "number")) return [];
  const numbers = table.columns.filter(({ type }) => type === "number").map(({ name }) => name);
  const known =
    numbers.length === 0 ? "there is no column of numbers" : `the columns of numbers are ${listed(numbers)}`;
  const { ranking, words } = request;
  if (goal === "overview" && ranking !== undefined && !canCount(ranking)) {
    return [`I found no column that tells the ${words[ranking.at]?.lower ?? ""}; ${known}.`];
  }
  const figure = request.aggregates.find((aggregate) => aggregate !== "count" && aggregate !== "distinct");
  if (figure === undefined || goal === "overview") return [];
  return [`I could not tell of which column you want the ${aggregateName(figure)}, so I counted rows; ${known}.`];
}

function doubtsOf(
  measures: readonly Column[],
  rivalMeasures: readonly Column[],
  grouping: Grouping,
): readonly string[] {
  const doubt = (taken: Column | undefined, others: readonly Column[]) => {
    const left = others.filter((column) => column !== taken && !measures.includes(column));
    if (taken === undefined || left.length === 0) return [];
    return [`I took the column ${taken.name}; ${left.map(({ name }) => name).join(" and ")} would fit too.`];
  };
  const [dates] = grouping.columns;
  const whole =
    grouping.period === undefined || dates === undefined
      ? []
      : [`There is no column for the ${grouping.period}, so the groups are the single dates of ${dates.name}.`];
  return [...doubt(measures[0], rivalMeasures), ...doubt(dates, grouping.rivals), ...whole];
}
