import type { Word } from "../words.ts";
import { numberOf } from "../words.ts";

/** A period by its first and last day; `label` is its wording in the request. */
export type Period = {
  readonly first: string;
  readonly last: string;
  readonly label: string;
  /** Set for whole years, which also match a column of years. */
  readonly years: readonly [number, number] | undefined;
  /** Number of words. */
  readonly length: number;
};

const MONTHS: readonly string[] =
  "january february march april may june july august september october november december".split(" ");
export const MONTH_NAMES: readonly string[] = MONTHS.map((name) => name.slice(0, 1).toUpperCase() + name.slice(1));
const WEEKDAYS: readonly string[] = "monday tuesday wednesday thursday friday saturday sunday".split(" ");

/** The month a word names, counted from 1. */
export function monthOf(word: string | undefined): number | undefined {
  if (word === undefined || word.length < 3) return undefined;
  const at = MONTHS.findIndex(
    (name) =>
      name === word || (word !== "may" && (name.slice(0, 3) === word || (name === "september" && word === "sept"))),
  );
  return at < 0 ? undefined : at + 1;
}

/** The weekday a word names, with a capital. */
export function weekdayOf(word: string): string | undefined {
  const found = WEEKDAYS.find((name) => name === word || `${name}s` === word);
  return found === undefined ? undefined : found.slice(0, 1).toUpperCase() + found.slice(1);
}

const two = (value: number) => String(value).padStart(2, "0");
const dayText = (year: number, month: number, day: number) => `${year}-${two(month)}-${two(day)}`;
const lastDay = (year: number, month: number) => new Date(Date.UTC(year, month, 0)).getUTCDate();

/** The day before or after a day. */
export const shifted = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

const months = (year: number, [from, to]: readonly [number, number], label: string, length: number): Period => ({
  first: dayText(year, from, 1),
  last: dayText(year, to, lastDay(year, to)),
  label,
  years: from === 1 && to === 12 ? [year, year] : undefined,
  length,
});

function oneDay(year: number, month: number, day: number, length: number): Period | undefined {
  if (month < 1 || month > 12 || day < 1 || day > lastDay(year, month)) return undefined;
  const text = dayText(year, month, day);
  return { first: text, last: text, label: text, years: undefined, length };
}

export const yearOf = (word: string | undefined): number | undefined =>
  word !== undefined && /^(?:1[5-9]|20|21)\d\d$/.test(word) ? Number(word) : undefined;
const dayOf = (word: string | undefined): number | undefined => {
  const found = /^(\d{1,2})(?:st|nd|rd|th)?$/.exec(word ?? "");
  return found === null ? undefined : Number(found[1]);
};

const ORDINALS: { readonly [word: string]: number | undefined } = {
  first: 1,
  "1st": 1,
  second: 2,
  "2nd": 2,
  third: 3,
  "3rd": 3,
  fourth: 4,
  "4th": 4,
  last: 4,
};

/** The stretch of time that the words at a place name, if they name one; `dayFirst` reads 3/4/2024 as 3 April. */
export function periodAt(
  words: readonly Word[],
  at: number,
  dayFirst: boolean,
  usual: number | undefined,
): Period | undefined {
  const [word = "", next, third, fourth] = words.slice(at, at + 4).map(({ lower }) => lower);
  const iso = /^(\d{4})-(\d{2})(?:-(\d{2}))?$/.exec(word);
  if (iso !== null) {
    const [year, month, day] = [Number(iso[1]), Number(iso[2]), iso[3]];
    if (month < 1 || month > 12) return undefined;
    return day === undefined ? months(year, [month, month], word, 1) : oneDay(year, month, Number(day), 1);
  }
  const figures = /^(\d{1,2})[-.](\d{1,2})[-.](\d{4})$/.exec(word);
  if (figures !== null) {
    const [a, b, year] = [Number(figures[1]), Number(figures[2]), Number(figures[3])];
    const first = word.includes(".") || dayFirst || a > 12;
    return first && b <= 12 ? oneDay(year, b, a, 1) : oneDay(year, a, b, 1);
  }
  const decade = /^(\d{3})0s$/.exec(word);
  if (decade !== null) {
    const year = Number(decade[1]) * 10;
    return { ...months(year, [1, 12], word, 1), last: dayText(year + 9, 12, 31), years: [year, year + 9] };
  }
  return quarterAt([word, next, third, fourth], usual) ?? namedAt([word, next, third], usual) ?? yearAt(word);
}

/** The month that a word names alone, in a year that is said elsewhere. */
export function monthIn(word: Word | undefined, year: number | undefined): Period | undefined {
  const month = monthOf(word?.lower);
  if (month === undefined || year === undefined) return undefined;
  return months(year, [month, month], `${MONTH_NAMES[month - 1] ?? ""} ${year}`, 1);
}

