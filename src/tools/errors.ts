import { CaxtonError } from "../kernel/errors.ts";

export class ToolServerNotFoundError extends CaxtonError<{
  readonly server: string;
  readonly known: readonly string[];
}> {
  readonly code = "TOOL_SERVER_NOT_FOUND";
  readonly kind = "not-found";
}

export class ToolNotFoundError extends CaxtonError<{ readonly tool: string; readonly known: readonly string[] }> {
  readonly code = "TOOL_NOT_FOUND";
  readonly kind = "not-found";
}
