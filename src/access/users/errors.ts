import { CaxtonError } from "../../kernel/errors.ts";
import { DEFAULT_WORKSPACE } from "../permissions/index.ts";
import type { StoredUser } from "./user-store.ts";

export class UserNotFoundError extends CaxtonError {
  readonly code = "USER_NOT_FOUND";
  readonly kind = "not-found";
  constructor(id: string) {
    super(`there is no user ${id}`, "caxton user list shows the users that logged in.", { id });
  }
}

/** An administrator disabled the user. */
export class UserDisabledError extends CaxtonError {
  readonly code = "USER_DISABLED";
  readonly kind = "unauthenticated";
  /** For the audit log. */
  readonly sender: { readonly id: string; readonly kind: string; readonly name: string; readonly workspace: string };
  constructor({ id, name, grants: [first] }: Pick<StoredUser, "id" | "name" | "grants">) {
    super(`the user ${id} is disabled`, "An administrator can enable it: caxton user enable.", { id });
    this.sender = { id, kind: "user", name, workspace: first?.workspace ?? DEFAULT_WORKSPACE };
  }
}

export class UsersFullError extends CaxtonError {
  readonly code = "USERS_FULL";
  readonly kind = "exhausted";
  constructor(max: number) {
    super(`this server has ${max} users, its maximum`, "Map fewer groups to roles in [access.jwt].", { max });
  }
}

export class LinksFullError extends CaxtonError {
  readonly code = "LOGIN_LINKS_FULL";
  readonly kind = "exhausted";
  constructor(max: number) {
    super(`${max} login links are unused`, "Wait until some are used or expire.", { max });
  }
}
