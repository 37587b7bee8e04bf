import type { IncomingMessage } from "node:http";
import type { Credentials, Origin } from "../../../access/index.ts";
import { certificateOf } from "./client-certificate.ts";
import { isFromOwnPage, SAFE_METHODS } from "./origin-guard.ts";
import { sessionIdOf } from "./session-cookie.ts";

const BEARER = /^Bearer +([^ ]+)$/iu;

/** Returns what a request's headers say about who sent it. The cookie counts only if the request comes from the dashboard. */
export function credentialsOf(
  { headers, method = "GET", socket, url = "" }: Pick<IncomingMessage, "headers" | "method" | "socket" | "url">,
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
    connection: socket,
    certificate: certificateOf(socket),
    workspace: workspaceOf(headers["x-caxton-workspace"], url),
    origin,
  };
}

const PARAMETER = /[?&]workspace=([^&]*)/;

/** The workspace that a request names by header, or by a query parameter, because links and event streams of browsers have no headers. */
function workspaceOf(header: string | readonly string[] | undefined, url: string): string | undefined {
  if (typeof header === "string" && header !== "") return header;
  const [, given] = PARAMETER.exec(url) ?? [];
  return given === undefined || given === "" ? undefined : decoded(given);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
