import type { Scores } from "./keyword-scores.ts";
import {
  type Scene,
  type VisiblePart,
  type WeightedWord,
  eachPosting,
  scoreMaxOf,
  weightWords,
} from "./keyword-search.ts";
import type { Candidate } from "./keyword-top.ts";
import type { QueryWord } from "./keyword-query.ts";
import type { RowFilter, Row } from "../row.ts";
import { COUNT_BITS, COUNT_MASK } from "./segment.ts";

/** A row with words of the question: which, and its score from 0 to 1, the share of the most this question could reach. */
export type KeywordHit = { readonly row: Row; readonly score: number };

/**
 * A question put to some scopes once: their best rows, and what single rows score. It is right until the index changes.
 * Without words, or without texts to look at, all scores are 0.
 */
export class KeywordQuestion {
  readonly #scene: Scene | undefined;
  readonly #words: readonly WeightedWord[];
  readonly #scoreMax: number;
  readonly #scores: Scores;
  readonly #textOf: (row: Row) => number;

  constructor(
    asked: { readonly words: readonly QueryWord[]; readonly scene: Scene | undefined },
    of: { readonly scores: Scores; readonly textOf: (row: Row) => number },
  ) {
    this.#scene = asked.words.length > 0 ? asked.scene : undefined;
    this.#words = this.#scene ? weightWords(asked.words, this.#scene) : [];
    this.#scoreMax = scoreMaxOf(this.#words);
    this.#scores = of.scores;
    this.#textOf = of.textOf;
  }

  /** Best first, equal ones by row. `keep` is asked of rows that would be among the best only. */
  best(limit: number, keep: RowFilter | undefined): readonly KeywordHit[] {
    if (!this.#scene || !(limit > 0)) return [];
    return this.#scores
      .best(this.#words, this.#scene, { limit, keep })
      .map(({ row, score }: Candidate): KeywordHit => ({ row, score: this.#share(score) }));
  }

  /** The scores of `best`, in the order of the rows; 0 for rows without a discriminative word of the query, and for rows that are not indexed or not visible. */
  scoresOf(rows: readonly Row[]): Float64Array<ArrayBuffer> {
    const scores = new Float64Array(rows.length);
    if (!this.#scene) return scores;
    const factors = this.#scores.factors(this.#scene.meanLength);
    for (const { part, locals, places } of this.#placesOf(rows)) {
      for (const word of this.#words) {
        eachPosting(word, { part, locals }, (at, posting) => {
          const place = places[at] ?? 0;
          // Discriminative words come first: a text without any of them is not found.
          if (!word.isDiscriminative && scores[place] === 0) return;
          const length = (part.lengths[posting >>> COUNT_BITS] ?? 0) << COUNT_BITS;
          scores[place] = (scores[place] ?? 0) + word.weight * (factors[length | (posting & COUNT_MASK)] ?? 0);
        });
      }
    }
    return scores.map((score) => this.#share(score));
  }

  /** Words of the question that each row has, as they were written. */
  matchedBy(rows: readonly Row[]): readonly (readonly string[])[] {
    const matched = rows.map((): string[] => []);
    for (const { part, locals, places } of this.#placesOf(rows)) {
      for (const word of this.#words)
        eachPosting(word, { part, locals }, (at) => void matched[places[at] ?? 0]?.push(word.written));
    }
    return matched;
  }

  #share(score: number): number {
    return score > 0 ? Math.min(1, score / this.#scoreMax) : 0;
  }

  /** Where rows are that the search may see: of each part the ascending numbers of their texts, and which of `rows` each is. */
  #placesOf(rows: readonly Row[]): readonly Placed[] {
    const byPart = new Map<VisiblePart, { readonly local: number; readonly place: number }[]>();
    for (const [place, row] of rows.entries()) {
      const text = this.#textOf(row);
      const found = text < 0 ? undefined : this.#scene?.placeOf(text);
      if (!found) continue;
      const { part, local } = found;
      const others = byPart.get(part);
      if (others) others.push({ local, place });
      else byPart.set(part, [{ local, place }]);
    }
    return [...byPart].map(([part, found]) => {
      const sorted = found.toSorted((one, other) => one.local - other.local);
      return {
        part,
        locals: Int32Array.from(sorted, ({ local }) => local),
        places: Int32Array.from(sorted, ({ place }) => place),
      };
    });
  }
}

type Placed = { readonly part: VisiblePart; readonly locals: Int32Array; readonly places: Int32Array };
