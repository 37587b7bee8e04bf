import type { RunEvent } from "../record/index.ts";

type ModelFail = Extract<RunEvent, { type: "model-fail" }>;

/**
 * An attempt whose answer had started when its run was ended or left: its provider charges the text so far. A resumed
 * run makes the attempt again.
 */
export const cutOff = (
  attempt: Pick<ModelFail, "step" | "model" | "attempt" | "queuedMs">,
  charged: Pick<ModelFail, "usage" | "cost" | "content">,
): ModelFail => ({
  ...attempt,
  type: "model-fail",
  class: "cancelled",
  message: "it was cut off in the middle of its answer",
  retryInMs: 0,
  next: null,
  ...charged,
});
