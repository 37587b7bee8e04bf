/** Knowledge of agents: entities, observations, relations, and their search. */
export type { EntityQuotas, LimitUse } from "./capacity.ts";
export type { Embedder } from "./embedder.ts";
export * from "./entity.ts";
export * from "./errors.ts";
export type { RankedHit } from "./search/fact-ranking.ts";
export { type Graph, Memory, type MemoryDeps } from "./memory.ts";
export type * from "./memory-store.ts";
export type { Merge } from "./merging.ts";
export { addForgotten, idsIn, weightsOf } from "./memory-store.ts";
export { memoryCursors, readCursor } from "./cursors.ts";
export { passagesOf } from "./search/passages.ts";
export type { RelationInput } from "./relating.ts";
export { checkInput, type Redact, type EntityInput } from "./remembering.ts";
export {
  isReadableIn,
  isWritableByRunsIn,
  SCOPE_TYPES,
  type ScopeKey,
  scopeKey,
  scopeText,
  type ScopeType,
  scopeTypeOf,
  visibleScopes,
} from "./scope.ts";
export {
  SEARCH_DEFAULTS,
  type SearchDefaults,
  type SearchInput,
  type SearchResult,
  type Temporal,
} from "./search/searching.ts";
export type { MemorySize } from "./cached-stats.ts";
export {
  cutInto,
  DIFF_MEASURE,
  ENTITY_MEASURE,
  type Measure,
  pageWithin,
  tokenCounter,
} from "./search/token-budget.ts";
export { isValidDuring } from "./values.ts";
export { pageOfHistory } from "./versions.ts";
