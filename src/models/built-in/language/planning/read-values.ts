import { type Draft, doubt, Doubt, condition, negated, sameKey, type Made, isLinked } from "./draft.ts";
import { isFlag, isIdentity, NO_COLUMN } from "../columns.ts";
import type { Item } from "../items/item.ts";
import { isInflected } from "../items/named.ts";
import { needsNaming } from "../items/dated.ts";
import type { Condition } from "./plan.ts";
import { listed } from "../wording.ts";

export function readValues(draft: Draft) {
  draft.reduce(/cp?!?F/, (matched) => {
    const [named, value] = [matched[0], matched.at(-1)];
    if (named === undefined || value === undefined || draft.precededBy(named, "p") || draft.precededBy(named, "w"))
      return undefined;
    const joined = joins(named, value);
    if (joined === undefined || (value.options.length > 1 && !isLinked(draft, named.to, value.from))) return undefined;
    return [...matched.slice(1, -1).filter(({ symbol }) => symbol !== "p"), ...joined];
  });
  draft.items = draft.items.map((one) => (one.symbol === "F" ? { ...one, options: [resolved(draft, one)] } : one));
  draft.reduce(/!F(?:[&|]F)*/, ([, ...values]) => {
    const own = values.filter(({ symbol }) => symbol === "F");
    return own.map((one) => ({ ...one, options: one.options.map(negated) }));
  });
}

/** The one condition that a value means: by the word before it where columns have it both. */
export function resolved(draft: Draft, value: Item): Condition {
  const [only, other] = value.options;
  if (only === undefined) return doubt("I lost a value.");
  const text = draft.text(value.from, value.to);
  if (other === undefined) {
    const spoken = draft.words.some(({ lower, stem: root }) =>
      only.key.column.parts.some((part) => part === root || isInflected(part, lower)),
    );
    if (needsNaming(only) && !spoken) return doubt(`I am not sure that "${text}" is about ${only.key.column.name}.`);
    return only;
  }
  const before = draft.words[value.from - 1]?.lower;
  const wanted =
    before === "to" ? /^(?:dest|to|arrival)/ : before === "from" ? /^(?:origin|from|source|departure)/ : undefined;
  const fits = value.options.filter(
    ({ key }) => wanted !== undefined && key.column.parts.some((part) => wanted.test(part)),
  );
  const [fit] = fits;
  if (fit !== undefined && fits.length === 1) return fit;
  const meant = draft.spoken(value.options.map(({ key }) => key.column));
  const named = value.options.find(({ key }) => key.column === meant);
  if (named !== undefined) return named;
  // "What department is Flo Kim in?" is asked of the row that is Flo Kim's own.
  const owned = value.options.filter(({ key }) => isIdentity(key.column, draft.table.rows));
  const asked = draft.items[1];
  if (
    owned[0] !== undefined &&
    owned.length === 1 &&
    draft.symbols === "wcF" &&
    asked?.to !== undefined &&
    isLinked(draft, asked.to, value.from)
  )
    return owned[0];
  const unnamed = value.options.filter((one) => !needsNaming(one));
  const [last] = unnamed;
  if (last !== undefined && unnamed.length === 1 && last.key.column.type === "date") return last;
  throw new Doubt(
    `"${text}" could be in ${listed(
      value.options.map(({ key }) => key.column.name),
      "or",
    )}. Which one do you mean?`,
  );
}

/** Columns of yes and no are conditions where they do not group: "smokers", "cancelled". */
export function readFlags(draft: Draft) {
  // "Do homes with a pool cost more than homes without?"
  if (
    /[gtoe]/.test(draft.symbols) &&
    !/[snxv]/.test(draft.symbols) &&
    /^(?:do|does|did|are|is|compare)$/.test(draft.words[0]?.lower ?? "")
  )
    readOpposites(draft);
  draft.reduce(/c/, ([named]) => {
    const [column, other] = named?.columns ?? [];
    if (
      named === undefined ||
      column === undefined ||
      other !== undefined ||
      draft.precededBy(named, "a") ||
      draft.precededBy(named, "w")
    )
      return undefined;
    const flag = isFlag(column);
    const at = draft.items.indexOf(named);
    if (
      flag === undefined ||
      draft.items[at + 1]?.symbol === "R" ||
      draft.precededBy(named, "U") ||
      draft.precededBy(named, "M")
    )
      return undefined;
    return [condition(named, { key: { column }, operator: "=", values: [flag.yes] })];
  });
}

