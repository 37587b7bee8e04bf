import { Budgets, Calendar, NOTHING, PriceTable } from "../../agents/budgets/index.ts";
import type { Clock } from "../../kernel/clock.ts";

/** Rules for a call without a known price where USD are limited. */
export const UNKNOWN_PRICE_RULES = ["refuse", "allow"] as const;
export type UnknownPriceRule = (typeof UNKNOWN_PRICE_RULES)[number];

/** What runs are charged by. */
export type Accounts = {
  readonly budgets: Budgets;
  readonly prices: PriceTable;
  readonly unknownPrice: UnknownPriceRule;
  /** The longest answer that is reserved, and asked for, where a budget limits it and a definition does not. */
  readonly outputTokensMax: number;
};

export const OUTPUT_TOKENS_RESERVED = 16_384;

/** Accounts that limit nothing and remember nothing. */
export const openAccounts = (clock: Clock): Accounts => ({
  budgets: new Budgets(
    { store: { total: () => NOTHING, usage: () => [] }, clock, calendar: new Calendar("UTC") },
    { workspace: {}, day: {}, waitMs: 0 },
  ),
  prices: new PriceTable(),
  unknownPrice: "refuse",
  outputTokensMax: OUTPUT_TOKENS_RESERVED,
});
