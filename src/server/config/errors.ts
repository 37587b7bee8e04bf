import { CaxtonError } from "../../kernel/errors.ts";

export class ConfigInvalidError extends CaxtonError<{ readonly problems: readonly string[] }> {
  readonly code = "CONFIG_INVALID";
  readonly kind = "rejected";
}

export class ConfigNotFoundError extends CaxtonError<{ readonly path: string }> {
  readonly code = "CONFIG_NOT_FOUND";
  readonly kind = "not-found";
}

export class McpFileInvalidError extends CaxtonError<{ readonly file: string }> {
  readonly code = "MCP_FILE_INVALID";
  readonly kind = "rejected";
}
