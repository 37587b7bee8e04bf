import type { Amounts } from "./amounts.ts";
import type { Day } from "./day.ts";

/** What one event of a run's journal used up. Written in the transaction of its event, so it is never lost nor counted twice. */
export type Spend = {
  readonly workspace: string;
  readonly agent: string;
  readonly day: Day;
  /** `provider/model`; empty for what tools used. */
  readonly model: string;
  readonly modelCalls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedInputTokens: number;
  /** Millionths of a USD, of the calls whose price is known. */
  readonly usdMicros: number;
  /** Model calls whose price is not known. */
  readonly unpricedCalls: number;
  /** Model calls whose tokens the provider did not report. */
  readonly estimatedCalls: number;
  readonly toolCalls: number;
  readonly fuel: number;
  /** Time the run worked since the spend before. */
  readonly ms: number;
};

export const amountsOf = (spend: Omit<Spend, "workspace" | "agent" | "day" | "model">): Amounts => ({
  tokens: spend.inputTokens + spend.outputTokens,
  usd: spend.usdMicros,
  tool_calls: spend.toolCalls,
  seconds: spend.ms,
  fuel: spend.fuel,
});

export type UsageGroup = "agent" | "model" | "day";

/** Sums over spends; `name` is the agent, the model or the day. */
export type UsageRow = Omit<Spend, "workspace" | "agent" | "day" | "model"> & { readonly name: string };

/** Sums over what was spent. Reading only: the run journal writes it. */
export interface SpendStore {
  /** What a workspace, or one agent of it, or with neither the whole server used in a day. */
  total(scope: {
    readonly day: Day;
    readonly workspace?: string | undefined;
    readonly agent?: string | undefined;
  }): Amounts;
  /** Usage of a workspace from one day to another, both included, the costliest first, days in order. At most `limit` rows. */
  usage(query: {
    readonly workspace: string;
    readonly by: UsageGroup;
    readonly from: Day;
    readonly to: Day;
    readonly agent?: string | undefined;
    readonly limit: number;
  }): readonly UsageRow[];
}
