import { isIdentity, type Table, textOf } from "../columns.ts";
import { Doubt, doubt, Draft, isNumbering, isTimeKey, keyText } from "./draft.ts";
import type { Item } from "../items/item.ts";
import type { Condition, Plan, Planned } from "./plan.ts";
import { readArithmetic, readComparisons } from "./read-conditions.ts";
import { readFigures } from "./read-figures.ts";
import { readGroups } from "./read-groups.ts";
import { meantBy, narrowedBy, readRanking } from "./read-ranking.ts";
import { readShare } from "./read-share.ts";
import { dropNouns, mergeValues, readFlags, readValues } from "./read-values.ts";
import type { Request } from "../request.ts";
import type { Word } from "../words.ts";
import { misread } from "./misread.ts";

/** Reads a question as a plan on a table, all of its words used, or says which words stand in the way. */
export function planOf(
  words: readonly Word[],
  { chart }: Pick<Request, "chart">,
  table: Table,
  source: string,
): Planned {
  const draft = new Draft(words, chart, table, source);
  if (draft.isEmpty) return { type: "empty" };
  try {
    readArithmetic(draft);
    draft.refuseUnknown();
    for (const read of [readComparisons, readValues, readGroups, readFlags, dropNouns, mergeValues]) read(draft);
    const plan = readShare(draft) ?? readCore(draft);
    const reason = misread(words, plan, table);
    return reason === undefined ? { type: "plan", plan: withChart(plan, chart) } : { type: "refused", reason };
  } catch (error) {
    if (error instanceof Doubt) return { type: "refused", reason: error.message };
    throw error;
  }
}

function withChart(plan: Plan, chart: Request["chart"]): Plan {
  if (plan.task === "distribution") return { ...plan, chart: "histogram" };
  if (chart === undefined) return plan;
  if (plan.task === "pair") return { ...plan, chart: "scatter" };
  return { ...plan, chart: chart === "line" || (chart === "any" && plan.groups.some(isTimeKey)) ? "line" : "bar" };
}

/** Items that remain without conditions and groups. */
function readCore(draft: Draft): Plan {
  const { conditions } = draft;
  const full = draft.symbols;
  draft.items = draft.items.filter(({ symbol }) => !"F&leB".includes(symbol));
  draft.reduce(/hc/, ([, named]) =>
    named !== undefined && full.includes("s") && draft.isNumeric(named) ? [named] : undefined,
  );
  draft.reduce(/ra(?=[Fx])/, ([noun]) => (noun === undefined ? undefined : [noun]));
  draft.reduce(/ahc/, ([aggregate, , named]) =>
    aggregate !== undefined && named !== undefined && draft.isNumeric(named) ? [aggregate, named] : undefined,
  );
  draft.reduce(/hca$/, ([much, named, aggregate]) => {
    if (much === undefined || named === undefined || aggregate === undefined || !draft.isNumeric(named))
      return undefined;
    return aggregate.aggregate === "sum" ? [much, named] : [aggregate, named];
  });
  readSold(draft);
  readListed(draft);
  // A word that chose between columns is used: "at home" beside home_team = Arsenal.
  const sure = [
    ...conditions.map(({ key }) => key.column),
    ...draft.all("c").flatMap(({ columns }) => (columns.length === 1 ? columns : [])),
  ];
  draft.items = draft.items.filter(
    ({ symbol, columns }) => symbol !== "c" || columns.length < 2 || !columns.some((one) => sure.includes(one)),
  );
  if (draft.groups.some(isTimeKey) && !draft.symbols.includes("k"))
    draft.items = draft.items.filter(({ symbol }) => symbol !== "V");
  const base: Plan = { ...draft.empty(), conditions, noun: draft.noun() };
  const found =
    readSelected(draft, base) ??
    readRange(draft, base) ??
    readPair(draft, base) ??
    readComparison(draft, base, full) ??
    readRanking(draft, base, full) ??
    readCounts(draft, base) ??
    readPlain(draft, base);
  return found ?? doubt(`I understood ${draft.understood(conditions)}, but not how it belongs together.`);
}

/** "average, lowest and highest bonus": superlatives beside an aggregate are aggregates. */
function readListed(draft: Draft) {
  draft.reduce(/[as]*a[as]*c/, (matched) => {
    const plain = matched.slice(0, -1);
    if (!plain.some(({ symbol }) => symbol === "s") || plain.length < 2 || !plain.every(isOpen)) return undefined;
    if (plain.length === 2 && plain[0]?.symbol === "s") return undefined;
    return [
      ...plain.map((one) => ({ ...one, symbol: "a", aggregate: one.aggregate ?? one.superlative?.direction })),
      ...matched.slice(-1),
    ];
  });
}

