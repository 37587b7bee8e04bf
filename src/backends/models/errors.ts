import { CaxtonError } from "../../kernel/errors.ts";

/** A model string that names no provider of this server, or a choice that cannot be put together. */
export class UnknownModelError extends CaxtonError<{ model: string; providers: readonly string[] }> {
  readonly code = "UNKNOWN_MODEL";
  readonly kind = "invalid";
}

/** A file of scripted answers that is missing or is not one; the message says where. */
export class ScriptInvalidError extends CaxtonError<{ file: string; problems: readonly string[] }> {
  readonly code = "SCRIPT_INVALID";
  readonly kind = "invalid";
}
