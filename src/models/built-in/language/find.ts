import { alternativesOf, STOP_WORDS } from "./vocabulary.ts";
import type { Word } from "./words.ts";

const TEXTS_MAX = 64;

const isPlain = ({ lower }: Word) => /^[-\d.,]+$/.test(lower) || STOP_WORDS.has(lower);

/** The words and runs of words of a request that can be values of a table, with their other spellings. */
export function findTexts(words: readonly Word[]): readonly string[] {
  const runs = (length: number) =>
    words.flatMap((_, at) => {
      const run = words.slice(at, at + length);
      const broken = run.length < length || run.slice(1).some(({ opens }) => opens);
      const [first, last] = [run[0], run.at(-1)];
      if (
        broken ||
        first === undefined ||
        last === undefined ||
        (length === 1 && isPlain(first) && first.text !== "US")
      )
        return [];
      if (length > 1 && ((isPlain(first) && first.lower !== "the") || STOP_WORDS.has(last.lower))) return [];
      return [run.map(({ lower }) => lower).join(" ")];
    });
  const single = runs(1);
  const texts = [
    ...single,
    ...single.flatMap(alternativesOf),
    ...runs(2),
    ...runs(2).flatMap(alternativesOf),
    ...runs(3),
    ...runs(4),
  ];
  return [...new Set(texts)].slice(0, TEXTS_MAX);
}
