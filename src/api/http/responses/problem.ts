import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { CaxtonError, type Fault, type FaultKind, FAULTS, logLevelOf, toFault } from "../../../kernel/errors.ts";
import { log } from "../../../kernel/log.ts";
import { LIMITS } from "../../../kernel/quantities.ts";
import { type ProblemDetails, DOCUMENTS } from "../../contract/index.ts";
import { RequestInvalidError } from "../../operations/index.ts";
import { BodyTooLargeError, UnsupportedMediaTypeError } from "../errors.ts";

/** The header `WWW-Authenticate` of a response without valid credentials. */
export const CHALLENGE = 'Bearer realm="caxton"';

/** The one place that turns what was thrown into a response: RFC 9457, with our code, hint and the request's id. */
export async function sendProblem(
  error: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const fault = faultOf(error, request);
  const problem = problemOf(fault, request.id);
  if (fault.kind === "unauthenticated") void reply.header("www-authenticate", CHALLENGE);
  if (problem.retry_after_ms !== undefined) void reply.header("retry-after", retryAfterS(problem.retry_after_ms));
  await reply.status(problem.status).type("application/problem+json").serializer(JSON.stringify).send(problem);
}

/** What failed a request, which is logged. */
export function faultOf(error: FastifyError | Error, { id, routeOptions }: FastifyRequest): Fault {
  const known = translate(error, routeOptions.bodyLimit);
  const fault = toFault(known);
  log[logLevelOf(known)](
    { requestId: id, code: fault.code, ...(fault.code === "BUG" ? { err: error } : {}) },
    "request failed",
  );
  return fault;
}

/** Whole seconds for the header `Retry-After`. */
export const retryAfterS = (ms: number): number => Math.max(1, Math.ceil(ms / 1_000));

/** Delay before a retry, for failures that state none: every response with 429 or 503 has one. */
const RETRY_AFTER_MS: Readonly<Partial<Record<FaultKind, number>>> = { exhausted: 10_000, unavailable: 5_000 };

export function problemOf(fault: Fault, requestId: string): ProblemDetails {
  const retryAfterMs = fault.retryAfterMs ?? RETRY_AFTER_MS[fault.kind];
  return {
    type: `${DOCUMENTS.errorsPage}#${fault.code}`,
    title: fault.code.toLowerCase().replaceAll("_", " "),
    status: FAULTS[fault.kind].http,
    detail: fault.message,
    code: fault.code,
    hint: fault.hint === "" && fault.code === "REQUEST_INVALID" ? "/openapi.json describes every request." : fault.hint,
    request_id: requestId,
    details: Object.fromEntries(Object.entries(fault.details).map(([key, value]) => [snakeCase(key), value])),
    ...(retryAfterMs !== undefined && { retry_after_ms: Math.ceil(retryAfterMs) }),
  };
}

/** A detail's name as the wire has names: `bytes_max`. */
const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** What Fastify itself refuses, in our words. */
function translate(error: FastifyError | Error, bytesMax: number = LIMITS.bodyBytesMax): unknown {
  if (error instanceof CaxtonError) return error;
  const code = "code" in error ? error.code : undefined;
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    return new BodyTooLargeError(
      `the request body is larger than ${bytesMax / 1024 / 1024} MiB`,
      "Send files to /api/v1/uploads (on the command line: --file).",
      { bytesMax },
      { cause: error },
    );
  }
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") {
    return new UnsupportedMediaTypeError(
      "the request's body is of a media type that is not taken here",
      "Send JSON with content-type: application/json, and files to /api/v1/uploads.",
      {},
      { cause: error },
    );
  }
  const status = "statusCode" in error ? error.statusCode : undefined;
  if (typeof status === "number" && status >= 400 && status < 500) {
    return new RequestInvalidError(error.message, "", { problems: [] }, { cause: error });
  }
  return error;
}
