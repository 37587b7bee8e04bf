import type { JsonObject } from "../../../kernel/json.ts";
import { type Bench, failure, joined, type Section, section } from "../bench.ts";
import { chartSection } from "./chart-answer.ts";
import { cellOf, isMissing, numberIn } from "./results.ts";
import {
  capital,
  conditionsText,
  counted,
  endWord,
  isTimeKey,
  keyName,
  keyText,
  listed,
  markdownTable,
  numberText,
  type Plan,
  plural,
  valueText,
} from "../language/index.ts";

export type Group = {
  readonly label: string;
  readonly keys: readonly string[];
  readonly count: number | undefined;
  readonly values: readonly (number | undefined)[];
  readonly row: JsonObject;
};

export const cellText = (row: JsonObject, name: string) => {
  const cell = cellOf(row, name);
  return isMissing(cell) ? "(missing)" : valueText(cell);
};
export const labelOf = (row: JsonObject, { plan }: Bench) =>
  plan.groups.map((key) => cellText(row, keyText(key))).join(", ");

/** Words about figures of all rows that fit. */
function singleSection(
  { plan, table }: Bench,
  { count, values, row }: Group,
  names: readonly string[],
  notes: readonly string[],
): Section {
  const over = count === undefined ? "" : ` over ${counted(count - missingIn(row), plan.noun)}`;
  const [figure] = plan.figures;
  const [first = 0, second] = values;
  const texts = names.map(
    (name, at) => `the ${name} is ${values[at] === undefined ? "unknown" : numberText(values[at])}`,
  );
  if (plan.part.length > 0) return section([shareText(plan, row)], notes);
  if (figure?.of === undefined) {
    const share =
      plan.conditions.length > 0 && table.rows !== undefined && table.rows > 0 ? first / table.rows : undefined;
    const whole = share === undefined ? "" : ` (${numberText(share * 100)} % of ${table.rows})`;
    return section([`${first === 1 ? "There is" : "There are"} ${counted(first, plan.noun)}${whole}.`], notes);
  }
  if (plan.compares && second !== undefined)
    return section([`The difference is ${numberText(Math.abs(first - second))}: ${listed(texts)}${over}.`], notes);
  if (figure.aggregate === "distinct")
    return section(
      [`${first === 1 ? "There is" : "There are"} ${counted(first, "different value")} of ${figure.of.text}.`],
      notes,
    );
  return section([`${capital(listed(texts))}${over}.`], notes);
}

function shareText(plan: Plan, row: JsonObject): string {
  const [figure] = plan.figures;
  const share = numberIn(row, [figure?.of === undefined ? "part_share" : "part_sum_share"]);
  const count = numberIn(row, [figure?.of === undefined ? "count" : "sum"]);
  const part = numberIn(row, [figure?.of === undefined ? "part_count" : "part_sum"]);
  if (share === undefined || count === undefined || part === undefined)
    return `No ${plural(plan.noun)} fit, so there is no share.`;
  const whole = figure?.of === undefined ? counted(count, plan.noun) : `${numberText(count)} of ${figure.of.text}`;
  return `${numberText(share * 100)} % (${numberText(part)} of ${whole}).`;
}

const GROUPS_IN_SENTENCE = 6;
const GROUPS_IN_TABLE = 100;

