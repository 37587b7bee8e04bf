import { type Column, NO_COLUMN, type Table } from "../columns.ts";
import { alternativesOf, STOP_WORDS } from "../vocabulary.ts";
import { dateAt } from "./dated.ts";
import { type Item, item } from "./item.ts";
import { BOUND_VERBS, VERBS, lexiconAt, gradeAt, numberAt } from "./lexicon.ts";
import { columnAt, moneyOf, rowNouns } from "./named.ts";
import { isUnit } from "./units.ts";
import { type Values, valueIndex, valueAt } from "./valued.ts";
import { NOISE, type Word } from "../words.ts";

/** The words of a request as items, from the longest that fits at each place; filler words give none. */
export function itemsOf(words: readonly Word[], table: Table, source: string): readonly Item[] {
  const known: Known = { table, values: valueIndex(table), nouns: rowNouns(table, source) };
  const items: Item[] = [];
  for (let at = 0; at < words.length;) {
    const read = readAt(words, at, known);
    const measured = read?.symbol === "n" && /^o|^B$|^n?&$/.test(items.at(-1)?.symbol ?? "");
    const unit = words[read?.to ?? 0]?.lower ?? "";
    const whole = measured && isUnit(unit) && columnAt(words, read.to, table)?.rank !== "whole";
    if (read !== undefined) items.push(whole ? { ...read, to: read.to + 1, unit } : read);
    at = items.at(-1)?.to === (read?.to ?? 0) + 1 && whole ? (read?.to ?? at) + 1 : (read?.to ?? at + 1);
  }
  // "Who paid the highest fare" names the fare twice, "the total bonus paid" has it before the verb.
  const isTwice = (one: Item) =>
    PAYING.test(words[one.from]?.lower ?? "") &&
    items.some(
      (other) =>
        other !== one &&
        other.symbol === "c" &&
        (other.columns.includes(one.columns[0] ?? NO_COLUMN) || (other.to === one.from && isAmount(other))),
    );
  return items.filter((one) => !(one.symbol === "c" && isTwice(one)));
}

/** "bonus paid": the column before the verb is what is paid. */
const isAmount = ({ columns }: Item) => columns.some(({ type }) => type === "number");

const CATEGORIES_MAX = 20;
const isCategory = ({ options }: Item) =>
  options.some(({ key }) => (key.column.distinct ?? CATEGORIES_MAX + 1) <= CATEGORIES_MAX);
const isWritten = ({ text, opens }: Word, { options }: Item) =>
  !opens && /^\p{Lu}/u.test(text) && options.some(({ values: [value] }) => value === text);

/** "deaths" could be the type Death and the column death_date: no guess. */
const isDoubtful = (
  { lower, stem }: Word,
  { from, to, options }: Item,
  named: readonly Column[] | undefined,
): boolean =>
  to - from === 1 &&
  stem !== lower &&
  alternativesOf(lower).length === 0 &&
  !options.some(({ values: [one] }) => String(one).toLowerCase() === lower) &&
  named?.every(({ name }) => options.every(({ key }) => key.column.name !== name)) === true;

/** A word within longer values counts before a noun of the rows, "ford cars". */
const isPartPlain = (words: readonly Word[], { from, to, options }: Item, nouns: ReadonlySet<string>) => {
  const [only, other] = options;
  if (only === undefined || other !== undefined) return false;
  return (
    nouns.has(words[to]?.stem ?? "") || /^(?:called|named|containing|contains)$/.test(words[from - 1]?.lower ?? "")
  );
};

/** Whether a value follows, after a preposition at most. */
const isValued = (words: readonly Word[], at: number, values: Values): boolean =>
  valueAt(words, at, values) !== undefined ||
  (/^(?:by|with|via|using|in|on|at|to|from|as)$/.test(words[at]?.lower ?? "") &&
    valueAt(words, words[at + 1]?.lower === "the" ? at + 2 : at + 1, values) !== undefined);

const PAYING =
  /^(?:amounts?|money|costs?|costing|pay|pays|paid|spends?|spent|spending|earns?|earned|revenue|worth|charged?|sold|sells?)$/;
const MEASURED = /^(?:average|total|mean|median|highest|lowest|most|least|more|less|much|sum|cheapest)$/;
/** Whether a word asks for amounts of money: "how much did Ann spend", "average order value". */
function isMoney(words: readonly Word[], at: number): boolean {
  const { lower = "" } = words[at] ?? {};
  const next = words[at + 1]?.lower ?? "";
  if (/^s[eo]l[ld]s?$/.test(lower)) return next === "for" && !words.some(({ lower: one }) => one === "unit");
  if (lower === "value" && words.some((one) => one.lower === "average" || one.lower === "total")) return true;
  return (
    PAYING.test(lower) &&
    !/^(?:above|over|below|under|between|at|up)$/.test(next) &&
    !(/^(?:more|less)$/.test(next) && words[at + 2]?.lower === "than" && /^\d/.test(words[at + 3]?.lower ?? "")) &&
    words.some((one) => MEASURED.test(one.lower))
  );
}

const EVENT =
  /^(?:deal|sale|order|purchase|transaction|trip|booking|hire|admission|payment|claim|expense|invoice|donation)$/;
const ATTRIBUTE = /^(?:size|price|date|duration|type|status|stage|time|priority)$/;
/** Whether "how many" or "number of" stands before a word, with two words between at most. */
const isCounted = (words: readonly Word[], at: number): boolean =>
  /\b(?:how many|number of)(?: [^ ]+){0,2}$/.test(
    words
      .slice(Math.max(0, at - 4), at)
      .map(({ lower }) => lower)
      .join(" "),
  );

