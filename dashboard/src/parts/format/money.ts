import type { BudgetAmount } from "../../../../src/api/contract/index.ts";
import { text } from "../../text/text.ts";
import { count, shortCount } from "./format.ts";

const CENT = 0.01;
const DIGITS_MAX = 6;

/** "$12.50", "$0.396", "$0.0023": cents, and of less than a cent two digits that say something. */
export function usd(value: number): string {
  if (value === 0 || value >= 1) return `$${value.toFixed(2)}`;
  const digits = value < CENT ? Math.min(DIGITS_MAX, 1 - Math.floor(Math.log10(value))) : 3;
  return `$${value.toFixed(digits).replace(/(\.\d\d\d*?)0+$/, "$1")}`;
}

/** What something cost, where the price of some calls may not be known. */
export function cost({ usd: known, unpriced_calls: unpriced }: { usd: number; unpriced_calls: number }): string {
  if (unpriced === 0) return usd(known);
  return known === 0 ? text.usage.unknownPrice : `${usd(known)} ${text.usage.unpriced(unpriced)}`;
}

/** A number of tokens; "≈ 1,200" if it is an estimate, because a provider reported none. */
export const tokens = (value: number, estimated: boolean): string => `${estimated ? "≈ " : ""}${count(value)}`;

/** An amount of a budget in its own unit. */
export function amount(kind: BudgetAmount["kind"], value: number): string {
  if (kind === "usd") return usd(value);
  if (kind === "fuel") return shortCount(value);
  return kind === "seconds" && value < 100 ? value.toFixed(1).replace(/\.0$/, "") : count(Math.round(value));
}
