import { RequestError } from "@agentclientprotocol/sdk";
import { CaxtonError, type FaultKind, toFault } from "../../kernel/errors.ts";

const INVALID_REQUEST = -32_600;
const INVALID_PARAMS = -32_602;
const INTERNAL_ERROR = -32_603;
const AUTHENTICATION_REQUIRED = -32_000;
const NOT_FOUND = -32_002;

const CODES: Readonly<Partial<Record<FaultKind, number>>> = {
  invalid: INVALID_PARAMS,
  rejected: INVALID_PARAMS,
  "too-large": INVALID_PARAMS,
  unsupported: INVALID_PARAMS,
  "not-found": NOT_FOUND,
  unauthenticated: AUTHENTICATION_REQUIRED,
  denied: INVALID_REQUEST,
  conflict: INVALID_REQUEST,
};

/** A failure as JSON-RPC reports it; `data.code` is Caxton's. */
export function requestError(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  const { code, kind, message, hint, details } = toFault(error);
  return new RequestError(CODES[kind] ?? INTERNAL_ERROR, hint === "" ? message : `${message}. ${hint}`, {
    code,
    details,
  });
}

/** The server has no agent that the caller may use. */
export class NoAgentError extends CaxtonError {
  readonly code = "NO_AGENT";
  readonly kind = "not-found";
  constructor(server: URL) {
    super(`${server.origin} has no agent`, "deploy one: caxton agent deploy <file>", { server: server.origin });
  }
}
