import type { JsonObject } from "../../../kernel/json.ts";
import { type Bench, type Section, section } from "./bench.ts";
import { aggregateIn, cellOf, isMissing, notesOf, numberIn } from "./results.ts";
import {
  type Aggregate,
  aggregateName,
  capital,
  type Column,
  conditionsText,
  counted,
  type Frame,
  isTime,
  listed,
  markdownTable,
  numberText,
  valueText,
} from "./language/index.ts";

/** One group of a result. */
export type Group = {
  readonly key: readonly string[];
  readonly missingKey: boolean;
  readonly count: number | undefined;
  readonly row: JsonObject;
};

/** The groups that result rows are, named by the columns grouped by. */
export const groupsOf = (rows: readonly JsonObject[], columns: readonly Column[]): readonly Group[] =>
  rows.map((row) => {
    const cells = columns.map((column) => cellOf(row, column));
    return {
      key: cells.map((cell) => (isMissing(cell) ? "(missing)" : valueText(cell))),
      missingKey: cells.some(isMissing),
      count: aggregateIn(row, "count", undefined),
      row,
    };
  });

const ROWS_SHOWN = 12;
const GROUPS_IN_SENTENCE = 4;

/** Words about the groups of one measure, or of counts: who is first, or how they compare, with a table below. */
export function groupSection(
  bench: Bench,
  measure: Column | undefined,
  structured: JsonObject,
  rows: readonly JsonObject[],
): Section {
  const { frame } = bench;
  const groups = groupsOf(rows, frame.groups);
  if (groups.length === 0)
    return section(
      [`No rows fit${conditionsText(frame.conditions)}, so there is nothing to group.`],
      notesOf(structured),
    );
  const aggregates = frame.aggregates.filter((one) =>
    groups.some((group) => valueOf(group, one, measure) !== undefined),
  );
  if (aggregates.length === 0) return section([tableText(groups, frame, measure, [])], notesOf(structured));
  const lead =
    frame.order === undefined
      ? comparison(groups, frame, measure, aggregates)
      : ranking(bench, groups, measure, aggregates);
  return section(
    [lead, tableText(groups, frame, measure, aggregates)],
    [...caveats(bench, measure, structured, groups), ...notesOf(structured)],
  );
}

export const valueOf = (group: Group, aggregate: Aggregate, measure: Column | undefined): number | undefined =>
  aggregate === "count" ? group.count : aggregateIn(group.row, aggregate, measure);

const keyText = ({ key }: Group) => key.join(", ");

/** The known groups by a value, in a direction; groups whose key is missing are no winners. */
const ranked = (
  groups: readonly Group[],
  aggregate: Aggregate,
  measure: Column | undefined,
  direction: "max" | "min",
) =>
  groups
    .filter((group) => !group.missingKey && valueOf(group, aggregate, measure) !== undefined)
    .toSorted((a, b) => {
      const difference = (valueOf(a, aggregate, measure) ?? 0) - (valueOf(b, aggregate, measure) ?? 0);
      return direction === "max" ? -difference : difference;
    });

function ranking(
  bench: Bench,
  groups: readonly Group[],
  measure: Column | undefined,
  aggregates: readonly Aggregate[],
): string {
  const { order } = bench.frame;
  const [primary] = aggregates;
  if (order === undefined || primary === undefined) return "";
  const sorted = ranked(groups, primary, measure, order.direction);
  const [first] = sorted;
  if (first === undefined) return "None of the groups has a value to compare.";
  if (!order.asksFirst) return topList(bench, sorted, measure, primary);
  const value = valueOf(first, primary, measure) ?? 0;
  const tied = sorted.filter((group) => valueOf(group, primary, measure) === value);
  const words = claim(bench, measure, { primary, single: groups.every(isSingle) });
  // What the request's own words say already is not said again.
  const unsaid = bench.frame.conditions.filter(({ values }) => !values.some((one) => words.includes(String(one))));
  const where = conditionsText(unsaid);
  const each = tied.length > 1 ? " each" : "";
  const name = measure === undefined ? "" : figureName(groups, primary, measure);
  const named = words.endsWith(name) ? numberText(value) : `${name} ${numberText(value)}`;
  const figure = measure === undefined ? counted(value, "row") : named;
  const more =
    measure === undefined || tied.length > 1 || groups.every(isSingle)
      ? each
      : detailsOf(first, measure, aggregates.slice(1));
  const shown = tied.slice(0, TIED_SHOWN).map(keyText);
  const hidden = tied.length > TIED_SHOWN ? [`${tied.length - TIED_SHOWN} more`] : [];
  const winners = listed([...shown, ...hidden]);
  const lead = `${winners} ${tied.length > 1 ? plural(words) : words}${where}: ${figure}${more}.`;
  return lead + otherWinners(groups, first, measure, { aggregates, direction: order.direction });
}

