import type { Scores } from "./keyword-scores.ts";
import { type Scene, type VisiblePart, type WeighedWord, postingIn, scoreMaxOf, weighed } from "./keyword-search.ts";
import type { Candidate } from "./keyword-top.ts";
import type { QueryWord } from "./keyword-query.ts";
import type { Keep, Row } from "./row.ts";

/** A row with words of the question: which, and its score from 0 to 1, the share of the most this question could reach. */
export type KeywordHit = { readonly row: Row; readonly score: number };

/**
 * A question put to some scopes once: their best rows, and what single rows score. It is right until the index changes.
 * Without words, or without texts to look at, all scores are 0.
 */
export class KeywordQuestion {
  readonly #scene: Scene | undefined;
  readonly #words: readonly WeighedWord[];
  readonly #scoreMax: number;
  readonly #scores: Scores;
  readonly #textOf: (row: Row) => number;

  constructor(
    asked: { readonly words: readonly QueryWord[]; readonly scene: Scene | undefined },
    of: { readonly scores: Scores; readonly textOf: (row: Row) => number },
  ) {
    this.#scene = asked.words.length > 0 ? asked.scene : undefined;
    this.#words = this.#scene ? weighed(asked.words, this.#scene) : [];
    this.#scoreMax = scoreMaxOf(this.#words);
    this.#scores = of.scores;
    this.#textOf = of.textOf;
  }

  /** Best first, equal ones by row. `keep` is asked of rows that would be among the best only. */
  best(limit: number, keep: Keep | undefined): readonly KeywordHit[] {
    if (!this.#scene || !(limit > 0)) return [];
    return this.#scores
      .best(this.#words, this.#scene, { limit, keep })
      .map(({ row, score }: Candidate): KeywordHit => ({ row, score: this.#share(score) }));
  }

  /** As `best` gives it; 0 for a row that has no word of the question, is not in the index, or is not to be seen. */
  scoreOf(row: Row): number {
    const { part, local } = this.#placeOf(row);
    if (!this.#scene || !part) return 0;
    const factors = this.#scores.factors(this.#scene.meanLength);
    const length = (part.lengths[local] ?? 0) << 4;
    let sum = 0;
    for (const word of this.#words) {
      const posting = postingIn(word, part, local);
      if (posting >= 0) sum += word.weight * (factors[length | (posting & 15)] ?? 0);
    }
    return this.#share(sum);
  }

  /** Words of the question that the row has, as they were written. */
  matchedBy(row: Row): readonly string[] {
    const { part, local } = this.#placeOf(row);
    return part ? this.#words.filter((word) => postingIn(word, part, local) >= 0).map(({ written }) => written) : [];
  }

  #share(score: number): number {
    return Math.min(1, score / this.#scoreMax);
  }

  #placeOf(row: Row): { readonly part: VisiblePart | undefined; readonly local: number } {
    const text = this.#textOf(row);
    if (text >= 0) {
      for (const part of this.#scene?.parts ?? []) {
        const local = part.localOf(text);
        if (local >= 0) return { part, local };
      }
    }
    return { part: undefined, local: -1 };
  }
}