/** A column of yes and no, set against its opposite. */
function readOpposites(draft: Draft) {
  const at = draft.items.findLastIndex(({ symbol }) => symbol === "t" || symbol === "o" || symbol === "e");
  const flags = draft.items.filter(
    ({ symbol, columns }) => symbol === "c" && columns.length === 1 && isFlag(columns[0] ?? NO_COLUMN) !== undefined,
  );
  const [flag, again] = flags;
  const [column] = flag?.columns ?? [];
  const values = column === undefined ? undefined : isFlag(column);
  const joint = draft.items[at];
  if (flag === undefined || column === undefined || values === undefined || joint === undefined) return;
  const after = draft.words.slice(joint.to);
  const before = draft.items.indexOf(flag) < at;
  const rest = draft.items.slice(at + 1).filter((one) => !flags.includes(one) && !/[!r]/.test(one.symbol));
  const opposed =
    before && after.some(({ lower }) => /^(?:without|others?|rest|non|not|don't|doesn't|didn't|no)$/.test(lower));
  if (!opposed || rest.length > 0 || (again !== undefined && again.columns[0] !== column)) return;
  draft.items = draft.items
    .filter((one, place) => (one !== again && place <= at) || one.symbol === "r")
    .map((one) =>
      one === flag ? condition(one, { key: { column }, operator: "=", values: [values.yes, values.no] }) : one,
    );
}

/** Whether a value owns what stands after it: "Ann's". */
export const isOwner = ({ words }: Draft, { to }: Item): boolean => /['’]s?$/.test(words[to - 1]?.text ?? "");

/** Verbs that name a column of dates, and nouns after a value, which say nothing more: "opened", "American customers". */
export function dropNouns(draft: Draft) {
  draft.items = draft.items.flatMap((one, at) => {
    const [column, other] = one.columns;
    if (one.symbol !== "c" || column === undefined || one.of !== undefined) return [one];
    const before = draft.items[at - 1];
    if (
      before?.symbol === "F" &&
      before.to === one.from &&
      !isOwner(draft, before) &&
      one.columns.every(({ type }) => type === "text") &&
      draft.items[at + 1]?.symbol !== "s"
    )
      return [];
    const dates = one.columns.filter(({ type }) => type === "date");
    if (dates.length !== 1 || !/(?:ed|lt|de|en|wn)$/.test(draft.words[one.from]?.lower ?? "")) return [one];
    if (other !== undefined) return [];
    return (column.missing ?? 0) > 0 ? [condition(one, { key: { column }, operator: "not_missing", values: [] })] : [];
  });
}

/** Two values of one column are one condition with both. */
export function mergeValues(draft: Draft) {
  const merged: Item[] = [];
  for (const one of draft.items) {
    const [own] = one.options;
    const at = merged.findIndex(
      ({ symbol, options: [known] }) =>
        symbol === "F" &&
        one.symbol === "F" &&
        known !== undefined &&
        own !== undefined &&
        sameKey(known.key, own.key) &&
        known.operator === own.operator &&
        /^!?=$/.test(own.operator),
    );
    const first = merged[at]?.options[0];
    if (first === undefined || own === undefined) merged.push(one);
    else {
      const joint = merged.at(-1);
      if (joint?.symbol === "&" || joint?.symbol === "|") {
        if (joint.symbol === "|") draft.either = true;
        merged.pop();
      }
      merged[at] = {
        ...one,
        from: merged[at]?.from ?? one.from,
        options: [{ ...first, values: [...new Set([...first.values, ...own.values])] }],
      };
    }
  }
  draft.items =
    /[egtoDk]|F[&|]?F/.test(draft.symbols) || draft.words[0]?.lower === "which" ? mergePeriods(merged) : merged;
  const clash = draft.items
    .filter(({ symbol }) => symbol === "F")
    .map(({ options }) => options[0])
    .filter((one) => one !== undefined);
  const twice = clash.find(
    (one, at) =>
      clash.findIndex(
        (other) =>
          sameKey(one.key, other.key) && /^(?:=|between)$/.test(one.operator) && one.operator === other.operator,
      ) < at,
  );
  if (twice !== undefined && /^(?:=|between)$/.test(twice.operator))
    doubt(`I do not compare two stretches of ${twice.key.column.name} in one question; ask for each.`);
}

const BUCKETS = [
  ["year", /^\d{4}$/],
  ["quarter", /^\d{4}-Q\d$/],
  ["month", /^(?:\w+ \d{4}|\d{4}-\d\d)$/],
  ["day", /^\d{4}-\d\d-\d\d$/],
] as const;

/** Years, quarters, months or days that are compared or listed: one condition with all of them. */
function mergePeriods(items: readonly Item[]): readonly Item[] {
  const periods = items.filter(
    ({ symbol, options: [one] }) => symbol === "F" && one?.label !== undefined && one.operator === "between",
  );
  const [first] = periods;
  const last = periods.at(-1);
  const all = periods.flatMap(({ options: [one] }) => one ?? []);
  const [own] = all;
  if (first === undefined || last === undefined || own === undefined || all.length < 2) return items;
  const bucket = BUCKETS.find(([, shape]) => all.every(({ label = "" }) => shape.test(label)))?.[0];
  if (bucket === undefined || !all.every(({ key }) => sameKey(own.key, key))) return items;
  const values = all.map(({ label = "", values: [day = ""] }) =>
    bucket === "year" ? Number(label) : bucket === "month" ? String(day).slice(0, 7) : label,
  );
  const both = {
    ...last,
    from: first.from,
    options: [{ key: { ...own.key, bucket }, operator: "=", values } as const],
  };
  return items.flatMap((one, place) => {
    if (one === last) return [both];
    const next = items[place + 1];
    return periods.includes(one) || (/[&|]/.test(one.symbol) && next !== undefined && periods.includes(next))
      ? []
      : [one];
  });
}

/** A value whose column is named beside it. */
const joins = (named: Item, value: Item): Made => {
  const own = value.options.filter(({ key }) => named.columns.includes(key.column));
  return own.length === 0
    ? undefined
    : [{ ...value, from: Math.min(named.from, value.from), to: Math.max(named.to, value.to), options: own }];
};
