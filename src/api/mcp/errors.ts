import type { CallToolResult, InputRequiredResult } from "@modelcontextprotocol/server";
import { type Fault, type FaultKind, FAULTS, toFault } from "../../kernel/errors.ts";
import type { ProtocolFailure } from "../http/index.ts";

/** Codes of JSON-RPC. */
const PARSE_ERROR = -32_700;
export const INVALID_REQUEST = -32_600;
export const METHOD_NOT_FOUND = -32_601;
export const INVALID_PARAMS = -32_602;
const INTERNAL_ERROR = -32_603;

const CODES: Readonly<Partial<Record<FaultKind, number>>> = {
  invalid: INVALID_PARAMS,
  rejected: INVALID_PARAMS,
  "too-large": INVALID_PARAMS,
  unsupported: INVALID_PARAMS,
  "not-found": INVALID_PARAMS,
  unauthenticated: INVALID_REQUEST,
  denied: INVALID_REQUEST,
  conflict: INVALID_REQUEST,
  "method-not-allowed": INVALID_REQUEST,
};

const codeOf = (kind: FaultKind): number => CODES[kind] ?? INTERNAL_ERROR;

/** Message and hint as one text. */
export const textOf = ({ message, hint }: Pick<Fault, "message" | "hint">): string =>
  hint === "" ? message : `${message}. ${hint}`;

/** A failure as JSON-RPC reports it. `data.code` is Caxton's. */
export function rpcError(fault: Fault): { readonly code: number; readonly message: string; readonly data: object } {
  const { code, kind, details, retryAfterMs } = fault;
  return {
    code: codeOf(kind),
    message: textOf(fault),
    data: { code, details, ...(retryAfterMs !== undefined && { retry_after_ms: Math.ceil(retryAfterMs) }) },
  };
}

/** The answer to a request that reached no MCP message. */
export function failureOf(fault: Fault, requestId: string, challenge: string): ProtocolFailure {
  const { kind, retryAfterMs } = fault;
  const error = rpcError(fault);
  const code = fault.code === "REQUEST_INVALID" ? PARSE_ERROR : error.code;
  return {
    status: FAULTS[kind].http,
    headers: {
      ...(kind === "unauthenticated" && { "www-authenticate": challenge }),
      ...(retryAfterMs !== undefined && { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) }),
    },
    body: { jsonrpc: "2.0", id: null, error: { ...error, code, data: { ...error.data, request_id: requestId } } },
  };
}

/** What a tool answers: a result, or questions to the user. */
export type ToolAnswer = CallToolResult | InputRequiredResult;

/** A result, which for a failure is one that the model sees. Throws what is a fault of the server. */
export async function asResult(execute: () => Promise<ToolAnswer>): Promise<ToolAnswer> {
  try {
    return await execute();
  } catch (error) {
    const fault = toFault(error);
    if (fault.kind === "bug") throw error;
    return {
      content: [{ type: "text", text: textOf(fault) }],
      isError: true,
      _meta: { "caxton/error": fault.code },
    };
  }
}
