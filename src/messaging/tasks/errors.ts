import { CaxtonError } from "../../kernel/errors.ts";

export class TaskNotFoundError extends CaxtonError<{ readonly id: string }> {
  readonly code = "TASK_NOT_FOUND";
  readonly kind = "not-found";
}

/** It was distributed, or is over. */
export class TaskStateError extends CaxtonError<{ readonly id: string; readonly state: string }> {
  readonly code = "TASK_STATE";
  readonly kind = "conflict";
}

/** The request contradicts itself, or an expression is invalid. */
export class TaskInvalidError extends CaxtonError<{ readonly problem: string }> {
  readonly code = "TASK_INVALID";
  readonly kind = "rejected";
}

export class TooManyTasksError extends CaxtonError<{ readonly limit: number }> {
  readonly code = "TOO_MANY_TASKS";
  readonly kind = "exhausted";
}
