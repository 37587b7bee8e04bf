import type { Column, Table } from "./columns.ts";
import { type Match, matchColumns, type PlacedWord } from "./matching.ts";
import { adjectiveMeans, STOP_WORDS } from "./vocabulary.ts";
import { numberOf, wordsOf } from "./words.ts";

export type Operator = "=" | "!=" | ">" | ">=" | "<" | "<=";

/** A filter on one column. Several values of `=` mean any of them, of `!=` none of them. */
export type Condition = {
  readonly column: Column;
  readonly operator: Operator;
  readonly values: readonly (string | number)[];
  /** Indexes of the words it was read from. */
  readonly at: readonly number[];
};

/** The filters that a request's words ask for, read with the columns and the frequent values of its table. */
export function conditionsOf(words: readonly PlacedWord[], table: Table): readonly Condition[] {
  const readers = [comparisons, statements, years, mentions];
  const found = readers.reduce<readonly Condition[]>((taken, read) => {
    const free = read(words, table).filter(
      ({ at }) => !taken.some((one) => one.at.some((index) => at.includes(index))),
    );
    return [...taken, ...free];
  }, []);
  return merged(found);
}

const COMPARATORS: { readonly [words: string]: Operator | undefined } = {
  "at least": ">=",
  "no less than": ">=",
  since: ">=",
  from: ">=",
  "at most": "<=",
  "no more than": "<=",
  "up to": "<=",
  until: "<=",
  above: ">",
  over: ">",
  exceeding: ">",
  after: ">",
  below: "<",
  under: "<",
  before: "<",
};
/** Comparatives before "than" that mean less; all others mean more. */
const LESS = new Set(
  "less fewer lower smaller shorter lighter younger cheaper earlier slower colder narrower thinner".split(" "),
);

/** A comparison's operator and the words it takes, its value not included. */
type Bound = { readonly operator: Operator; readonly at: number; readonly length: number };
/** What a bound limits: the value, and the index of the word after it. */
type Limit = { readonly value: number | string; readonly end: number };

function boundAt(words: readonly PlacedWord[], at: number): Bound | undefined {
  for (const length of [3, 2, 1]) {
    const phrase = words.slice(at, at + length).map(({ lower }) => lower);
    const operator = COMPARATORS[phrase.join(" ")];
    if (operator !== undefined) return { operator, at, length };
  }
  const [word, than] = words.slice(at, at + 2).map(({ lower }) => lower);
  if (than !== "than" || word === undefined || !/er$|^(?:more|less)$/.test(word)) return undefined;
  return { operator: LESS.has(word) ? "<" : ">", at, length: 2 };
}

/** "above 100", "more than 5 units", "between 10 and 20", "since 2024-01-01". */
function comparisons(words: readonly PlacedWord[], table: Table): readonly Condition[] {
  return words.flatMap((word, at): readonly Condition[] => {
    const low = literal(words[at + 1]);
    const high = literal(words[at + 3]);
    const joint = words[at + 2]?.lower;
    const range = (word.lower === "between" && joint === "and") || (word.lower === "from" && joint === "to");
    if (range && low !== undefined && high !== undefined) {
      const compared = comparedColumn(words, table, { operator: ">=", at, length: 1 }, { value: low, end: at + 4 });
      if (compared === undefined) return [];
      const { column } = compared;
      const indexes = [...compared.at, at, at + 1, at + 2, at + 3];
      return [
        { column, operator: ">=", values: [low], at: indexes },
        { column, operator: "<=", values: [high], at: indexes },
      ];
    }
    const bound = boundAt(words, at);
    const dated = bound === undefined ? [] : yearBound(words, table, bound);
    if (dated.length > 0) return dated;
    const value = bound === undefined ? undefined : literal(words[at + bound.length]);
    if (bound === undefined || value === undefined) return [];
    const compared = comparedColumn(words, table, bound, { value, end: at + bound.length + 1 });
    if (compared === undefined) return [];
    const indexes = [...compared.at, ...Array.from({ length: bound.length + 1 }, (_, offset) => at + offset)];
    return [{ column: compared.column, operator: bound.operator, values: [value], at: indexes }];
  });
}

const ISO_DATE = /^\d{4}-\d{2}(?:-\d{2})?$/;

const literal = (word: PlacedWord | undefined): number | string | undefined => {
  if (word === undefined) return undefined;
  return ISO_DATE.test(word.lower) ? word.lower : numberOf(word.lower);
};

