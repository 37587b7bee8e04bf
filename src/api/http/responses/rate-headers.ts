import type { FastifyReply } from "fastify";
import { type Allowance, lesser } from "../../../access/index.ts";

declare module "fastify" {
  interface FastifyReply {
    /** The quota of which the least is left. */
    allowance: Allowance | undefined;
  }
}

/**
 * Sets the rate-limit headers of a response, by the quota of which the least is left: `RateLimit` and `RateLimit-Policy` of the
 * IETF's draft-ietf-httpapi-ratelimit-headers, and the older `X-RateLimit-` headers, whose reset is in seconds too.
 */
export function setRateHeaders(reply: FastifyReply, allowance: Allowance | undefined = reply.allowance): void {
  if (allowance === undefined) return;
  const least = lesser(allowance, reply.allowance);
  reply.allowance = least;
  const { policy, max, windowS, left, resetS } = least;
  void reply
    .header("ratelimit-policy", `"${policy}";q=${max};w=${windowS}`)
    .header("ratelimit", `"${policy}";r=${left};t=${resetS}`)
    .header("x-ratelimit-limit", max)
    .header("x-ratelimit-remaining", left)
    .header("x-ratelimit-reset", resetS);
}
