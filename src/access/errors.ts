import { CaxtonError } from "../kernel/errors.ts";
import type { AuditEvent } from "./audit/index.ts";
import type { Narrowing } from "./permissions/index.ts";
import { UserDisabledError } from "./users/index.ts";

const HOW = "Send an API key as Authorization: Bearer <key> or X-API-Key; on the command line: caxton login.";

/** The request has no credentials. */
export class CredentialsRequiredError extends CaxtonError {
  readonly code = "CREDENTIALS_REQUIRED";
  readonly kind = "unauthenticated";
  constructor() {
    super("this server requires credentials", HOW, {});
  }
}

/** The credentials are unknown, expired or revoked. */
export class CredentialsInvalidError extends CaxtonError {
  readonly code = "CREDENTIALS_INVALID";
  readonly kind = "unauthenticated";
  /** The key or user whose credentials they were; for the audit log. */
  readonly sender: AuditEvent["principal"] | undefined;
  constructor(message: string, sender?: AuditEvent["principal"]) {
    super(message, "Ask an administrator for another API key: caxton key create <name> --role <role>.", {});
    this.sender = sender;
  }
}

/** The user's token is valid, but no value of its claim has a role here. */
export class UserWithoutRoleError extends CaxtonError {
  readonly code = "USER_WITHOUT_ROLE";
  readonly kind = "denied";
  /** For the audit log. */
  readonly sender: AuditEvent["principal"];
  constructor(sender: AuditEvent["principal"]) {
    super(
      `the user ${sender.name} has no role on this server`,
      "Add a group of the user to `roles` of the issuer in caxton.toml.",
      {},
    );
    this.sender = sender;
  }
}

/** An identity provider asks to end sessions with a token that is invalid. */
export class LogoutTokenInvalidError extends CaxtonError {
  readonly code = "LOGOUT_TOKEN_INVALID";
  readonly kind = "invalid";
  constructor(reason: string) {
    super(`the logout token is invalid: ${reason}`, "Identity providers send one as the form field logout_token.", {});
  }
}

/** Returns who sent a request that was refused with this error; undefined if it is unknown. */
export const senderOf = (error: unknown): AuditEvent["principal"] | undefined =>
  error instanceof CredentialsInvalidError ||
  error instanceof UserDisabledError ||
  error instanceof UserWithoutRoleError
    ? error.sender
    : undefined;

/** The session is over: by logout, by time, or because its API key or its user may no longer be used. */
export class SessionEndedError extends CaxtonError {
  readonly code = "SESSION_ENDED";
  readonly kind = "unauthenticated";
  constructor() {
    super("the session has ended", "Log in again.", {});
  }
}

/** A write by a session comes without the session's token. */
export class CsrfTokenInvalidError extends CaxtonError {
  readonly code = "CSRF_TOKEN_INVALID";
  readonly kind = "denied";
  constructor() {
    super(
      "the header X-Caxton-CSRF is missing or is not the token of the session",
      "Send the csrf_token of GET /api/v1/whoami. Programs send an API key instead of a cookie.",
      {},
    );
  }
}

/** A session is created for an API key, a user's token or a login link only. */
export class SessionNeedsKeyError extends CaxtonError {
  readonly code = "SESSION_NEEDS_KEY";
  readonly kind = "rejected";
  constructor() {
    super(
      "a session is created with an API key or a user's token",
      "Send it as Authorization: Bearer <key> or X-API-Key.",
      {},
    );
  }
}

/** The principal for whom the server acts without a request has no valid credentials any more. */
export class PrincipalGoneError extends CaxtonError<{ readonly principal: string }> {
  readonly code = "PRINCIPAL_GONE";
  readonly kind = "denied";
  constructor({ id, kind, name }: { readonly id: string; readonly kind: string; readonly name: string }) {
    super(
      `the ${kind} ${name} (${id}) has been revoked, has expired or is not accepted any more`,
      "Another principal can become the owner: caxton trigger enable <trigger>.",
      { principal: id },
    );
  }
}

/** The principal is known and lacks a permission. */
export class PermissionDeniedError extends CaxtonError {
  readonly code = "PERMISSION_DENIED";
  readonly kind = "denied";
  constructor(operation: string, permission: string, role: string) {
    super(
      `${operation} requires the permission ${permission}, which the role ${role} does not have`,
      "caxton auth can-i --list prints your permissions; an administrator can create a key with another role.",
      { operation, permission, role },
    );
  }
}

/** The principal has the permission in its workspace only, and the operation concerns the whole server. */
export class ServerPermissionDeniedError extends CaxtonError {
  readonly code = "PERMISSION_DENIED";
  readonly kind = "denied";
  constructor(operation: string, permission: string) {
    super(
      `${operation} concerns the whole server and requires the permission ${permission} in every workspace`,
      "An administrator of the server can create such a key: caxton key create <name> --role <role> --all-workspaces.",
      { operation, permission },
    );
  }
}

/** The principal has the permission for some agents, tool servers or capabilities, and the operation concerns others too. */
export class GrantNarrowedError extends CaxtonError {
  readonly code = "PERMISSION_DENIED";
  readonly kind = "denied";
  constructor(operation: string, permission: string, grants: readonly { readonly only: Narrowing }[]) {
    const limits = grants.flatMap(({ only }) =>
      Object.entries(only).flatMap(([kind, patterns = []]) => `${kind} ${patterns.join(", ")}`),
    );
    super(
      `${operation} requires the permission ${permission} for the whole workspace; these credentials have it for ${limits.join(" and ")} only`,
      "An administrator can create a key without that limit.",
      { operation, permission, limits },
    );
  }
}

/** Too many failed attempts to authenticate. */
export class TooManyFailuresError extends CaxtonError {
  readonly code = "TOO_MANY_FAILED_LOGINS";
  readonly kind = "exhausted";
  override readonly retryAfterMs: number;
  constructor(address: string, retryAfterMs: number) {
    super(
      `too many requests with invalid credentials came from ${address}`,
      "Wait a moment, and check the API key.",
      {},
    );
    this.retryAfterMs = retryAfterMs;
  }
}

export class RoleUnknownError extends CaxtonError {
  readonly code = "ROLE_UNKNOWN";
  readonly kind = "rejected";
  constructor(role: string, roles: readonly string[]) {
    super(`there is no role ${role}`, `The roles are ${roles.join(", ")}.`, { role, roles });
  }
}

/** A principal would grant a permission that it does not have. */
export class RoleExceedsError extends CaxtonError {
  readonly code = "ROLE_EXCEEDS_OWN";
  readonly kind = "denied";
  constructor(role: string, missing: readonly string[]) {
    super(
      `the role ${role} has permissions that you do not have: ${missing.join(", ")}`,
      "Choose a role with at most your own permissions.",
      { role, missing },
    );
  }
}
