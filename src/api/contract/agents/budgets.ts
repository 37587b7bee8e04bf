import * as z from "zod";

export const BudgetKind = z.enum(["tokens", "usd", "tool_calls", "seconds", "fuel"]);

export const BudgetAmount = z
  .object({
    kind: BudgetKind,
    used: z.number().meta({ description: "In the kind's own unit: tokens, USD, calls, seconds, fuel" }),
    reserved: z.number().meta({ description: "Reserved by calls in progress" }),
    limit: z.number().nullable().meta({ description: "null: not limited" }),
    key: z.string().nullable().meta({ description: "The key that sets the limit" }),
    file: z.string().nullable().meta({ description: "The file that contains the key, or another source of the limit" }),
    state: z
      .enum(["unlimited", "ok", "warning", "used-up"])
      .meta({ description: "warning: 80 % or more is used or reserved; used-up: nothing is left" }),
  })
  .meta({ id: "BudgetAmount" });
export type BudgetAmount = z.infer<typeof BudgetAmount>;

export const Budget = z
  .object({
    scope: z.enum(["agent", "workspace", "day"]).meta({ description: "day: the whole server" }),
    name: z.string().meta({ description: "The agent or workspace; empty for the server" }),
    day: z.iso.date(),
    amounts: z.array(BudgetAmount),
  })
  .meta({ id: "Budget" });
export type Budget = z.infer<typeof Budget>;

export const BudgetList = z
  .object({
    day: z.iso.date().meta({ description: "Today, in `time_zone`" }),
    time_zone: z.string(),
    items: z
      .array(Budget)
      .meta({ description: "The server, the workspace, then agents with a limit or with spending" }),
  })
  .meta({ id: "BudgetList" });

const Count = z.int();
const sums = {
  model_calls: Count,
  input_tokens: Count,
  output_tokens: Count,
  cached_input_tokens: Count,
  usd: z.number().meta({ description: "Cost of the calls with a known price" }),
  unpriced_calls: Count.meta({ description: "Model calls with an unknown price" }),
  estimated_calls: Count.meta({ description: "Model calls with estimated tokens, because the provider reported none" }),
  tool_calls: Count,
  seconds: z.number(),
  fuel: Count,
};

export const UsageRow = z
  .object({ name: z.string().meta({ description: "The agent, the model or the day" }), ...sums })
  .meta({ id: "UsageRow" });
export type UsageRow = z.infer<typeof UsageRow>;

export const UsageQuery = z.object({
  by: z.enum(["agent", "model", "day"]).default("day"),
  from: z.iso.date().optional().meta({ description: "The first day; default: 30 days ago" }),
  to: z.iso.date().optional().meta({ description: "The last day; default: today" }),
  agent: z.string().max(64).optional().meta({ description: "Only usage of this agent" }),
  limit: z.coerce.number<number>().int().min(1).max(1_000).default(200),
});

export const Usage = z
  .object({
    by: z.enum(["agent", "model", "day"]),
    from: z.iso.date(),
    to: z.iso.date(),
    time_zone: z.string(),
    items: z.array(UsageRow).meta({ description: "Most expensive first; days in order" }),
    total: z.object(sums).meta({ description: "Sums of the items" }),
  })
  .meta({ id: "Usage" });
export type Usage = z.infer<typeof Usage>;

export const AgentBudget = z
  .object({
    agent: z.string(),
    run: z.array(BudgetAmount).meta({ description: "Limits of one run; `used` and `reserved` are 0" }),
    today: Budget,
    days: z.array(UsageRow).meta({ description: "The last 14 days with spending" }),
  })
  .meta({ id: "AgentBudget" });

export const Cost = z
  .object({
    usd: z.number().meta({ description: "Cost of the calls with a known price" }),
    unpriced_calls: Count.meta({ description: "Model calls with an unknown price" }),
    estimated_calls: Count.meta({ description: "Model calls whose tokens are estimates" }),
  })
  .meta({ id: "Cost" });
export type Cost = z.infer<typeof Cost>;

export const Spent = z
  .object({ tokens: Count, usd: z.number(), tool_calls: Count, seconds: z.number(), fuel: Count })
  .meta({ id: "Spent" });

export const StepCost = z
  .object({
    usd: z.number().nullable().meta({ description: "null: the price is not known" }),
    price: z.string().nullable().meta({ description: "Entry of the price table" }),
    input_tokens: Count,
    output_tokens: Count,
    estimated: z.boolean().meta({ description: "Whether tokens are estimated, because the provider reported none" }),
  })
  .meta({ id: "StepCost" });

export const OutputLimit = z
  .object({ output_tokens_max: Count, key: z.string(), file: z.string() })
  .meta({ id: "OutputLimit", description: "Budget that limited the length of the output" });