const TIED_SHOWN = 5;

/** Whether a group is one row, so that its mean is simply its value. */
const isSingle = ({ count }: Group) => count === 1;

const figureName = (groups: readonly Group[], aggregate: Aggregate, measure: Column) =>
  groups.every(isSingle) ? measure.name : `${aggregateName(aggregate)} ${measure.name}`;

/** " over 123 rows, maximum 231". */
function detailsOf(group: Group, measure: Column | undefined, aggregates: readonly Aggregate[]): string {
  const present = group.count === undefined ? undefined : group.count - (numberIn(group.row, ["missing"]) ?? 0);
  const over = present === undefined ? "" : ` over ${counted(present, "row")}`;
  const others = aggregates.map((aggregate) => {
    const value = valueOf(group, aggregate, measure);
    return value === undefined ? "" : `, ${aggregateName(aggregate)} ${numberText(value)}`;
  });
  return over + others.join("");
}

type Figure = { readonly primary: Aggregate; readonly single: boolean };

/** The claim in the request's own words where they fit: "has the longest flippers", "is the cheapest item". */
function claim({ request, frame }: Bench, measure: Column | undefined, { primary, single }: Figure): string {
  const phrase = superlativePhrase(request);
  if (phrase !== undefined && (measure === undefined || !/^has the (?:most|fewest)/.test(phrase) || !single))
    return phrase;
  const lowest = frame.order?.direction === "min";
  if (measure === undefined) return `has the ${lowest ? "fewest" : "most"} rows`;
  return `has the ${lowest ? "lowest" : "highest"} ${single ? "" : `${aggregateName(primary)} `}${measure.name}`;
}

const plural = (words: string) => words.replace(/^has /, "have ").replace(/^is /, "are ");

const PHRASE_STOPS =
  /^(?:in|on|at|of|for|from|by|per|where|with|and|or|that|which|who|when|among|across|over|is|are|was|were|has|have|had|draw|plot|show)$/;

/** The request's superlative with the verb that leads to it; undefined when it stands otherwise. */
function superlativePhrase({ words, ranking: found }: Bench["request"]): string | undefined {
  if (found === undefined) return undefined;
  const extended = /^(?:most|least)$/.test(words[found.at - 1]?.lower ?? "");
  const start = extended ? found.at - 1 : found.at;
  const before = words.slice(Math.max(0, start - 2), start).map(({ lower }) => lower);
  const verb = VERBS.find(([, forms]) => before.some((word) => forms.includes(word)))?.[0];
  const counts = /^(?:most|fewest)$/.test(words[found.at]?.lower ?? "");
  if (verb === undefined && !counts) return undefined;
  const rest = words.slice(start, start + 5);
  const end = rest.findIndex((word, offset) => offset > 0 && (word.opens || PHRASE_STOPS.test(word.lower)));
  const phrase = end < 0 ? rest : rest.slice(0, end);
  return `${verb ?? "has"} the ${phrase.map(({ text }) => text).join(" ")}`;
}

const VERBS: readonly (readonly ["has" | "is", readonly string[]])[] = [
  ["has", ["has", "have", "had", "with", "having"]],
  ["is", ["is", "are", "was", "were", "what's", "who's"]],
];

type Contest = { readonly aggregates: readonly Aggregate[]; readonly direction: "max" | "min" };

/** Where another figure has another winner, that is said too. */
function otherWinners(
  groups: readonly Group[],
  winner: Group,
  measure: Column | undefined,
  { aggregates, direction }: Contest,
): string {
  const others = aggregates.slice(1).flatMap((aggregate) => {
    const [first] = ranked(groups, aggregate, measure, direction);
    if (first === undefined || first === winner) return [];
    if (valueOf(first, aggregate, measure) === valueOf(winner, aggregate, measure)) return [];
    return [
      ` By ${aggregateName(aggregate)} it is ${keyText(first)} (${numberText(valueOf(first, aggregate, measure) ?? 0)}).`,
    ];
  });
  return others.join("");
}

function topList({ frame }: Bench, sorted: readonly Group[], measure: Column | undefined, primary: Aggregate): string {
  const shown = sorted.slice(0, frame.order?.count ?? sorted.length);
  const end = frame.order?.direction === "min" ? "lowest" : "highest";
  const by = measure === undefined ? "number of rows" : figureName(shown, primary, measure);
  const items = shown.map((group) => `${keyText(group)} (${numberText(valueOf(group, primary, measure) ?? 0)})`);
  return `The ${shown.length} with the ${end} ${by}${conditionsText(frame.conditions)}: ${listed(items)}.`;
}

