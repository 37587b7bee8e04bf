export { type Accounts, openAccounts, OUTPUT_TOKENS_RESERVED, UNKNOWN_PRICE_RULES } from "./accounts.ts";
export { type RunMeter, type TurnPermit, openMeter } from "./run-meter.ts";
