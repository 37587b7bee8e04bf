import type { RunId } from "../../kernel/ids.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import {
  InputTooLargeError,
  NoChoiceOpenError,
  RunEndedError,
  RunNotFoundError,
  RunNotWaitingError,
  RunQueueFullError,
} from "../record/index.ts";

export const notWaiting = (id: RunId, callId: string | undefined, hint: string): RunNotWaitingError =>
  new RunNotWaitingError(
    `run ${id} does not wait for a decision${callId === undefined ? "" : ` on call ${callId}`}`,
    hint,
    { id, callId: callId ?? "" },
  );

export const noChoiceOpen = (id: RunId, state: string): NoChoiceOpenError =>
  new NoChoiceOpenError(
    `run ${id} does not wait for a choice`,
    `It is ${state}. \`caxton run list --state awaiting-choice\` shows those that do.`,
    { id },
  );

export const queueFull = (queuedMax: number): RunQueueFullError =>
  new RunQueueFullError(`${queuedMax} runs are waiting already`, "Try again when some have ended.", { queuedMax });

export const inputTooLarge = (): InputTooLargeError =>
  new InputTooLargeError(
    `the request is longer than ${LIMITS.inputBytesMax} bytes`,
    "Send long material as a file with --file; the tools can read it.",
    { bytesMax: LIMITS.inputBytesMax },
  );

export const runEnded = (id: RunId, state: string): RunEndedError =>
  new RunEndedError(`run ${id} has already ended: it is ${state}`, "", { id, state });

export const runNotFound = (id: RunId): RunNotFoundError =>
  new RunNotFoundError(`there is no run ${id}`, "`caxton run list` shows the runs there are.", { id });
