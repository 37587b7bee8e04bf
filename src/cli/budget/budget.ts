import type { Command } from "commander";
import * as z from "zod";
import { type Budget, type BudgetAmount, operations, type UsageRow } from "../../api/contract/index.ts";
import { isJsonObject, type Json } from "../../kernel/json.ts";
import {
  act,
  type CommandMaker,
  examples,
  type Invocation,
  LIST_FORMATS,
  ONE_FORMATS,
  showList,
  showOne,
} from "../frame/index.ts";
import { type Column, oneLine, renderFields, renderTable, type Tone } from "../terminal/index.ts";
import { showAmount, showWithUnit } from "./amount.ts";
import { budgetUsage, usageColumns } from "./usage.ts";

/** `caxton budget` */
export const budget: CommandMaker = (command, invocation) => {
  command.description(
    "Budgets limit the tokens, USD, tool calls, seconds and fuel of runs, per run, agent, workspace and day. A run stops before a call that would exceed a budget, and reports the key to raise. Set limits in a definition ([budget], [budget.per_day]) and in caxton.toml ([budgets.run], [budgets.agent], [budgets.workspace], [budgets.day]). Default: no limit.",
  );
  examples(command, [
    ["caxton budget list", "what is used of today's budgets"],
    ["caxton budget get data-analyzer", "one agent's budgets and its last days"],
    ["caxton budget usage --by model", "where the money went in the last 30 days"],
  ]);
  list(command.command("list"), invocation);
  get(command.command("get"), invocation);
  budgetUsage(command.command("usage"), invocation);
};

type Row = { readonly scope: string; readonly name: string; readonly amount: BudgetAmount };

const TONES: { readonly [State in BudgetAmount["state"]]: Tone | undefined } = {
  unlimited: "dim",
  ok: undefined,
  warning: "yellow",
  "used-up": "red",
};

const shareOf = ({ used, reserved, limit }: BudgetAmount): string =>
  limit === null ? "" : limit === 0 ? "100 %" : `${Math.floor(((used + reserved) / limit) * 100)} %`;

const COLUMNS: readonly Column<Row>[] = [
  { title: "SCOPE", value: ({ scope }) => scope },
  { title: "NAME", value: ({ name }) => name, tone: () => "bold", shrinks: true },
  { title: "OF", value: ({ amount }) => amount.kind },
  { title: "USED", value: ({ amount }) => showAmount(amount.kind, amount.used), align: "right" },
  {
    title: "RESERVED",
    value: ({ amount }) => (amount.reserved === 0 ? "" : showAmount(amount.kind, amount.reserved)),
    align: "right",
  },
  {
    title: "LIMIT",
    value: ({ amount }) => (amount.limit === null ? "none" : showAmount(amount.kind, amount.limit)),
    align: "right",
  },
  {
    title: "TAKEN",
    value: ({ amount }) => shareOf(amount),
    align: "right",
    tone: ({ amount }) => TONES[amount.state],
  },
  { title: "KEY", value: ({ amount }) => amount.key ?? "", wide: true },
  { title: "FILE", value: ({ amount }) => amount.file ?? "", wide: true },
];

const rowsOf = ({ scope, name, amounts }: Budget): readonly Row[] =>
  amounts.map((amount) => ({ scope: scope === "day" ? "server" : scope, name, amount }));

function list(command: Command, invocation: Invocation): void {
  command
    .summary("list today's budgets")
    .description(
      "List used, reserved and limited amounts of today: of the server, the workspace, and each agent with a limit or usage.",
    )
    .option("--limited", "only budgets with a limit");
  examples(command, [
    ["caxton budget list", ""],
    ["caxton budget list --limited", "without what is only counted"],
    ["caxton budget list -o wide", "with the key and the file of each limit"],
  ]);
  act(command, invocation, {
    input: z.object({ limited: z.boolean().default(false) }),
    formats: LIST_FORMATS,
    run: async (context, { limited }) => {
      const { value, raw } = await context.client.call(operations.budget.list, {});
      const items = value.items.flatMap(rowsOf).filter(({ amount }) => !limited || amount.limit !== null);
      await showList(context, {
        raw,
        items,
        columns: COLUMNS,
        name: ({ scope, name, amount }) => [scope, name, amount.kind].filter((part) => part !== "").join("/"),
        empty: limited
          ? "nothing is limited; set a limit with [budget] in a definition, or [budgets.day] in caxton.toml"
          : "nothing was used today, and neither the day nor an agent is limited; limits of single runs: caxton config view",
        footer: `${value.day}, ${value.time_zone}; what was used before: caxton budget usage`,
      });
    },
  });
}

function get(command: Command, invocation: Invocation): void {
  command
    .summary("show an agent's budgets and recent usage")
    .description("Show the budget of one run of an agent, today's usage of its runs, and its last 14 days.")
    .argument("<agent>", "agent name");
  examples(command, [
    ["caxton budget get data-analyzer", ""],
    ["caxton budget get data-analyzer -o json", "as one document"],
  ]);
  act(command, invocation, {
    input: z.object({ agent: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { agent }) => {
      const { value, raw } = await context.client.call(operations.budget.get, { agent });
      const { terminal } = context;
      const { style, columns } = terminal;
      await showOne(context, {
        raw: asJson(raw),
        name: value.agent,
        human: () =>
          [
            renderFields(
              [
                ["Agent", value.agent],
                ["One run", value.run.map(limitLine).join("\n") || "no limit"],
                ["Today", value.today.amounts.map(usedLine).join("\n") || "nothing used, no limit"],
              ],
              { style, columns },
            ),
            ...(value.days.length === 0
              ? []
              : [
                  `\n${renderTable<UsageRow>(usageColumns("day"), value.days, { widthMax: columns, wide: false, style })}`,
                ]),
          ].join(""),
      });
    },
  });
}

const asJson = (raw: Json): Json => (isJsonObject(raw) ? raw : {});

const limitLine = ({ kind, limit, key, file }: BudgetAmount): string =>
  `${showWithUnit(kind, limit ?? 0)}   ${key ?? ""} in ${oneLine(file ?? "")}`;

const usedLine = (amount: BudgetAmount): string => {
  const { kind, used, limit, key, file } = amount;
  if (limit === null) return showWithUnit(kind, used);
  return `${showAmount(kind, used)} of ${showWithUnit(kind, limit)} (${shareOf(amount)})   ${key ?? ""} in ${oneLine(file ?? "")}`;
};
