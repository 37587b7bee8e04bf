import * as z from "zod";
import { budgets, ROUTES } from "../contract/index.ts";
import { getAgentBudget, getUsage, listBudgets } from "../operations/index.ts";
import type { Http, HttpContext } from "./context.ts";
import { failures } from "./responses.ts";

const tags = ["budgets"];

export function budgetRoutes(http: Http, { services }: HttpContext): void {
  http.get(
    ROUTES.budgets,
    { schema: { tags, summary: "Today's budgets", response: { 200: budgets.BudgetList, ...failures } } },
    async () => listBudgets(services),
  );
  http.get(
    ROUTES.agentBudget,
    {
      schema: {
        tags,
        summary: "An agent's budgets, and what it used lately",
        params: z.object({ agent: z.string() }),
        response: { 200: budgets.AgentBudget, ...failures },
      },
    },
    async ({ params: { agent } }) => getAgentBudget(services, agent),
  );
  http.get(
    ROUTES.usage,
    {
      schema: {
        tags,
        summary: "What was used, by agent, model or day",
        querystring: budgets.UsageQuery,
        response: { 200: budgets.Usage, ...failures },
      },
    },
    async ({ query }) => getUsage(services, query),
  );
}
