import { CaxtonError } from "../../kernel/errors.ts";

export class ThreadNotFoundError extends CaxtonError<{ readonly id: string }> {
  readonly code = "THREAD_NOT_FOUND";
  readonly kind = "not-found";
}

/** The agent works on a message of the thread, and the sender does not want to wait, or too many wait already. */
export class ThreadBusyError extends CaxtonError<{ readonly id: string; readonly run: string }> {
  readonly code = "THREAD_BUSY";
  readonly kind = "conflict";
}

export class ThreadFullError extends CaxtonError<{ readonly id: string; readonly turnsMax: number }> {
  readonly code = "THREAD_FULL";
  readonly kind = "conflict";
}

/** A run that is not a turn of the thread. */
export class TurnNotFoundError extends CaxtonError<{ readonly id: string; readonly run: string }> {
  readonly code = "TURN_NOT_FOUND";
  readonly kind = "not-found";
}
