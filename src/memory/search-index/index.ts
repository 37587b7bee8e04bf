/** Search index of memory: quantized vectors, keywords, the graph, and score fusion. */
export { RecallFullError } from "./errors.ts";
export { type Quantised, VectorIndex } from "./vectors/vector-index.ts";
export { MemoryPart, SavedBytes, SavedFloats, SavedInts, SavedNumbers } from "./saved.ts";
export { type Found, fuse } from "./fuse.ts";
export { GraphIndex } from "./graph/graph-index.ts";
export { KeywordIndex } from "./keywords/keyword-index.ts";
export type { KeywordQuestion } from "./keywords/keyword-question.ts";
export {
  type QueriedWord,
  WORD_FACTOR,
  WORD_FACTOR_MAX,
  wordFactor,
  queriedWords,
  wordsOf,
  type WordStatistics,
  wordWeights,
} from "./keywords/word-scores.ts";
