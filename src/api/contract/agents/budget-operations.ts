import * as z from "zod";
import { AgentBudget, BudgetList, Usage, UsageQuery } from "./budgets.ts";
import { operation } from "../operation.ts";

const READ = {
  tags: ["budgets"],
  permission: "usage:read",
  effect: "read",
  surfaces: ["rest", "cli"],
} as const;

export const list = operation({
  ...READ,
  name: "budget.list",
  summary: "List today's budgets",
  http: { method: "GET", path: "/api/v1/budgets" },
  output: BudgetList,
});

export const get = operation({
  ...READ,
  name: "budget.get",
  summary: "Get an agent's budgets and recent usage",
  http: { method: "GET", path: "/api/v1/budgets/:agent" },
  params: z.object({ agent: z.string() }),
  output: AgentBudget,
});

export const usage = operation({
  ...READ,
  name: "budget.usage",
  summary: "Report usage by agent, model or day",
  http: { method: "GET", path: "/api/v1/usage" },
  query: UsageQuery,
  output: Usage,
});
