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
  plus,
} from "./amounts.ts";
export type { Level, InsufficientBudget } from "./budget-tree.ts";
export { Budgets, type BudgetsOptions, type Patience, type RunBudget, type Scope } from "./budgets.ts";
export { Calendar } from "./day.ts";
export { readPriceFile } from "./price-file.ts";
export { costAtMost, costOf, outputWithin, type Price, PriceTable } from "./prices.ts";
export { explain } from "./refusal.ts";
export { amountsOf, type Spend, type SpendStore, type UsageRow } from "./spend.ts";