/** "deals" beside a column of deal sizes are the rows; where they are counted, beside one of amounts too. */
const isThing = ({ lower, stem }: Word, { from, to, columns }: Item, counts: boolean): boolean =>
  to - from === 1 &&
  stem !== lower &&
  EVENT.test(stem) &&
  columns.every(({ parts }) => {
    const last = parts.at(-1) ?? "";
    return parts.length > 1 && parts[0] === stem && (ATTRIBUTE.test(last) || (counts && last === "amount"));
  });

/** Whether a column only numbers the rows from one or zero. */
const isCounting = ({ type, distinct, min, max }: Column, { rows = 0 }: Table) =>
  type === "number" && rows > 1 && distinct === rows && (min === 0 || min === 1) && Number(max) - min === rows - 1;

/** The column of money; prices of things on sale are no revenue. */
function moneyAt(words: readonly Word[], at: number, table: Table): Item | undefined {
  const column = moneyOf(table);
  const isTaken =
    column?.parts.some((part) => /^(?:total|amount|revenue|sale|charge|payment|gross)$/.test(part)) === true;
  if (column === undefined || (words[at]?.lower === "revenue" && !isTaken)) return undefined;
  return item("c", at, at + (words[at + 1]?.lower === "for" ? 2 : 1), { columns: [column] });
}

type Known = { readonly table: Table; readonly values: Values; readonly nouns: ReadonlySet<string> };

/** "third class", "second floor": the number of a column of few whole numbers. */
function placeAt(words: readonly Word[], at: number, table: Table): Item | undefined {
  const place = ["first", "second", "third", "fourth", "fifth"].indexOf(words[at]?.lower ?? "") + 1;
  const found = place === 0 ? undefined : columnAt(words, at + 1, table);
  const [column, other] = found?.item.columns ?? [];
  if (found === undefined || column?.type !== "number" || other !== undefined || (column.distinct ?? 99) > 12)
    return undefined;
  if (place < Number(column.min) || place > Number(column.max)) return undefined;
  return item("F", at, found.item.to, { options: [{ key: { column }, operator: "=", values: [place] }] });
}

function readAt(words: readonly Word[], at: number, { table, values, nouns }: Known): Item | undefined {
  const word = words[at];
  if (word === undefined) return undefined;
  if (at === 0 && word.lower === "name" && /^(?:the|all|three|five|\d+)$/.test(words[1]?.lower ?? "")) return undefined;
  const placed = placeAt(words, at, table);
  if (placed !== undefined) return placed;
  const found = columnAt(words, at, table);
  const counts = isCounted(words, at);
  const isCounter =
    found?.item.columns.every((one) => isCounting(one, table)) === true ||
    (found?.rank === "part" && isThing(word, found.item, counts));
  // "How many expenses" are rows, although an amount can be called an expense.
  const isRow = counts && nouns.has(word.stem) && found?.item.columns.every(({ parts }) => !parts.includes(word.stem));
  const named = isCounter || isRow === true ? undefined : found;
  const value = valueAt(words, at, values);
  const dated = value !== undefined && value.to - at > 1 ? undefined : dateAt(words, at, table, value);
  const isYoung =
    /^(?:child|kid|minor)$/.test(word.stem) && /^(?:under|below|younger|aged)$/.test(words[at + 1]?.lower ?? "");
  const noun =
    (nouns.has(word.stem) || (isYoung && nouns.has("person"))) && !/^s[eo]l[ld]/.test(word.lower)
      ? item("r", at, at + 1)
      : isCounter
        ? item("r", at, found.item.to)
        : undefined;
  const lexical = lexiconAt(words, at) ?? gradeAt(words, at, table);
  const equal = value?.options.some(({ operator }) => operator === "=") === true ? value : undefined;
  // "entire homes": a common word that the values of a column begin with.
  const within =
    value !== undefined &&
    equal === undefined &&
    named === undefined &&
    nouns.has(words[value.to]?.stem ?? "") &&
    !STOP_WORDS.has(word.lower) &&
    isCategory(value)
      ? value
      : undefined;
  const isPlain = (noun ?? lexical) !== undefined || NOISE.has(word.lower);
  const ranked = [
    dated,
    named?.rank === "whole" ? named.item : undefined,
    // A common word is a value only in the value's spelling: OR, but not or.
    equal !== undefined &&
    (!isPlain || equal.to - at > 1 || (lexical === undefined && isCategory(equal)) || isWritten(word, equal))
      ? equal
      : undefined,
    lexiconAt(words, at),
    noun,
    isMoney(words, at) ? moneyAt(words, at, table) : undefined,
    within,
    NOISE.has(word.lower) && !(word.text === "US") ? item(".", at, at + 1) : undefined,
    named?.item,
    VERBS.has(word.lower) ||
    (BOUND_VERBS.has(word.lower) && isValued(words, at + 1, values)) ||
    (word.lower.endsWith("ed") && [...nouns].some((one) => `${one}ed` === word.lower))
      ? item(".", at, at + 1)
      : undefined,
    numberAt(words, at),
    gradeAt(words, at, table),
    value !== undefined && equal === undefined && isPartPlain(words, value, nouns) ? value : undefined,
  ].filter((one) => one !== undefined);
  const longest = Math.max(...ranked.map(({ to }) => to));
  const best = ranked.find(({ to }) => to === longest);
  if (best?.symbol === ".") return undefined;
  const isOpen = best !== undefined && best === equal && isDoubtful(word, best, named?.item.columns);
  return best === undefined || isOpen ? item("?", at, at + 1) : best;
}
