import type { IncomingMessage } from "node:http";
import type { Credentials, Origin } from "../../../access/index.ts";
import { certificateOf } from "./client-certificate.ts";
import { isFromOwnPage, SAFE_METHODS } from "./origin-guard.ts";
import { sessionIdOf } from "./session-cookie.ts";

const BEARER = /^Bearer +([^ ]+)$/iu;

/** Returns what a request's headers say about who sent it. The cookie counts only if the request comes from the dashboard. */
export function credentialsOf(
  { headers, method = "GET", socket }: Pick<IncomingMessage, "headers" | "method" | "socket">,
  origin: Origin,
): Credentials {
  const key = headers["x-api-key"];
  const id = isFromOwnPage(headers) ? sessionIdOf(headers.cookie) : undefined;
  const csrf = headers["x-caxton-csrf"];
  const csrfToken = typeof csrf === "string" ? csrf : undefined;
  return {
    token: BEARER.exec(headers.authorization ?? "")?.[1],
    key: typeof key === "string" && key !== "" ? key : undefined,
    session: id === undefined ? undefined : { id, csrfToken, isWrite: !SAFE_METHODS.has(method) },
    certificate: certificateOf(socket),
    origin,
  };
}
