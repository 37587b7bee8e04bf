import { CaxtonError } from "../../kernel/errors.ts";

/** The input does not match the operation's schema. */
export class RequestInvalidError extends CaxtonError<{ readonly problems: readonly string[] }> {
  readonly code = "REQUEST_INVALID";
  readonly kind = "invalid";
}
