import type { JsonObject } from "../../../kernel/json.ts";
import { baseArguments, type Bench } from "../bench.ts";
import {
  aggregateArgument,
  columnsArgument,
  fillConditions,
  limitArgument,
  openParameters,
  orderArgument,
  purposeOf,
  sourceName,
} from "../fill.ts";
import type { Call } from "../ledger.ts";
import { choicesOf, type Tool, withRole } from "../parameters.ts";
import { type Aggregate, conditionsText, type Expression, isTimeKey, type Key, keyText } from "../language/index.ts";

/** Groups that are fetched: enough to set all of them in order here. */
const GROUPS_FETCHED = 1000;
/** Aggregates that a grouping gives without being asked for them. */
const USUAL: ReadonlySet<string> = new Set(["count", "sum", "mean", "median", "min", "max", "std"]);

/** Whether a tool understands periods of dates and arithmetic, as its descriptions then say. */
const isRich = ({ parameters, description }: Tool, sign: string): boolean =>
  description.includes(sign) || parameters.some(({ schema }) => JSON.stringify(schema).includes(sign));

export const knowsPeriods = (tool: Tool): boolean => isRich(tool, "month(");

/** The call for the figures of one expression, or for counts, of the groups of a plan; undefined when the tool cannot do it. */
export function groupCall(
  tool: Tool,
  { plan, source }: Bench,
  of: Expression | undefined,
  aggregates: readonly Aggregate[],
): Call | undefined {
  const { groups } = plan;
  const base = baseArguments(tool, source, plan.conditions);
  const by =
    withRole(tool, "columns") ?? tool.parameters.find((one) => one.role === "column" && purposeOf(one) === "group");
  if (base === undefined || by === undefined) return undefined;
  if (groups.length === 0 && by.required) return undefined;
  if (groups.some(({ bucket }) => bucket !== undefined) && !knowsPeriods(tool)) return undefined;
  const value = tool.parameters.find((one) => one.role === "column" && one !== by && purposeOf(one) !== "sort");
  if (of !== undefined && (value === undefined || (of.columns.length > 1 && !isRich(tool, "*")))) return undefined;
  const special = aggregates.filter((one) => !USUAL.has(one));
  const extra = tool.parameters.find(({ name }) => name === "aggregates");
  if (special.length > 0 && extra === undefined) return undefined;
  const parts = tool.parameters.find(({ name }) => name === "part");
  const part = plan.part.length === 0 || parts === undefined ? undefined : fillConditions(parts, plan.part);
  if (plan.part.length > 0 && part === undefined) return undefined;
  const input: JsonObject = {
    ...base,
    ...(groups.length === 0 ? {} : columnsArgument(by, groups.map(keyText))),
    ...(of === undefined || value === undefined ? {} : columnsArgument(value, [of.text])),
    ...(special.length === 0 || extra === undefined ? {} : { [extra.name]: ["count", "missing", ...special] }),
    ...(part === undefined || parts === undefined ? {} : { [parts.name]: part }),
    ...(special.length > 0 || part !== undefined ? sortedByKey(tool) : sorting(tool, plan.order, aggregates, groups)),
    ...limitArgument(tool, groups.length === 0 ? 50 : GROUPS_FETCHED),
  };
  if (openParameters(tool, input).length > 0) return undefined;
  const what = of === undefined ? "count the rows" : `compute figures of ${of.text}`;
  const per = groups.length === 0 ? "" : ` by ${groups.map(keyText).join(", ")}`;
  return {
    name: tool.name,
    arguments: input,
    why: `I ${what} of ${sourceName(source)}${per}${conditionsText(plan.conditions)}.`,
  };
}

function sorting(
  tool: Tool,
  order: Bench["plan"]["order"],
  aggregates: readonly Aggregate[],
  groups: readonly Key[],
): JsonObject {
  const aggregate = withRole(tool, "aggregate");
  if (groups.some(isTimeKey) && order === undefined) return sortedByKey(tool);
  return {
    ...(aggregate === undefined || groups.length === 0 ? {} : aggregateArgument(aggregate, aggregates)),
    ...(order === undefined ? {} : orderArgument(tool, order.direction)),
  };
}

function sortedByKey(tool: Tool): JsonObject {
  const aggregate = withRole(tool, "aggregate");
  const key =
    aggregate === undefined
      ? undefined
      : choicesOf(aggregate).find((one) => /^(?:key|keys|group|name|label)$/.test(one));
  return aggregate === undefined || (key === undefined && choicesOf(aggregate).length > 0)
    ? {}
    : { [aggregate.name]: key ?? "key", ...orderArgument(tool, "min") };
}

/** The call for figures of whole columns. */
export function statisticsCall(tool: Tool, { plan, source }: Bench, names: readonly string[]): Call | undefined {
  const base = baseArguments(tool, source, plan.conditions);
  const columns =
    withRole(tool, "columns") ?? tool.parameters.find((one) => one.role === "column" && purposeOf(one) === "value");
  if (base === undefined || (columns?.role === "column" && names.length > 1)) return undefined;
  const input = { ...base, ...(columns === undefined ? {} : columnsArgument(columns, names)) };
  if (openParameters(tool, input).length > 0) return undefined;
  return {
    name: tool.name,
    arguments: input,
    why: `I compute figures of ${names.join(" and ")} in ${sourceName(source)}${conditionsText(plan.conditions)}.`,
  };
}

/** The call for rows that fit the plan's conditions, in its order; of all columns unless some are named. */
export function rowsCall(
  tool: Tool,
  { plan, source }: Bench,
  rowsMax: number,
  columns: readonly string[] = [],
): Call | undefined {
  const base = baseArguments(tool, source, plan.conditions);
  if (base === undefined) return undefined;
  const [figure] = plan.figures;
  const sort = tool.parameters.find((one) => one.role === "column" && purposeOf(one) === "sort");
  const ranked = plan.order !== undefined && figure?.of !== undefined && columns.length === 0;
  if (ranked && sort === undefined) return undefined;
  const sorted =
    !ranked || sort === undefined || figure?.of === undefined || plan.order === undefined
      ? {}
      : { ...columnsArgument(sort, [figure.of.text]), ...orderArgument(tool, plan.order.direction) };
  const shown = tool.parameters.find((one) => one.role === "columns" && purposeOf(one) !== "sort");
  const chosen = columns.length === 0 || shown === undefined ? {} : columnsArgument(shown, columns);
  const input = { ...base, ...chosen, ...sorted, ...limitArgument(tool, rowsMax) };
  if (openParameters(tool, input).length > 0) return undefined;
  return {
    name: tool.name,
    arguments: input,
    why: `I look up rows of ${sourceName(source)}${conditionsText(plan.conditions)}.`,
  };
}
