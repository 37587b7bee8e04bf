import { RUN_RIGHTS, type RunCaller, type RunRefusal } from "../kernel/rights/run-caller.ts";
import type { AuditEvent } from "./audit/index.ts";
import type { Principal } from "./principal.ts";

type Caller = Pick<Principal, "id" | "kind" | "name" | "role" | "permissions"> & Partial<Pick<Principal, "narrowed">>;

/** Returns the caller as its runs, messages and tasks store it, with what it lacks. */
export function callerOf({ id, kind, name, role, permissions, narrowed = [] }: Caller): RunCaller {
  const running = narrowed.filter((grant) => grant.permissions.has("runs:execute"));
  const agents = running.flatMap(({ only }) => only.agents ?? []);
  const lacks = RUN_RIGHTS.filter((right) => !permissions.has(right));
  return { id, kind, name, role, lacks, ...(agents.length > 0 && { agents }) };
}

/** As `callerOf`; undefined for the one principal that there is without access control. */
export const runCallerOf = (principal: Caller): RunCaller | undefined =>
  principal.kind === "local" ? undefined : callerOf(principal);

/** The name under which an agent acts. */
export const agentPrincipal = (agent: string): string => `agent_${agent}`;

/** The audit record of what a run was refused. */
export function auditedRefusal({ caller, agent, workspace, session, operation, right }: RunRefusal): AuditEvent {
  const acting = agent === undefined ? caller : { id: agentPrincipal(agent), kind: "agent", name: agent };
  return {
    principal: { id: acting.id, kind: acting.kind, name: acting.name, workspace },
    onBehalfOf: agent === undefined ? undefined : caller.id,
    operation: { name: operation, permission: right },
    target: { run: session },
    outcome: "denied",
    code: "PERMISSION_DENIED",
    origin: { address: "", requestId: session },
  };
}
