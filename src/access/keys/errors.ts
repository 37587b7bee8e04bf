import { CaxtonError } from "../../kernel/errors.ts";

export class KeyNotFoundError extends CaxtonError {
  readonly code = "API_KEY_NOT_FOUND";
  readonly kind = "not-found";
  constructor(id: string) {
    super(`there is no API key ${id}`, "caxton key list shows them.", { id });
  }
}

export class KeyRevokedError extends CaxtonError {
  readonly code = "API_KEY_REVOKED";
  readonly kind = "conflict";
  constructor(id: string) {
    super(`the API key ${id} is revoked or expired`, "Create another one: caxton key create.", { id });
  }
}

export class KeysFullError extends CaxtonError {
  readonly code = "API_KEYS_FULL";
  readonly kind = "exhausted";
  constructor(max: number) {
    super(`${max} API keys are active`, "Revoke some that are not needed: caxton key list.", { max });
  }
}
