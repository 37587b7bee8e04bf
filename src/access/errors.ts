import { CaxtonError } from "../kernel/errors.ts";

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
  constructor(message: string, details: object = {}) {
    super(message, "Ask an administrator for another API key: caxton key create <name> --role <role>.", details);
  }
}

/** The session is over: by logout, by time, or because its API key is revoked or expired. */
export class SessionEndedError extends CaxtonError {
  readonly code = "SESSION_ENDED";
  readonly kind = "unauthenticated";
  constructor() {
    super("the session has ended", "Log in again with an API key.", {});
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

/** A token cannot be verified, because the keys of its issuer cannot be fetched. */
export class IssuerUnreachableError extends CaxtonError {
  readonly code = "ISSUER_UNREACHABLE";
  readonly kind = "unavailable";
  override readonly retryAfterMs = 10_000;
  constructor(issuer: string) {
    super(
      `the keys of ${issuer} cannot be fetched`,
      "Check that the identity provider is reachable from the server; API keys work without it.",
      { issuer },
    );
  }
}

/** A session is created for an API key only. */
export class SessionNeedsKeyError extends CaxtonError {
  readonly code = "SESSION_NEEDS_KEY";
  readonly kind = "rejected";
  constructor() {
    super("a session is created with an API key", "Send the key as Authorization: Bearer <key> or X-API-Key.", {});
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
