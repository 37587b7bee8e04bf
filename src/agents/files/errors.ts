import { CaxtonError } from "../../kernel/errors.ts";

/** The directory of definitions cannot be read: the setting that names it is wrong. */
export class DefinitionsUnreadableError extends CaxtonError<{ readonly problems: readonly string[] }> {
  readonly code = "CONFIG_INVALID";
  readonly kind = "rejected";
}

export class DefinitionUnreadableError extends CaxtonError<{ readonly file: string }> {
  readonly code = "DEFINITION_UNREADABLE";
  readonly kind = "rejected";
}

export class DefinitionNameTakenError extends CaxtonError<{
  readonly name: string;
  readonly files: readonly string[];
}> {
  readonly code = "DEFINITION_NAME_TAKEN";
  readonly kind = "conflict";
}
