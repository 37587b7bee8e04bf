import { type Column, isFlag, type Table } from "../columns.ts";
import { type Item, item } from "./item.ts";
import type { Condition } from "../planning/plan.ts";
import { stem, type Word, wordsOf } from "../words.ts";
import { alternativesOf } from "../vocabulary.ts";

export type Values = ReadonlyMap<string, readonly Condition[]>;

/** The conditions that a value of the table can mean, by its words in small letters. */
export function valueIndex({ columns, found }: Table): Values {
  const index = new Map<string, Condition[]>();
  const add = (text: string, condition: Condition) => {
    const known = index.get(text) ?? [];
    const same = known.find(
      ({ key, operator }) => key.column === condition.key.column && operator === condition.operator,
    );
    if (same === undefined) index.set(text, [...known, condition]);
  };
  for (const column of columns) {
    if (column.type === "number" || column.type === "date") continue;
    const { yes, no } = isFlag(column) ?? {};
    for (const value of column.values)
      if (value !== yes && value !== no) add(phraseOf(value), { key: { column }, operator: "=", values: [value] });
  }
  for (const { text, column: name, value, match } of found) {
    const column = columns.find((one) => one.name === name);
    if (column === undefined || column.type !== "text" || isFlag(column) !== undefined) continue;
    const same = phraseOf(value) === phraseOf(text);
    if (same || (match !== "word" && stem(value.toLowerCase()) === stem(text.toLowerCase())))
      add(phraseOf(text), { key: { column }, operator: "=", values: [value] });
    else if (!/^\p{N}|^the /u.test(text) && value.toLowerCase().includes(text.toLowerCase()))
      add(phraseOf(text), { key: { column }, operator: "contains", values: [text] });
  }
  return index;
}

const phraseOf = (text: string) =>
  wordsOf(text.replaceAll("_", " "))
    .map(({ lower }) => lower)
    .join(" ");

const VALUE_WORDS_MAX = 5;

export function valueAt(words: readonly Word[], at: number, values: Values): Item | undefined {
  for (let length = Math.min(VALUE_WORDS_MAX, words.length - at); length > 0; length -= 1) {
    const span = words.slice(at, at + length);
    if (span.slice(1).some(({ opens }) => opens)) continue;
    const phrase = span.map(({ lower }) => lower).join(" ");
    const last = span.at(-1);
    if (
      last === undefined ||
      (length === 1 && (phrase === "us" || phrase === "may" || phrase === "no") && !/^\p{Lu}/u.test(last.text))
    )
      continue;
    const singular = [...span.slice(0, -1).map(({ lower }) => lower), last.stem].join(" ");
    const spellings = [
      phrase,
      singular,
      phrase.replace(/ies$/, "y"),
      phrase.replace(/es$/, ""),
      `${singular}s`,
      ...(/^(?:not|did|didn't)$/.test(words[at - 1]?.lower ?? "") ? [`${phrase}ed`, `${phrase}d`] : []),
      ...alternativesOf(phrase),
      ...alternativesOf(singular),
    ];
    const options = spellings.flatMap((one) => values.get(one) ?? []);
    const equal = distinctOptions(
      options.filter(
        ({ operator, key, values: [value] }) => operator === "=" && isLikely(phrase, key.column, String(value)),
      ),
    );
    if (equal.length > 0) return item("F", at, at + length, { options: equal });
    const within = distinctOptions(options.filter(({ operator }) => operator === "contains"));
    if (within.length > 0) return item("F", at, at + length, { options: within });
  }
  return undefined;
}

/** A letter such as F means a sex only in a column of few values. */
const isLikely = (phrase: string, column: Column, value: string) =>
  value.length > 1 || phrase === value.toLowerCase() || (column.distinct ?? 9) <= 4;

const distinctOptions = (options: readonly Condition[]) =>
  options.filter(({ key }, at) => options.findIndex((one) => one.key.column === key.column) === at);
