import { type Fault, type FaultKind, FAULTS } from "../../kernel/errors.ts";
import type { ProtocolFailure } from "../http/index.ts";

/** The error types of the OpenAI API; every other kind is a failure of the server. */
const TYPES: Readonly<Partial<Record<FaultKind, string>>> = {
  invalid: "invalid_request_error",
  rejected: "invalid_request_error",
  "too-large": "invalid_request_error",
  unsupported: "invalid_request_error",
  "method-not-allowed": "invalid_request_error",
  "not-found": "invalid_request_error",
  conflict: "invalid_request_error",
  unauthenticated: "authentication_error",
  denied: "permission_error",
  exhausted: "rate_limit_error",
};

/** The OpenAI package has a class for 400 and 422, and none for 413 and 415. */
const STATUSES: Readonly<Partial<Record<FaultKind, number>>> = { rejected: 400 };

/** A failure as the OpenAI API reports it. `code` is Caxton's. */
export function errorAnswer(fault: Fault, requestId: string): ProtocolFailure {
  const { code, kind, message, hint, details, retryAfterMs } = fault;
  // The packages repeat requests that failed: a conflict stays one, and a repeated request would start another run.
  const isFinal = kind === "conflict" || "run" in details;
  return {
    status: STATUSES[kind] ?? FAULTS[kind].http,
    headers: {
      ...(retryAfterMs !== undefined && { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) }),
      ...(isFinal && { "x-should-retry": "false" }),
    },
    body: {
      error: {
        message: hint === "" ? message : `${message}. ${hint}`,
        type: TYPES[kind] ?? "server_error",
        param: null,
        code,
        request_id: requestId,
      },
    },
  };
}