/** The column a bound is about: meant by its comparative, named just before it, just after its value, or the only one. */
function comparedColumn(
  words: readonly PlacedWord[],
  table: Table,
  { at, length }: Bound,
  { value, end }: Limit,
): Pick<Match, "column" | "at"> | undefined {
  const type = typeof value === "string" ? "date" : "number";
  const columns = table.columns.filter((column) => column.type === type);
  const comparative = words.slice(at, at + length).flatMap(({ lower }) => adjectiveMeans(lower));
  const meant = columns.filter(({ parts }) => parts.some((part) => comparative.includes(part)));
  if (meant.length > 0) {
    const [first] = meant;
    const named = matchColumns(meant, words.slice(Math.max(0, at - 3), at + length))[0];
    return named ?? (first === undefined ? undefined : { column: first, at: [] });
  }
  const windows = [
    words.slice(Math.max(0, at - 3), at),
    words.slice(Math.max(0, at - 6), at),
    words.slice(end, end + 2),
  ];
  const named = windows.map((window) => matchColumns(columns, window)[0]).find((match) => match !== undefined);
  const [only] = columns;
  return named ?? (only !== undefined && columns.length === 1 ? { column: only, at: [] } : undefined);
}

const OPENERS = new Set(["where", "whose", "with", "having", "when", "if", "and", "only", "which", "that", "for"]);
const LINKS = new Set(["is", "are", "equals", "equal", "was", "were"]);
const NEGATIONS = new Set(["not", "isn't", "except", "excluding", "exclude", "without", "no", "non"]);

/** "where island is Dream", "with status = open or closed": also values that no list shows. */
function statements(words: readonly PlacedWord[], table: Table): readonly Condition[] {
  return words.flatMap((word, at): readonly Condition[] => {
    if (!LINKS.has(word.lower)) return [];
    const from = words.slice(0, at).findLastIndex(({ lower }) => OPENERS.has(lower));
    if (from < 0 || at - from > 5 || words[from]?.lower === "which") return [];
    const column = matchColumns(table.columns, words.slice(from + 1, at))[0]?.column;
    if (column === undefined) return [];
    let next = at + 1;
    const negated = NEGATIONS.has(words[next]?.lower ?? "");
    if (negated) next += 1;
    if (words[next]?.lower === "to" || words[next]?.lower === "either") next += 1;
    const values: (string | number)[] = [];
    for (;;) {
      const read = readValue(words, next, column);
      if (read === undefined) break;
      values.push(read.value);
      next = read.end;
      if (words[next]?.lower !== "or") break;
      next += 1;
    }
    if (values.length === 0) return [];
    const indexes = Array.from({ length: next - from }, (_, offset) => from + offset);
    return [{ column, operator: negated ? "!=" : "=", values, at: indexes }];
  });
}

type ReadValue = { readonly value: string | number; readonly end: number };

/** One value at a place: the longest known one, a number, or the word itself. */
function readValue(words: readonly PlacedWord[], at: number, column: Column): ReadValue | undefined {
  const word = words[at];
  if (word === undefined) return undefined;
  const known = knownValue(words, at, column.values);
  if (known !== undefined) return known;
  const number = column.type === "text" ? undefined : literal(word);
  if (number !== undefined) return { value: number, end: at + 1 };
  if (column.type === "number" || STOP_WORDS.has(word.lower)) return undefined;
  return { value: word.text, end: at + 1 };
}

/** The longest of `values` whose words stand at a place, in any case and number. */
function knownValue(words: readonly PlacedWord[], at: number, values: readonly string[]): ReadValue | undefined {
  let best: ReadValue | undefined;
  for (const value of values) {
    const own = wordsOf(value);
    const end = at + own.length;
    const same = own.every((part, offset) => {
      const word = words[at + offset];
      return word !== undefined && (word.lower === part.lower || (part.lower.length > 3 && word.stem === part.stem));
    });
    if (own.length > 0 && same && end > (best?.end ?? 0)) best = { value, end };
  }
  return best;
}

const YEAR = /^(?:1[5-9]|20|21)\d\d$/;

const MONTHS: readonly string[] =
  "january february march april may june july august september october november december".split(" ");

/** The first day of a month, counted from 0, and of the next one. */
const monthOf = (year: number, month: number): readonly [string, string] => {
  const first = (months: number) =>
    `${year + Math.floor(months / 12)}-${String((months % 12) + 1).padStart(2, "0")}-01`;
  return [first(month), first(month + 1)];
};

