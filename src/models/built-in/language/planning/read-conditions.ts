import { type Draft, doubt, condition, type Made, isNumbering, isLinked } from "./draft.ts";
import { type Column, isFlag, isIdentity, NO_COLUMN } from "../columns.ts";
import type { Item } from "../items/item.ts";
import { UNIT_SIZES } from "../items/units.ts";
import { synonymsOf } from "../vocabulary.ts";
import type { Word } from "../words.ts";

/** "quantity times price", "profit divided by revenue", "price per sqft". */
export function readArithmetic(draft: Draft) {
  for (const sign of ["*", "/", "+", "-"]) {
    draft.reduce(new RegExp(`c[${sign}]a?c`), (matched) => {
      const [left, operator, right] = matched.length === 4 ? [matched[0], matched[1], matched[3]] : matched;
      return draft.joined(left, sign, right, operator === undefined ? "" : draft.text(operator.from, operator.to));
    });
  }
  // "revenue (quantity times unit price)" says what revenue is.
  draft.reduce(/[c?]?[c?]c/, (matched) => {
    const last = matched.at(-1);
    return last === undefined || last.of === undefined || draft.words[last.from]?.opens !== true ? undefined : [last];
  });
  draft.reduce(/QcB?&?c/, (matched) => draft.joined(matched[1], "/", matched.at(-1), ""));
  draft.reduce(/cpc/, ([left, , right]) => {
    const per = draft.words[(right?.from ?? 0) - 1]?.lower;
    if (left === undefined || right === undefined || draft.isKey(right) || !draft.isNumeric(left) || per !== "per")
      return undefined;
    return draft.joined(left, "/", right, "");
  });
}

/** "salary above 60000", "older than 40", "with 4 cylinders", "no rain". */
export function readComparisons(draft: Draft) {
  draft.reduce(/Bn&n/, ([first, low, , high]) => (first === undefined ? undefined : rangeOf(first, low, high)));
  draft.reduce(/B?n[-&]n/, () => undefined);
  draft.reduce(/nc?z/, (matched) => {
    const [number, named] = matched;
    const bound = matched.at(-1);
    if (number === undefined || bound === undefined) return undefined;
    const made = { ...bound, from: number.from, symbol: "x", number: number.number };
    return matched.length === 3 && named !== undefined ? [named, { ...made, from: named.to }] : [made];
  });
  draft.reduce(/oac|cg?oa$/, (matched) => aboveAverage(draft, matched));
  draft.reduce(/on/, ([operator, number]) =>
    operator === undefined || number === undefined
      ? undefined
      : [{ ...operator, to: number.to, symbol: "x", number: number.number, unit: number.unit }],
  );
  draft.reduce(/cp?xc?/, (matched) => compared(draft, matched));
  draft.reduce(/x[rc]/, ([bound, noun]) =>
    bound !== undefined &&
    noun !== undefined &&
    (noun.symbol === "r" || noun.columns.every((one) => isIdentity(one, draft.table.rows))) &&
    bound.superlative === undefined &&
    bound.unit === undefined &&
    /[wh]l?c/.test(draft.symbols)
      ? [{ ...bound, symbol: "v", columns: [] }]
      : undefined,
  );
  draft.reduce(/xc/, (matched) => compared(draft, matched));
  draft.reduce(/x/, (matched) => compared(draft, matched));
  readNone(draft);
  readNumbers(draft);
}

/** "no rain", "did it rain", "without a score". */
function readNone(draft: Draft) {
  // "On how many days did it rain?"
  draft.reduce(/hbc$/, ([much, bucket, named]) => {
    const [column, other] = named?.columns ?? [];
    const wasApplied = named !== undefined && draft.words[named.from - 1]?.lower === "it";
    if (
      !wasApplied ||
      column === undefined ||
      other !== undefined ||
      column.min !== 0 ||
      much === undefined ||
      bucket === undefined
    )
      return undefined;
    return [much, bucket, condition(named, { key: { column }, operator: ">", values: [0] })];
  });
  draft.reduce(/!c/, ([, column]) => (column === undefined ? undefined : noneOf(column)));
  draft.reduce(/(?:hr?)?[mc]+/, () => undefined);
  draft.reduce(/mc|cm/, (matched) => {
    const named = matched.find(({ symbol }) => symbol === "c");
    const [column, other] = named?.columns ?? [];
    if (named === undefined || column === undefined || other !== undefined) return undefined;
    return [condition(named, { key: { column }, operator: "is_missing", values: [] })];
  });
}

