import { showDigits, UNIT_NAMES } from "./amounts.ts";
import type { InsufficientBudget } from "./budget-tree.ts";

/** Why a call was refused, and where to change that, in words. */
export function explain({ kind, scope, limit, used, reserved, needed }: InsufficientBudget): {
  readonly message: string;
  readonly hint: string;
} {
  const digits = (amount: number) => showDigits(kind, amount);
  const unit = UNIT_NAMES[kind];
  const held = reserved > 0 ? `, ${digits(reserved)} reserved by calls in flight` : "";
  const day = limit.per === "day" ? " today" : "";
  return {
    message: `${limit.key} of ${scope}: ${digits(used)} of ${digits(limit.max)} ${unit} used${day}${held}; the next call may need ${digits(needed)}`,
    hint: `Raise ${limit.key} in ${limit.file}${day === "" ? "" : ", or wait for the next day"}.`,
  };
}
