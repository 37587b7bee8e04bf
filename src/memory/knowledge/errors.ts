import { CaxtonError } from "../../kernel/errors.ts";

/** Not a scope. */
export class MemoryScopeError extends CaxtonError<{ readonly scope: string }> {
  readonly code = "MEMORY_SCOPE_INVALID";
  readonly kind = "invalid";
}

/** A name, type, text, number or time that memory does not take. */
export class MemoryValueError extends CaxtonError<{ readonly field: string }> {
  readonly code = "MEMORY_VALUE_INVALID";
  readonly kind = "invalid";
}

/** Larger than memory takes. */
export class MemoryTooLargeError extends CaxtonError<{ readonly field: string; readonly max: number }> {
  readonly code = "MEMORY_TOO_LARGE";
  readonly kind = "too-large";
}

/** No entity has the name or id. */
export class EntityNotFoundError extends CaxtonError<{ readonly scope: string; readonly entity: string }> {
  readonly code = "ENTITY_NOT_FOUND";
  readonly kind = "not-found";
}

/** No relation has the id. */
export class RelationNotFoundError extends CaxtonError<{ readonly relation: string }> {
  readonly code = "RELATION_NOT_FOUND";
  readonly kind = "not-found";
}

/** The entity never had the version. */
export class EntityVersionNotFoundError extends CaxtonError<{ readonly entity: string; readonly version: number }> {
  readonly code = "ENTITY_VERSION_NOT_FOUND";
  readonly kind = "not-found";
}

/** The name belongs to an entity of another type. */
export class EntityTypeConflictError extends CaxtonError<{
  readonly scope: string;
  readonly name: string;
  readonly type: string;
}> {
  readonly code = "ENTITY_TYPE_CONFLICT";
  readonly kind = "conflict";
}

/** Somebody else changed the entity meanwhile, again and again. */
export class MemoryConflictError extends CaxtonError<{ readonly entity: string }> {
  readonly code = "MEMORY_CONFLICT";
  readonly kind = "conflict";
}

/** There are as many entities as there may be, and another would be new. */
export class MemoryFullError extends CaxtonError<{ readonly used: number; readonly max: number }> {
  readonly code = "MEMORY_FULL";
  readonly kind = "storage-full";
  /** Memory says by itself, now and then, that it refuses. */
  override readonly logLevel = "debug";
}

/** The place where memory is kept does not answer, or is not what it should be. */
export class MemoryUnavailableError extends CaxtonError<{ readonly backend: string }> {
  readonly code = "MEMORY_UNAVAILABLE";
  readonly kind = "unavailable";
}

/** What makes texts into vectors does not answer. */
export class EmbedderUnavailableError extends CaxtonError<{ readonly embedder: string }> {
  readonly code = "EMBEDDER_UNAVAILABLE";
  readonly kind = "unavailable";
}

/** More texts wait to be made into vectors than may. */
export class EmbedderOverloadedError extends CaxtonError<{ readonly embedder: string; readonly waiting: number }> {
  readonly code = "EMBEDDER_OVERLOADED";
  readonly kind = "exhausted";
}

/** Vectors of one model were to be compared with those of another. */
export class EmbeddingModelMismatchError extends CaxtonError<{ readonly expected: string; readonly got: string }> {
  readonly code = "EMBEDDING_MODEL_MISMATCH";
  readonly kind = "rejected";
}

/** A cursor that no page gave out. */
export class MemoryCursorError extends CaxtonError<{ readonly cursor: string }> {
  readonly code = "MEMORY_CURSOR_INVALID";
  readonly kind = "invalid";
}
