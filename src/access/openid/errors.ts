import { CaxtonError } from "../../kernel/errors.ts";

const AGAIN = "Log in again.";

export class LoginProviderNotFoundError extends CaxtonError {
  readonly code = "LOGIN_PROVIDER_NOT_FOUND";
  readonly kind = "not-found";
  constructor(name: string) {
    super(`users cannot log in at ${name}`, "Configure [access.jwt.<name>.login] in caxton.toml.", { name });
  }
}

/** The browser does not have the attempt to log in to which a response of the provider belongs. */
export class LoginExpiredError extends CaxtonError {
  readonly code = "LOGIN_EXPIRED";
  readonly kind = "unauthenticated";
  constructor() {
    super("the login took too long, or belongs to another attempt", AGAIN, {});
  }
}

/** The provider refused the login, or its response is invalid. */
export class LoginRefusedError extends CaxtonError {
  readonly code = "LOGIN_REFUSED";
  readonly kind = "unauthenticated";
  constructor(issuer: string, reason: string, options?: ErrorOptions) {
    super(`the login at ${issuer} failed: ${reason}`, AGAIN, { issuer, reason }, options);
  }
}
