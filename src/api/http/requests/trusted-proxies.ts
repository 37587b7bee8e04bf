import type { IncomingMessage } from "node:http";
import { addressMatcher } from "../../../kernel/addresses.ts";

const lastOf = (header: string | string[] | undefined): string | undefined =>
  [header].flat().at(-1)?.split(",").at(-1)?.trim() || undefined;

/**
 * What the proxies in front of the server report of requests. Headers count only if a trusted proxy sent them.
 * http.trusted-proxies.P1. X-Forwarded headers of other clients change nothing.
 */
export class TrustedProxies {
  /** Whether an address is that of a trusted proxy; undefined without trusted proxies. */
  readonly includes: ((address: string) => boolean) | undefined;

  constructor(ranges: readonly string[]) {
    this.includes = ranges.length === 0 ? undefined : addressMatcher(ranges);
  }

  /** The address of the client: the nearest one that is no trusted proxy. */
  clientOf({ socket, headers }: IncomingMessage): string {
    const forwarded = [headers["x-forwarded-for"] ?? []].flat().join(",").split(",");
    let address = socket.remoteAddress ?? "";
    for (const before of forwarded.toReversed()) {
      if (this.includes?.(address) !== true || before.trim() === "") return address;
      address = before.trim();
    }
    return address;
  }

  /** Replaces the Host header by the host that the client used, where a trusted proxy states it. */
  restoreHost({ socket, headers }: IncomingMessage): void {
    const { "x-forwarded-host": forwarded } = headers;
    if (forwarded === undefined || this.includes?.(socket.remoteAddress ?? "") !== true) return;
    headers.host = lastOf(forwarded) ?? headers.host;
  }
}
