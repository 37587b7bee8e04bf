import type { FastifyReply, FastifyRequest } from "fastify";
import { CredentialsRequiredError } from "../../access/index.ts";
import type { Fault } from "../../kernel/errors.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { type ApiServices, Caller } from "../operations/index.ts";
import type { Operation } from "../contract/index.ts";
import type { Http, HttpContext } from "./context.ts";
import { originOf } from "./requests/admission.ts";
import { credentialsOf } from "./requests/credentials.ts";
import { readJson } from "./requests/json-body.ts";
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
  /** Media types of JSON bodies besides application/json. */
  readonly mediaTypes?: readonly string[];
  /** Answers a failed request in the protocol's own form. `origin` is the address that the client used, if it is one. */
  readonly failed: (fault: Fault, requestId: string, origin: string | undefined) => ProtocolFailure;
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
  /** Answers a failed request to this route; default: as the protocol. */
  readonly failed?: Protocol["failed"];
  /** Whether a request without credentials is handled too; it has no caller then. Only for reading. Default: false. */
  readonly isPublic?: boolean;
  /** Returns the answer, which is sent as JSON; undefined if it has answered already. */
  readonly handle: (exchange: Exchange) => Promise<object | undefined>;
};

/** The origin that a request was sent to; undefined if its header `Host` is not one. */
export const originAt = ({ protocol, host }: FastifyRequest): string | undefined =>
  URL.parse(`${protocol}://${host}`)?.origin;

/** One request to a protocol's route. */
export class Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly #context: HttpContext;
  readonly #caller: Caller | undefined;

  constructor(
    request: FastifyRequest,
    reply: FastifyReply,
    { context, caller }: { context: HttpContext; caller: Caller | undefined },
  ) {
    this.request = request;
    this.reply = reply;
    this.#context = context;
    this.#caller = caller;
  }

  /** Throws CredentialsRequiredError for a request without credentials to a public route. */
  get caller(): Caller {
    if (this.#caller === undefined) throw new CredentialsRequiredError();
    return this.#caller;
  }

  /** Sends an answer of a library that speaks the protocol itself. */
  send(response: Response): undefined {
    void this.reply.send(response);
  }

  get hasCaller(): boolean {
    return this.#caller !== undefined;
  }

  /** Sends server-sent events until `begin` has no more, the client leaves, its credentials end or the server stops. */
  async stream<Item>(
    format: StreamFormat<Item>,
    begin: (
      signal: AbortSignal,
    ) => AsyncGenerator<Item, void, undefined> | Promise<AsyncGenerator<Item, void, undefined>>,
  ): Promise<undefined> {
    const { request, reply } = this;
    await this.#context.streams.sendAs(format, { request, reply, principal: this.caller.principal }, begin);
  }
}

const callers = new WeakMap<FastifyRequest, Caller>();

/** Registers the routes of a protocol. */
export function bindProtocol(http: Http, protocol: Protocol, context: HttpContext): void {
  const { services, bodies } = context;
  void http.register(async (scope) => {
    scope.removeContentTypeParser("application/json");
    for (const type of ["application/json", ...(protocol.mediaTypes ?? [])])
      readJson(scope, type, bodies, { mayBeEmpty: true });
    const route = ({
      method,
      path: url,
      bodyBytesMax: bytesMax = LIMITS.bodyBytesMax,
      isPublic = false,
      failed = protocol.failed,
      handle,
    }: ProtocolRoute) =>
      scope.route({
        method,
        url,
        bodyLimit: bytesMax,
        schema: { hide: true },
        config: { protocol: protocol.name },
        errorHandler: (error, request, reply) => {
          const { status, headers = {}, body } = failed(faultOf(error, request), request.id, originAt(request));
          void reply.status(status).headers(headers).type("application/json").serializer(JSON.stringify).send(body);
        },
        onRequest: async (request, reply) => {
          const caller = await identify(services, request, reply).catch((error: unknown) => {
            if (isPublic && error instanceof CredentialsRequiredError) return undefined;
            throw error;
          });
          if (caller === undefined) return;
          callers.set(request, caller);
          bodies.hold(request, reply, { bytesMax, party: { address: request.ip, principal: caller.principal } });
        },
        handler: async (request, reply) => {
          const answer = await handle(new Exchange(request, reply, { context, caller: callers.get(request) }));
          if (answer === undefined) return reply;
          if (!reply.hasHeader("content-type")) void reply.type("application/json");
          return reply.serializer(JSON.stringify).send(answer);
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
