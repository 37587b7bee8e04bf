import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { isIPv6 } from "node:net";
import type { FastifyRequest } from "fastify";
import { RequestInvalidError } from "../../operations/index.ts";
import type { HttpOptions } from "../context.ts";
import { ForeignOriginError } from "../errors.ts";
import type { CrossOrigin } from "./cross-origin.ts";

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]", "::1"]);
export const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);
/** What browsers say of requests that pages of other origins make; those of this server and typed addresses are fine. */
const FOREIGN_SITES = new Set<unknown>(["cross-site", "same-site"]);

/** The host name of a Host header or an origin, without its port. */
export const hostName = (host: string): string => host.toLowerCase().replace(/:\d+$/, "");

/** Whether a Host header names this machine. */
export const isLoopback = (host: string): boolean => LOOPBACK.has(hostName(host));

/** A host as a Host header has it: lower case, an IPv6 address in its shortest form and in brackets. */
function asHeader(host: string): string {
  const address = `http://[${host}]`;
  return isIPv6(host) && URL.canParse(address) ? new URL(address).hostname : host.toLowerCase();
}

type AllowedHosts = HttpOptions["allowedHosts"];

/** Refuses requests that do not name one host, or another one than the server's. */
function hostGuard(allowedHosts: AllowedHosts): (request: IncomingMessage) => void {
  const allowed = allowedHosts && new Set(["", ...LOOPBACK, ...allowedHosts.map(asHeader)]);
  return (request) => {
    const ambiguity = ambiguityOf(request);
    if (ambiguity !== undefined)
      throw new RequestInvalidError(ambiguity, "Send one Host header, and a path.", { problems: [ambiguity] });
    const host = hostName(request.headers.host ?? "");
    if (allowed?.has(host) === false) throw foreign(host, "host");
  };
}

/**
 * Keeps other web sites out of a server that needs no password because it listens on loopback: a browser that was lured to a
 * name that resolves here (DNS rebinding) shows by the Host header, one that posts from another site by the Origin header, and
 * one that gets by Sec-Fetch-Site: some GETs start processes, hold streams open or lease messages.
 */
export function guardOrigin(allowedHosts: AllowedHosts, pages: CrossOrigin): (request: FastifyRequest) => void {
  const guardHost = hostGuard(allowedHosts);
  return ({ method, headers, raw, url, routeOptions }) => {
    guardHost(raw);
    const { origin, "sec-fetch-site": site } = headers;
    if (pages.includes(origin)) return;
    if (isApi(url, routeOptions) && FOREIGN_SITES.has(site)) throw foreign(origin ?? "another site", "origin");
    if (origin === undefined || SAFE_METHODS.has(method)) return;
    if (!isOwn(origin, headers)) throw foreign(origin, "origin");
  };
}

/** Whether an origin is this server, by the name that the request gives it. */
const isOwn = (origin: string, { host = "" }: IncomingHttpHeaders): boolean =>
  (URL.canParse(origin) ? new URL(origin).host.toLowerCase() : origin) === host.toLowerCase();

/**
 * Whether a page of this server sent the request. A browser states it in Sec-Fetch-Site, which no page can set, and old browsers
 * in Origin. An address that a user typed, or a link of another site, is not of this server.
 */
export function isFromOwnPage(headers: IncomingHttpHeaders): boolean {
  const { origin, "sec-fetch-site": site } = headers;
  if (origin !== undefined && !isOwn(origin, headers)) return false;
  return site === undefined ? origin !== undefined : site === "same-origin";
}

/** Whether a request is for the API or a protocol, by its route, or by its path if no route matches. The router decodes paths. */
export const isApi = (url: string, { url: route, config }: FastifyRequest["routeOptions"]): boolean =>
  config.protocol !== undefined || (route ?? url).startsWith("/api/");

/** Keeps other web sites from WebSockets. Browsers send the origin with them, and make no preflight request. */
export function guardUpgrade(allowedHosts: AllowedHosts, pages: CrossOrigin): (request: IncomingMessage) => void {
  const guardHost = hostGuard(allowedHosts);
  return (request) => {
    guardHost(request);
    const { headers } = request;
    if (pages.includes(headers.origin)) return;
    if (headers.origin !== undefined && !isOwn(headers.origin, headers)) throw foreign(headers.origin, "origin");
  };
}

/** Why it is not clear which host a request is for: a proxy in front may have taken another than this server does. */
function ambiguityOf({ rawHeaders, url = "", headers }: IncomingMessage): string | undefined {
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host");
  if (hosts.length > 1) return "the request has more than one Host header";
  if (url.startsWith("/") || url === "*") return undefined;
  const isSame = URL.parse(url)?.host === URL.parse(`http://${headers.host ?? ""}`)?.host;
  return isSame ? undefined : "the request's target names another host than its Host header";
}

const foreign = (origin: string, what: "host" | "origin"): ForeignOriginError =>
  new ForeignOriginError(
    what === "host"
      ? `this server does not answer for the host name ${origin}`
      : `requests from ${origin} are not taken`,
    what === "host"
      ? "Add the host name to server.allowed_hosts in caxton.toml if it is yours."
      : "Add the origin to server.allowed_origins in caxton.toml if its pages may use the server.",
    { origin },
  );