/** Numbers beside superlatives, nouns and columns: "5 largest", "order 12", "4 cylinders". */
function readNumbers(draft: Draft) {
  draft.reduce(/sn|ns/, ([first, second]) => {
    const [grade, number] = first?.symbol === "s" ? [first, second] : [second, first];
    return grade === undefined || number === undefined || number.unit !== undefined
      ? undefined
      : [
          {
            ...grade,
            from: Math.min(grade.from, number.from),
            to: Math.max(grade.to, number.to),
            number: number.number,
          },
        ];
  });
  draft.reduce(/n[cr]s/, (matched) => {
    const [number, target, grade] = matched;
    if (number === undefined || target === undefined || grade === undefined) return undefined;
    return [target, { ...grade, number: number.number }];
  });
  draft.reduce(/rn/, ([noun, number]) => {
    const [column, other] = draft.table.columns.filter(
      ({ parts, distinct }) => isNumbering(parts) && distinct === draft.table.rows,
    );
    if (noun?.to !== number?.from || number?.number === undefined || column === undefined || other !== undefined)
      return undefined;
    return [condition(number, { key: { column }, operator: "=", values: [number.number] })];
  });
  draft.reduce(/cn|nc/, (matched) => {
    const named = matched.find(({ symbol }) => symbol === "c");
    const number = matched.find(({ symbol }) => symbol === "n")?.number;
    const adjacent = isLinked(draft, matched[0]?.to ?? 0, matched[1]?.from ?? 0);
    const columns = (named?.columns ?? []).filter(({ type }) => type === "number");
    const [column, other] = columns;
    if (named === undefined || number === undefined || column === undefined || other !== undefined || !adjacent)
      return undefined;
    return [condition(named, { key: { column }, operator: "=", values: [number] })];
  });
}

/** "more than the average salary": the mean of all rows, which the table's description has. */
function aboveAverage(draft: Draft, matched: readonly Item[]): Made {
  const [bound, average, named] = ["o", "a", "c"].map((symbol) => matched.find((one) => one.symbol === symbol));
  if (bound?.operator === undefined || average === undefined || named === undefined || !draft.isNumeric(named))
    return undefined;
  const column = draft.numeric(named);
  const value =
    average.aggregate === "mean" || average.aggregate === "median" ? column.facts[average.aggregate] : undefined;
  if (typeof value !== "number") return undefined;
  if (draft.items.some(({ symbol }) => symbol === "F" || symbol === "p"))
    return doubt(`I am not sure whether you mean the ${average.aggregate} of all rows or of these.`);
  return [condition(named, { key: { column }, operator: bound.operator, values: [value] })];
}

function rangeOf(first: Item, low: Item | undefined, high: Item | undefined): Made {
  if (low?.number === undefined || high?.number === undefined) return undefined;
  return [
    {
      ...first,
      to: high.to,
      symbol: "x",
      number: low.number,
      unit: high.unit,
      operator: "between",
      options: [{ key: { column: NO_COLUMN }, operator: "between", values: [low.number, high.number] }],
    },
  ];
}

function compared(draft: Draft, matched: readonly Item[]): Made {
  const at = matched.findIndex(({ symbol }) => symbol === "x");
  const bound = matched[at];
  if (bound?.number === undefined || bound.operator === undefined) return undefined;
  const before = matched.slice(0, at).find(({ symbol }) => symbol === "c");
  const after = matched[at + 1];
  const means = bound.superlative?.means ?? [];
  const meant =
    means.length === 0
      ? []
      : draft.table.columns.filter(
          ({ type, parts }) => type === "number" && parts.some((part) => means.includes(part)),
        );
  const [near, far] = [numbers(after), numbers(before)];
  const both = near.filter((column) => far.includes(column));
  const kept: Item[] = [];
  let columns: readonly Column[];
  if (meant.length > 0) {
    columns = far.some((one) => meant.includes(one)) ? far.filter((one) => meant.includes(one)) : meant;
    if (before !== undefined && !far.some((one) => meant.includes(one))) kept.push(before);
    if (after !== undefined) return [...kept, ...(compared(draft, matched.slice(at, at + 1)) ?? []), after];
  } else if (both.length > 0) columns = both;
  else if (near.length > 0 && after?.from === bound.to) {
    columns = near;
    if (before !== undefined) kept.push(before);
  } else {
    columns = far;
    if (before !== undefined && draft.precededBy(before, "a"))
      return doubt(`I am not sure which rows "${draft.text(bound.from, bound.to)}" chooses.`);
    if (columns.length > 0 && after !== undefined) return [...(compared(draft, matched.slice(0, at + 1)) ?? []), after];
  }
  const kind = UNIT_SIZES[bound.unit ?? ""]?.kind;
  const numeric = draft.table.columns.filter(({ type }) => type === "number");
  const ofUnit = (columns.length === 0 && matched.length === 1 ? numeric : columns).filter(
    (one) => kind !== undefined && kind !== "age" && kindsOf(one).includes(kind),
  );
  if (ofUnit.length === 1) columns = ofUnit;
  const [column, other] = columns.length === 2 ? ofEnd(columns, bound.operator) : columns;
  if (column === undefined) {
    if (matched.length > 1) return undefined;
    const meantBy = ageOf(draft, bound) ?? moneyMeant(draft, bound);
    if (meantBy !== undefined)
      return [
        condition(bound, {
          key: { column: meantBy },
          operator: bound.operator,
          values: bound.options[0]?.values ?? [bound.number],
        }),
      ];
    return doubt(`I could not determine which column "${draft.text(bound.from, bound.to)}" is about.`);
  }
  if (other !== undefined) return draft.ambiguous(before ?? after ?? bound, columns);
  const values = (bound.options[0]?.values ?? [bound.number]).map((value) => Number(value) * unitFactor(bound, column));
  return [...kept, condition(bound, { key: { column }, operator: bound.operator, values })];
}

