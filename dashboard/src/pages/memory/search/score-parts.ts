import type { MemorySearchResult } from "../../../../../src/api/contract/index.ts";
import { text } from "../../../text/text.ts";

const words = text.memory;

export type Score = MemorySearchResult["items"][number]["score"];
export type Part = keyof typeof words.parts;

/** Maximum number of matched words before "…". */
const MATCHED_MAX = 6;

/** Contribution of each part to a score; the last part is the boost for recent changes. */
export function partsOf({ similarity, keyword, graph, recency }: Score): { readonly [Name in Part]: number } {
  const sum = (similarity ?? 0) + keyword + graph;
  return { similarity: similarity ?? 0, keyword, graph, recency: Math.abs(sum) * (recency - 1) };
}

/** Why it was found, in a sentence; empty where nothing adds to it. */
export function reasonOf(score: Score): string {
  const { similarity, keyword, graph } = partsOf(score);
  const matched = score.matched.slice(0, MATCHED_MAX).join(", ");
  const more = score.matched.length > MATCHED_MAX ? "…" : "";
  return words.foundBy([
    ...(similarity > 0 ? [words.reasons.similarity] : []),
    ...(keyword > 0 && matched !== "" ? [words.reasons.keyword(score.matched.length, matched + more)] : []),
    ...(graph > 0 ? [words.reasons.graph] : []),
  ]);
}
