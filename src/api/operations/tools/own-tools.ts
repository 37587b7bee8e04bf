import { DEFAULT_WORKSPACE, type Principal } from "../../../access/index.ts";
import type { ToolServices, WorkspaceTools } from "../../../tools/index.ts";
import { ToolServerSharedError } from "../../../tools/servers/index.ts";

/** Whether a principal may change the tool servers that all workspaces share. */
export const mayChangeShared = ({ workspace, everywhere, permissions }: Principal): boolean =>
  everywhere.has("tools:admin") || (workspace === DEFAULT_WORKSPACE && permissions.has("tools:admin"));

/** Returns the tools of the workspace whose server this is, if the principal may change it. Throws ToolServerSharedError. */
export function ownTools(
  tools: ToolServices,
  server: string,
  { principal, what }: { readonly principal: Principal; readonly what: string },
): WorkspaceTools {
  const found = tools.workspaces.having(principal.workspace, server);
  if (found.workspace === principal.workspace || principal.everywhere.has("tools:admin")) return found;
  throw new ToolServerSharedError(server, what);
}