/** Words about groups: who is first, how two compare, or all of them, with a table below. */
export function groupsSection(
  bench: Bench,
  groups: readonly Group[],
  names: readonly string[],
  notes: readonly string[],
): Section | undefined {
  const { plan } = bench;
  const { order } = plan;
  const [figure] = plan.figures;
  const present = groups.filter(({ values: [value] }) => value !== undefined && holds(value, plan.having));
  const [only] = present;
  if (plan.having !== undefined && only === undefined) return section(["There are none."], notes);
  if (figure === undefined || only === undefined) {
    const none = `No ${plural(plan.noun)} fit${conditionsText(plan.conditions)}, so there is nothing to compute.`;
    return section([none], notes);
  }
  if (plan.groups.length === 0) return singleSection(bench, only, names, notes);
  const timed = plan.groups.some(isTimeKey);
  const named = present.filter(({ keys }) => order === undefined || !keys.includes("(missing)"));
  const known = order === undefined ? inOrder(present, timed) : sorted(named, order.direction, 0);
  if (
    order?.rank !== undefined &&
    isLevel(
      known.map(({ values: [value] }) => value),
      order.rank,
    )
  )
    return failure(levelText(order.rank));
  const lead =
    plan.having !== undefined
      ? [
          `${counted(known.length, plan.groups.map(keyName).join(" and "))}: ${listed(known.map((group) => valued(group)))}.`,
        ]
      : order !== undefined
        ? firstText(bench, known, names)
        : plan.compares && known.length === 2
          ? comparedText(known, names)
          : allText(known, names);
  const shown = known.slice(0, order?.count ?? GROUPS_IN_TABLE);
  const counts = figure.of === undefined && plan.part.length === 0 && !plan.shares ? [] : [plural(plan.noun)];
  const rows = shown.map(({ keys, values, count, row }) => [
    ...keys,
    ...values.map((value) => valueText(value ?? null)),
    ...counts.map(() => valueText(count === undefined ? null : count - (figure.of === undefined ? 0 : missingIn(row)))),
  ]);
  const hidden = known.length > shown.length && order?.count === undefined;
  const cut = hidden ? [`The table has the first ${shown.length} of ${known.length} groups.`] : [];
  const missing = figure.of === undefined ? 0 : known.reduce((sum, { row }) => sum + missingIn(row), 0);
  const left = missing === 0 ? [] : [leftOut(missing, figure.of?.text ?? "")];
  const table = markdownTable([...plan.groups.map(keyName), ...names, ...counts], rows);
  const drawn = chartOf(bench, known.slice(0, order?.count), names[0] ?? "");
  return drawn === undefined ? undefined : joined([section([...lead, table], [...left, ...cut, ...notes]), drawn]);
}

/** Rows of a group without a value of the figure, which are no part of it. */
const missingIn = (row: JsonObject): number => numberIn(row, ["missing"]) ?? 0;

export const leftOut = (count: number, name: string): string =>
  `${counted(count, "row")} without ${name} ${count === 1 ? "is" : "are"} left out.`;

const sorted = (groups: readonly Group[], direction: "max" | "min", at: number) =>
  groups.toSorted(
    (a, b) => ((b.values[at] ?? -Infinity) - (a.values[at] ?? -Infinity)) * (direction === "max" ? 1 : -1),
  );

/** Times and numbers in their own order, names by their figures. */
function inOrder(groups: readonly Group[], timed: boolean): readonly Group[] {
  if (timed) return groups;
  if (groups.every(({ keys: [key = ""] }) => /^-?[\d.]+$/.test(key)))
    return groups.toSorted((a, b) => Number(a.keys[0]) - Number(b.keys[0]));
  return sorted(groups, "max", 0);
}

/** Whether values that are equal leave open which is the second or third. */
export const isLevel = (values: readonly unknown[], rank: number): boolean =>
  new Set(values.slice(0, rank + 1)).size < Math.min(rank + 1, values.length) || values.length < rank;
export const levelText = (rank: number): string =>
  `I cannot answer this for sure. Equal values leave open which one is at place ${rank}; ask for the top ${rank + 1}.`;

function holds(value: number, having: Plan["having"]): boolean {
  const [bound = 0, high = bound] = (having?.values ?? []).map(Number);
  if (having === undefined) return true;
  if (having.operator === "between") return value >= bound && value <= high;
  if (value === bound) return having.operator.endsWith("=");
  return having.operator.startsWith(">") === value > bound;
}

const valued = (group: Group, at = 0) => `${group.label} (${numberText(group.values[at] ?? 0)})`;

