/** What is looked up in memory: quantised vectors, keywords, the graph, and how scores are put together. */
export { RecallFullError } from "./errors.ts";
export type { KernelChoice } from "./kernel.ts";
export type { Keep, Row, ScopeKey } from "./row.ts";
export { type Quantised, type VectorHit, VectorIndex, type VectorSearch } from "./vector-index.ts";
export { MemoryPart, SavedBytes, SavedFloats, SavedInts, SavedNumbers } from "./saved.ts";
export { type Found, type Fused, fuse, type Weights } from "./fuse.ts";
export { type GraphEdge, GraphIndex, type Visit, type Walk, type Walked } from "./graph-index.ts";
export { KeywordIndex } from "./keyword-index.ts";
export type { KeywordQuestion } from "./keyword-question.ts";
export {
  type AskedWord,
  type TextWords,
  WORD_FACTOR,
  WORD_FACTOR_MAX,
  wordFactor,
  wordsAsked,
  wordsOf,
  type WordStatistics,
  wordWeights,
} from "./word-scores.ts";