function comparison(
  groups: readonly Group[],
  frame: Frame,
  measure: Column | undefined,
  aggregates: readonly Aggregate[],
): string {
  const [primary = "count"] = aggregates;
  const by = listed(frame.groups.map(({ name }) => name));
  const what = measure === undefined ? "Rows" : `${capital(aggregateName(primary))} ${measure.name}`;
  const sorted = ranked(groups, primary, measure, "max");
  const [first] = sorted;
  const last = sorted.at(-1);
  const figure = (group: Group) => `${keyText(group)} (${numberText(valueOf(group, primary, measure) ?? 0)})`;
  const head = `${what} by ${by}${conditionsText(frame.conditions)}`;
  if (first === undefined || last === undefined) return `${head}:`;
  if (frame.groups.length === 1 && frame.groups.some(isTime)) return `${head}: ${course(groups, figure, first, last)}.`;
  if (sorted.length <= GROUPS_IN_SENTENCE) return `${head}: ${listed(sorted.map(figure))}.`;
  return `${head}: highest ${figure(first)}, lowest ${figure(last)}, of ${groups.length} groups.`;
}

/** How a figure runs along time: "from May (35) to July (42); highest June (76), lowest May (35)". */
function course(groups: readonly Group[], figure: (group: Group) => string, high: Group, low: Group): string {
  const inOrder = groups
    .filter(({ missingKey }) => !missingKey)
    .toSorted((a, b) => compareText(keyText(a), keyText(b)));
  const [start] = inOrder;
  const end = inOrder.at(-1);
  if (start === undefined || end === undefined || inOrder.length < 2) return listed(inOrder.map(figure));
  return `from ${figure(start)} to ${figure(end)}; highest ${figure(high)}, lowest ${figure(low)}`;
}

const compareText = (a: string, b: string) => a.localeCompare(b, "en", { numeric: true });

function tableText(
  groups: readonly Group[],
  frame: Frame,
  measure: Column | undefined,
  aggregates: readonly Aggregate[],
): string {
  const single = measure !== undefined && groups.every(isSingle);
  const figures = (single ? aggregates.slice(0, 1) : aggregates).filter((aggregate) => aggregate !== "count");
  const counts = !single && groups.some(({ count }) => count !== undefined);
  const direction = frame.order?.direction;
  const [primary] = aggregates;
  const known = direction === undefined || primary === undefined ? groups : ranked(groups, primary, measure, direction);
  const header = [
    ...frame.groups.map(({ name }) => name),
    ...(counts ? ["rows"] : []),
    ...figures.map((aggregate) =>
      single ? measure.name : `${aggregateName(aggregate)} ${measure?.name ?? ""}`.trim(),
    ),
  ];
  const rows = known
    .slice(0, ROWS_SHOWN)
    .map((group) => [
      ...group.key,
      ...(counts ? [valueText(group.count)] : []),
      ...figures.map((aggregate) => valueText(valueOf(group, aggregate, measure))),
    ]);
  const more = known.length > ROWS_SHOWN ? `\n\n… and ${known.length - ROWS_SHOWN} more.` : "";
  return markdownTable(header, rows) + more;
}

function caveats(
  { frame, table }: Bench,
  measure: Column | undefined,
  structured: JsonObject,
  groups: readonly Group[],
): readonly string[] {
  const lines: string[] = [];
  const missing = groups.reduce((sum, { row }) => sum + (numberIn(row, ["missing"]) ?? 0), 0);
  if (measure !== undefined && missing > 0)
    lines.push(`${counted(missing, "row")} without ${measure.name} ${missing === 1 ? "is" : "are"} left out.`);
  for (const column of frame.groups) {
    if ((column.missing ?? 0) > 0)
      lines.push(
        `${counted(column.missing ?? 0, "row")} of the file ${column.missing === 1 ? "has" : "have"} no ${column.name}.`,
      );
  }
  const total = numberIn(structured, ["groups_total", "total_groups", "groups"]);
  const cut = total !== undefined && total > groups.length && frame.order?.count === undefined;
  if (cut && frame.order === undefined) lines.push(`There are ${total} groups; only ${groups.length} were looked at.`);
  const compared = frame.aggregates.length > 1 && !groups.every(isSingle);
  if (cut && frame.order !== undefined && compared) {
    lines.push(`Other figures were compared in the first ${groups.length} of ${total} groups only.`);
  }
  const matched = numberIn(structured, ["rows_matched", "matched"]);
  if (frame.conditions.length > 0 && matched !== undefined && table.rows !== undefined)
    lines.push(`${matched} of ${table.rows} rows fit the conditions.`);
  return lines;
}
