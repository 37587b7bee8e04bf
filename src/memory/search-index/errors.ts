import { CaxtonError } from "../../kernel/errors.ts";

/** A vector that says nothing: of another length, zero, or with a part that is no finite number. */
export class VectorInvalidError extends CaxtonError<{ readonly dims: number }> {
  readonly code = "VECTOR_INVALID";
  readonly kind = "invalid";
  constructor(problem: string, dims: number) {
    super(`the vector ${problem}`, `Give ${dims} finite numbers that are not all zero, of the index's model.`, {
      dims,
    });
  }
}

/** The memory of an index has no room for another row. */
export class RecallFullError extends CaxtonError<{ readonly rows: number }> {
  readonly code = "RECALL_FULL";
  readonly kind = "exhausted";
  constructor(what: string, rows: number) {
    super(
      `${what} is full at ${rows} rows`,
      "Forget what is no longer needed, or keep this memory in an outside backend.",
      { rows },
    );
  }
}
