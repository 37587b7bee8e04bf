import { RUN_RIGHTS, type RunCaller, type RunRefusal } from "../kernel/rights/run-caller.ts";
import type { AuditEvent } from "./audit/index.ts";
import type { Principal } from "./principal.ts";

/** Returns the caller as its runs, messages and tasks store it; undefined if it has every permission that runs use. */
export function runCallerOf({
  id,
  kind,
  name,
  role,
  permissions,
}: Pick<Principal, "id" | "kind" | "name" | "role" | "permissions">): RunCaller | undefined {
  const lacks = RUN_RIGHTS.filter((right) => !permissions.has(right));
  return lacks.length === 0 ? undefined : { id, kind, name, role, lacks };
}

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
