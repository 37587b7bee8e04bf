import type { IncomingMessage } from "node:http";
import { isIPv6 } from "node:net";
import type { FastifyRequest } from "fastify";
import { ForeignOriginError } from "./errors.ts";

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]", "::1"]);
const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/** The host name of a Host header or an origin, without its port. */
export const hostName = (host: string): string => host.toLowerCase().replace(/:\d+$/, "");

/** A host as a Host header has it: lower case, an IPv6 address in its shortest form and in brackets. */
function asHeader(host: string): string {
  const address = `http://[${host}]`;
  return isIPv6(host) && URL.canParse(address) ? new URL(address).hostname : host.toLowerCase();
}

/**
 * Keeps other web sites out of a server that needs no password because it listens on loopback: a browser that was lured to a
 * name that resolves here (DNS rebinding) shows by the Host header, one that posts from another site by the Origin header.
 */
export function guardOrigin(allowedHosts: readonly string[]): (request: FastifyRequest) => Promise<void> {
  const allowed = new Set([...LOOPBACK, ...allowedHosts.map(asHeader)]);
  return async ({ method, headers }) => {
    const host = hostName(headers.host ?? "");
    if (host !== "" && !allowed.has(host)) throw foreign(host, "host");
    const { origin } = headers;
    if (origin === undefined || SAFE_METHODS.has(method)) return;
    const from = URL.canParse(origin) ? new URL(origin).host.toLowerCase() : origin;
    if (from !== (headers.host ?? "").toLowerCase()) throw foreign(origin, "origin");
  };
}

/** Why a WebSocket is not opened; undefined when it may be. A browser sends the origin with each, and asks nobody before. */
export function refusesUpgrade(allowedHosts: readonly string[]): (request: IncomingMessage) => string | undefined {
  const allowed = new Set([...LOOPBACK, ...allowedHosts.map(asHeader)]);
  return ({ headers }) => {
    const host = hostName(headers.host ?? "");
    if (host !== "" && !allowed.has(host)) return foreign(host, "host").message;
    const { origin } = headers;
    if (origin === undefined) return undefined;
    const from = URL.canParse(origin) ? new URL(origin).host.toLowerCase() : origin;
    return from === (headers.host ?? "").toLowerCase() ? undefined : foreign(origin, "origin").message;
  };
}

const foreign = (origin: string, what: "host" | "origin"): ForeignOriginError =>
  new ForeignOriginError(
    what === "host"
      ? `this server does not answer for the host name ${origin}`
      : `requests from ${origin} are not taken`,
    "Add the host name to server.allowed_hosts in caxton.toml if it is yours.",
    { origin },
  );
