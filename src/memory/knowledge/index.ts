/** Knowledge of agents: entities, observations, relations, and their search. */
export type { Capacity, LimitUse } from "./capacity.ts";
export type { Changes, Revision } from "./changes.ts";
export type { Embedder } from "./embedder.ts";
export type { Embeddings, NoVectors } from "./embeddings.ts";
export * from "./entity.ts";
export * from "./errors.ts";
export type { RankedHit } from "./search/fact-ranking.ts";
export type { MemoryStats } from "./stats.ts";
export { type Graph, type GraphInput, Memory, type MemoryDeps } from "./memory.ts";
export type * from "./memory-store.ts";
export type { Merge, Remembered, ImportResult } from "./merging.ts";
export { addForgotten, idsIn } from "./memory-store.ts";
export { foreignCursor, readNumberCursor, writeListCursor } from "./store-cursors.ts";
export { passagesOf } from "./search/passages.ts";
export type { RelationInput } from "./relating.ts";
export { checkInput, type Redact, type EntityInput, type ObservationInput } from "./remembering.ts";
export {
  SCOPE_TYPES,
  type Scope,
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
  type SearchMode,
  type SearchNotice,
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
export { type Blame, pageOfHistory } from "./versions.ts";
