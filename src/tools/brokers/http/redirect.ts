import type { Redaction } from "../../../text/redaction/index.ts";
import { hostRefused, type HostRefused } from "../../sandbox/index.ts";
import { type Incoming, placeOf } from "./exchange.ts";
import { bodyContainsSecret, type GrantedSecret, containsSecret, type Parts } from "./request-secrets.ts";

/** One request of a chain, with what stands for secrets in it still. */
export type Hop = Parts & { readonly method: string };

const NOTHING = new Uint8Array(0);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** They were meant for the origin that the guest named. */
const FOR_ONE_ORIGIN = new Set(["authorization", "cookie", "proxy-authorization"]);

/** The request that an answer asks for, as RFC 9110 15.4 has it; undefined when the answer is the last. */
export function redirected(
  hop: Hop,
  answer: Incoming,
  secrets: readonly GrantedSecret[],
  redaction: Redaction | undefined,
): Hop | HostRefused | undefined {
  const location = answer.headers.find(([name]) => name === "location")?.[1];
  if (!REDIRECTS.has(answer.status) || location === undefined) return undefined;
  const url = URL.parse(location, hop.url.href);
  if (
    url === null ||
    (url.protocol !== "https:" && url.protocol !== "http:") ||
    url.username !== "" ||
    url.password !== ""
  ) {
    return hostRefused("unreachable", `${placeOf(hop.url)} redirects to what is no address of the web`);
  }
  url.hash = "";
  const isElsewhere = url.origin !== hop.url.origin;
  if (isElsewhere && redaction !== undefined && redaction.text(url.href) !== url.href) {
    return hostRefused(
      "denied",
      `${placeOf(hop.url)} redirects to ${url.origin} with a secret in the address; it was not followed`,
    );
  }
  const kept = isElsewhere ? hop.headers.filter(([name, value]) => isForAll(name, value, secrets)) : hop.headers;
  if (becomesGet(answer.status, hop.method)) {
    const method = hop.method === "HEAD" ? "HEAD" : "GET";
    return { url, method, headers: kept.filter(([name]) => !name.toLowerCase().startsWith("content-")), body: NOTHING };
  }
  if (isElsewhere && bodyContainsSecret(hop.body, secrets)) {
    return hostRefused(
      "denied",
      `${placeOf(hop.url)} redirects to ${url.origin}, where a secret in the body must not go`,
    );
  }
  return { url, method: hop.method, headers: kept, body: hop.body };
}

const becomesGet = (status: number, method: string): boolean =>
  (status === 303 && method !== "GET") || ((status === 301 || status === 302) && method === "POST");

const isForAll = (name: string, value: string, secrets: readonly GrantedSecret[]): boolean =>
  !FOR_ONE_ORIGIN.has(name.toLowerCase()) && !containsSecret(value, secrets);
