export type { Patience } from "../../agents/budgets/index.ts";
export { type Accounts, openAccounts } from "./accounts.ts";
export {
  type TurnUsage,
  type Lease,
  type Meter,
  type BudgetPermit,
  type TurnCost,
  type TurnPermit,
  createMeter,
} from "./run-meter.ts";
export { hasUsage, NO_USAGE } from "./request-tokens.ts";
