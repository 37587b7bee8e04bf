import { randomUUIDv7 } from "node:crypto";
import { STATUS_CODES } from "node:http";
import { FAULTS, toFault } from "../../../kernel/errors.ts";
import { CHALLENGE, problemOf, retryAfterS } from "./problem.ts";

/** Returns a whole response with a problem, for a connection that has no request, and closes after it. */
export function rawProblem(error: unknown, requestId: string = randomUUIDv7(), status?: number): string {
  const fault = toFault(error);
  const problem = { ...problemOf(fault, requestId), status: status ?? FAULTS[fault.kind].http };
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ""}`,
    "content-type: application/problem+json",
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    ...(problem.status === 401 ? [`www-authenticate: ${CHALLENGE}`] : []),
    ...(problem.retry_after_ms === undefined ? [] : [`retry-after: ${retryAfterS(problem.retry_after_ms)}`]),
    "connection: close",
  ];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}
