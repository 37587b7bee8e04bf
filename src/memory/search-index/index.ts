/** Search index of memory: quantized vectors, keywords, the graph, and score fusion. */
export { RecallFullError } from "./errors.ts";
export type { KernelChoice } from "./kernel.ts";
export type { RowFilter, Row, ScopeKey } from "./row.ts";
export { type Quantised, type VectorHit, VectorIndex, type VectorSearch } from "./vectors/vector-index.ts";
export { MemoryPart, SavedBytes, SavedFloats, SavedInts, SavedNumbers } from "./saved.ts";
export { type Found, type Fused, fuse, type Weights } from "./fuse.ts";
export { type GraphEdge, GraphIndex, type Visit, type Traversal, type Walked } from "./graph/graph-index.ts";
export { KeywordIndex } from "./keywords/keyword-index.ts";
export type { KeywordQuestion } from "./keywords/keyword-question.ts";
export {
  type QueriedWord,
  type TextWords,
  WORD_FACTOR,
  WORD_FACTOR_MAX,
  wordFactor,
  queriedWords,
  wordsOf,
  type WordStatistics,
  wordWeights,
} from "./keywords/word-scores.ts";