const isOpen = ({ superlative }: Item) =>
  superlative === undefined || superlative.means.length + superlative.inverted.length === 0;

/** "How many lamps were sold": the sum of the quantities, where a column has them. */
function readSold(draft: Draft) {
  const columns = draft.table.columns.filter(
    ({ type, parts }) =>
      type === "number" &&
      parts.some((part) => /^(?:quantity|qty|unit)$/.test(part)) &&
      !isNumbering(parts) &&
      !parts.includes("price"),
  );
  draft.items = draft.items.flatMap((one): readonly Item[] => {
    if (one.symbol !== "S") return [one];
    if (/[cr]/.test(draft.symbols))
      return /s/.test(draft.symbols) && draft.all("c").length < 2 && draft.all("r").length === 0 ? [one] : [];
    return columns.length === 1 && /[hk]/.test(draft.symbols) ? [{ ...one, symbol: "c", columns }] : [one];
  });
}

/** "departments with more than 50 employees": groups by their numbers of rows. */
function readSelected(draft: Draft, base: Plan): Plan | undefined {
  const [chosen] = draft.all("v");
  const [named] = draft.all("c");
  if (chosen === undefined || named === undefined || base.groups.length > 0 || !/^[wh]?cv$/.test(draft.symbols))
    return undefined;
  const { number = 0, operator = ">", options } = chosen;
  return {
    ...base,
    figures: [COUNT],
    groups: [draft.key(named)],
    order: { direction: "max", count: undefined },
    having: { operator, values: options[0]?.values ?? [number] },
  };
}

/** "the salary range": the least and the greatest value. */
function readRange(draft: Draft, base: Plan): Plan | undefined {
  const [named] = draft.all("c");
  if (named === undefined || !/^[wk]?(?:cGr?|Gcr?)$/.test(draft.symbols)) return undefined;
  const of = draft.expression(named);
  return {
    ...base,
    figures: [
      { aggregate: "max", of },
      { aggregate: "min", of },
    ],
    compares: base.groups.length === 0,
  };
}

const isSet = ({ operator, values, key }: Condition) =>
  operator === "=" &&
  values.length > 1 &&
  (key.column.type !== "date" || typeof values[0] === "number" || /^\d/.test(values[0] ?? ""));

/** Two columns that go together, or one that is spread. */
function readPair(draft: Draft, base: Plan): Plan | undefined {
  const bare = draft.symbols.replaceAll("r", "");
  const columns = draft.all("c");
  const [named] = columns;
  const means = () => columns.map((one) => draft.figure(one, "mean"));
  const drawn = draft.chart === "scatter" && /^w?c\|?c$/.test(bare);
  if (drawn || (/^w?C?cC?cC?$/.test(bare) && bare.includes("C"))) return { ...base, task: "pair", figures: means() };
  const spread = /^w?Hc$|^cH$/.test(bare) || (bare === "c" && draft.chart === "histogram");
  if (!spread || named === undefined) return undefined;
  if (draft.isNumeric(named)) return { ...base, task: "distribution", figures: means() };
  return { ...base, figures: [COUNT], groups: [...base.groups, draft.key(named)] };
}

const COUNT = { aggregate: "count", of: undefined } as const;

/** Values against each other, the largest against the smallest, or a column less another. */
function readComparison(draft: Draft, base: Plan, full: string): Plan | undefined {
  const { symbols } = draft;
  const columns = draft.all("c");
  const last = columns.at(-1);
  const [aggregate] = draft.all("a");
  if (/^[wh]?D?ssc$/.test(symbols) && last !== undefined)
    return { ...base, figures: [draft.figure(last, "max"), draft.figure(last, "min")], compares: true };
  const set = base.conditions.find(isSet);
  const against = /[egtoDk]/.test(full) || ((draft.either || full.includes("|")) && full.includes("w"));
  if (set !== undefined && against && base.groups.length === 0 && /^[cDgkt|orwh]*a?[cDgkt|orwh]*$/.test(symbols)) {
    const graded = [...draft.all("g"), ...draft.all("o")][0]?.superlative;
    const group: Plan = { ...base, groups: [set.key], compares: true };
    const measures = columns.filter((named) => named.columns[0] !== set.key.column);
    const [measure] = measures;
    if (measures.length > 1) return doubt(draft.unused(measures.slice(0, 1)));
    if (measure !== undefined) {
      const named = graded === undefined ? measure : narrowedBy(graded, measure);
      return { ...group, figures: [draft.figure(named, aggregate?.aggregate)] };
    }
    const meant = graded === undefined ? undefined : meantBy(draft, graded);
    if (meant !== undefined)
      return { ...group, figures: [{ aggregate: aggregate?.aggregate ?? "mean", of: meant.of }] };
    return (/[rh]/.test(symbols) || /^[g|ot]*$/.test(symbols)) && aggregate === undefined
      ? { ...group, figures: [COUNT] }
      : undefined;
  }
  const [made] = /^w?a?Da?cc$/.test(symbols) ? (draft.joined(columns[0], "-", columns[1], "") ?? []) : [];
  return made === undefined ? undefined : { ...base, figures: [draft.figure(made, aggregate?.aggregate ?? "mean")] };
}