/** Names the first group, also by the other figures if they choose another. */
function firstText({ plan }: Bench, groups: readonly Group[], names: readonly string[]): readonly string[] {
  const direction = plan.order?.direction ?? "max";
  const count = plan.order?.count;
  const rank = plan.order?.rank;
  const word = endWord(direction, rank);
  const [first] = groups;
  const placed = rank === undefined ? undefined : groups[rank - 1];
  if (placed !== undefined)
    return [`${placed.label} has the ${word} ${names[0]}: ${numberText(placed.values[0] ?? 0)}.`];
  if (first === undefined) return ["No rows fit, so none is first."];
  const top = (at: number) => {
    const ranked = sorted(groups, direction, at);
    return ranked.filter(({ values }) => values[at] === ranked[0]?.values[at]);
  };
  if (count !== undefined && count > 1) {
    const shown = groups.slice(0, count);
    return [`The ${shown.length} with the ${word} ${names[0]}: ${listed(shown.map((group) => valued(group)))}.`];
  }
  const winners = names.map((_, at) => top(at));
  const [own = []] = winners;
  const [winner] = own;
  if (winner === undefined) return [];
  const verb = own.length === 1 ? "has" : "have";
  const counts = plan.figures[0]?.of === undefined && plan.part.length === 0 && !plan.shares;
  const what = counts ? `${direction === "max" ? "most" : "fewest"} ${plural(plan.noun)}` : `${word} ${names[0]}`;
  const lead = `${listed(own.map(({ label }) => label))} ${verb} the ${what}: ${numberText(winner.values[0] ?? 0)}${own.length === 1 ? "" : " each"}.`;
  const others = winners.flatMap((all, at) => {
    const [other] = all;
    return at === 0 ||
      other === undefined ||
      other.values[at] === undefined ||
      all.some(({ label }) => label === winner.label)
      ? []
      : [`By ${names[at]} it is ${valued(other, at)}.`];
  });
  return [[lead, ...others].join(" ")];
}

/** Two groups against each other. */
function comparedText(groups: readonly Group[], names: readonly string[]): readonly string[] {
  const [high, low] = sorted(groups, "max", 0);
  if (high === undefined || low === undefined) return [];
  const difference = (high.values[0] ?? 0) - (low.values[0] ?? 0);
  if (difference === 0)
    return [`The ${names[0]} of ${high.label} and ${low.label} is the same: ${numberText(high.values[0] ?? 0)}.`];
  return [
    `${high.label} has the higher ${names[0]}: ${numberText(high.values[0] ?? 0)}, against ${numberText(low.values[0] ?? 0)} for ${low.label}; the difference is ${numberText(difference)}.`,
  ];
}

function allText(groups: readonly Group[], names: readonly string[]): readonly string[] {
  const additive = names.length === 1 && /^(?:number|total) /.test(names[0] ?? "") && !/different/.test(names[0] ?? "");
  const whole =
    additive && groups.length > 1
      ? [`All together: ${numberText(groups.reduce((sum, { values }) => sum + (values[0] ?? 0), 0))}.`]
      : [];
  const each =
    groups.length > GROUPS_IN_SENTENCE || groups.some(({ keys }) => keys.length > 1)
      ? []
      : [`${capital(names[0] ?? "")}: ${listed(groups.map((group) => valued(group)))}.`];
  return [[...each, ...whole].join(" ")].filter((text) => text !== "");
}

/** The groups as bars or, along time, as lines; a second column is apart. */
function chartOf(bench: Bench, groups: readonly Group[], name: string): Section | undefined {
  const { plan } = bench;
  if (plan.chart === undefined) return section([]);
  const along = plan.groups.find(isTimeKey) ?? plan.groups[0];
  const at = along === undefined ? 0 : plan.groups.indexOf(along);
  const series = plan.groups.length > 1 ? (at === 0 ? 1 : 0) : undefined;
  const points = groups.map(({ keys, values }) => ({
    label: keys[at] ?? "",
    value: Number((values[0] ?? 0).toPrecision(12)),
    ...(series === undefined ? {} : { series: keys[series] ?? "" }),
  }));
  return chartSection(bench, {
    kind: plan.chart === "line" ? "line" : "bar",
    points,
    columns: undefined,
    x: along === undefined ? "" : keyName(along),
    y: name,
    title: `${capital(name)} by ${listed(plan.groups.map(keyName))}${conditionsText(plan.conditions)}`,
  });
}
