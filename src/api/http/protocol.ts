import type { FastifyReply, FastifyRequest } from "fastify";
import type { Fault } from "../../kernel/errors.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { type ApiServices, Caller } from "../operations/index.ts";
import type { Operation } from "../contract/index.ts";
import type { Http, HttpContext } from "./context.ts";
import { originOf } from "./requests/admission.ts";
import { credentialsOf } from "./requests/credentials.ts";
import { abortOnDisconnect } from "./responses/abort-on-disconnect.ts";
import { faultOf } from "./responses/problem.ts";
import type { StreamFormat } from "./responses/sse.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The name of the protocol whose route this is. */
    readonly protocol?: string;
  }
}

/**
 * A standard protocol over HTTP, besides REST. Its routes decode requests, perform operations by the caller of the exchange and encode what
 * those give. A request is authenticated before its body is read.
 */
export type Protocol = {
  /** One word, such as `openai`. */
  readonly name: string;
  /** Answers a failed request in the protocol's own form. */
  failed(fault: Fault, requestId: string): ProtocolFailure;
  routes(scope: ProtocolScope, services: ApiServices): void;
};

export type ProtocolFailure = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object;
};

export type ProtocolScope = {
  route(route: ProtocolRoute): void;
  /** Calls `close` when the server stops, before it ends connections. */
  onClose(close: () => Promise<void>): void;
};

export type ProtocolRoute = {
  readonly method: Operation["http"]["method"];
  /** `:name` stands for a segment. */
  readonly path: string;
  /** Bytes of the body; default: those of every request. */
  readonly bodyBytesMax?: number;
  /** Returns the answer, which is sent as JSON; undefined if it has answered already. */
  readonly handle: (exchange: Exchange) => Promise<object | undefined>;
};

/** One request to a protocol's route. */
export class Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly #context: HttpContext;
  readonly #caller: Caller;

  constructor(
    request: FastifyRequest,
    reply: FastifyReply,
    { context, caller }: { context: HttpContext; caller: Caller },
  ) {
    this.request = request;
    this.reply = reply;
    this.#context = context;
    this.#caller = caller;
  }

  get caller(): Caller {
    return this.#caller;
  }

  /** Sends an answer of a library that speaks the protocol itself. */
  send(response: Response): undefined {
    void this.reply.send(response);
  }

  /** Sends server-sent events until `begin` has no more, the client leaves, its credentials end or the server stops. */
  async stream<Item>(
    format: StreamFormat<Item>,
    begin: (
      signal: AbortSignal,
    ) => AsyncGenerator<Item, void, undefined> | Promise<AsyncGenerator<Item, void, undefined>>,
  ): Promise<undefined> {
    const { request, reply } = this;
    await this.#context.streams.sendAs(format, { request, reply, principal: this.#caller.principal }, begin);
  }
}

const callers = new WeakMap<FastifyRequest, Caller>();

/** Registers the routes of a protocol. */
export function bindProtocol(http: Http, protocol: Protocol, context: HttpContext): void {
  const { services, bodies } = context;
  void http.register(async (scope) => {
    scope.setErrorHandler<Error>(async (error, request, reply) => {
      const { status, headers = {}, body } = protocol.failed(faultOf(error, request), request.id);
      return reply.status(status).headers(headers).type("application/json").serializer(JSON.stringify).send(body);
    });
    const route = ({ method, path: url, bodyBytesMax: bytesMax = LIMITS.bodyBytesMax, handle }: ProtocolRoute) =>
      scope.route({
        method,
        url,
        bodyLimit: bytesMax,
        schema: { hide: true },
        config: { protocol: protocol.name },
        onRequest: async (request, reply) => {
          const caller = await identify(services, request, reply);
          callers.set(request, caller);
          bodies.hold(request, reply, { bytesMax, party: { address: request.ip, principal: caller.principal } });
        },
        handler: async (request, reply) => {
          const caller = callers.get(request);
          if (caller === undefined) throw new Error(`${request.url} was not authenticated`);
          const answer = await handle(new Exchange(request, reply, { context, caller }));
          return answer === undefined ? reply : reply.serializer(JSON.stringify).type("application/json").send(answer);
        },
      });
    const onClose = (close: () => Promise<void>) => void scope.addHook("preClose", close);
    protocol.routes({ route, onClose }, services);
  });
}

/** Throws what `Access.identify` does. */
async function identify(services: ApiServices, request: FastifyRequest, reply: FastifyReply): Promise<Caller> {
  const origin = originOf(request);
  const principal = await services.access.access.identify(credentialsOf(request.raw, origin));
  const disconnected = abortOnDisconnect(reply).signal;
  const ended = principal.ended?.();
  const signal = ended === undefined ? disconnected : AbortSignal.any([disconnected, ended]);
  return new Caller(services, { principal, origin, signal });
}
