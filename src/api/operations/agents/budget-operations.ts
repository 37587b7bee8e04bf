import type { Budgets, Limits, Scope, UsageRow } from "../../../agents/budgets/index.ts";
import type * as contract from "../../contract/index.ts";
import { operations } from "../../contract/index.ts";
import type { ApiServices } from "../api-services.ts";
import { implement } from "../perform.ts";
import { presentLevel, presentLimits, presentUsage } from "./present-budget.ts";

const AGENTS_MAX = 200;
const DAYS_SHOWN = 14;
const USAGE_DAYS = 30;
const NO_LIMITS = { run: {}, agent: {} } as const;

/** Today's budgets: the server's, the workspace's, and those of agents with a limit or usage. */
const list = implement(operations.budget.list, async (services, _input, { principal }) => {
  const { agents, budgets } = services.agents;
  const { spend } = services.storage;
  const day = budgets.today();
  const { workspace } = principal;
  const used = spend.usage({ workspace, by: "agent", from: day, to: day, limit: AGENTS_MAX });
  const deployed = await agents.list(workspace, { limit: AGENTS_MAX });
  const names = [...new Set([...used, ...deployed.items].map(({ name }) => name))];
  const ofAgents = await Promise.all(names.map((name) => budgetOf(services, workspace, name)));
  return {
    day,
    time_zone: budgets.calendar.timeZone,
    items: [
      presentScope(budgets, { type: "day" }, budgets.options.day),
      presentScope(budgets, { type: "workspace", workspace }, budgets.options.workspace),
      ...ofAgents.map(({ today }) => today).filter(({ amounts }) => amounts.length > 0),
    ],
  };
});

async function budgetOf(
  { agents: { budgets }, runs: { plans } }: ApiServices,
  workspace: string,
  agent: string,
): Promise<{ readonly today: contract.Budget; readonly run: Limits }> {
  // One that is gone has no limits of its own any more, but what it used today still counts.
  const limits = await plans.limits(workspace, agent).catch(() => NO_LIMITS);
  const scope: Scope = { type: "agent", workspace, agent };
  return { today: presentScope(budgets, scope, limits.agent), run: limits.run };
}

function presentScope(budgets: Budgets, scope: Scope, limits: Limits): contract.Budget {
  const name = scope.type === "agent" ? scope.agent : scope.type === "workspace" ? scope.workspace : "";
  return { scope: scope.type, name, day: budgets.today(), amounts: presentLevel(budgets.level(scope), limits) };
}

/** Throws AgentNotFoundError. */
const get = implement(operations.budget.get, async (services, input, { principal }) => {
  const { agents, budgets } = services.agents;
  const { storage, server } = services;
  const { workspace } = principal;
  const { name: agent } = await agents.get(workspace, input.agent);
  const { today, run } = await budgetOf(services, workspace, agent);
  const to = budgets.today();
  const from = budgets.calendar.daysBefore(server.clock.nowMs(), DAYS_SHOWN - 1);
  const days = storage.spend.usage({ workspace, by: "day", from, to, agent, limit: DAYS_SHOWN });
  return { agent, run: presentLimits(run), today, days: days.map(presentRow) };
});

const presentRow = (row: UsageRow): contract.UsageRow => ({ name: row.name, ...presentUsage(row) });

/** Usage from one day to another, by agent, model or day. */
const usage = implement(
  operations.budget.usage,
  ({ agents: { budgets }, storage, server }, { by, agent, limit, ...days }, { principal: { workspace } }) => {
    const from = days.from ?? budgets.calendar.daysBefore(server.clock.nowMs(), USAGE_DAYS - 1);
    const to = days.to ?? budgets.today();
    const rows = storage.spend.usage({ workspace, by, from, to, agent, limit });
    const items = rows.map(presentRow);
    return { by, from, to, time_zone: budgets.calendar.timeZone, items, total: presentUsage(sumOf(rows)) };
  },
);

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

export const budgetOperations = [list, get, usage] as const;
