import { Budgets, Calendar, NOTHING, PriceTable } from "../../agents/budgets/index.ts";
import type { Clock } from "../../kernel/clock.ts";

/** Budgets and prices that runs are charged by. */
export type Accounts = {
  readonly budgets: Budgets;
  readonly prices: PriceTable;
  /** Action for a call without a known price if a budget limits USD. */
  readonly unknownPrice: "refuse" | "allow";
  /** The longest answer that is reserved, and asked for, where a budget limits it and a definition does not. */
  readonly outputTokensMax: number;
};

/** Accounts that limit nothing and remember nothing. */
export const openAccounts = (clock: Clock): Accounts => ({
  budgets: new Budgets(
    { store: { total: () => NOTHING, usage: () => [] }, clock, calendar: new Calendar("UTC") },
    { workspace: {}, day: {}, waitMs: 0 },
  ),
  prices: new PriceTable(),
  unknownPrice: "refuse",
  outputTokensMax: 16_384,
});
