import * as z from "zod";
import { BudgetTable } from "../../agents/budgets/index.ts";
import { durationText } from "../../text/documents/index.ts";

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
    run: BudgetTable.prefault({}).meta({ description: "Default budget of one run" }),
    agent: BudgetTable.prefault({}).meta({
      description: "Default daily budget of all runs of one agent",
    }),
    workspace: BudgetTable.prefault({}).meta({ description: "Daily budget of all runs of one workspace" }),
    day: BudgetTable.prefault({}).meta({ description: "Daily budget of all runs of this server" }),
    time_zone: timeZone.default("UTC").meta({ description: "Time zone of daily budgets" }),
    unknown_price: z.enum(["refuse", "allow"]).default("refuse").meta({
      description: "Action for a model without a known price if a budget limits USD",
    }),
    output_tokens: z.int().min(256).max(1_000_000).default(16_384).meta({
      description:
        "Maximum output tokens per turn if a budget limits tokens or USD and the definition sets no max_tokens",
    }),
    wait: durationText({ maxMs: 3_600_000 }).prefault("30s").meta({
      description: "Maximum time a call waits for budget that running calls have reserved; then it is refused",
    }),
  })
  .prefault({});
