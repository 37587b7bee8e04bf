import { type Draft, doubt, Doubt, isAdditive, isPeriod, isUnclear, withColumns } from "./draft.ts";
import { type Column, isIdentity } from "../columns.ts";
import type { Item } from "../items/item.ts";
import { isOthers } from "../items/named.ts";
import type { Expression, Plan } from "./plan.ts";
import type { Aggregate } from "../vocabulary.ts";
import { listed } from "../wording.ts";

/** The only measure that a superlative can mean. */
export function meantBy(
  draft: Draft,
  { means, inverted, direction }: NonNullable<Item["superlative"]>,
): { readonly of: Expression; readonly direction: "max" | "min" } | undefined {
  const find = (kinds: readonly string[]) => {
    const isKind = ({ type, parts }: Column) =>
      (type === "number" && parts.some((part) => kinds.includes(part) && !isOthers(parts, part))) ||
      (type === "date" && kinds.includes("date"));
    const found = draft.table.columns.filter(isKind);
    const ends = found.filter(({ parts }) => parts.includes(direction));
    const [column, other] = found.length === 2 && ends.length === 1 ? ends : found;
    if (other === undefined) return column;
    const spoken = draft.spoken(found);
    if (spoken !== undefined) return spoken;
    const names = found.map(({ name }) => name);
    throw new Doubt(`I am not sure which column you mean: ${listed(names, "or")}.`);
  };
  const column = find(means);
  if (column !== undefined) return { of: { text: column.name, columns: [column] }, direction };
  const turned = find(inverted);
  if (turned === undefined) return undefined;
  return { of: { text: turned.name, columns: [turned] }, direction: direction === "max" ? "min" : "max" };
}

export function narrowedBy({ means }: NonNullable<Item["superlative"]>, named: Item): Item {
  const fits = named.columns.filter(({ parts }) => parts.some((part) => means.includes(part)));
  return fits.length === 0 ? named : withColumns(named, fits);
}

/** "which species has the longest bill", "top 3 cities by population", "the heaviest car"; undefined for other shapes. */
export function readRanking(draft: Draft, base: Plan, full: string): Plan | undefined {
  const [graded] = draft.all("s");
  const shape = draft.symbols.replace("y", "").replaceAll("b", "c");
  if (graded?.superlative === undefined || !/^[wkN]*[cra]*s[cra]*h?r?$/.test(shape)) return undefined;
  const [explicit, second] = draft.all("a");
  if (second !== undefined) return undefined;
  const { target, measure } = sidesOf(draft);
  const grade = graded.superlative;
  const order = { direction: grade.direction, count: graded.number, rank: graded.rank };
  const rowsAfter = draft.symbols.indexOf("r") > draft.symbols.indexOf("s");
  const ofValue = /s[Fr]*F/.test(full) && base.conditions.some((one) => !isPeriod(one)) && target !== undefined;
  const busy = /^(?:busiest|quietest)$/i.test(draft.text(graded.from, graded.to));
  if (
    busy &&
    (measure !== undefined || draft.table.columns.some(({ parts }) => parts.some((part) => VOLUME.test(part))))
  )
    return doubt("I am not sure what makes one busier.");
  const counting =
    busy ||
    shape.includes("h") ||
    (ofValue && measure === undefined && grade.means.length === 0) ||
    (rowsAfter && measure === undefined && grade.means.length === 0);
  const figures = [{ aggregate: "count", of: undefined } as const];
  if (counting && target !== undefined) return { ...base, figures, groups: [...base.groups, draft.key(target)], order };
  if (counting && base.groups.length === 1) return { ...base, figures, order };
  const asked = measure === undefined || !isLookup(grade, measure) ? undefined : draft.expression(measure);
  const meant =
    measure === undefined || asked !== undefined
      ? meantBy(draft, grade)
      : directed(draft, graded, measured(draft, narrowedBy(grade, measure)));
  if (meant === undefined) return doubt(`I found no column that says what "${draft.text(graded.from, graded.to)}" is.`);
  const ranked: Ranked = {
    ...meant,
    order: { ...order, direction: meant.direction },
    aggregate: explicit?.aggregate,
  };
  if (asked !== undefined) return lookedUp(draft, base, ranked, asked);
  return target === undefined ? rankedRows(base, ranked) : rankedGroups(draft, base, ranked, target);
}

const VOLUME =
  /^(?:passenger|visitor|traffic|volume|count|number|rider|ridership|attendance|guest|trip|vehicle|footfall)$/;
const BAD =
  /^(?:delay|accident|crash|error|defect|complaint|crime|unemployment|pollution|loss|pain|churn|death|mortality|wait|waiting|latency|cost|price)$/;
const GOOD =
  /^(?:rating|score|grade|satisfaction|revenue|profit|sale|margin|performance|rank|point|win|attendance|expectancy|exp|income|salary|mark|gpa)$/;

function measured(draft: Draft, named: Item): Expression {
  const [date, other] = named.columns.filter(({ type }) => type === "date");
  if (date === undefined || draft.isNumeric(named)) return draft.expression(named);
  const column = other === undefined ? date : (draft.spoken(named.columns) ?? draft.ambiguous(named, named.columns));
  return { text: column.name, columns: [column] };
}

