import { useQuery } from "@tanstack/react-query";
import { use, useEffect } from "react";
import { type Workspace, workspacesQuery } from "../api/access.ts";
import { currentWorkspace, inWorkspace, nameWorkspace, openWorkspace } from "../api/workspace.ts";
import { Select } from "../parts/forms/field.tsx";
import { IdentityContext } from "../parts/permission.ts";
import { text } from "../text/text.ts";

/** Of a server on which no workspace was created. */
const DEFAULT = "default";

const activeOf = (workspaces: readonly Workspace[]) => workspaces.filter(({ state }) => state === "active");

/** Shows the workspace of the page and opens others; nothing for a user of one workspace only. */
export function WorkspaceSwitch() {
  const identity = use(IdentityContext);
  const { data = [] } = useQuery({ ...workspacesQuery, select: activeOf, enabled: identity !== undefined });
  const own = identity?.workspace;
  useAddress(own !== undefined && (data.length > 1 || own !== DEFAULT) ? own : undefined);
  if (own === undefined || data.length < 2) return null;
  return (
    <Select
      aria-label={text.workspaces.switch}
      title={text.workspaces.switch}
      className="w-auto max-w-44 min-w-16 truncate max-sm:max-w-28"
      value={own}
      onChange={(event) => openWorkspace(event.target.value)}
    >
      {data.map(({ name }) => (
        <option key={name}>{name}</option>
      ))}
    </Select>
  );
}

/** Puts the workspace into the address of the page, which then leads others to it. */
function useAddress(workspace: string | undefined): void {
  useEffect(() => {
    if (workspace === undefined || currentWorkspace() !== undefined) return;
    nameWorkspace(workspace);
    history.replaceState(history.state, "", inWorkspace(location.pathname + location.search) + location.hash);
  }, [workspace]);
}
