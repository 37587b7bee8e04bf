import { type Workspace, WorkspaceNotFoundError } from "../../../access/index.ts";
import type * as contract from "../../contract/index.ts";
import { operations } from "../../contract/index.ts";
import type { ApiServices } from "../api-services.ts";
import { cursors } from "../handles.ts";
import { deleteWorkspace } from "./delete-workspace.ts";
import { exportWorkspace } from "./export-workspace.ts";
import { instant } from "../instant.ts";
import { pageByKey } from "../page.ts";
import { implement } from "../perform.ts";

const present = ({ name, description, state, createdAtMs, quotas, signatures }: Workspace): contract.Workspace => ({
  name,
  description,
  state,
  created_at: instant(createdAtMs),
  quotas: { ...quotas },
  signatures,
});

const list = implement(operations.workspace.list, ({ access: { access, workspaces } }: ApiServices, query, call) => {
  // Only those who delete workspaces see one that is being deleted.
  const isServerWide = call.principal.everywhere.has("workspaces:admin");
  const visible = workspaces.list().filter(({ name }) => isServerWide || access.isVisible(name, call.principal));
  const { items, next } = pageByKey(visible, ({ name }) => name, query, cursors.workspaces);
  return { items: items.map(present), next };
});

/** Throws WorkspaceNotFoundError. */
const get = implement(operations.workspace.get, ({ access: { access, workspaces } }: ApiServices, { name }, call) => {
  if (!access.isVisible(name, call.principal)) throw new WorkspaceNotFoundError(name);
  return present(workspaces.get(name));
});

/** Throws WorkspaceExistsError, WorkspacesFullError. */
const create = implement(operations.workspace.create, async ({ access: { workspaces } }: ApiServices, input) => {
  const { name, ...settings } = input;
  return present(await workspaces.create(name, settings));
});

/** Throws WorkspaceNotFoundError. */
const update = implement(operations.workspace.update, async ({ access: { workspaces } }: ApiServices, input) => {
  const { name, ...change } = input;
  return present(await workspaces.change(name, change));
});

/** Throws WorkspaceNotFoundError, WorkspaceIsDefaultError, WorkspaceInUseError, storage errors. */
const remove = implement(operations.workspace.delete, async (services: ApiServices, { name }) => {
  await deleteWorkspace(services, name);
  return null;
});

/** Throws WorkspaceNotFoundError. */
const exported = implement(operations.workspace.export, (services: ApiServices, { name }, call) => ({
  mediaType: "application/x-ndjson; charset=utf-8",
  content: exportWorkspace(services, services.access.workspaces.get(name), call),
  headers: { "content-disposition": `attachment; filename="${name}.jsonl"` },
}));

export const workspaceOperations = [list, get, create, update, remove, exported] as const;
