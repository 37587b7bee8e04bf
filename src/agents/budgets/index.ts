/** What runs may use up: limits in a tree, reserved before each call; what models cost; what was spent. */
export {
  type Amounts,
  asWritten,
  BUDGET_KINDS,
  type BudgetKind,
  BudgetTable,
  type Limit,
  type Limits,
  limitsOf,
  NOTHING,
} from "./amounts.ts";
export type { Level, InsufficientBudget } from "./budget-tree.ts";
export {
  type BudgetedRun,
  Budgets,
  type BudgetsOptions,
  type Patience,
  type RunBudget,
  type Scope,
} from "./budgets.ts";
export { Calendar, type Day } from "./day.ts";
export { readPriceFile } from "./price-file.ts";
export { type BilledTokens, costAtMost, costOf, outputWithin, type Price, PriceTable } from "./prices.ts";
export { explain } from "./refusal.ts";
export { amountsOf, type Spend, type SpendStore, type UsageGroup, type UsageRow } from "./spend.ts";
