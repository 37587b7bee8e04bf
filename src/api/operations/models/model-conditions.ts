import type { ModelServices } from "../../../models/index.ts";
import type * as contract from "../../contract/index.ts";

/** Presents the used models with their circuits and queues. */
export const presentConditions = (traffic: ModelServices["traffic"]): contract.ModelCondition[] =>
  traffic.conditions().map(({ retryInMs, pausedMs, ...condition }) => ({
    ...condition,
    retry_in_ms: retryInMs,
    paused_ms: pausedMs,
  }));
