import { CaxtonError } from "../../kernel/errors.ts";
import type { RunId, ThreadId } from "../../kernel/ids.ts";
import { LIMITS } from "../../kernel/quantities.ts";

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

export const threadNotFound = (id: string): ThreadNotFoundError =>
  new ThreadNotFoundError(`there is no thread ${id}`, "`caxton thread list` shows the threads there are.", { id });

export const busy = (id: ThreadId, run: RunId): ThreadBusyError =>
  new ThreadBusyError(
    `run ${run} of thread ${id} has not ended`,
    "Send it again later, or with when_busy queue, steer or interrupt.",
    { id, run },
  );

export const queueFull = (id: ThreadId, run: RunId): ThreadBusyError =>
  new ThreadBusyError(
    `${LIMITS.threadQueueMax} messages of thread ${id} wait already`,
    "Send it again later, or with when_busy interrupt.",
    { id, run },
  );

export const threadFull = (id: ThreadId): ThreadFullError =>
  new ThreadFullError(
    `thread ${id} has ${LIMITS.threadTurnsMax} turns, the most one thread may have`,
    `Continue in a fork: caxton thread fork ${id}`,
    { id, turnsMax: LIMITS.threadTurnsMax },
  );
