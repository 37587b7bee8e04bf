import type { Agents } from "../../agents/definitions/index.ts";
import type { Budgets, Limits, Scope, SpendStore, UsageRow } from "../../agents/budgets/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import type * as contract from "../contract/index.ts";
import type { budgets as schemas } from "../contract/index.ts";
import type * as z from "zod";
import { presentLevel, presentLimits, presentUsage } from "./present-budget.ts";
import { DEFAULT_WORKSPACE } from "./run-operations.ts";

/** What a definition and the configuration limit, for one agent; of its newest revision unless another is named. */
export type AgentLimits = (
  workspace: string,
  agent: string,
  revision?: number,
) => Promise<{ readonly run: Limits; readonly agent: Limits }>;

export type BudgetServices = {
  readonly agents: Agents;
  readonly budgets: Budgets;
  readonly spend: SpendStore;
  readonly agentLimits: AgentLimits;
  readonly clock: Clock;
};

const AGENTS_MAX = 200;
const DAYS_SHOWN = 14;
const USAGE_DAYS = 30;
const NO_LIMITS = { run: {}, agent: {} } as const;

/** Today's budgets: the server's, the workspace's, and those of agents that have a limit or used something. */
export async function listBudgets(services: BudgetServices): Promise<contract.BudgetList> {
  const { agents, budgets, spend } = services;
  const day = budgets.today();
  const workspace = DEFAULT_WORKSPACE;
  const used = spend.usage({ workspace, by: "agent", from: day, to: day, limit: AGENTS_MAX });
  const deployed = await agents.list(workspace, { limit: AGENTS_MAX });
  const names = [...new Set([...used, ...deployed.items].map(({ name }) => name))];
  const ofAgents = await Promise.all(names.map((name) => budgetOf(services, name)));
  return {
    day,
    time_zone: budgets.calendar.timeZone,
    items: [
      presentScope(services, { type: "day" }, budgets.options.day),
      presentScope(services, { type: "workspace", workspace }, budgets.options.workspace),
      ...ofAgents.map(({ today }) => today).filter(({ amounts }) => amounts.length > 0),
    ],
  };
}

async function budgetOf(
  services: BudgetServices,
  agent: string,
): Promise<{ readonly today: contract.Budget; readonly run: Limits }> {
  // One that is gone has no limits of its own any more, but what it used today still counts.
  const limits = await services.agentLimits(DEFAULT_WORKSPACE, agent).catch(() => NO_LIMITS);
  const scope: Scope = { type: "agent", workspace: DEFAULT_WORKSPACE, agent };
  return { today: presentScope(services, scope, limits.agent), run: limits.run };
}

function presentScope({ budgets }: BudgetServices, scope: Scope, limits: Limits): contract.Budget {
  const name = scope.type === "agent" ? scope.agent : scope.type === "workspace" ? scope.workspace : "";
  return { scope: scope.type, name, day: budgets.today(), amounts: presentLevel(budgets.level(scope), limits) };
}

/** One agent's budgets and what it used lately. Throws AgentNotFoundError. */
export async function getAgentBudget(services: BudgetServices, name: string): Promise<contract.AgentBudget> {
  const { agents, budgets, spend, clock } = services;
  const { name: agent } = await agents.get(DEFAULT_WORKSPACE, name);
  const { today, run } = await budgetOf(services, agent);
  const to = budgets.today();
  const from = budgets.calendar.daysBefore(clock.nowMs(), DAYS_SHOWN - 1);
  const days = spend.usage({ workspace: DEFAULT_WORKSPACE, by: "day", from, to, agent, limit: DAYS_SHOWN });
  return { agent, run: presentLimits(run), today, days: days.map(presentRow) };
}

const presentRow = (row: UsageRow): contract.UsageRow => ({ name: row.name, ...presentUsage(row) });

/** What was used from one day to another, by agent, model or day. */
export function getUsage(
  { budgets, spend, clock }: BudgetServices,
  query: z.output<typeof schemas.UsageQuery>,
): contract.Usage {
  const { by, agent, limit } = query;
  const from = query.from ?? budgets.calendar.daysBefore(clock.nowMs(), USAGE_DAYS - 1);
  const to = query.to ?? budgets.today();
  const rows = spend.usage({ workspace: DEFAULT_WORKSPACE, by, from, to, agent, limit });
  return {
    by,
    from,
    to,
    time_zone: budgets.calendar.timeZone,
    items: rows.map(presentRow),
    total: presentUsage(sumOf(rows)),
  };
}

const sumOf = (rows: readonly UsageRow[]): Omit<UsageRow, "name"> => {
  const sum = (value: (row: UsageRow) => number) => rows.reduce((total, row) => total + value(row), 0);
  return {
    modelCalls: sum((row) => row.modelCalls),
    inputTokens: sum((row) => row.inputTokens),
    outputTokens: sum((row) => row.outputTokens),
    cachedInputTokens: sum((row) => row.cachedInputTokens),
    usdMicros: sum((row) => row.usdMicros),
    unpricedCalls: sum((row) => row.unpricedCalls),
    estimatedCalls: sum((row) => row.estimatedCalls),
    toolCalls: sum((row) => row.toolCalls),
    fuel: sum((row) => row.fuel),
    ms: sum((row) => row.ms),
  };
};
