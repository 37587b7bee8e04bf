import * as z from "zod";

/** What can be budgeted, by the names that definitions and `caxton.toml` use. */
export const BUDGET_KINDS = ["tokens", "usd", "tool_calls", "seconds", "fuel"] as const;
export type BudgetKind = (typeof BUDGET_KINDS)[number];

/** How much of each kind, in whole units: tokens, millionths of a USD, calls, milliseconds, fuel. */
export type Amounts = { readonly [Kind in BudgetKind]: number };

export const NOTHING: Amounts = { tokens: 0, usd: 0, tool_calls: 0, seconds: 0, fuel: 0 };

export const plus = (one: Amounts, other: Amounts): Amounts => ({
  tokens: one.tokens + other.tokens,
  usd: one.usd + other.usd,
  tool_calls: one.tool_calls + other.tool_calls,
  seconds: one.seconds + other.seconds,
  fuel: one.fuel + other.fuel,
});

/** How many whole units one of the units people write is. */
const UNITS: Amounts = { tokens: 1, usd: 1_000_000, tool_calls: 1, seconds: 1_000, fuel: 1 };

/** An amount in the unit people write: USD, seconds. */
export const asWritten = (kind: BudgetKind, amount: number): number => amount / UNITS[kind];

/** A table of limits as definitions and `caxton.toml` write it; what is absent has no limit. */
export const BudgetTable = z.strictObject({
  tokens: z
    .int()
    .min(1)
    .max(1e15)
    .optional()
    .meta({ description: "Input and output tokens of models", examples: [200_000] }),
  usd: z
    .number()
    .min(0)
    .max(1e6)
    .optional()
    .meta({ description: "What models cost, in USD; 0 lets only models run that cost nothing", examples: [0.5] }),
  tool_calls: z
    .int()
    .min(0)
    .max(1e12)
    .optional()
    .meta({ description: "Calls of tools", examples: [50] }),
  seconds: z
    .number()
    .min(0.1)
    .max(1e9)
    .optional()
    .meta({
      description: "Time in which runs work; waiting in the queue or for a person does not count",
      examples: [300],
    }),
  fuel: z
    .int()
    .min(1_000)
    .max(1e15)
    .optional()
    .meta({ description: "Fuel of sandboxed tools, about one for each instruction", examples: [10_000_000_000] }),
});
export type BudgetTable = z.infer<typeof BudgetTable>;

/** One limit, with the words that lead to the place where it is set. */
export type Limit = {
  /** In whole units. */
  readonly max: number;
  /** `budget.usd`, `budgets.workspace.tokens`. */
  readonly key: string;
  /** The file that sets it, as its reader knows it, or what else does. */
  readonly file: string;
  /** Of one run, or of all runs in one day. */
  readonly per: "run" | "day";
};
export type Limits = { readonly [Kind in BudgetKind]?: Limit | undefined };

/** The limits of a table that is called `name` where it stands, such as `budget.per_day`. */
export function limitsOf(
  table: BudgetTable,
  { name, per }: { readonly name: string; readonly per: Limit["per"] },
  fileOf: (key: string) => string,
): Limits {
  const limits: { [Kind in BudgetKind]?: Limit } = {};
  for (const kind of BUDGET_KINDS) {
    const value = table[kind];
    if (value === undefined) continue;
    const key = `${name}.${kind}`;
    limits[kind] = { max: Math.round(value * UNITS[kind]), key, file: fileOf(key), per };
  }
  return limits;
}

const grouped = (count: number): string => String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");

/** An amount in digits, without its unit: `0.50`, `0.000123`, `1,200`, `12.5`. */
export function showDigits(kind: BudgetKind, amount: number): string {
  if (kind === "usd") {
    const digits = (amount / UNITS.usd).toFixed(6).replace(/0{1,4}$/, "");
    return digits;
  }
  if (kind === "seconds") return (amount / UNITS.seconds).toFixed(1).replace(/\.0$/, "");
  return grouped(amount);
}

/** What an amount is of, after its digits. */
export const UNIT_NAMES: { readonly [Kind in BudgetKind]: string } = {
  tokens: "tokens",
  usd: "USD",
  tool_calls: "tool calls",
  seconds: "seconds",
  fuel: "fuel",
};
