import { B, isTooFrequent, K1, SCORE_MAX, selectDiscriminative, weightOf } from "./bm25.ts";
import { isCommonStem } from "./keyword-query.ts";
import { RECALL_LIMITS } from "../row.ts";
import { Tokenizer } from "./tokenizer.ts";

/** The words of a text as they are compared (stemmed), each with how often it is there; `length`: all together. */
export type TextWords = { readonly counts: ReadonlyMap<string, number>; readonly length: number };

/** A word that is asked for: as it is compared, and as it was written, in small letters. */
export type QueriedWord = {
  readonly stem: string;
  readonly written: string;
  readonly isCommon: boolean;
  /** An identifier whose parts are asked for too. */
  readonly isWhole: boolean;
};

/** What the weights of words follow from: of the scopes that are searched. */
export type WordStatistics = {
  readonly texts: number;
  /** In how many texts each word is, in the words' order. */
  readonly frequencies: readonly number[];
};

const words = new Tokenizer();

/** For places that keep the words of texts themselves; the same words as in `KeywordIndex`. */
export function wordsOf(text: string): TextWords {
  const counts = new Map<string, number>();
  let length = 0;
  words.split(text, (size) => {
    const stem = String.fromCharCode(...words.units.subarray(0, size));
    counts.set(stem, (counts.get(stem) ?? 0) + 1);
    length += 1;
  });
  return { counts, length };
}

/** The distinct words of a question, at most 128. */
export function queriedWords(text: string): readonly QueriedWord[] {
  const asked = new Map<string, QueriedWord>();
  words.split(text, (size, isWhole) => {
    if (asked.size >= RECALL_LIMITS.queryTermsMax) return;
    const stem = String.fromCharCode(...words.units.subarray(0, size));
    if (!asked.has(stem)) {
      asked.set(stem, { stem, written: words.written(), isCommon: isCommonStem(stem), isWhole });
    }
  });
  return [...asked.values()];
}

/**
 * What each word weighs, whether texts are found by it (one with none of these words scores 0), and what a sum of
 * `weight * wordFactor(…)` is divided by to lie between 0 and 1. The same scores as `KeywordIndex` gives, but for its rounding
 * of counts above 8 and lengths above 127.
 */
export function wordWeights(
  asked: readonly QueriedWord[],
  { texts, frequencies }: WordStatistics,
): { readonly weights: readonly number[]; readonly discriminative: readonly boolean[]; readonly scoreMax: number } {
  const weights = asked.map(({ isCommon }, index) => weightOf(texts, frequencies[index] ?? 0, isCommon));
  // An unknown identifier counts by its parts.
  const counted = weights.filter((_, index) => !asked[index]?.isWhole || (frequencies[index] ?? 0) > 0);
  const discriminative = selectDiscriminative(asked, (index) => isTooFrequent(frequencies[index] ?? 0, texts));
  return { weights, discriminative, scoreMax: SCORE_MAX * counted.reduce((sum, weight) => sum + weight, 0) };
}

/** Returns the factor of a word's weight in a text with this term frequency; at most `WORD_FACTOR_MAX`. `meanLength` is at least 1. */
export const wordFactor = (count: number, length: number, meanLength: number): number =>
  (count * SCORE_MAX) / (count + K1 * (1 - B + (B * length) / meanLength));

/** What `wordFactor` stays below. */
export const WORD_FACTOR_MAX = SCORE_MAX;
/** The numbers in `wordFactor`, for places that count themselves: `count * (k1 + 1) / (count + k1 * (1 - b + b * length / mean))`. */
export const WORD_FACTOR = { k1: K1, b: B } as const;
