import { type Table, textOf } from "../columns.ts";
import { type Item, item } from "./item.ts";
import {
  hourAt,
  monthIn,
  monthOf,
  MONTH_NAMES,
  periodAt,
  type Period,
  sharedYear,
  shifted,
  weekdayOf,
  yearOf,
} from "./periods.ts";
import type { Condition, Operator } from "../planning/plan.ts";
import type { Word } from "../words.ts";

/** Columns that a time without a column's name can be about: not dates of birth or hiring. */
const EVENTS = new Set(["hire", "hired", "birth", "born", "dob", "founded", "built", "joined", "join"]);

const dateColumns = ({ columns }: Table) => columns.filter(({ type }) => type === "date");

const PREFIXES: { readonly [word: string]: Operator | undefined } = {
  since: ">=",
  from: ">=",
  after: ">",
  before: "<",
  until: "<=",
  till: "<=",
  through: "<=",
  by: "<=",
};

/** Words after which a month without a year is of the only year there is. */
const ENDS = /^(?:since|after|before|until|till|through)$/;

/** A time and the word before it: "since 2021", "between 1 March 2024 and 30 June 2024", "on Mondays", "after 6 pm". */
export function dateAt(words: readonly Word[], at: number, table: Table, value: Item | undefined): Item | undefined {
  const dayFirst = dateColumns(table).some(({ dayFirst: first }) => first === true);
  const isUpTo = words[at]?.lower === "up" && words[at + 1]?.lower === "to";
  const word = isUpTo ? "until" : (words[at]?.lower ?? "");
  let start = isUpTo ? at + 1 : at;
  const prefix = Object.hasOwn(PREFIXES, word) ? word : undefined;
  const opening =
    prefix !== undefined || ["in", "during", "on", "of", "for", "between", "at", "over", "within"].includes(word);
  if (opening) start += 1;
  if (words[start]?.lower === "up" || words[start]?.lower === "and") return undefined;
  while (["the", "including", "year", "month"].includes(words[start]?.lower ?? "")) start += 1;
  if (["start", "beginning"].includes(words[start]?.lower ?? "") && words[start + 1]?.lower === "of") start += 2;
  const year = onlyYear(table);
  const shared = sharedYear(words, start, dayFirst);
  const joint = rangeJoint(words, word);
  // Both ends of "between February and April" have no year.
  const [from = "", to = "", until = ""] = words.slice(start, start + 3).map(({ lower }) => lower);
  const isOpen = shared === undefined && isNamed(from) && joint.test(to) && isNamed(until);
  const known = shared ?? year;
  const first =
    periodAt(words, start, dayFirst, known) ?? monthIn(words[start], isOpen || ENDS.test(word) ? year : shared);
  if (first === undefined && isOpen) return item("?", at, start + 3);
  if (first !== undefined) {
    // "over 2000" beside dates of 2024 is an amount.
    if (word === "over" && first.years !== undefined && isOutside(table, first.years[0])) return undefined;
    if (
      first.years !== undefined &&
      first.length === 1 &&
      !opening &&
      at > 0 &&
      words[at - 1]?.opens === false &&
      /^(?:above|over|than|least|most|below|under|is|top|to|and|or)$/.test(words[at - 1]?.lower ?? "") &&
      !(/^(?:and|or)$/.test(words[at - 1]?.lower ?? "") && yearOf(words[at - 2]?.lower) !== undefined)
    )
      return undefined;
    let end = start + first.length;
    let last: Period | undefined;
    if (joint.test(words[end]?.lower ?? "")) {
      const next = words[end + 1]?.lower === "the" ? end + 2 : end + 1;
      const own = Number(first.first.slice(0, 4));
      last = periodAt(words, next, dayFirst, known) ?? monthIn(words[next], own);
      if (last === undefined && opening) return undefined;
      end = last === undefined ? end : next + last.length;
      if (last !== undefined && last.last < first.first) return item("?", at, end);
    } else if (word === "between") return undefined;
    let operator = last === undefined && prefix !== undefined ? PREFIXES[prefix] : undefined;
    if (["onwards", "onward", "on"].includes(words[end]?.lower ?? "")) {
      operator = ">=";
      end += 1;
    } else if (word === "from") operator = undefined;
    if (words[end]?.lower === "or" && /^(?:later|after|earlier|before)$/.test(words[end + 1]?.lower ?? "")) {
      operator = /^(?:later|after)$/.test(words[end + 1]?.lower ?? "") ? ">=" : "<=";
      end += 2;
    }
    const options = periodOptions(table, first, last, operator);
    return options.length === 0 ? undefined : item("F", at, end, { options });
  }
  return recurringAt(words, [at, start], table, value);
}

const isNamed = (word: string): boolean => (monthOf(word) ?? weekdayOf(word)) !== undefined;

