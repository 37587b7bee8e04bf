import type { Command } from "commander";
import * as z from "zod";
import { operations, type Usage, type UsageRow } from "../../api/contract/index.ts";
import { act, examples, type Invocation, LIST_FORMATS, showList } from "../frame/index.ts";
import { type Column, showCost, showCount } from "../terminal/index.ts";
import { showAmount } from "./amount.ts";

type Group = Usage["by"];

export const usageColumns = (by: Group): readonly Column<UsageRow>[] => [
  { title: by.toUpperCase(), value: ({ name }) => name, tone: () => "bold", shrinks: true },
  { title: "COST", value: (row) => showCost(row), align: "right" },
  { title: "TOKENS IN", value: ({ input_tokens: count }) => showCount(count), align: "right" },
  { title: "OUT", value: ({ output_tokens: count }) => showCount(count), align: "right" },
  { title: "CACHED", value: ({ cached_input_tokens: count }) => showCount(count), align: "right", wide: true },
  { title: "CALLS", value: ({ model_calls: count }) => showCount(count), align: "right" },
  { title: "ESTIMATED", value: ({ estimated_calls: count }) => showCount(count), align: "right", wide: true },
  { title: "TOOLS", value: ({ tool_calls: count }) => showCount(count), align: "right" },
  { title: "SECONDS", value: ({ seconds }) => showAmount("seconds", seconds), align: "right" },
  { title: "FUEL", value: ({ fuel }) => showCount(fuel), align: "right", wide: true },
];

/** `caxton budget usage` */
export function budgetUsage(command: Command, invocation: Invocation): void {
  command
    .summary("show usage by agent, model or day")
    .description(
      "Show the usage of runs in a range of days. The cost includes only calls with a known price; the others are counted separately.",
    )
    .addOption(command.createOption("--by <what>", "grouping").choices(["agent", "model", "day"]).default("day"))
    .option("--from <day>", "first day, for example 2026-11-01; default: 30 days ago")
    .option("--to <day>", "last day; default: today")
    .option("--agent <name>", "only usage of this agent");
  examples(command, [
    ["caxton budget usage", "day by day"],
    ["caxton budget usage --by model --from 2026-11-01", "which model costs most"],
    ["caxton budget usage --by agent -o jsonl", "for a spreadsheet or a script"],
  ]);
  act(command, invocation, {
    input: z.object({
      by: z.enum(["agent", "model", "day"]),
      from: z.string().optional(),
      to: z.string().optional(),
      agent: z.string().optional(),
    }),
    formats: LIST_FORMATS,
    run: async (context, query) => {
      const { value, raw } = await context.client.call(operations.budget.usage, query);
      const { total } = value;
      // Throws AGENT_NOT_FOUND; what a deleted agent used is still shown.
      if (query.agent !== undefined && value.items.length === 0)
        await context.client.call(operations.agent.get, { name: query.agent });
      await showList(context, {
        raw,
        items: value.items,
        columns: usageColumns(query.by),
        name: ({ name }) => name,
        empty: `nothing was used from ${value.from} to ${value.to}`,
        footer: `${value.from} to ${value.to}: ${showCost(total)}, ${showCount(total.input_tokens + total.output_tokens)} tokens`,
      });
    },
  });
}