/** The year at the end of a range or list, which those before it share: "February and April 2025". */
export function sharedYear(words: readonly Word[], at: number, dayFirst: boolean): number | undefined {
  const own = periodAt(words, at, dayFirst, LEAP_YEAR) ?? monthIn(words[at], LEAP_YEAR);
  if (own === undefined || own.years !== undefined) return undefined;
  let next = at + own.length;
  const joined = words[next]?.opens === true;
  if (/^(?:and|or|to|until|till|through)$/.test(words[next]?.lower ?? "")) next += 1;
  else if (!joined) return undefined;
  if (/^(?:the|in|during)$/.test(words[next]?.lower ?? "")) next += 1;
  const dated = periodAt(words, next, dayFirst, undefined);
  if (dated === undefined) return sharedYear(words, next, dayFirst);
  return dated.years === undefined ? Number(dated.first.slice(0, 4)) : undefined;
}

/** Has every day that a year can have. */
const LEAP_YEAR = 2000;

type Spoken = readonly (string | undefined)[];

function quarterAt([word = "", next, third, fourth]: Spoken, usual: number | undefined) {
  const short = /^q([1-4])$/.exec(word)?.[1] ?? /^([1-4])q$/.exec(word)?.[1];
  const joined = /^(?:(\d{4})-?q([1-4])|q([1-4])-(\d{4}))$/.exec(word);
  const quarter = (year: number, number: number, length: number) =>
    months(year, [number * 3 - 2, number * 3], `${year}-Q${number}`, length);
  if (joined !== null) return quarter(Number(joined[1] ?? joined[4]), Number(joined[2] ?? joined[3]), 1);
  const yearAfter = (one: string | undefined, other: string | undefined, length: number) => {
    const linked = one === "of" || one === "in";
    const year = yearOf(linked ? other : one);
    return year === undefined ? ([usual, length] as const) : ([year, length + (linked ? 2 : 1)] as const);
  };
  if (short !== undefined) {
    const [year, length] = yearAfter(next, third, 1);
    return year === undefined ? undefined : quarter(year, Number(short), length);
  }
  const ordinal = ORDINALS[word];
  if (ordinal === undefined || (next !== "quarter" && next !== "half")) return undefined;
  const [year, length] = yearAfter(third, fourth, 2);
  if (year === undefined || (next === "half" && ordinal > 2)) return undefined;
  if (next === "quarter") return quarter(year, ordinal, length);
  return months(year, [ordinal * 6 - 5, ordinal * 6], `the ${word} half of ${year}`, length);
}

function namedAt([word = "", next, third]: Spoken, usual: number | undefined): Period | undefined {
  const month = monthOf(word);
  if (month !== undefined) {
    const year = yearOf(next) ?? (next === "of" ? yearOf(third) : undefined);
    if (year !== undefined)
      return months(year, [month, month], `${MONTH_NAMES[month - 1] ?? ""} ${year}`, next === "of" ? 3 : 2);
    const [day, after] = [dayOf(next), yearOf(third)];
    return day === undefined ? undefined : dayIn([after, usual], month, day, 3);
  }
  const day = dayOf(word);
  const named = monthOf(next);
  return day === undefined || named === undefined ? undefined : dayIn([yearOf(third), usual], named, day, 3);
}

/** A day of the year that is named or, one word shorter, of the usual one. */
const dayIn = ([named, usual]: readonly (number | undefined)[], month: number, day: number, length: number) => {
  const year = named ?? usual;
  return year === undefined ? undefined : oneDay(year, month, day, named === undefined ? length - 1 : length);
};

function yearAt(word: string): Period | undefined {
  const year = yearOf(word);
  return year === undefined ? undefined : months(year, [1, 12], word, 1);
}

/** An hour of the day as words name it: "6 pm", "18:00" (whose minutes are left out by the reader of words). */
export function hourAt(
  words: readonly Word[],
  at: number,
): { readonly hour: number; readonly length: number } | undefined {
  const [word = "", next] = words.slice(at, at + 2).map(({ lower }) => lower);
  const joined = /^(\d{1,2})(am|pm)$/.exec(word);
  const half = joined?.[2] ?? (next === "am" || next === "pm" ? next : undefined);
  const clock = joined === null ? numberOf(word) : Number(joined[1]);
  if (word === "noon") return { hour: 12, length: 1 };
  if (half === undefined || clock === undefined || clock < 1 || clock > 12) return undefined;
  return { hour: (clock % 12) + (half === "pm" ? 12 : 0), length: joined === null ? 2 : 1 };
}
