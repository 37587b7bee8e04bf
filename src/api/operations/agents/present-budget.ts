import {
  type Amounts,
  amountsOf,
  asWritten,
  BUDGET_KINDS,
  type BudgetKind,
  type Level,
  type Limits,
  NOTHING,
  type UsageRow,
} from "../../../agents/budgets/index.ts";
import type { RunSummary } from "../../../runs/index.ts";
import type * as contract from "../../contract/index.ts";

/** Past this share of a limit people are warned. */
const WARNING = 0.8;

const isUsed = (kind: BudgetKind, { used, reserved }: Level, limits: Limits): boolean =>
  used[kind] > 0 || reserved[kind] > 0 || limits[kind] !== undefined;

/** Every kind that is limited or was used. */
export const presentLevel = (level: Level, limits: Limits): contract.BudgetAmount[] =>
  BUDGET_KINDS.filter((kind) => isUsed(kind, level, limits)).map((kind) => {
    const limit = limits[kind];
    const used = level.used[kind];
    const reserved = level.reserved[kind];
    return {
      kind,
      used: asWritten(kind, used),
      reserved: asWritten(kind, reserved),
      limit: limit === undefined ? null : asWritten(kind, limit.max),
      key: limit?.key ?? null,
      file: limit?.file ?? null,
      state: stateOf(used, used + reserved, limit?.max),
    };
  });

function stateOf(used: number, taken: number, max: number | undefined): contract.BudgetAmount["state"] {
  if (max === undefined) return "unlimited";
  if (used >= max) return "used-up";
  return taken >= max * WARNING ? "warning" : "ok";
}

/** What may be used by a run that has not begun. */
export const presentLimits = (limits: Limits): contract.BudgetAmount[] =>
  presentLevel({ used: NOTHING, reserved: NOTHING }, limits);

export const presentSpent = (spent: Amounts): contract.RunDetail["spent"] => ({
  tokens: spent.tokens,
  usd: asWritten("usd", spent.usd),
  tool_calls: spent.tool_calls,
  seconds: asWritten("seconds", spent.seconds),
  fuel: spent.fuel,
});

export const presentUsage = (row: Omit<UsageRow, "name">) => {
  const amounts = amountsOf(row);
  return {
    model_calls: row.modelCalls,
    input_tokens: row.inputTokens,
    output_tokens: row.outputTokens,
    cached_input_tokens: row.cachedInputTokens,
    usd: asWritten("usd", amounts.usd),
    unpriced_calls: row.unpricedCalls,
    estimated_calls: row.estimatedCalls,
    tool_calls: row.toolCalls,
    seconds: asWritten("seconds", amounts.seconds),
    fuel: row.fuel,
  };
};

export const presentCost = ({ spent, unpricedCalls, estimatedCalls }: RunSummary): contract.Cost => ({
  usd: asWritten("usd", spent.usd),
  unpriced_calls: unpricedCalls,
  estimated_calls: estimatedCalls,
});
