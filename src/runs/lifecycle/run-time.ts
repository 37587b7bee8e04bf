import { isOnlyAsking } from "../calls/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import { type Recorder, RUN_FAILURE_CODES, type RunEvent, type RunHub, type RunPlan } from "../record/index.ts";

/** Why a run is aborted; carried as the signal's reason. */
export type Stop =
  | { readonly why: "cancel"; readonly reason: string }
  | { readonly why: "timeout" }
  | { readonly why: "shutdown" };

/** Does the work, and aborts it when its time is over. */
export async function withTimeout<Result>(
  clock: Clock,
  controller: AbortController,
  ms: number,
  work: () => Promise<Result>,
): Promise<Result> {
  const timer = new AbortController();
  const stop: Stop = { why: "timeout" };
  void clock.sleep(ms, timer.signal).then(
    () => controller.abort(stop),
    () => undefined,
  );
  try {
    return await work();
  } finally {
    // A reason of its own, since making the default one, an exception with a stack, costs more than the rest of this function.
    timer.abort("the work is done");
  }
}

/** Failure of a run that exceeded its time limit. */
export const timedOut = (plan: RunPlan): RunEvent => ({
  type: "run-fail",
  failure: {
    code: RUN_FAILURE_CODES.timeout,
    message: `the run took longer than ${plan.timeoutMs / 1000} seconds`,
    hint: `Raise timeout in the [execution] table of ${plan.agent}.`,
  },
});

type Live = { readonly recorder: Recorder | undefined; readonly controller: AbortController };

/** Aborts runs in which only a tool asks, those of now and those that begin to ask until it is disposed of. */
export function leaveAsking(hub: RunHub, runs: ReadonlyMap<unknown, Live>, stop: Stop): Disposable {
  const leave = () => {
    for (const { recorder, controller } of runs.values())
      if (recorder !== undefined && isOnlyAsking(recorder.view())) controller.abort(stop);
  };
  leave();
  return hub.watchAll((news) => {
    if (news.type === "entry") leave();
  });
}
