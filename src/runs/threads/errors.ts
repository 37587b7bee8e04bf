import { CaxtonError } from "../../kernel/errors.ts";
import type { RunId, ThreadId } from "../../kernel/ids.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import type { RunView, TranscriptMessage } from "../record/index.ts";

export class ThreadNotFoundError extends CaxtonError<{ readonly id: string }> {
  readonly code = "THREAD_NOT_FOUND";
  readonly kind = "not-found";
}

/** The agent works on a message of the thread, and the sender does not want to wait, or too many wait already. */
export class ThreadBusyError extends CaxtonError<{ readonly id: string; readonly run: string }> {
  readonly code = "THREAD_BUSY";
  readonly kind = "conflict";
}

export class ThreadFullError extends CaxtonError<{ readonly id: string; readonly max: number }> {
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

/** The turn in progress waits for something that the message is not. */
export function waits(id: ThreadId, view: Pick<RunView, "id" | "state" | "approvals" | "replies">): ThreadBusyError {
  const { id: run, state, approvals, replies } = view;
  const tools = approvals.filter((each) => each.state === "open").map(({ server, tool }) => `${server}.${tool}`);
  const inputs = replies.flatMap((each) => (each.state === "open" && each.input !== null ? [each.input] : []));
  const page = `the page of the run, /ui/runs/${run}`;
  const error = (what: string, how: string) =>
    new ThreadBusyError(`run ${run} of thread ${id} waits for ${what}`, `${how} Then send the message.`, { id, run });
  if (tools.length > 0)
    return error(`an approval of its call of ${tools.join(", ")}`, `Decide on it on ${page}, or with caxton approval.`);
  if (state === "awaiting-choice") return error("a choice, since its model failed", `Choose on ${page}.`);
  if (state === "needs-decision")
    return error("a decision on a call whose result was lost", `Decide on ${page}, or with caxton run decide.`);
  const [asked] = inputs;
  if (asked?.kind === "client-tool")
    return error(`the result of the client's tool ${asked.name}`, "Send that result first, or cancel the run.");
  if (asked?.kind === "sign-in") return error(`a sign-in to the tool server ${asked.server}`, `Sign in on ${page}.`);
  return error("the answer to a question", `Answer it with a text alone, or on ${page}.`);
}

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
    { id, max: LIMITS.threadTurnsMax },
  );

/** Throws ThreadFullError if more messages wait for the next turn than a request may have. */
export function refuseTooMany(id: ThreadId, messages: readonly TranscriptMessage[]): void {
  const { transcriptMessagesMax, transcriptCharsMax } = LIMITS;
  const chars = messages.reduce((sum, message) => sum + charsOf(message), 0);
  if (messages.length <= transcriptMessagesMax && chars <= transcriptCharsMax) return;
  const [max, what] =
    messages.length > transcriptMessagesMax
      ? [transcriptMessagesMax, `${transcriptMessagesMax} messages`]
      : [transcriptCharsMax, `${transcriptCharsMax} characters`];
  throw new ThreadFullError(
    `thread ${id} can have at most ${what} that were added since its last turn`,
    "Delete some of them, send a message, or continue in another thread.",
    { id, max },
  );
}

const charsOf = (message: TranscriptMessage): number =>
  message.text.length +
  (message.role === "assistant" ? message.calls.reduce((sum, call) => sum + call.arguments.length, 0) : 0);

/** A message that was not added to the thread, was deleted, or is a part of a turn. */
export class AddedMessageNotFoundError extends CaxtonError<{ readonly id: string; readonly message: string }> {
  readonly code = "ADDED_MESSAGE_NOT_FOUND";
  readonly kind = "not-found";
}

export const addedMessageNotFound = (id: string, message: string): AddedMessageNotFoundError =>
  new AddedMessageNotFoundError(
    `thread ${id} has no added message ${message} that waits for a turn`,
    "A turn that took it stays as it is: `caxton thread undo` hides the newest one.",
    { id, message },
  );
