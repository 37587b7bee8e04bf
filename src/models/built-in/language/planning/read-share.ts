import { isFlag, isIdentity } from "../columns.ts";
import { condition, doubt, type Draft, isPeriod } from "./draft.ts";
import type { Item } from "../items/item.ts";
import type { Condition, Plan } from "./plan.ts";

const conditionsOf = (items: readonly Item[]): readonly Condition[] => items.flatMap(({ options }) => options);
const COUNT = { aggregate: "count", of: undefined } as const;

/** "what share of the orders were returned", "cancellation rate by carrier"; undefined when no share is asked for. */
export function readShare(draft: Draft): Plan | undefined {
  if (!/[%R]/.test(draft.symbols)) return undefined;
  readRate(draft);
  const isRow = ({ symbol, columns }: Item) =>
    symbol === "c" && columns.length > 0 && columns.every((one) => isIdentity(one, draft.table.rows));
  draft.items = draft.items.map((one) => (isRow(one) ? { ...one, symbol: "r" } : one));
  const items = draft.items.filter(({ symbol }) => !"wke&il".includes(symbol));
  const symbols = items.map(({ symbol, bucket }) => (bucket === "day" ? "r" : symbol)).join("");
  const filters = items.filter(({ symbol }) => symbol === "F");
  const rate = items.filter(({ symbol }) => symbol === "P");
  const base: Plan = { ...draft.empty(), figures: [COUNT], noun: draft.noun(), conditions: conditionsOf(filters) };
  if (/^[Fr]*P[Fr]*$/.test(symbols)) return { ...base, part: conditionsOf(rate) };
  if (/^cs[Fr]*P[Fr]*$/.test(symbols.replaceAll("F", ""))) {
    const [target] = draft.all("c");
    const [grade] = draft.all("s");
    if (target === undefined || grade?.superlative === undefined) return undefined;
    const order = { direction: grade.superlative.direction, count: grade.number };
    return { ...base, groups: [draft.key(target)], part: conditionsOf(rate), order };
  }
  if (/^F*%F*a?cF*$/.test(symbols)) return shareOfSum(draft, base);
  if (!/^F*%F*r?F*$/.test(symbols)) return undefined;
  if (filters.length === 0) return draft.groups.length === 0 ? undefined : { ...base, shares: true };
  const [part, whole] = partAndWhole(draft, filters);
  return { ...base, part: conditionsOf(part), conditions: conditionsOf(whole) };
}

/** "churn rate": the rows that fit the flag or the value named. */
function readRate(draft: Draft) {
  draft.reduce(/[cF]R/, ([named]) => {
    const [column] = named?.columns ?? [];
    if (named?.symbol === "F") return [{ ...named, symbol: "P" }];
    const flag = column === undefined ? undefined : isFlag(column);
    if (named === undefined || column === undefined || flag === undefined) return undefined;
    return [{ ...condition(named, { key: { column }, operator: "=", values: [flag.yes] }), symbol: "P" }];
  });
}

/** "share of the total amount that is travel", "share of each product in revenue". */
function shareOfSum(draft: Draft, base: Plan): Plan {
  const [named] = draft.all("c");
  if (named === undefined) return doubt("I could not determine of what you want the share.");
  if (!draft.isNumeric(named)) return { ...base, shares: true, groups: [...draft.groups, draft.key(named)] };
  const figures = [{ aggregate: "sum", of: draft.expression(named) } as const];
  const parts = base.conditions.filter((one) => !isPeriod(one));
  if (parts.length === 0 && draft.groups.length > 0) return { ...base, figures, shares: true };
  if (parts.length !== 1) return doubt("I am not sure which part of the whole you mean.");
  return { ...base, figures, part: parts, conditions: base.conditions.filter(isPeriod) };
}

const AMONG = /^(?:among|amongst|within|in|during|for|at|on)$/;
const VERB = /^(?:is|are|was|were|that|who|which|have|had|has|been)$/;

/** Which conditions make the part, and which the whole: times and "among …" are of the whole, what is said of the noun last is the part. */
function partAndWhole(draft: Draft, filters: readonly Item[]): readonly [readonly Item[], readonly Item[]] {
  if (filters.length === 1) return [filters, []];
  const based = filters.filter((one) => conditionsOf([one]).every(isPeriod) || AMONG.test(draft.wordBefore(one.from)));
  const rest = filters.filter((one) => !based.includes(one));
  if (based.length > 0 && rest.length === 1) return [rest, based];
  const [first, last] = rest;
  const [said] = last?.options ?? [];
  if (
    rest.length === 2 &&
    first !== undefined &&
    last !== undefined &&
    said !== undefined &&
    isFlag(said.key.column) !== undefined
  )
    return [[last], [first, ...based]];
  const [noun] = draft.all("r");
  const before = rest.filter(({ from }) => noun !== undefined && from < noun.from);
  const after = rest.filter(({ from }) => noun !== undefined && from > noun.from);
  if (before.length > 0 && after.length > 0) return [after, [...before, ...based]];
  const verb = rest.findIndex(({ from }) => VERB.test(draft.wordBefore(from)));
  if (verb > 0) return [rest.slice(verb), [...rest.slice(0, verb), ...based]];
  return doubt("I am not sure which of the conditions make the part and which the whole of the percentage.");
}
