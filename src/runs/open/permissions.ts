import type { AgentDefinition } from "../../agents/definitions/index.ts";
import { NO_RULES, type Permissions } from "../../agents/permissions/index.ts";

/** Permissions of the server's configuration. */
export type ServerPermissions = Omit<Permissions, "definition">;

/** Only an admin may answer where the server and the definition name no role in common. */
const ADMIN_ONLY = ["admin"];

/** Both levels together: a definition shortens the wait, chooses what its end means, and narrows who may answer. */
export function mergePermissions(server: ServerPermissions, own: AgentDefinition["permissions"]): Permissions {
  if (own === undefined) return { ...server, definition: NO_RULES };
  const { deny, allow, ask, askDestructive } = own;
  return {
    server: server.server,
    definition: { deny, allow, ask, askDestructive },
    expiresMs: Math.min(server.expiresMs, own.expiresMs ?? Infinity),
    onExpiry: own.onExpiry ?? server.onExpiry,
    approvers: narrowed(server.approvers, own.approvers ?? []),
  };
}

function narrowed(allowed: readonly string[], own: readonly string[]): readonly string[] {
  if (allowed.length === 0 || own.length === 0) return allowed.length === 0 ? own : allowed;
  const both = own.filter((role) => allowed.includes(role));
  return both.length === 0 ? ADMIN_ONLY : both;
}
