import { CaxtonError } from "../../kernel/errors.ts";

/** A remote server sent more than a message or a list may hold, nested it past measure, or sent too many. */
export class McpMessageRefusedError extends CaxtonError<{ readonly limit: number }> {
  readonly code = "MCP_MESSAGE_REFUSED";
  readonly kind = "upstream";
}

/** The connection was lost during a request; whether the request took effect is unknown. */
export class McpConnectionLostError extends CaxtonError {
  readonly code = "MCP_CONNECTION_LOST";
  readonly kind = "upstream";
}

/** The program of a local server cannot be started, or ended. */
export class McpProcessError extends CaxtonError<{ readonly command: string }> {
  readonly code = "MCP_PROCESS_FAILED";
  readonly kind = "upstream";
}

/** An authorization server gave no token. */
export class McpTokenError extends CaxtonError<{ readonly tokenUrl: string | undefined }> {
  readonly code = "MCP_TOKEN_REFUSED";
  readonly kind = "upstream";
}
