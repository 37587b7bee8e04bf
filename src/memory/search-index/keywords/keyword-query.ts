import { STOP_WORDS } from "./bm25.ts";
import { RECALL_LIMITS } from "../row.ts";
import type { Terms } from "./terms.ts";
import { Tokenizer } from "./tokenizer.ts";

/** A word that is looked for. */
export type QueryWord = {
  /** Its number in the index; -1 when no text has it. */
  readonly term: number;
  /** As it was written, in small letters. */
  readonly written: string;
  readonly isCommon: boolean;
  /** An identifier whose parts are looked for too. */
  readonly isWhole: boolean;
};

const words = new Tokenizer();

const commonStems: ReadonlySet<string> = (() => {
  const stems = new Set<string>();
  for (const word of STOP_WORDS) words.split(word, (length) => stems.add(textOf(length)));
  return stems;
})();

function textOf(length: number): string {
  return String.fromCharCode(...words.units.subarray(0, length));
}

/** Whether a word, as it is compared, says little. */
export const isCommonStem = (stem: string): boolean => commonStems.has(stem);

/** The distinct words of a query, at most 128. */
export function queryWords(text: string, terms: Terms): readonly QueryWord[] {
  const found = new Map<string, QueryWord>();
  words.split(text, (length, isWhole) => {
    if (found.size >= RECALL_LIMITS.queryTermsMax) return;
    const stemmed = textOf(length);
    if (found.has(stemmed)) return;
    const term = terms.find(words.units, length);
    found.set(stemmed, { term, written: words.written(), isCommon: commonStems.has(stemmed), isWhole });
  });
  return [...found.values()];
}
