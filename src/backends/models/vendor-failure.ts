import { APICallError, InvalidResponseDataError, JSONParseError, TypeValidationError } from "@ai-sdk/provider";
import * as z from "zod";
import type { ModelFailure, ModelFailureClass } from "../../runs/index.ts";
import { failure } from "./failure.ts";
import { redact } from "./redact.ts";
import { retryAfterMs } from "./retry-after.ts";

export type FailureContext = {
  readonly nowMs: number;
  /** Keys and header values that must not appear in a message. */
  readonly secrets: readonly string[];
  /** Where the endpoint is, without credentials. */
  readonly address: string;
};

/** The class of an error that `@ai-sdk` threw or put into its stream. */
export function classify(error: unknown, context: FailureContext): ModelFailure {
  const fault = connectionFault(error);
  if (fault !== undefined) return failure(fault.class, `${context.address}: ${fault.message}`);
  if (APICallError.isInstance(error)) return answered(error, context);
  if (
    InvalidResponseDataError.isInstance(error) ||
    JSONParseError.isInstance(error) ||
    TypeValidationError.isInstance(error)
  ) {
    return failure("bad_response", `${context.address}: ${malformation(error)}`);
  }
  if (error instanceof TypeError) {
    // Of fetch itself: the request could not even be made, for instance because of an illegal header.
    return failure("invalid_request", redact(error.message, context.secrets));
  }
  if (error instanceof Error) return failure("bad_response", redact(error.message, context.secrets));
  const inStream = ErrorData.safeParse(error);
  if (inStream.success) return said(inStream.data, { status: undefined, message: undefined }, context);
  return failure("bad_response", `${context.address}: an error without a message`);
}

/** What an OpenAI-compatible server says about a failure, in a body or in the middle of a stream. */
const ErrorData = z.object({
  message: z.string(),
  type: z.string().nullish(),
  code: z.union([z.string(), z.number()]).nullish(),
});
type ErrorData = z.infer<typeof ErrorData>;
const ErrorBody = z.object({ error: ErrorData });

function answered(error: APICallError, context: FailureContext): ModelFailure {
  const status = error.statusCode;
  if (status === undefined) return failure("network", `${context.address}: no connection`);
  if (status < 400) return failure("bad_response", `${context.address}: the answer could not be read`, { status });
  const body = ErrorBody.safeParse(error.data);
  const told = body.success ? body.data.error : { message: error.message };
  const wait = retryAfterMs(error.responseHeaders ?? {}, context.nowMs);
  return { ...said(told, { status, message: error.message }, context), retryAfterMs: wait };
}

type Answer = { readonly status: number | undefined; readonly message: string | undefined };

function said(data: ErrorData, answer: Answer, context: FailureContext): ModelFailure {
  const words = [data.code, data.type].filter((word) => word !== null && word !== undefined).map(String);
  const status = answer.status ?? statusIn(data.code);
  const message = redact(data.message === "" ? (answer.message ?? "") : data.message, context.secrets);
  return failure(classOf(status, words, data.message), message === "" ? `status ${status ?? "unknown"}` : message, {
    status,
  });
}

const statusIn = (code: ErrorData["code"]): number | undefined => {
  const number = typeof code === "number" ? code : Number.NaN;
  return number >= 400 && number <= 599 ? number : undefined;
};

/** Codes and types as servers send them; the first table row that has one decides, before the status does. */
const CODES: readonly (readonly [ModelFailureClass, readonly string[]])[] = [
  ["context_too_long", ["context_length_exceeded", "exceed_context_size_error", "string_above_max_length"]],
  ["content_filtered", ["content_filter", "content_policy_violation", "moderation_blocked"]],
  // No credit left is not cured by waiting, though the status is that of a rate limit.
  ["auth", ["insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "invalid_api_key"]],
  ["rate_limited", ["rate_limit_exceeded", "rate_limit_error", "too_many_requests"]],
  ["overloaded", ["server_error", "overloaded_error", "service_unavailable", "internal_server_error"]],
];

/** How servers without a code word it; matched in the message of a 400, 413, 422 or of an error without status. */
const TOO_LONG: readonly RegExp[] = [
  /maximum context length/i,
  /context (?:window|length|size)/i,
  /prompt (?:is )?too long/i,
  /(?:input|prompt|request).{0,40}exceeds?.{0,40}(?:tokens|context)/i,
  /too many (?:input )?tokens/i,
];

function classOf(status: number | undefined, codes: readonly string[], message: string): ModelFailureClass {
  const byCode = CODES.find(([, words]) => words.some((word) => codes.includes(word)));
  if (byCode !== undefined) return byCode[0];
  const byStatus = status === undefined ? undefined : STATUSES[status];
  if (byStatus !== undefined) return byStatus;
  if (status !== undefined && status >= 500) return "overloaded";
  if (TOO_LONG.some((pattern) => pattern.test(message))) return "context_too_long";
  return status === undefined ? "bad_response" : "invalid_request";
}

const STATUSES: { readonly [status: number]: ModelFailureClass | undefined } = {
  401: "auth",
  402: "auth",
  403: "auth",
  408: "timeout",
  413: "context_too_long",
  429: "rate_limited",
};

type Fault = { readonly class: "network" | "timeout"; readonly message: string };

const FAULTS: { readonly [code: string]: Fault | undefined } = {
  ECONNREFUSED: { class: "network", message: "connection refused; is the server running?" },
  ECONNRESET: { class: "network", message: "the connection was reset" },
  EPIPE: { class: "network", message: "the connection was closed" },
  ENOTFOUND: { class: "network", message: "there is no such host" },
  EAI_AGAIN: { class: "network", message: "the host name could not be resolved" },
  EHOSTUNREACH: { class: "network", message: "the host cannot be reached" },
  ENETUNREACH: { class: "network", message: "the network cannot be reached" },
  ETIMEDOUT: { class: "timeout", message: "no connection in time" },
  UND_ERR_SOCKET: { class: "network", message: "the connection was cut" },
  UND_ERR_CONNECT_TIMEOUT: { class: "timeout", message: "no connection in time" },
  UND_ERR_HEADERS_TIMEOUT: { class: "timeout", message: "no answer in time" },
  UND_ERR_BODY_TIMEOUT: { class: "timeout", message: "the answer stopped coming" },
};

/** The fault of the connection somewhere in the causes of `error`, if that is what it is. */
function connectionFault(error: unknown): Fault | undefined {
  let current = error;
  // Causes can be circular; eight are more than any client nests.
  for (let depth = 0; depth < 8 && current instanceof Error; depth += 1) {
    if ("code" in current && typeof current.code === "string") {
      const known = FAULTS[current.code];
      if (known !== undefined) return known;
      if (/^(?:ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(current.code)) {
        return { class: "network", message: `no secure connection (${current.code})` };
      }
    }
    if (current instanceof AggregateError && current.errors.length > 0) current = current.errors[0];
    else current = current.cause;
  }
  return undefined;
}

const malformation = (error: Error) => {
  if (JSONParseError.isInstance(error)) return "the answer is not JSON";
  if (TypeValidationError.isInstance(error)) return "the answer has not the shape of a chat completion";
  return "the answer ended without a finish reason";
};
