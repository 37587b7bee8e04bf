import type { Clock } from "../../kernel/clock.ts";
import { LinkedAbort } from "../../kernel/async/linked-abort.ts";
import type { ModelFailure } from "../port/index.ts";
import { failure } from "./failure.ts";

/** The caller's cancellation and the attempt's time limit as one signal. Dispose it when the attempt is over. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
  /** Why the signal was aborted; undefined while it is not. */
  readonly failure: ModelFailure | undefined;
}

export function startDeadline(clock: Clock, timeoutMs: number, caller: AbortSignal): Deadline {
  const ended = new AbortController();
  const late = new LinkedAbort(caller);
  let isLate = false;
  clock.sleep(timeoutMs, ended.signal).then(
    () => {
      isLate = true;
      return late.abort("the attempt took too long");
    },
    () => undefined, // The attempt ended first.
  );
  return {
    signal: late.signal,
    get failure() {
      if (caller.aborted) return failure("cancelled", "the model call was cancelled");
      if (isLate) return failure("timeout", `the model gave no complete answer within ${timeoutMs} ms`);
      return undefined;
    },
    // A reason of its own, since making the default one, an exception with a stack, costs more than the rest of this function.
    [Symbol.dispose]: () => {
      late[Symbol.dispose]();
      ended.abort("the attempt is over");
    },
  };
}
