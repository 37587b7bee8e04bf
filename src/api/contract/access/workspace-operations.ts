import * as z from "zod";
import { Download, operation } from "../operation.ts";
import {
  CreateWorkspaceBody,
  DeleteWorkspaceQuery,
  UpdateWorkspaceBody,
  Workspace,
  WorkspacePage,
  WorkspaceQuery,
} from "./workspaces.ts";

const COMMON = { tags: ["access"], surfaces: ["rest", "cli"] } as const;
const ADMIN = { ...COMMON, permission: "workspaces:admin", scope: "server", effect: "write" } as const;
const params = z.object({ name: z.string().max(100) });

export const list = operation({
  ...COMMON,
  name: "workspace.list",
  summary: "List the workspaces that the caller may use",
  http: { method: "GET", path: "/api/v1/workspaces" },
  permission: "access:self",
  effect: "read",
  query: WorkspaceQuery,
  output: WorkspacePage,
});

export const get = operation({
  ...COMMON,
  name: "workspace.get",
  summary: "Get a workspace",
  http: { method: "GET", path: "/api/v1/workspaces/:name" },
  permission: "access:self",
  effect: "read",
  params,
  output: Workspace,
});

export const create = operation({
  ...ADMIN,
  name: "workspace.create",
  created: "name",
  summary: "Create a workspace",
  description:
    "A workspace has its own agents, tool servers, runs, files, messages, memory, budgets and keys. A request names its workspace by the header `X-Caxton-Workspace`, or the query parameter `workspace`.",
  http: { method: "POST", path: "/api/v1/workspaces" },
  retry: "never",
  body: CreateWorkspaceBody,
  output: Workspace,
});

export const update = operation({
  ...ADMIN,
  name: "workspace.update",
  summary: "Change the description, the quotas or the policies of a workspace",
  http: { method: "PATCH", path: "/api/v1/workspaces/:name" },
  params,
  body: UpdateWorkspaceBody,
  output: Workspace,
});

const remove = operation({
  ...ADMIN,
  name: "workspace.delete",
  effect: "destroy",
  summary: "Delete a workspace with everything in it",
  description:
    "Closes the workspace, revokes its keys, cancels its runs, and deletes its content permanently; audit records stay. A deletion that is interrupted, or that answers WORKSPACE_IN_USE, continues when it is requested again and at the next start of the server. The workspace `default` cannot be deleted.",
  http: { method: "DELETE", path: "/api/v1/workspaces/:name", status: 204 },
  params,
  query: DeleteWorkspaceQuery,
  output: z.null(),
});

const exportWorkspace = operation({
  ...ADMIN,
  name: "workspace.export",
  effect: "read",
  audit: "all",
  summary: "Export a workspace",
  description:
    "JSON lines with `type` and `value`: the workspace, its agents with all revisions, tool servers, budgets, participants, messages, runs with their journals, and memory. It contains no secrets. An export without the last line, of the type `end`, is incomplete.",
  http: { method: "GET", path: "/api/v1/workspaces/:name/export" },
  params,
  output: Download,
});

export { exportWorkspace as export, remove as delete };
