import type { BudgetAmount } from "../../api/contract/index.ts";
import { showCount, showUsd } from "../terminal/index.ts";

const UNITS: { readonly [Kind in BudgetAmount["kind"]]: string } = {
  tokens: " tokens",
  usd: "",
  tool_calls: " tool calls",
  seconds: " seconds",
  fuel: " fuel",
};

/** … with the name of the unit, where the amount does not show it: `1,200 tokens`. */
export const showWithUnit = (kind: BudgetAmount["kind"], amount: number): string =>
  showAmount(kind, amount) + UNITS[kind];

/** An amount of a budget in its own unit: `$0.42`, `12.5`, `1,200`. */
export function showAmount(kind: BudgetAmount["kind"], amount: number): string {
  if (kind === "usd") return showUsd(amount);
  if (kind === "seconds") return amount < 100 ? amount.toFixed(1).replace(/\.0$/, "") : showCount(Math.round(amount));
  return showCount(amount);
}
