import * as z from "zod";
import type { Exchange } from "../http/index.ts";
import type { Addressed, Endpoint } from "./endpoint.ts";
import type { Requests } from "./requests.ts";
import type { Version } from "./versions.ts";

const Named = z.object({ agent: z.string().optional() });

export function addressedBy(exchange: Exchange, endpoint: Endpoint): Addressed {
  const { protocol, headers, params } = exchange.request;
  return {
    caller: exchange.hasCaller ? exchange.caller : undefined,
    agent: Named.parse(params).agent,
    base: endpoint.baseAt(`${protocol}://${headers.host ?? "localhost"}`),
  };
}

/** Throws CredentialsRequiredError. */
export const requestsOf = (exchange: Exchange, endpoint: Endpoint, version?: Version): Requests =>
  endpoint.requests(exchange.caller, addressedBy(exchange, endpoint), version);
