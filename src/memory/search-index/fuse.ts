import type { Row } from "./row.ts";

/** What is known of one row that some index found. */
export type Found = {
  readonly row: Row;
  /** The cosine to the query; `undefined` when there is no vector to compare (a search by keywords alone). */
  readonly similarity?: number | undefined;
  /** The score of the keywords, 0 to 1; none by default. */
  readonly keyword?: number | undefined;
  /** How long ago the row was last changed. Without it nothing is added for recency. */
  readonly ageMs?: number | undefined;
  /** How strongly better hits are related to the row, 0 to 1; none by default. */
  readonly graph?: number | undefined;
};

/** How the parts are weighed. */
export type Weights = {
  readonly limit: number;
  /** The least cosine of an answer that neither has words of the question nor is related to one that does. None by default. */
  readonly similarityMin?: number | undefined;
  /** What a full match of the keywords is worth beside a cosine of 1. 0.3 by default. */
  readonly keywordWeight?: number | undefined;
  /** What the strongest relation is worth. 0.1 by default. */
  readonly graphWeight?: number | undefined;
  /** What a row of now gains, as a share of its score; half of it is left after `recencyHalfMs`. 0.2 by default. */
  readonly recencyBoost?: number | undefined;
  /** A day by default. */
  readonly recencyHalfMs?: number | undefined;
};

/** A row and its score: the sum of the first three parts, times `recency` (a sum below zero gains as much). */
export type Fused = {
  readonly row: Row;
  readonly score: number;
  readonly similarity: number | undefined;
  readonly parts: {
    readonly similarity: number;
    readonly keyword: number;
    readonly graph: number;
    /** From 1 to 1 + `recencyBoost`. */
    readonly recency: number;
  };
};

const DAY_MS = 86_400_000;

/** Puts the parts of each hit together: linearly, best first, equal ones by row. Each row is given once. */
export function fuse(hits: readonly Found[], weights: Weights): readonly Fused[] {
  const { limit, similarityMin = -Infinity, keywordWeight = 0.3, graphWeight = 0.1 } = weights;
  const { recencyBoost = 0.2, recencyHalfMs = DAY_MS } = weights;
  return hits
    .filter(({ similarity = -1, keyword = 0, graph = 0 }) => keyword > 0 || graph > 0 || similarity >= similarityMin)
    .map(({ row, similarity, keyword = 0, graph = 0, ageMs }): Fused => {
      const recency = ageMs === undefined ? 1 : 1 + recencyBoost * 0.5 ** (Math.max(0, ageMs) / recencyHalfMs);
      const parts = {
        similarity: similarity ?? 0,
        keyword: keywordWeight * keyword,
        graph: graphWeight * graph,
        recency,
      };
      const sum = parts.similarity + parts.keyword + parts.graph;
      // What is below zero gains too, or recency would harm it.
      return { row, score: sum + Math.abs(sum) * (recency - 1), similarity, parts };
    })
    .toSorted((one, other) => other.score - one.score || one.row - other.row)
    .slice(0, Math.max(0, limit));
}
