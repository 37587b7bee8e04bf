import { CaxtonError } from "../../kernel/errors.ts";

/** A model string names no provider of this server, or the settings of a choice conflict. */
export class UnknownModelError extends CaxtonError<{ model: string; providers: readonly string[] }> {
  readonly code = "UNKNOWN_MODEL";
  readonly kind = "invalid";
}

/** A definition names a key of the server for an address that the key does not belong to. */
export class KeyOriginRefusedError extends CaxtonError<{ readonly key: string; readonly origin: string }> {
  readonly code = "KEY_ORIGIN_REFUSED";
  readonly kind = "rejected";
}

/** A file of scripted answers is missing or malformed. The message contains the positions. */
export class ScriptInvalidError extends CaxtonError<{ file: string; problems: readonly string[] }> {
  readonly code = "SCRIPT_INVALID";
  readonly kind = "invalid";
}
