import * as z from "zod";
import { BudgetTable } from "../../agents/budgets/index.ts";
import { durationText } from "../../text/documents/index.ts";
import { OUTPUT_TOKENS_RESERVED, UNKNOWN_PRICE_RULES } from "../../runs/index.ts";

const timeZone = z.string().refine(
  (name) => {
    try {
      return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
    } catch {
      return false;
    }
  },
  { error: 'expected a time zone such as "UTC" or "Europe/Berlin"' },
);

/** `[budgets]` of caxton.toml. */
export const BudgetsTable = z
  .strictObject({
    run: BudgetTable.prefault({}).meta({ description: "Of one run, where its definition does not say" }),
    agent: BudgetTable.prefault({}).meta({
      description: "Of all runs of one agent in one day, where its definition does not say",
    }),
    workspace: BudgetTable.prefault({}).meta({ description: "Of all runs of one workspace in one day" }),
    day: BudgetTable.prefault({}).meta({ description: "Of all runs of this server in one day" }),
    time_zone: timeZone.default("UTC").meta({ description: "Whose midnight begins a day" }),
    unknown_price: z.enum(UNKNOWN_PRICE_RULES).default("refuse").meta({
      description: "What becomes of a model whose price is not known where a budget limits USD",
    }),
    output_tokens: z.int().min(256).max(1_000_000).default(OUTPUT_TOKENS_RESERVED).meta({
      description:
        "Longest answer of one turn where a budget limits tokens or USD and the definition sets no max_tokens",
    }),
    wait: durationText({ maxMs: 3_600_000 }).prefault("30s").meta({
      description: "How long a call waits for room that calls under way have reserved, before it is refused",
    }),
  })
  .prefault({});
