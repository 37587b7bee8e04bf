import { CaxtonError } from "../../kernel/errors.ts";

/** Thrown for a vector of wrong length, a zero vector, or one with a component that is not finite. */
export class VectorInvalidError extends CaxtonError<{ readonly dims: number }> {
  readonly code = "VECTOR_INVALID";
  readonly kind = "invalid";
  constructor(problem: string, dims: number) {
    super(`the vector ${problem}`, `Use ${dims} finite numbers, not all zero, of the index's model.`, {
      dims,
    });
  }
}

/** Thrown if an index has no room for another row. */
export class RecallFullError extends CaxtonError<{ readonly rows: number }> {
  readonly code = "RECALL_FULL";
  readonly kind = "exhausted";
  constructor(what: string, rows: number) {
    super(
      `${what} is full at ${rows} rows`,
      "Delete entities that are no longer needed, or use an external memory backend.",
      { rows },
    );
  }
}
