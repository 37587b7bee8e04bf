export { QuotaExceededError, WorkspaceInUseError, WorkspaceNotFoundError } from "./errors.ts";
export { type Workspace, Workspaces, type WorkspaceStore } from "./workspaces.ts";
