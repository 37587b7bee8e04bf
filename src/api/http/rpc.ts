import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Principal } from "../../access/index.ts";
import { type ApiServices, Caller } from "../operations/index.ts";
import type { Http, HttpContext } from "./context.ts";
import { originOf } from "./requests/admission.ts";
import { credentialsOf } from "./requests/credentials.ts";
import { faultOf } from "./responses/problem.ts";
import { SMALL_BYTES } from "./slow-clients.ts";

/** A protocol that reads requests and writes answers itself, at paths that end with `*`. */
export type RpcProtocol = {
  readonly name: string;
  readonly paths: readonly string[];
  /** Paths that rate limits never refuse, because probes request them. */
  readonly urgentPaths?: readonly string[];
  /** A document that describes the protocol, public and the same for every reader. */
  readonly document?: { readonly path: string; readonly mediaType: string; readonly read: () => Promise<string> };
  /** Answers one request. It fails all that have a refusal, before it reads their body. */
  answer(exchange: RpcExchange, services: ApiServices): Promise<void>;
};

type Given = { readonly context: HttpContext; readonly refusal?: Error };

/** One request of such a protocol. */
export class RpcExchange {
  /** Why the request is refused, whatever it asks for. */
  readonly refusal: Error | undefined;
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;
  readonly #context: HttpContext;
  /** Takes memory for a body that is no longer small. */
  #grow: (() => void) | undefined;

  constructor(request: FastifyRequest, reply: FastifyReply, given: Given) {
    this.#request = request;
    this.#reply = reply;
    this.#context = given.context;
    this.refusal = given.refusal;
  }

  get id(): string {
    return this.#request.id;
  }

  get request(): IncomingMessage {
    return this.#request.raw;
  }

  get response(): ServerResponse {
    return this.#reply.raw;
  }

  /** Authenticates the request. Throws what `Access.identify` does. */
  async identify(): Promise<Principal> {
    const { access } = this.#context.services.access;
    return access.identify(credentialsOf(this.request, originOf(this.#request)));
  }

  /**
   * Takes memory for a body of a stated length. A body without one takes it when it is no longer small: gRPC never states a length, and
   * has many small calls at the same time. Throws ResourceLimitError, ServerBusyError.
   */
  hold(principal: Principal | undefined, bytesMax: number): void {
    const { bodies } = this.#context;
    const party = { address: this.#request.ip, principal };
    const isStated = this.request.headers["content-length"] !== undefined;
    bodies.hold(this.#request, this.#reply, { bytesMax: isStated ? bytesMax : SMALL_BYTES, party });
    if (!isStated) this.#grow = () => bodies.hold(this.#request, this.#reply, { bytesMax, party });
  }

  /** The body as it is read, which is held as `hold` states. Throws what `hold` does. */
  async *body(): AsyncGenerator<Uint8Array, void, undefined> {
    let bytes = 0;
    const parts: AsyncIterable<Uint8Array> = this.request;
    for await (const part of parts) {
      bytes += part.length;
      if (bytes > SMALL_BYTES) {
        this.#grow?.();
        this.#grow = undefined;
      }
      yield part;
    }
    this.#context.bodies.received(this.#request, bytes);
  }

  /** Performs operations for the principal until the signal aborts. */
  caller(principal: Principal, signal: AbortSignal): Caller {
    const ended = principal.ended?.();
    const until = ended === undefined ? signal : AbortSignal.any([signal, ended]);
    return new Caller(this.#context.services, { principal, origin: originOf(this.#request), signal: until });
  }

  /** Counts a stream of events, which the server ends when it stops. Throws TooManyStreamsError. */
  openStream(principal?: Principal): AbortController {
    return this.#context.streams.open(this.#request, this.#reply, principal);
  }

  /** Logs what failed the request. */
  failed(error: Error): ReturnType<typeof faultOf> {
    return faultOf(error, this.#request);
  }
}

/** Registers the paths of a protocol. */
export function bindRpc(http: Http, protocol: RpcProtocol, context: HttpContext): void {
  void http.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    scope.setErrorHandler<Error>(async (refusal, request, reply) =>
      answer(protocol, request, reply, { context, refusal }),
    );
    const { document } = protocol;
    if (document !== undefined)
      scope.get(document.path, { schema: { hide: true } }, async (_request, reply) =>
        reply.type(document.mediaType).send(await document.read()),
      );
    const { urgentPaths = [] } = protocol;
    for (const url of [...protocol.paths, ...urgentPaths])
      scope.route({
        method: ["GET", "POST"],
        url,
        exposeHeadRoute: false,
        bodyLimit: Number.MAX_SAFE_INTEGER,
        schema: { hide: true },
        config: { protocol: protocol.name, isUrgent: urgentPaths.includes(url) },
        handler: async (request, reply) => answer(protocol, request, reply, { context }),
      });
  });
}

async function answer(
  protocol: RpcProtocol,
  request: FastifyRequest,
  reply: FastifyReply,
  given: Given,
): Promise<void> {
  // What is set on the reply is lost with it.
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) reply.raw.setHeader(name, value);
  reply.hijack();
  await protocol.answer(new RpcExchange(request, reply, given), given.context.services);
}
