import { CaxtonError } from "../../kernel/errors.ts";

/** The operator's file of prices is wrong; the server does not start with it. */
export class PricesInvalidError extends CaxtonError<{ readonly path: string; readonly problems: readonly string[] }> {
  readonly code = "PRICES_INVALID";
  readonly kind = "rejected";
}
