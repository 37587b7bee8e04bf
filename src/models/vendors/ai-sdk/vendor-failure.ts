import { APICallError, InvalidResponseDataError, JSONParseError, TypeValidationError } from "@ai-sdk/provider";
import * as z from "zod";
import { CaxtonError } from "../../../kernel/errors.ts";
import { parseJson } from "../../../kernel/json.ts";
import type { ModelFailure, ModelFailureClass } from "../../port/index.ts";
import { failure } from "../failure.ts";
import { redact } from "../../../text/redaction/index.ts";
import { retryAfterMs } from "../../../kernel/async/retry-after.ts";

export type FailureContext = {
  readonly nowMs: number;
  /** Keys and header values that must not appear in a message. */
  readonly secrets: readonly string[];
  /** Address of the endpoint, without credentials. */
  readonly address: string;
  /** Responses of such an address are not repeated: its service may not be meant for the reader. */
  readonly isForeign: boolean;
};

/** Classifies an error that `@ai-sdk` threw or yielded. */
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
  if (error instanceof CaxtonError) return failure("invalid_request", `${error.message}. ${error.hint}`);
  if (context.isForeign && error instanceof Error)
    return failure("bad_response", `${context.address}: the call failed`);
  if (error instanceof TypeError) {
    // From fetch itself: the request is invalid, for example because of an illegal header.
    return failure("invalid_request", redact(error.message, context.secrets));
  }
  if (error instanceof Error) return failure("bad_response", redact(error.message, context.secrets));
  const inStream = ErrorData.safeParse(error);
  if (inStream.success) return said(inStream.data, { status: undefined, message: undefined }, context);
  return failure("bad_response", `${context.address}: an error without a message`);
}

/** Error data of a vendor, from a body or a stream. Only Google sends `status`. */
const ErrorData = z.object({
  message: z.string(),
  type: z.string().nullish(),
  code: z.union([z.string(), z.number()]).nullish(),
  status: z.union([z.string(), z.number()]).nullish(),
  /** HTTP status that a package assigns to an error in a stream. */
  statusCode: z.number().optional(),
  details: z.unknown().optional(),
});
type ErrorData = z.infer<typeof ErrorData>;
/** Most vendors put it under `error`, Mistral and Amazon at the top. */
const ErrorBody = z.union([z.object({ error: ErrorData }).transform(({ error }) => error), ErrorData]);
/** Google sends the retry delay in the body. */
const RetryInfo = z.object({ retryDelay: z.string().regex(/^\d{1,6}(?:\.\d+)?s$/) });

function answered(error: APICallError, context: FailureContext): ModelFailure {
  const status = error.statusCode;
  if (status === undefined) return failure("network", `${context.address}: no connection`);
  if (status >= 300 && status < 400) {
    const message = `${context.address}: it redirects (status ${status}); write the address that it leads to into base_url`;
    return failure("invalid_request", message, { status });
  }
  if (status < 400) return failure("bad_response", `${context.address}: the answer could not be read`, { status });
  const body = ErrorBody.safeParse(error.data ?? bodyOf(error));
  const data: ErrorData = body.success ? body.data : { message: error.message, details: undefined };
  const type = data.type ?? error.responseHeaders?.["x-amzn-errortype"]?.split(":")[0];
  const wait = retryAfterMs(error.responseHeaders ?? {}, context.nowMs) ?? retryInfoMs(data.details);
  return { ...said({ ...data, type }, { status, message: error.message }, context), retryAfterMs: wait };
}

function bodyOf({ responseBody }: APICallError): unknown {
  const parsed = parseJson(responseBody ?? "");
  return parsed.type === "parsed" ? parsed.value : undefined;
}

function retryInfoMs(details: unknown): number | undefined {
  if (!Array.isArray(details)) return undefined;
  for (const detail of details) {
    const info = RetryInfo.safeParse(detail);
    if (info.success) return Math.ceil(Number.parseFloat(info.data.retryDelay) * 1000);
  }
  return undefined;
}

type Answer = { readonly status: number | undefined; readonly message: string | undefined };

function said(data: ErrorData, answer: Answer, context: FailureContext): ModelFailure {
  const words = [data.code, data.type, data.status]
    .filter((word) => word !== null && word !== undefined)
    .map((word) => String(word).toLowerCase());
  const status = answer.status ?? data.statusCode ?? statusIn(data.code);
  if (context.isForeign) {
    const message = `${context.address} answered with an error${status === undefined ? "" : ` (status ${status})`}`;
    return failure(classOf(status, words, data.message), message, { status });
  }
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
  [
    "context_too_long",
    ["context_length_exceeded", "exceed_context_size_error", "string_above_max_length", "request_too_large"],
  ],
  ["content_filtered", ["content_filter", "content_policy_violation", "moderation_blocked"]],
  // Waiting does not help against missing credit, although the status is that of a rate limit.
  [
    "auth",
    [
      "insufficient_quota",
      "billing_hard_limit_reached",
      "billing_not_active",
      "billing_error",
      "invalid_api_key",
      "authentication_error",
      "permission_error",
      "unauthenticated",
      "permission_denied",
      "accessdeniedexception",
      "unrecognizedclientexception",
      "expiredtokenexception",
      "servicequotaexceededexception",
    ],
  ],
  [
    "rate_limited",
    ["rate_limit_exceeded", "rate_limit_error", "too_many_requests", "resource_exhausted", "throttlingexception"],
  ],
  [
    "overloaded",
    [
      "server_error",
      "api_error",
      "overloaded_error",
      "service_unavailable",
      "internal_server_error",
      "unavailable",
      "internal",
      "internalserverexception",
      "serviceunavailableexception",
      "modelnotreadyexception",
      "modelstreamerrorexception",
    ],
  ],
  ["timeout", ["timeout_error", "deadline_exceeded", "modeltimeoutexception"]],
];

/** Messages of servers that send no code; matched for 400, 413, 422 and errors without status. */
const TOO_LONG: readonly RegExp[] = [
  /maximum context length/i,
  /context (?:window|length|size)/i,
  /prompt (?:is )?too long/i,
  /(?:input|prompt|request).{0,40}exceeds?.{0,40}(?:tokens|context)/i,
  /too many (?:input )?tokens/i,
  /input token count.{0,60}exceeds/i,
  /input is too long/i,
];

/** Gemini reports an invalid key as an invalid argument. */
const BAD_KEY = /api[ _]key (?:not valid|not found|expired)|invalid api[ _]key/i;

function classOf(status: number | undefined, codes: readonly string[], message: string): ModelFailureClass {
  const [byCode] = CODES.find(([, words]) => words.some((word) => codes.includes(word))) ?? [];
  // Gateways send `api_error` for every error; a refused request is not a fault of the server.
  const isRefusal = status !== undefined && status >= 400 && status < 500 && !SERVER_FAULTS.has(status);
  if (byCode !== undefined && !(byCode === "overloaded" && isRefusal)) return byCode;
  const byStatus = status === undefined ? undefined : STATUSES[status];
  if (byStatus !== undefined) return byStatus;
  if (status !== undefined && status >= 500) return "overloaded";
  if (status === 400 && BAD_KEY.test(message)) return "auth";
  if (TOO_LONG.some((pattern) => pattern.test(message))) return "context_too_long";
  return status === undefined ? "bad_response" : "invalid_request";
}

/** Statuses below 500 that are faults of the server. Amazon returns 424 if a model fails. */
const SERVER_FAULTS: ReadonlySet<number> = new Set([408, 424, 425, 429]);

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

/** Returns the connection fault among the causes of `error`, if any. */
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
