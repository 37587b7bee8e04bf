import type { RunId } from "../../kernel/ids.ts";
import { isInDomains } from "../../kernel/rights/domains.ts";
import type { Permissions } from "../../agents/permissions/index.ts";
import type { CallRestrictions, ServerRestrictions } from "../../tools/catalogue/index.ts";
import { requestedPlan } from "./start-request.ts";
import type { PlanSource, RunJournal, RunPlan, RunView } from "../record/index.ts";

type Deps = { readonly plans: PlanSource; readonly journal: Pick<RunJournal, "summary"> };

/**
 * The plan of a run: its agent's, within what its request allows and within those of the agents that handed the request off to it or that it works for. Throws AgentNotFoundError,
 * RevisionNotFoundError, also for these.
 */
export async function planOf({ plans, journal }: Deps, view: RunView): Promise<RunPlan> {
  let plan = await plans.plan(view.workspace, view.agent, view.revision);
  let isHandedOff = view.handedFrom !== null;
  // A run that was made from another one has a budget of its own.
  let isCounted = view.origin === null;
  for (let id = view.handedFrom?.run ?? view.parent?.run ?? null; id !== null;) {
    const run = journal.summary(id);
    if (run === undefined) break;
    const above = await plans.plan(run.workspace, run.agent, run.revision);
    plan = within(plan, isCounted || !isHandedOff ? above : { ...above, budget: undefined }, { ...run, isHandedOff });
    isCounted &&= run.origin === null;
    id = run.handedFrom ?? run.parent;
    isHandedOff = run.handedFrom !== null;
  }
  return requestedPlan(plan, view);
}

const within = (
  own: RunPlan,
  above: RunPlan,
  { id, agent, isHandedOff }: { readonly id: RunId; readonly agent: string; readonly isHandedOff: boolean },
): RunPlan => ({
  ...own,
  isReadOnly: own.isReadOnly === true || above.isReadOnly === true,
  permissions: { ...own.permissions, definition: stricter(own.permissions.definition, above.permissions.definition) },
  restrictions: restrictedBy(own.restrictions, above.restrictions),
  budget: {
    run: own.budget?.run ?? {},
    agent: own.budget?.agent ?? {},
    above: [...(own.budget?.above ?? []), { id, agent, limits: above.budget?.run ?? {}, isWhole: isHandedOff }],
  },
});

type Rules = Permissions["definition"];

/** What one denies is denied, and what one asks for is asked for unless both allow it. */
function stricter(own: Rules, above: Rules): Rules {
  const asks = above.ask.length > 0 || above.askDestructive;
  return {
    deny: [...new Set([...own.deny, ...above.deny])],
    allow: asks ? own.allow.filter((rule) => above.allow.includes(rule)) : own.allow,
    ask: [...new Set([...own.ask, ...above.ask])],
    askDestructive: own.askDestructive || above.askDestructive,
  };
}

type Restrictions = CallRestrictions | undefined;

function restrictedBy(own: Restrictions, above: Restrictions): Restrictions {
  if (own === undefined || above === undefined) return own ?? above;
  const names = [...new Set([...Object.keys(own.servers), ...Object.keys(above.servers)])];
  return {
    domains: commonDomains(own.domains, above.domains),
    callTimeoutMs: least(own.callTimeoutMs, above.callTimeoutMs),
    memoryBytesMax: least(own.memoryBytesMax, above.memoryBytesMax),
    network: own.network && above.network,
    files: own.files && above.files,
    servers: Object.fromEntries(
      names.map((name) => [name, serverRestrictedBy(own.servers[name] ?? {}, above.servers[name] ?? {})]),
    ),
  };
}

const serverRestrictedBy = (own: ServerRestrictions, above: ServerRestrictions): ServerRestrictions => ({
  domains: commonDomains(own.domains, above.domains),
  timeoutMs: least(own.timeoutMs, above.timeoutMs),
  followsRedirects: above.followsRedirects === false ? false : own.followsRedirects,
  redirectsMax: least(own.redirectsMax, above.redirectsMax),
  responseBytesMax: least(own.responseBytesMax, above.responseBytesMax),
  userAgent: own.userAgent ?? above.userAgent,
});

const least = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);

type Domains = readonly string[] | undefined;

const commonDomains = (one: Domains, other: Domains): Domains =>
  one === undefined || other === undefined
    ? (one ?? other)
    : [...new Set([...one.filter((host) => covers(other, host)), ...other.filter((host) => covers(one, host))])];

const covers = (domains: readonly string[], host: string): boolean =>
  domains.includes(host) || isInDomains(host, domains);
