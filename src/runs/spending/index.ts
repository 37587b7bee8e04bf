export type { Patience } from "../../agents/budgets/index.ts";
export { type Accounts, openAccounts, OUTPUT_TOKENS_RESERVED, UNKNOWN_PRICE_RULES } from "./accounts.ts";
export {
  type Answered,
  type Lease,
  type Meter,
  type Permit,
  type RunMeter,
  type TurnCost,
  type TurnPermit,
  openMeter,
} from "./run-meter.ts";
export { isTold, UNTOLD } from "./request-tokens.ts";
