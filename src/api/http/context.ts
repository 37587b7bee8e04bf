import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import type { ServerOptions } from "node:https";
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { ApiServices } from "../operations/index.ts";
import type { Protocol } from "./protocol.ts";
import type { RpcProtocol } from "./rpc.ts";
import type { TrustedProxies } from "./requests/trusted-proxies.ts";
import type { EventStreams } from "./responses/sse.ts";
import type { RequestBodies } from "./slow-clients.ts";

export type HttpOptions = {
  /** Host names that browsers may use besides loopback; undefined allows every name, because each request needs credentials. */
  readonly allowedHosts: readonly string[] | undefined;
  /** Origins whose web pages may use the server with a key. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Where browsers reach the server; undefined: at the address of each request. */
  readonly publicUrl?: string | undefined;
  /** Where the built dashboard is; undefined serves none. */
  readonly dashboardDirectory: string | undefined;
  /** The page that explains every code, as Markdown; problems point to it. */
  readonly errorsPage: string;
  /** Addresses and ranges of proxies whose X-Forwarded headers count; default: none. */
  readonly trustedProxies?: readonly string[];
  /** Creates a server that speaks TLS; undefined for one that does not. */
  readonly createServer?: ((options: ServerOptions, listener: RequestListener) => Server) | undefined;
  /** Longest time that a body which is held in memory may take; default: five minutes. */
  readonly bodyMs?: number | undefined;
  /** Standard protocols that are served besides REST; default: none. */
  readonly protocols?: readonly Protocol[];
  /** Protocols that read requests themselves; default: none. */
  readonly rpc?: readonly RpcProtocol[];
  /** JSON Schema of definitions, for editors. */
  readonly agentSchema: () => object;
  /** JSON Schema of tests of agents, for editors. */
  readonly agentTestSchema: () => object;
};

export type Http = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;
export type HttpContext = {
  readonly services: ApiServices;
  readonly streams: EventStreams;
  readonly bodies: RequestBodies;
  readonly options: HttpOptions;
  readonly proxies: TrustedProxies;
};
