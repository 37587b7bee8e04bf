import type * as contract from "../../contract/index.ts";

/** How the models stand that were used. */
export interface ModelConditions {
  conditions(): readonly {
    readonly provider: string;
    readonly model: string;
    readonly account: string;
    readonly circuit: contract.ModelCondition["circuit"];
    readonly faults: number;
    readonly retryInMs: number;
    readonly executing: number;
    readonly waiting: number;
    readonly pausedMs: number;
  }[];
}

/** As the wire shows them. */
export const presentConditions = (models: ModelConditions): contract.ModelCondition[] =>
  models.conditions().map(({ retryInMs, pausedMs, ...condition }) => ({
    ...condition,
    retry_in_ms: retryInMs,
    paused_ms: pausedMs,
  }));