const TEMPORAL = new Set(["since", "from", "after", "before", "until"]);

/** "since 2008": never a limit of another number. */
function yearBound(words: readonly PlacedWord[], table: Table, { operator, at, length }: Bound): readonly Condition[] {
  const word = words[at + length];
  if (!TEMPORAL.has(words[at]?.lower ?? "") || word === undefined || !YEAR.test(word.lower)) return [];
  const indexes = [at, word.index];
  const yearly = table.columns.find(({ type, parts }) => type === "number" && parts.includes("year"));
  if (yearly !== undefined) return [{ column: yearly, operator, values: [Number(word.lower)], at: indexes }];
  const daily = table.columns.find(({ type }) => type === "date");
  const day = operator === ">" || operator === "<=" ? "12-31" : "01-01";
  return daily === undefined ? [] : [{ column: daily, operator, values: [`${word.lower}-${day}`], at: indexes }];
}

/** "in 2008" on a column of years, and "in 2008" or "in March 2008" within a column of dates. */
function years(words: readonly PlacedWord[], table: Table): readonly Condition[] {
  return words.flatMap((word): readonly Condition[] => {
    if (!YEAR.test(word.lower)) return [];
    const year = Number(word.lower);
    const before = words[word.index - 1]?.lower;
    const at = before === "in" || before === "year" ? [word.index - 1, word.index] : [word.index];
    const yearly = table.columns.find(
      ({ type, parts, min, max }) =>
        type === "number" &&
        parts.includes("year") &&
        (typeof min !== "number" || min <= year) &&
        (typeof max !== "number" || max >= year),
    );
    if (yearly !== undefined) return [{ column: yearly, operator: "=", values: [year], at }];
    const daily = table.columns.find(({ type }) => type === "date");
    if (daily === undefined) return [];
    const month = MONTHS.findIndex((name) => before === name || (name.slice(0, 3) === before && name !== "may"));
    const [from, to] = month < 0 ? [`${year}-01-01`, `${year + 1}-01-01`] : monthOf(year, month);
    const indexes = month < 0 ? at : [word.index - 1, word.index];
    return [
      { column: daily, operator: ">=", values: [from], at: indexes },
      { column: daily, operator: "<", values: [to], at: indexes },
    ];
  });
}

/** Words that are a frequent value of some column: "female", "on Biscoe", "New York". */
function mentions(words: readonly PlacedWord[], table: Table): readonly Condition[] {
  const found: Condition[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at];
    if (word === undefined || STOP_WORDS.has(word.lower) || numberOf(word.lower) !== undefined) continue;
    for (const column of table.columns) {
      if (column.type === "number") continue;
      const known = knownValue(words, at, column.values);
      if (known === undefined || namesColumn(words, at, known, table)) continue;
      const negated = [1, 2].some((back) => NEGATIONS.has(words[at - back]?.lower ?? "")) || isOther(words, at);
      const indexes = Array.from({ length: known.end - at }, (_, offset) => at + offset);
      found.push({ column, operator: negated ? "!=" : "=", values: [known.value], at: indexes });
      at = known.end - 1;
      break;
    }
  }
  return found;
}

/** "other than Biscoe". */
const isOther = (words: readonly PlacedWord[], at: number) =>
  words[at - 1]?.lower === "than" && words[at - 2]?.lower === "other";

/** Whether one word is the name of a column rather than a value: the value differs from it, as "sale" from "sales". */
const namesColumn = (words: readonly PlacedWord[], at: number, known: ReadValue, table: Table) => {
  const word = words[at];
  if (word === undefined || known.end > at + 1) return false;
  const named = table.columns.some(({ parts, name }) => name.toLowerCase() === word.lower || parts.includes(word.stem));
  return named && String(known.value).toLowerCase() !== word.lower;
};

/** Equalities on one column together. */
function merged(conditions: readonly Condition[]): readonly Condition[] {
  const together: Condition[] = [];
  for (const condition of conditions) {
    const place = together.findIndex(
      ({ column, operator }) =>
        column === condition.column && operator === condition.operator && /^!?=$/.test(operator),
    );
    const first = together[place];
    if (first === undefined) together.push(condition);
    else {
      const values = [...new Set([...first.values, ...condition.values])];
      together[place] = { ...first, values, at: [...first.at, ...condition.at] };
    }
  }
  return together;
}
