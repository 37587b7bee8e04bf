/** What agents know: entities, what is said of them, how they relate, and where it is found again. */
export * from "./entity.ts";
export * from "./errors.ts";
export { passagesOf } from "./passages.ts";
export type { Embedder } from "./embedder.ts";
export type * from "./memory-store.ts";
export {
  readScopeKey,
  type Scope,
  SCOPE_TYPES,
  type ScopeKey,
  scopeKey,
  type ScopeType,
  visibleScopes,
} from "./scope.ts";
