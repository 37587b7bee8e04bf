import type { Row } from "./row.ts";

/** What the indexes know about one found row. */
export type Found = {
  readonly row: Row;
  /** The cosine to the query; `undefined` without a vector (keyword search only). */
  readonly similarity?: number | undefined;
  /** The keyword score, 0 to 1; default 0. */
  readonly keyword?: number | undefined;
  /** Time since the last change. Without it there is no recency boost. */
  readonly ageMs?: number | undefined;
  /** Strength of the relation to better hits, 0 to 1; default 0. */
  readonly graph?: number | undefined;
};

/** Weights of the score components. */
export type Weights = {
  readonly limit: number;
  /** Minimum cosine of a result without matching keywords and without a relation to one that has them. Default: none. */
  readonly similarityMin?: number | undefined;
  /** Weight of a full keyword match, relative to a cosine of 1. Default 0.3. */
  readonly keywordWeight?: number | undefined;
  /** Weight of the strongest relation. Default 0.1. */
  readonly graphWeight?: number | undefined;
  /** Boost of a row changed now, as a fraction of its score; half of it remains after `recencyHalfMs`. Default 0.2. */
  readonly recencyBoost?: number | undefined;
  /** Default: one day. */
  readonly recencyHalfMs?: number | undefined;
};

/** A row and its score: the sum of the first three components, times `recency`. A negative sum is boosted by the same amount. */
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

/** Combines the components linearly; best first, equal ones by row. Each row is given once. */
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
      // Negative sums are boosted too, or recency would lower them.
      return { row, score: sum + Math.abs(sum) * (recency - 1), similarity, parts };
    })
    .toSorted((one, other) => other.score - one.score || one.row - other.row)
    .slice(0, Math.max(0, limit));
}
