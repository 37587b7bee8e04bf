import type { RunEvent } from "../record/index.ts";

type ModelFail = Extract<RunEvent, { type: "model-fail" }>;

/** An attempt whose answer had begun when its run was ended or left: its provider charges what it has said. A run that goes on makes it again. */
export const cutOff = (
  attempt: Pick<ModelFail, "step" | "model" | "attempt" | "queuedMs">,
  usage: ModelFail["usage"],
  cost: ModelFail["cost"],
): ModelFail => ({
  ...attempt,
  type: "model-fail",
  class: "cancelled",
  message: "it was cut off in the middle of its answer",
  retryInMs: 0,
  next: null,
  usage,
  cost,
});