/** The end that a superlative means of a measure: the oldest is the least year, the worst the longest delay. */
function directed(draft: Draft, { superlative, from, to }: Item, of: Expression) {
  const parts = of.columns.flatMap((column) => column.parts);
  const { means = [], inverted = [], direction = "max" } = superlative ?? {};
  const other = direction === "max" ? "min" : "max";
  if (inverted.some((kind) => parts.includes(kind)) && !means.some((kind) => parts.includes(kind)))
    return { of, direction: other } as const;
  const word = draft.text(from, to).toLowerCase();
  if (!/\b(?:best|worst)$/.test(word)) return { of, direction };
  if (parts.some((part) => BAD.test(part))) return { of, direction: other } as const;
  return parts.some((part) => GOOD.test(part))
    ? { of, direction }
    : doubt(`I am not sure which end of ${of.text} is the ${word}.`);
}

/** "salary of the oldest employee": the one thing is asked of what has the most of another. */
const isLookup = ({ means, inverted }: NonNullable<Item["superlative"]>, { columns, of }: Item) => {
  const kinds = [...means, ...inverted];
  return (
    kinds.some((kind) => STANDING.has(kind)) &&
    (of !== undefined || !columns.some(({ parts }) => parts.some((part) => kinds.includes(part))))
  );
};
/** Kinds of column that an adjective means whatever it stands before. */
const STANDING = new Set(
  "age mass weight height price temperature temp precipitation date salary speed horsepower".split(" "),
);

function lookedUp(
  { symbols }: Draft,
  base: Plan,
  { of, order, aggregate }: Ranked,
  asked: Expression,
): Plan | undefined {
  if (aggregate !== undefined || asked.columns.length > 1 || base.groups.length > 0 || /[wb]/.test(symbols))
    return undefined;
  const figures = [of, asked].map((each) => ({ aggregate: order.direction, of: each }));
  return { ...base, task: "rows", figures, order };
}

type Ranked = {
  readonly of: Expression;
  readonly order: NonNullable<Plan["order"]>;
  readonly aggregate: Aggregate | undefined;
};

const isName = ({ of, columns }: Item) =>
  of === undefined &&
  (columns.some(({ type }) => type === "text" || type === "boolean") || columns.every(({ type }) => type !== "number"));
const same = (one: Item, other: Item | undefined) => one.columns.length > 0 && one.columns[0] === other?.columns[0];

/** The subject and the measure of a ranking. */
function sidesOf(draft: Draft): { readonly target: Item | undefined; readonly measure: Item | undefined } {
  const named = draft.all("c");
  const isDated = draft.all("s")[0]?.superlative?.means.includes("date") === true;
  const when = isDated
    ? named.find(({ columns }) => columns.length > 0 && columns.every(({ type }) => type === "date"))
    : undefined;
  const names = [...draft.all("b"), ...named.filter((one) => one !== when && isName(one))];
  const [first] = named;
  const counts = named.length > 1 || /s.*r/.test(draft.symbols);
  const grouped = draft.symbols.startsWith("wc") && names.length === 0 && counts && first !== undefined;
  const targets = grouped && draft.isKey(first) ? [first] : names;
  const [target] = targets;
  const others = targets.filter((one) => one !== target && !same(one, target));
  if (target !== undefined && others.length > 0) {
    const texts = [target, ...others].map(({ from, to }) => `"${draft.text(from, to)}"`);
    return doubt(`I am not sure whether you ask for ${listed(texts, "or")}.`);
  }
  const [measure, other] = named.filter((one) => one !== target && !same(one, target));
  return other === undefined ? { target, measure } : doubt(draft.unused([other]));
}

/** "the most yellow cards", which are added up; "the highest reading" is not. */
function isMostOf(draft: Draft): boolean {
  const at = draft.items.findIndex(({ symbol }) => symbol === "s");
  const [grade, next] = draft.items.slice(at, at + 2);
  const last = draft.words[(next?.to ?? 0) - 1];
  return (
    grade !== undefined &&
    /^(?:most|fewest)$/i.test(draft.text(grade.from, grade.to)) &&
    next?.symbol === "c" &&
    last !== undefined &&
    last.stem !== last.lower
  );
}

function rankedGroups(draft: Draft, base: Plan, { of, order, aggregate }: Ranked, target: Item): Plan {
  const key = draft.key(target);
  const { column, bucket } = key;
  const rows: Plan = { ...base, task: "rows", figures: [{ aggregate: order.direction, of }], order };
  const groups = [...base.groups, key];
  const unique = bucket === undefined && (column.distinct === draft.table.rows || isIdentity(column, draft.table.rows));
  if (unique && aggregate === undefined) {
    const computed = of.columns.length > 1;
    return computed
      ? { ...rows, task: "figures", groups }
      : {
          ...rows,
          noun: /^who/i.test(draft.text(target.from, target.to)) ? base.noun : draft.text(target.from, target.to),
        };
  }
  const additive = isAdditive(of) || (isUnclear(of) && isMostOf(draft));
  const ofDays = bucket === "day" || (column.type === "date" && !draft.symbols.includes("w"));
  if (aggregate === undefined && !additive && ofDays && base.groups.length === 0) return rows;
  // Without a word for it, "the highest price" of many rows can be that of one of them or of all together.
  const either = additive ? (["sum"] as const) : (["mean", order.direction] as const);
  const figures = (aggregate === undefined ? either : [aggregate]).map((each) => ({ aggregate: each, of }));
  return { ...base, figures, groups, order };
}

function rankedRows(base: Plan, { of, order, aggregate }: Ranked): Plan {
  if (base.groups.length > 0) {
    const figures = [{ aggregate: aggregate ?? order.direction, of }];
    return aggregate === undefined ? { ...base, figures } : { ...base, figures, order };
  }
  if (aggregate !== undefined) return doubt("I could not determine between which groups to choose.");
  if (of.columns.length > 1) return doubt("I could not determine what you want to rank by that calculation.");
  return { ...base, task: "rows", figures: [{ aggregate: order.direction, of }], order };
}
