import { CaxtonError } from "../../kernel/errors.ts";

/** Thrown for an invalid scope. */
export class MemoryScopeError extends CaxtonError<{ readonly scope: string }> {
  readonly code = "MEMORY_SCOPE_INVALID";
  readonly kind = "invalid";
}

/** Thrown for an invalid name, type, text, number or time. */
export class MemoryValueError extends CaxtonError<{ readonly field: string }> {
  readonly code = "MEMORY_VALUE_INVALID";
  readonly kind = "invalid";
}

/** Thrown for a value that exceeds its size limit. */
export class MemoryTooLargeError extends CaxtonError<{ readonly field: string; readonly max: number }> {
  readonly code = "MEMORY_TOO_LARGE";
  readonly kind = "too-large";
}

/** Thrown if no entity has the name or id. */
export class EntityNotFoundError extends CaxtonError<{ readonly scope: string; readonly entity: string }> {
  readonly code = "ENTITY_NOT_FOUND";
  readonly kind = "not-found";
}

/** Thrown if no relation has the id. */
export class RelationNotFoundError extends CaxtonError<{ readonly relation: string }> {
  readonly code = "RELATION_NOT_FOUND";
  readonly kind = "not-found";
}

/** Thrown if the entity never had the version. */
export class EntityVersionNotFoundError extends CaxtonError<{ readonly entity: string; readonly version: number }> {
  readonly code = "ENTITY_VERSION_NOT_FOUND";
  readonly kind = "not-found";
}

/** Thrown if the name belongs to an entity of another type. */
export class EntityTypeConflictError extends CaxtonError<{
  readonly scope: string;
  readonly name: string;
  readonly type: string;
}> {
  readonly code = "ENTITY_TYPE_CONFLICT";
  readonly kind = "conflict";
}

/** Thrown if the update failed after repeated version conflicts. */
export class MemoryConflictError extends CaxtonError<{ readonly entity: string }> {
  readonly code = "MEMORY_CONFLICT";
  readonly kind = "conflict";
}

/** Thrown if a new entity would exceed `memory.max_entities`. */
export class MemoryFullError extends CaxtonError<{ readonly used: number; readonly max: number }> {
  readonly code = "MEMORY_FULL";
  readonly kind = "storage-full";
  /** `Capacity` logs refusals itself, periodically. */
  override readonly logLevel = "debug";
}

/** Thrown if the memory backend does not answer or is inconsistent. */
export class MemoryUnavailableError extends CaxtonError<{ readonly backend: string }> {
  readonly code = "MEMORY_UNAVAILABLE";
  readonly kind = "unavailable";
}

/** Thrown if the embedder does not answer. */
export class EmbedderUnavailableError extends CaxtonError<{ readonly embedder: string }> {
  readonly code = "EMBEDDER_UNAVAILABLE";
  readonly kind = "unavailable";
}

/** Thrown if the queue of texts to embed is full. */
export class EmbedderOverloadedError extends CaxtonError<{ readonly embedder: string; readonly waiting: number }> {
  readonly code = "EMBEDDER_OVERLOADED";
  readonly kind = "exhausted";
}

/** Thrown if vectors of different models would be compared. */
export class EmbeddingModelMismatchError extends CaxtonError<{ readonly expected: string; readonly got: string }> {
  readonly code = "EMBEDDING_MODEL_MISMATCH";
  readonly kind = "rejected";
  /** `known` and `got` are lengths of vectors of one model. */
  constructor(model: string, known: number, got: number) {
    super(
      `${model} gave a vector of ${got} parts where it gave ${known} before`,
      "Another model answers under the same name. Give it its own name in models.roles.embedding, so that Caxton embeds memory again.",
      { expected: `${known} parts`, got: `${got} parts` },
    );
  }
}

/** Thrown for a cursor that no page returned. */
export class MemoryCursorError extends CaxtonError<{ readonly cursor: string }> {
  readonly code = "MEMORY_CURSOR_INVALID";
  readonly kind = "invalid";
}
