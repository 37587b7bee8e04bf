import { type Fault, type FaultKind, FAULTS } from "../../kernel/errors.ts";
import type { ProtocolFailure } from "../http/index.ts";

const NAMES: Readonly<Partial<Record<FaultKind, string>>> = {
  invalid: "INVALID_ARGUMENT",
  rejected: "INVALID_ARGUMENT",
  "too-large": "INVALID_ARGUMENT",
  unsupported: "INVALID_ARGUMENT",
  unauthenticated: "UNAUTHENTICATED",
  denied: "PERMISSION_DENIED",
  "not-found": "NOT_FOUND",
  conflict: "FAILED_PRECONDITION",
  exhausted: "RESOURCE_EXHAUSTED",
  unavailable: "UNAVAILABLE",
  upstream: "UNAVAILABLE",
  timeout: "DEADLINE_EXCEEDED",
  "storage-full": "UNAVAILABLE",
};
const CODES: Readonly<Partial<Record<FaultKind, number>>> = {
  invalid: -32_700,
  unsupported: -32_005,
  "too-large": -32_602,
  "not-found": -32_602,
};
const INTERNAL = -32_603;
/** The protocol answers these itself, with the status 200. */
const OF_RPC = new Set<FaultKind>(["invalid", "unsupported", "too-large"]);

const textOf = ({ message, hint }: Fault): string => (hint === "" ? message : `${message}. ${hint}`);
const infoOf = ({ code }: Fault, requestId: string) => ({
  "@type": "type.googleapis.com/google.rpc.ErrorInfo",
  reason: code,
  domain: "caxton",
  metadata: { request_id: requestId },
});
const headersOf = ({ kind, retryAfterMs }: Fault) => ({
  ...(kind === "unauthenticated" && { "www-authenticate": 'Bearer realm="caxton"' }),
  ...(retryAfterMs !== undefined && { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) }),
});

/** A request that failed before the protocol read it, as google.rpc.Status. */
export function failure(fault: Fault, requestId: string): ProtocolFailure {
  const status = FAULTS[fault.kind].http;
  const error = { code: status, status: NAMES[fault.kind] ?? "INTERNAL", message: textOf(fault) };
  return { status, headers: headersOf(fault), body: { error: { ...error, details: [infoOf(fault, requestId)] } } };
}

/** The same for JSON-RPC. */
export function rpcFailure(fault: Fault, requestId: string): ProtocolFailure {
  const error = { code: CODES[fault.kind] ?? INTERNAL, message: textOf(fault), data: [infoOf(fault, requestId)] };
  const status = OF_RPC.has(fault.kind) ? 200 : FAULTS[fault.kind].http;
  return { status, headers: headersOf(fault), body: { jsonrpc: "2.0", id: null, error } };
}