const STEPS: { readonly [bucket: string]: number | undefined } = { hour: 3_600_000, day: 86_400_000 };

/** Whether each row is one hour or one day after the other. */
function isStep({ table }: Draft, bucket: string): boolean {
  const [date, other] = table.columns.filter(({ type }) => type === "date");
  const [from, to] = [date?.min, date?.max].map((one) =>
    Date.parse(`${textOf(one).slice(0, 10)}T${textOf(one).slice(11) || "00:00"}Z`),
  );
  return (
    other === undefined &&
    table.rows !== undefined &&
    Number(to) - Number(from) === (table.rows - 1) * (STEPS[bucket] ?? 0)
  );
}

/** Numbers of rows and of different values, and the rows themselves. */
function readCounts(draft: Draft, base: Plan): Plan | undefined {
  const { symbols } = draft;
  const [named, bucket, aggregate] = [draft.all("c")[0], draft.all("b")[0], draft.all("a")[0]];
  if (/^w?(?:[ML][cb]r?|[cb]r?[ML])$/.test(symbols)) {
    const target = named ?? bucket;
    const order = { direction: symbols.includes("L") ? "min" : "max", count: undefined } as const;
    return target === undefined ? undefined : { ...base, figures: [COUNT], groups: [draft.key(target)], order };
  }
  const narrowed = base.conditions.length > 0 || base.groups.length > 0;
  if (/^(?:h?U?r|wr|h|ar)$/.test(symbols) && (narrowed || /^[ha]/.test(symbols))) {
    if (aggregate !== undefined && !/^(?:count|sum)$/.test(aggregate.aggregate ?? "")) return undefined;
    const isListed = /^[wr]/.test(symbols) && base.groups.length === 0 && draft.chart === undefined;
    return isListed ? { ...base, task: "rows" } : { ...base, figures: [COUNT] };
  }
  if (symbols === "" && base.groups.length > 0) return { ...base, figures: [COUNT] };
  if (symbols === "" && base.conditions.length > 0) return { ...base, task: "rows" };
  if (symbols === "hb" && bucket?.bucket !== undefined && isStep(draft, bucket.bucket))
    return { ...base, figures: [COUNT], noun: bucket.bucket };
  if (symbols === "hb" && /^(?:day|week|month|year)$/.test(bucket?.bucket ?? "") && bucket !== undefined) {
    const key = draft.key(bucket);
    return { ...base, figures: [{ aggregate: "distinct", of: { text: keyText(key), columns: [key.column] } }] };
  }
  if (named === undefined) return undefined;
  const pinned = base.conditions.some(
    ({ key, operator, values }) => operator === "=" && values.length === 1 && isIdentity(key.column, draft.table.rows),
  );
  if (symbols === "hc")
    return {
      ...base,
      figures: [pinned && draft.isNumeric(named) ? draft.figure(named, "mean") : draft.counted(named)],
    };
  if (/^w?c$/.test(symbols) && pinned && base.groups.length === 0 && !draft.isNumeric(named)) {
    const [column, other] = named.columns;
    if (column === undefined || other !== undefined) return undefined;
    return { ...base, task: "rows", figures: [{ aggregate: "max", of: { text: column.name, columns: [column] } }] };
  }
  if (/^w?c$/.test(symbols) && base.conditions.length > 0 && base.groups.length === 0 && !draft.isNumeric(named)) {
    const unique = named.columns.some(({ distinct }) => distinct === draft.table.rows);
    return unique ? { ...base, task: "rows" } : { ...base, figures: [COUNT], groups: [draft.key(named)] };
  }
  return /^[hw]?a?Ucr?$/.test(symbols) ? { ...base, figures: [draft.distinct(named)] } : undefined;
}

/** Figures of columns; of several values, those of each. */
function readPlain(draft: Draft, base: Plan): Plan | undefined {
  const daily = base.conditions.length > 0 && draft.all("b").every(({ bucket }) => bucket === "day");
  const noun = ({ symbol }: Item) => symbol === "r" || (daily && symbol === "b");
  draft.items = draft.items.filter((one) => !noun(one));
  if (!/^[kw]?(?:a+c|c)+a*$/.test(draft.symbols)) return undefined;
  const set = base.conditions.find(isSet);
  const groups = set === undefined || base.groups.length > 0 ? base.groups : [set.key];
  return { ...base, figures: readFigures(draft), groups };
}
