export { WorkspaceNotFoundError } from "./errors.ts";
export {
  ALL_WORKSPACES,
  DEFAULT_WORKSPACE,
  type QuotaName,
  QUOTAS,
  type Quotas,
  type Workspace,
  WORKSPACE_NAME,
  type WorkspaceChange,
  Workspaces,
  type WorkspaceStore,
} from "./workspaces.ts";