/** Words between the two ends of a range: none where two stretches are compared. */
function rangeJoint(words: readonly Word[], opening: string): RegExp {
  if (words.some(({ lower }) => /^(?:compar\w+|differ\w*|gap|versus|vs)$/.test(lower))) return /^\b$/;
  return opening === "between" ? /^(?:and|to)$/ : /^(?:to|until|till|through)$/;
}

const isOutside = (table: Table, year: number): boolean =>
  dateColumns(table).every(
    ({ min, max }) => year < Number(textOf(min).slice(0, 4)) || year > Number(textOf(max).slice(0, 4)),
  );

/** The year of all dates, which a day without a year then is of. */
function onlyYear(table: Table): number | undefined {
  const years = dateColumns(table).flatMap(({ min, max }) => [min, max].map((day) => Number(textOf(day).slice(0, 4))));
  return new Set(years).size === 1 ? years[0] : undefined;
}

function periodOptions(
  table: Table,
  first: Period,
  last: Period | undefined,
  operator: Operator | undefined,
): readonly Condition[] {
  const label = last === undefined ? first.label : `${first.label} to ${last.label}`;
  const until = last ?? first;
  const bounds = (
    from: number | string,
    to: number | string,
    day: (one: number | string, days: number) => number | string,
  ): Pick<Condition, "operator" | "values"> => {
    if (operator === ">=") return { operator, values: [from] };
    if (operator === ">") return { operator: ">=", values: [day(to, 1)] };
    if (operator === "<") return { operator, values: [from] };
    if (operator === "<=") return { operator: "<", values: [day(to, 1)] };
    return { operator: "between", values: [from, to] };
  };
  const dates = dateColumns(table).map((column): Condition => ({
    key: { column },
    ...bounds(first.first, until.last, (day, days) => shifted(String(day), days)),
    label: operator === undefined ? label : undefined,
  }));
  const [from, to] = [first.years?.[0], until.years?.[1]];
  const years =
    from === undefined || to === undefined
      ? []
      : table.columns
          .filter(
            ({ type, parts, min, max }) =>
              type === "number" && parts.includes("year") && Number(min) > 1000 && Number(max) < 2200,
          )
          .map((column): Condition => {
            const bound = bounds(from, to, (year, step) => Number(year) + step);
            return bound.operator === "between" && from === to
              ? { key: { column }, operator: "=", values: [from] }
              : { key: { column }, ...bound };
          });
  const exact = years.filter(({ key }) => key.column.parts.length === 1);
  return exact.length > 0 ? exact : [...dates, ...years];
}

/** Times that come again: months without a year, days of the week, hours. */
function recurringAt(
  words: readonly Word[],
  [at, start]: readonly [number, number],
  table: Table,
  value: Item | undefined,
): Item | undefined {
  const columns = dateColumns(table);
  const word = words[start];
  if (word === undefined || columns.length === 0) return undefined;
  const opened = start > at;
  const month = monthOf(word.lower);
  if (
    month !== undefined &&
    value === undefined &&
    (opened || /^\p{Lu}/u.test(word.text)) &&
    (word.lower !== "may" || opened || word.text === "May")
  ) {
    if (opened && /^(?:since|after|before|until|from|by|between)$/.test(words[at]?.lower ?? "")) return undefined;
    const options = columns.map((column): Condition => ({
      key: { column, bucket: "month_of_year" },
      operator: "=",
      values: [MONTH_NAMES[month - 1] ?? ""],
    }));
    return item("F", at, start + 1, { options });
  }
  const weekday = weekdayOf(word.lower);
  const days =
    word.lower === "weekend" || word.lower === "weekends"
      ? ["Saturday", "Sunday"]
      : weekday === undefined || value !== undefined
        ? []
        : [weekday];
  if (days.length > 0) {
    if (opened && words[at]?.lower === "between") return undefined;
    return item("F", at, start + 1, {
      options: columns.map((column): Condition => ({
        key: { column, bucket: "weekday" },
        operator: "=",
        values: days,
      })),
    });
  }
  const hour = hourAt(words, start);
  const operator = PREFIXES[words[at]?.lower ?? ""];
  if (hour === undefined || operator === undefined) return undefined;
  const bound: Operator = operator === ">" ? ">=" : operator === "<=" ? "<" : operator;
  return item("F", at, start + hour.length, {
    options: columns.map((column): Condition => ({
      key: { column, bucket: "hour" },
      operator: bound,
      values: [hour.hour],
    })),
  });
}

/** Conditions on times whose column the request has to name. */
export const needsNaming = ({ key }: Condition): boolean =>
  (key.column.type === "date" || key.column.parts.includes("year")) &&
  key.column.parts.some((part) => EVENTS.has(part));
