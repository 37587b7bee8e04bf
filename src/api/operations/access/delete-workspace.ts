import { WorkspaceInUseError } from "../../../access/index.ts";
import { log } from "../../../kernel/log.ts";
import type { ApiServices } from "../api-services.ts";

type Services = Pick<ApiServices, "access" | "agents" | "memory" | "messaging" | "remotes" | "runs" | "tools">;

/** Time in which runs and operations of a workspace must end. */
const WAIT_MS = 30_000;

/**
 * Deletes a workspace with everything in it. Each step can be repeated, so that an interrupted deletion is continued by another
 * call. Throws WorkspaceNotFoundError, WorkspaceIsDefaultError, WorkspaceInUseError, storage errors.
 */
export function deleteWorkspace(services: Services, name: string, waitMs = WAIT_MS): Promise<void> {
  return services.access.workspaces.delete(name, () => erase(services, name, AbortSignal.timeout(waitMs)));
}

async function erase(services: Services, name: string, signal: AbortSignal): Promise<void> {
  const { access, agents, memory, messaging, remotes, runs, tools } = services;
  await deleteCredentials(access, name);
  // Operations may wait for runs, and may start one last run each.
  await runs.cancelWorkspace(name, signal);
  await access.workspaces.idle(name, signal);
  const open = await runs.cancelWorkspace(name, signal);
  if (open.length > 0) throw new WorkspaceInUseError(name, `${open.length} runs have not ended`);
  // A login that was in progress may have created a session.
  await deleteCredentials(access, name);
  remotes.agents.deleteWorkspace(name);
  await messaging.deleteWorkspace(name);
  await runs.deleteWorkspace(name);
  await memory.memory.deleteWorkspace(name, { source: "user", sourceId: undefined, agent: undefined });
  await tools.workspaces.deleteWorkspace(name);
  await access.secrets.deleteWorkspace(name);
  agents.deleteWorkspace(name);
}

async function deleteCredentials(
  { keys, links, sessions, users }: ApiServices["access"],
  workspace: string,
): Promise<void> {
  await keys.deleteWorkspace(workspace);
  await links.deleteWorkspace(workspace);
  await sessions.deleteWorkspace(workspace);
  await users.deleteWorkspace(workspace);
}

/** Continues the deletions that the end of the server interrupted. Never rejects. */
export async function continueDeletions(services: Services): Promise<void> {
  for (const { name, state } of services.access.workspaces.list()) {
    if (state === "active") continue;
    try {
      await deleteWorkspace(services, name);
      log.info({ workspace: name }, "the deletion of a workspace is complete");
    } catch (error) {
      log.error({ err: error, workspace: name }, "a workspace could not be deleted; delete it again");
    }
  }
}