const kindsOf = ({ name }: Column): readonly string[] =>
  (name.toLowerCase().match(/[a-z0-9]+/g) ?? []).flatMap((part) => UNIT_SIZES[part]?.kind ?? []);

/** A unit after a number, turned into the column's; one that the column's name contradicts is a doubt. */
function unitFactor({ unit: word }: Item, column: Column): number {
  const unit = UNIT_SIZES[word ?? ""];
  if (unit === undefined) return 1;
  const own = column.name
    .toLowerCase()
    .match(/[a-z0-9]+/g)
    ?.flatMap((part) => UNIT_SIZES[part] ?? [])
    .find(({ kind }) => kind === unit.kind);
  const named = column.parts.some((part) => /^(?:age|year|yr|experience|old)$/.test(part));
  if (own === undefined && (word === "weeks" || word === "t" || (unit.kind === "age" && !named)))
    return doubt(`I am not sure what ${column.name} is measured in.`);
  return own === undefined ? 1 : unit.size / own.size;
}

/** "no rain": none of it where the column counts down to zero, a missing value where values are missing. */
function noneOf(named: Item): Made {
  const [column, other] = named.columns;
  if (column === undefined || other !== undefined) return undefined;
  const flag = isFlag(column);
  if (flag !== undefined) return [condition(named, { key: { column }, operator: "=", values: [flag.no] })];
  if ((column.missing ?? 0) > 0 && column.min === 0)
    return doubt(`I am not sure whether you mean rows where ${column.name} is 0 or where it is missing.`);
  if ((column.missing ?? 0) > 0) return [condition(named, { key: { column }, operator: "is_missing", values: [] })];
  const no = column.type === "text" ? column.values.find((value) => /^(?:no|none)$/i.test(value)) : undefined;
  if (no !== undefined) return [condition(named, { key: { column }, operator: "=", values: [no] })];
  if (column.type !== "number" || column.min !== 0) return undefined;
  return [condition(named, { key: { column }, operator: "=", values: [0] })];
}

const numbers = (one: Item | undefined) =>
  (one?.columns ?? []).filter(({ type, parts }) => type === "number" && !isNumbering(parts));

/** "people under 18": a whole number of years after a noun is an age, where one column has ages. */
function ageOf({ table, items, words }: Draft, { from, number = 0, unit }: Item): Column | undefined {
  const [age, other] = table.columns.filter(({ type, parts }) => type === "number" && parts.includes("age"));
  const before = items[items.findIndex((one) => one.from === from) - 1];
  const linked = words
    .slice(before?.to ?? 0, from)
    .every(({ lower }) => /^(?:who|that|are|is|were|was|aged)$/.test(lower));
  const fits = linked && Number.isInteger(number) && number <= 120 && (unit === undefined || unit.startsWith("year"));
  const isNoun =
    /^[rF]$/.test(before?.symbol ?? "") || before?.columns.some((one) => isIdentity(one, table.rows)) === true;
  return other === undefined && fits && isNoun ? age : undefined;
}

/** "orders above $1,000", "sold for more than 700k": the one column of money. */
const moneyMeant = ({ money, words, items }: Draft, { from, unit = "" }: Item): Column | undefined =>
  /^(?:dollar|euro)$/.test(UNIT_SIZES[unit]?.kind ?? "") ||
  (unit === "" && isAmountNoun(words[(items.findLast(({ to }) => to <= from)?.to ?? 0) - 1], money)) ||
  (unit === "" &&
    /^(?:for|costs?|costing|paid|pays?|priced|spent|worth|earns?|earning|earned|charged)$/.test(
      words[from - 1]?.lower ?? "",
    ))
    ? money
    : undefined;

/** "expenses above 2000" beside a column of amounts. */
const isAmountNoun = (noun: Word | undefined, money: Column | undefined): boolean =>
  synonymsOf(noun?.stem ?? "").some((one) => money?.parts.includes(one) === true);

/** Of a highest and a lowest value of the same, "warmer than" means the one and "colder than" the other. */
function ofEnd(columns: readonly Column[], operator: string): readonly Column[] {
  const end = operator.startsWith(">") ? "max" : "min";
  const fits = columns.filter(({ parts }) => parts.includes(end));
  return fits.length === 1 && columns.every(({ parts }) => parts.includes("max") || parts.includes("min"))
    ? fits
    : columns;
}
