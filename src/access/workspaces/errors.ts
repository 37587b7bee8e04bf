import { CaxtonError } from "../../kernel/errors.ts";

/** There is no such workspace, or the principal has no rights in it: the answer is the same. */
export class WorkspaceNotFoundError extends CaxtonError {
  readonly code = "WORKSPACE_NOT_FOUND";
  readonly kind = "not-found";
  constructor(workspace: string) {
    super(
      `there is no workspace ${workspace} for these credentials`,
      "caxton workspace list shows the workspaces that you may use.",
      { workspace },
    );
  }
}

export class WorkspaceExistsError extends CaxtonError {
  readonly code = "WORKSPACE_EXISTS";
  readonly kind = "conflict";
  constructor(workspace: string) {
    super(`the workspace ${workspace} exists already`, "Choose another name.", { workspace });
  }
}

export class WorkspaceIsDefaultError extends CaxtonError {
  readonly code = "WORKSPACE_IS_DEFAULT";
  readonly kind = "rejected";
  constructor() {
    super("the workspace default cannot be deleted", "Delete its agents, runs and memory instead.", {});
  }
}

export class WorkspacesFullError extends CaxtonError {
  readonly code = "WORKSPACES_FULL";
  readonly kind = "rejected";
  constructor(max: number) {
    super(`this server has ${max} workspaces, its maximum`, "Delete a workspace first.", { max });
  }
}

/** Something in a workspace that is being deleted has not ended in time. */
export class WorkspaceInUseError extends CaxtonError {
  readonly code = "WORKSPACE_IN_USE";
  readonly kind = "unavailable";
  override readonly retryAfterMs = 5_000;
  constructor(workspace: string, reason: string) {
    super(
      `the workspace ${workspace} is closed and not deleted yet: ${reason}`,
      "Delete it again; the deletion also continues at the next start of the server.",
      { workspace },
    );
  }
}

/** A workspace has as much of something as its quota allows. */
export class QuotaExceededError extends CaxtonError<{ readonly quota: string; readonly max: number }> {
  readonly code = "QUOTA_EXCEEDED";
  readonly kind = "exhausted";
  override readonly retryAfterMs: number;
  constructor(quota: string, max: number, retryAfterMs = 60_000) {
    super(
      `the quota of the workspace is reached: ${quota} ${max}`,
      `Delete some, or let an administrator raise it: caxton workspace update <name> --quota ${quota}=<max>.`,
      { quota, max },
    );
    this.retryAfterMs = retryAfterMs;
  }
}
