import type { JsonObject } from "../../../kernel/json.ts";
import { type Base, baseArguments, type Bench } from "./bench.ts";
import {
  aggregateArgument,
  columnsArgument,
  limitArgument,
  openParameters,
  orderArgument,
  purposeOf,
  sourceName,
} from "./fill.ts";
import type { Call } from "./ledger.ts";
import { choicesOf, type Tool, withRole } from "./parameters.ts";
import { type Column, columnNames, conditionsText, isTime } from "./language/index.ts";

export type PlannedGroup = { readonly call: Call; readonly caveats: readonly string[] };

/** Groups that are fetched when the order of all of them matters, as along time. */
const GROUPS_ALONG_TIME = 1000;

/** The call that sums up one measure, or counts rows, for the groups of a frame; undefined when the tool cannot be filled. */
export function planGroup(tool: Tool, bench: Bench, measure: Column | undefined): PlannedGroup | undefined {
  const base: Base = baseArguments(tool, bench);
  const by =
    withRole(tool, "columns") ?? tool.parameters.find((one) => one.role === "column" && purposeOf(one) === "group");
  if (base.type === "impossible" || by === undefined) return undefined;
  const value = tool.parameters.find((one) => one.role === "column" && one !== by && purposeOf(one) !== "sort");
  if (measure !== undefined && value === undefined) return undefined;
  const { groups } = bench.frame;
  const input: JsonObject = {
    ...base.input,
    ...columnsArgument(by, groups),
    ...(measure === undefined || value === undefined ? {} : columnsArgument(value, [measure])),
    ...sorting(tool, bench),
  };
  if (openParameters(tool, input).length > 0) return undefined;
  const what = measure === undefined ? "count the rows" : `sum up ${measure.name}`;
  const why = `I ${what} of ${sourceName(bench.source)} by ${columnNames(groups)}${conditionsText(bench.frame.conditions)}.`;
  return { call: { name: tool.name, arguments: input, why }, caveats: base.caveats };
}

function sorting(tool: Tool, { frame }: Bench): JsonObject {
  const aggregate = withRole(tool, "aggregate");
  const { order, groups } = frame;
  if (groups.some(isTime) && order === undefined) {
    const key =
      aggregate === undefined
        ? undefined
        : choicesOf(aggregate).find((one) => /^(?:key|keys|group|name|label)$/.test(one));
    if (aggregate !== undefined && key !== undefined) {
      return { [aggregate.name]: key, ...orderArgument(tool, "min"), ...limitArgument(tool, GROUPS_ALONG_TIME) };
    }
    return limitArgument(tool, GROUPS_ALONG_TIME);
  }
  return {
    ...(aggregate === undefined ? {} : aggregateArgument(aggregate, frame.aggregates)),
    ...(order === undefined ? {} : orderArgument(tool, order.direction)),
    ...(order?.count === undefined ? {} : limitArgument(tool, order.count)),
  };
}
